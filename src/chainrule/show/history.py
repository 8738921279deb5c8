"""How J and the rate went with the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from chainrule.errors import DataError
from chainrule.show.style import INK, MUTED, PALETTE, PAPER, count_axis, grid, new_figure, number, plain, styled
from chainrule.training import History

Array = npt.NDArray[Any]
Band = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]
Points = tuple[str, npt.ArrayLike, npt.ArrayLike]

_OF = {"training": PALETTE["blue"], "validation": PALETTE["vermilion"]}
CURVES = ("blue", "vermilion", "green", "purple", "orange", "sky")


@styled
def plot_history(history: History) -> Figure:
    """J and the rate against the epoch, one above the other; those of the validation rows too, where there are any.

    A rate that was not measured has no curve, and no place.

    Parameters
    ----------
    history : History
        At least one record; J in nats, the rate as `History` has it (at most 1).

    Returns
    -------
    Figure, not shown and not saved.

    Raises
    ------
    DataError
        The history is empty.

    Examples
    --------
    >>> from chainrule.training import Record
    >>> figure = plot_history(History([Record(0, -10.0, 0.5, 0.0), Record(100, -4.0, 0.75, 0.1)]))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['J (nats)', 'rate']
    """
    if not len(history):
        raise DataError("The history has no records, so there is nothing to draw.")
    validated = history.has_validation()
    panels: list[tuple[str, int, dict[str, Array]]] = [("J (nats)", 1, {"training": history.J})]
    rates = {"training": history.rate}
    if validated:
        panels.append(("validation J (nats)", 1, {"validation": history.validation_J}))
        rates["validation"] = history.validation_rate
    measured = {of: values for of, values in rates.items() if np.isfinite(values).any()}
    if measured:  # the sums over mini-batches have none
        panels.append(("rate", 3, measured))
    figure = new_figure(6.4, 2.2 + 1.3 * len(panels))
    heights = [2 if name == "rate" else 3 for name, _, _ in panels]
    rows = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for axes, (name, digits, curves) in zip(rows, panels, strict=True):
        for of, values in curves.items():
            axes.plot(history.epoch, values, color=_OF[of], marker="o" if len(history) == 1 else None, label=of)
        axes.set_ylabel(name)
        _value_axis(axes)
        axes.margins(x=0.01)
        _write_ends(axes, history.epoch, curves, digits)
        if validated:
            axes.axvline(history.epoch[np.nanargmax(history.validation_J)], color=MUTED, linewidth=1, linestyle=":")
    if validated:
        handles = [Line2D([], [], color=_OF[of], linewidth=2) for of in _OF]
        handles.append(Line2D([], [], color=MUTED, linewidth=1, linestyle=":"))
        figure.legend(handles, [*_OF, "best on validation"], loc="outside lower center", ncols=3)
    rows[-1].set_xlabel("epoch")
    count_axis(rows[-1].xaxis)
    return figure


def _write_ends(axes: Axes, epochs: Array, curves: Mapping[str, Array], digits: int) -> None:
    """The last value of each curve, beside it."""
    ends = sorted((float(values[-1]), of) for of, values in curves.items() if np.isfinite(values[-1]))
    low, high = axes.get_ylim()
    gap = (high - low) * 15 / _points_high(axes)
    for place, (value, of) in zip(spread([end[0] for end in ends], gap), ends, strict=True):
        axes.annotate(
            number(value, digits),
            (epochs[-1], place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=_OF[of] if len(curves) > 1 else INK,
            annotation_clip=False,
        )


@styled
def plot_rewards(
    histories: Mapping[str, History],
    *,
    bands: Mapping[str, Band] | None = None,
    points: Points | None = None,
    level: tuple[str, float] | None = None,
) -> Figure:
    """J against the epoch for several runs, each named at the end of its curve.

    Parameters
    ----------
    histories : mapping of str to History
        The runs by name, at least one.
    bands : mapping of str to (epochs, lowest, highest), optional
        What other seeds gave, by the name of the run that each belongs to: shaded.
    points : (name, epochs, J), optional
        Figures from elsewhere, drawn as diamonds.
    level : (name, J), optional
        A horizontal line.

    Returns
    -------
    Figure, not shown and not saved.

    Raises
    ------
    DataError
        There is no run, or one without records.
    """
    if not histories or not all(len(history) for history in histories.values()):
        raise DataError("plot_rewards needs at least one run, each with records.")
    figure = new_figure(6.4, 4.3)
    draw_rewards(figure.add_subplot(), histories, bands=bands, points=points, level=level)
    return figure


def draw_rewards(
    axes: Axes,
    histories: Mapping[str, History],
    *,
    bands: Mapping[str, Band] | None = None,
    points: Points | None = None,
    level: tuple[str, float] | None = None,
) -> None:
    """The curves of `plot_rewards` in given axes."""
    ends: list[tuple[float, str, str, float]] = []
    last = max(int(history.epoch[-1]) for history in histories.values())
    for at, (name, history) in enumerate(histories.items()):
        colour = PALETTE[CURVES[at % len(CURVES)]]
        if bands and name in bands:
            epochs, low, high = (np.asarray(part) for part in bands[name])
            axes.fill_between(epochs, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(history.epoch, history.J, color=colour)
        ends.append((float(history.J[-1]), name, colour, float(history.epoch[-1])))
    if points and len(np.asarray(points[1])):
        name, epochs, J = points[0], np.asarray(points[1]), np.asarray(points[2])
        axes.plot(epochs, J, "D", color=INK, markersize=5.5, markeredgecolor=PAPER, zorder=5)
        ends.append((float(J[-1]), name, INK, float(epochs[-1])))
    if level:
        axes.axhline(level[1], color=MUTED, linewidth=1.2, linestyle=(0, (5, 3)))
        ends.append((level[1], level[0], MUTED, last))
    axes.set_xlabel("epoch")
    axes.set_ylabel("J, the log-likelihood (nats)")
    axes.set_xlim(-0.01 * last, 1.01 * last if last else 1)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, min(top + 0.04 * (top - bottom), max(0.0, top)))  # a log-likelihood of classes ends at 0
    count_axis(axes.xaxis)
    _value_axis(axes)
    _name_ends(axes, ends)


def _value_axis(axes: Axes) -> None:
    """A faint grid and tick labels with a real minus sign, grouped by thousands."""
    grid(axes)
    low, high = axes.get_ylim()
    digits = int(np.clip(np.ceil(-np.log10(max(high - low, 1e-15) / 6)), 0, 12))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, digits))


def _points_high(axes: Axes) -> float:
    """The height of the axes in points, before the layout is final."""
    root = axes.get_figure(root=True)
    assert root is not None
    return float(axes.bbox.height / root.dpi * 72)


def _name_ends(axes: Axes, ends: Sequence[tuple[float, str, str, float]]) -> None:
    """Names in the right margin, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    ordered = sorted(ends)
    gap = (high - low) * 32 / _points_high(axes)  # two lines of small type
    for place, (value, name, colour, x) in zip(spread([end[0] for end in ordered], gap, high), ordered, strict=True):
        axes.annotate(
            f"{plain(name)}\n{number(value)}",
            (x, value),
            xytext=(1.045, (place - low) / (high - low)),
            textcoords="axes fraction",
            va="center",
            fontsize=10,
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 2},
        )


def spread(values: Sequence[float], gap: float, highest: float = np.inf) -> list[float]:
    """Sorted values, moved little, so that neighbours are at least ``gap`` apart and none is above ``highest``.

    >>> spread([0.0, 0.1, 5.0], 1.0, highest=4.0)
    [-0.45, 0.55, 4.0]
    """
    groups: list[list[float]] = [[value] for value in values]
    while True:
        for at in range(len(groups) - 1):
            left, right = groups[at], groups[at + 1]
            if _middle(right) - _middle(left) < gap * (len(left) + len(right)) / 2:
                groups[at : at + 2] = [left + right]
                break
        else:
            break
    places = [_middle(group) + gap * (at - (len(group) - 1) / 2) for group in groups for at in range(len(group))]
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], highest)
        highest = places[at] - gap
    return places


def _middle(group: list[float]) -> float:
    return sum(group) / len(group)
