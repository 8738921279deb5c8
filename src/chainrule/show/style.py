"""How every figure looks: colours, type, and axes without clutter."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

P = ParamSpec("P")
R = TypeVar("R")

# Okabe, Ito 2008: told apart with any kind of colour vision. Each has a name, which a page may give other shades.
PALETTE = {
    "ink": "#1b1f24",
    "muted": "#5b6470",
    "line": "#d5d9df",
    "paper": "#ffffff",
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "green": "#009e73",
    "orange": "#e69f00",
    "sky": "#56b4e9",
    "purple": "#cc79a7",
    "yellow": "#f0e442",
}
CLASS_COLOURS = tuple(PALETTE[name] for name in ("blue", "vermilion", "green", "orange", "purple", "sky", "yellow"))
CLASS_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

INK, MUTED, LINE, PAPER = (PALETTE[name] for name in ("ink", "muted", "line", "paper"))
POSITIVE, NEGATIVE = PALETTE["blue"], PALETTE["vermilion"]

SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "axes.titlesize": 12.0,
    "axes.labelsize": 11.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "legend.frameon": False,
    "legend.fontsize": 10.0,
    "lines.linewidth": 2.0,
    "svg.fonttype": "path",  # text as outlines: the file looks the same on every machine
    "svg.hashsalt": "chainrule",  # the same figure gives the same bytes
}


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib's defaults and `SETTINGS` for a while; what the user has set comes back afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under `settings`."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with settings():
            return draw(*args, **kwargs)

    return drawn


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that lays itself out; it belongs to no window."""
    return Figure(figsize=(width, height), layout="constrained")


def count_axis(axis: Any) -> None:
    """Whole numbers with a thin grouping: 20,000."""
    axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def grid(axes: Axes) -> None:
    """Faint horizontal lines behind the data."""
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)


def number(value: float, digits: int = 0) -> str:
    """A number for people: grouped by thousands, with a real minus sign."""
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def short(value: float, digits: int = 5) -> str:
    """A number rounded to so many digits, grouped by thousands, with a real minus sign.

    >>> short(-4853481.68), short(0.000123456, 3), short(2e-9), short(1e20)
    ('−4,853,500', '0.000123', '2e−09', '1e+20')
    """
    size = abs(value)
    if size and 1e-5 <= size < 1e12:
        places = digits - 1 - math.floor(math.log10(size))
        rounded = round(float(value), places)
        text = f"{rounded:,.{max(0, places)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")


def class_style(at: int) -> tuple[str, str]:
    """Colour and marker of the class at this position; marker and colour repeat out of step."""
    turn = at // len(CLASS_COLOURS)
    return CLASS_COLOURS[at % len(CLASS_COLOURS)], CLASS_MARKERS[(at + turn) % len(CLASS_MARKERS)]


def class_names(classes: Sequence[object] | np.ndarray | None, count: int, longest: int = 24) -> list[str]:
    """Names to show; ``0, 1, ...`` where there are none, long ones cut. A dollar sign stays a dollar sign."""
    return [plain(name) for name in short_names(classes if classes is not None else range(count), longest)]


def short_names(names: Iterable[object], longest: int) -> list[str]:
    """Names of at most ``longest`` signs that stay apart: cut at the end, else in the middle, else at the beginning.

    >>> short_names(["length of the petal", "length of the sepal", "kind"], 12)
    ['length…petal', 'length…sepal', 'kind']
    """
    whole = [str(name) for name in names]
    kept = longest - 1
    tail = kept // 2
    ways: tuple[Callable[[str], str], ...] = (
        lambda name: name[:kept] + "…",
        lambda name: name[: kept - tail] + "…" + name[-tail:] if tail else name[:kept] + "…",
        lambda name: "…" + name[-kept:],
    )
    for cut in ways:
        shown = [name if len(name) <= longest else cut(name) for name in whole]
        if len(set(shown)) == len(set(whole)):
            return shown
    # of letters, not of folders
    beginning = len(os.path.commonprefix([name for name in whole if len(name) > longest]))  # noqa: RUF071
    start = max(beginning - 2, 0)  # what they share is left out, but for a hint of it
    rest = [name if len(name) <= longest else "…" + name[start:] for name in whole]
    return [name if len(name) <= longest else name[:kept] + "…" for name in rest]


def plain(text: str) -> str:
    """Text that matplotlib shows as it is written and never takes for mathematics."""
    return text.replace("$", r"\$")
