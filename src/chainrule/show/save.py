"""Figures to files."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from matplotlib.figure import Figure

from chainrule.atomic import write_atomically
from chainrule.errors import SettingError
from chainrule.show.style import settings

DOTS_PER_INCH = 160
SURFACE_DOTS_PER_INCH = 72  # of a surface inside an SVG, which is smooth; lines and points have no dots there
_DECIMALS = re.compile(r"(?<=[\s\"(,])-?\d+\.\d{3,}(?=[\s\",)])")
_ALIKE = re.compile(r'<g clip-path="([^"]*)">((?:\s*<use [^>]*/>)+\s*)</g>')
_STYLE = re.compile(r' style="[^"]*"')
# No date and no version in the files: the same figure gives the same bytes.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a file: the whole file or nothing, and an older file stays until the new one is complete.

    Parameters
    ----------
    figure : Figure
    path : path
        Ends in ``.png``, ``.svg`` or ``.pdf``. Text in SVG is drawn as outlines, in PDF the font is embedded.

    Returns
    -------
    Path of the file.

    Raises
    ------
    SettingError
        The name ends otherwise.
    ModelFileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> from chainrule.show import plot_confusion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(plot_confusion([[3, 0], [1, 2]]), f"{folder}/confusion.svg").name
    'confusion.svg'
    """
    target = Path(path)
    kind = target.suffix.lower().lstrip(".")
    if kind not in _METADATA:
        raise SettingError(
            f"A figure cannot be written as {target.name!r}.", "The name must end in .png, .svg or .pdf."
        )
    write_atomically(target, figure_bytes(figure, kind))
    return target


def figure_bytes(figure: Figure, kind: str, dots_per_inch: float = DOTS_PER_INCH) -> bytes:
    """The figure as a file of this kind (png, svg, pdf); the same figure gives the same bytes."""
    return figure_files(figure, [kind], dots_per_inch)[kind]


def figure_files(figure: Figure, kinds: Sequence[str], dots_per_inch: float = DOTS_PER_INCH) -> dict[str, bytes]:
    """The figure as a file of each of these kinds."""
    found = {}
    with _laid_out(figure, dots_per_inch):
        for kind in kinds:
            held = io.BytesIO()
            dots = SURFACE_DOTS_PER_INCH if kind == "svg" else dots_per_inch
            figure.savefig(held, format=kind, dpi=dots, metadata=_METADATA[kind])
            found[kind] = _compact(held.getvalue().decode()).encode() if kind == "svg" else held.getvalue()
    return found


def small_png(figure: Figure, dots_per_inch: float = 120) -> bytes:
    """The figure as a PNG of 256 colours: about a third of the bytes, for a page that loads it."""
    from PIL import Image  # matplotlib brings it, to write PNGs

    raw, held = io.BytesIO(), io.BytesIO()
    with _laid_out(figure, dots_per_inch):
        figure.savefig(raw, format="png", dpi=dots_per_inch, pil_kwargs={"compress_level": 0})  # it is read at once
    with Image.open(raw) as picture:
        settled = max(1, picture.width * picture.height // 1000)  # so few pixels may still want another colour
        colours = picture.convert("RGB").quantize(
            256, method=Image.Quantize.MEDIANCUT, kmeans=settled, dither=Image.Dither.NONE
        )
        colours.save(held, "png")
    return held.getvalue()


@contextmanager
def _laid_out(figure: Figure, dots_per_inch: float) -> Iterator[None]:
    """The figure laid out once, for all the files of it, under `settings`.

    Left to itself, matplotlib lays it out for each file anew, from where the last one left it, and draws all of it
    once more than anyone sees.
    """
    engine, dots = figure.get_layout_engine(), figure.dpi
    with settings():
        if engine is None:
            yield
            return
        try:
            figure.dpi = dots_per_inch
            engine.execute(figure)
            figure.dpi = dots
            figure.set_layout_engine(None)
            yield
        finally:
            figure.dpi = dots
            figure.set_layout_engine(engine)


def _compact(svg: str) -> str:
    """The same picture in a third of the bytes: hundredths of a point, and one style for all points of a class."""
    svg = _DECIMALS.sub(_hundredths, svg)
    return _ALIKE.sub(_one_style, svg)


def _hundredths(found: re.Match[str]) -> str:
    value = float(found[0])
    return found[0] if abs(value) < 1 else f"{value:.2f}".rstrip("0").rstrip(".")  # the small ones scale letters


def _one_style(found: re.Match[str]) -> str:
    styles = set(_STYLE.findall(found[2]))
    if len(styles) != 1:
        return found[0]
    return f'<g clip-path="{found[1]}" {styles.pop().strip()}>{_STYLE.sub("", found[2])}</g>'
