"""A network drawn with its real weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from chainrule.errors import DataError
from chainrule.network import Network, Weights
from chainrule.show.style import (
    INK,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    class_names,
    new_figure,
    number,
    short_names,
    styled,
)

Array = npt.NDArray[Any]

UNITS_SHOWN = 8  # of a layer
EDGES_SHOWN = 48  # between two layers, where values are not written
COLUMN = 2.1  # inches between layers
RADIUS = 0.27
LONGEST_NAME = 26  # signs
LABEL = 0.2  # inches that a written weight needs, up


@dataclass(frozen=True)
class _Column:
    """One layer: which units are drawn, and how high each stands (inches)."""

    units: Array
    heights: Array
    size: int
    gap: float


@styled
def plot_network(
    network: Network,
    weights: Weights,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
) -> Figure:
    """Units as circles, weights as lines: width is size, colour is sign, the value written where there is room.

    Parameters
    ----------
    network : Network
    weights : Weights
        Of this network.
    inputs, outputs : sequence, optional
        Names of the D inputs and the K outputs; x₁, ... and y₁, ... where left out.

    Returns
    -------
    Figure, not shown and not saved. Of a wide layer the units with the strongest weights are drawn, of many
    weights the strongest; a line below the drawing says how many are left out.

    Raises
    ------
    DataError
        The weights belong to another network, or the names do not fit it.
    """
    if weights.network != network:
        raise DataError(f"The weights belong to {weights.network.notation}, not to {network.notation}.")
    for names, count, words in ((inputs, network.D, "inputs"), (outputs, network.K, "outputs")):
        if names is not None and len(names) != count:
            raise DataError(f"{network.notation} has {count} {words} and {len(names)} names were given.")
    columns = _columns(network, weights)
    tall = max(len(column.units) for column in columns) * columns[0].gap
    figure = new_figure(COLUMN * network.L + 0.3 + _margin(inputs) + _margin(outputs), max(tall, 2.2) + 0.9)
    left_out = draw_network(figure.add_subplot(), network, weights, inputs, outputs)
    figure.supxlabel(
        "\n".join(
            ["Blue: positive, orange: negative; the wider, the larger. Below a unit: its bias.", left_out]
        ).strip(),
        fontsize=9.5,
        color=MUTED,
    )
    return figure


def draw_network(
    axes: Axes,
    network: Network,
    weights: Weights,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
) -> str:
    """The drawing of `plot_network` in given axes; gives back a sentence on what is left out, or nothing."""
    axes.set_aspect("equal")
    axes.set_axis_off()
    columns = _columns(network, weights)
    largest = max(float(np.abs(W).max()) for W in weights.W[1:]) or 1.0
    edges = sum(_draw_edges(axes, l, weights.W[l], columns, largest) for l in range(1, network.L + 1))
    for l, column in enumerate(columns):
        _draw_units(axes, network, weights, l, column)
    _name_sides(axes, columns, inputs, outputs)
    low = min(column.heights.min() for column in columns)
    high = max(column.heights.max() for column in columns)
    axes.set_xlim(-_margin(inputs), COLUMN * network.L + _margin(outputs))
    axes.set_ylim(low - RADIUS - 0.4, high + RADIUS + 0.55)
    units = sum(column.size - len(column.units) for column in columns)
    left_out = [
        f"{number(many)} {noun}{'s' if many > 1 else ''}" for many, noun in ((units, "unit"), (edges, "weight")) if many
    ]
    if not left_out:
        return ""
    return f"The strongest are drawn; {' and '.join(left_out)} {'is' if units + edges == 1 else 'are'} left out."


def _margin(names: Sequence[object] | None) -> float:
    """Inches beside the outermost units, for their names."""
    if names is None:
        return 0.6
    return RADIUS + 0.25 + 0.088 * max(map(len, short_names(names, LONGEST_NAME)))


def _columns(network: Network, weights: Weights) -> list[_Column]:
    """The units to draw of each layer: all, or those with the strongest weights, in their order."""
    tall = min(max(network.M), UNITS_SHOWN)
    gap = 1.12 if tall <= 4 else 0.86  # inches from unit to unit
    columns = []
    for l, size in enumerate(network.M):
        strength = np.zeros(size)
        if l > 0:
            strength += np.abs(weights.W[l]).max(axis=0)
        if l < network.L:
            strength += np.abs(weights.W[l + 1]).max(axis=1)
        units = np.sort(np.argsort(-strength, kind="stable")[:UNITS_SHOWN])
        heights = gap * ((len(units) - 1) / 2 - np.arange(len(units)))
        columns.append(_Column(units, heights, size, gap))
    return columns


def _draw_edges(axes: Axes, l: int, W: Array, columns: list[_Column], largest: float) -> int:
    """The weights into layer l; the number of those left out."""
    source, target = columns[l - 1], columns[l]
    part = W[np.ix_(source.units, target.units)]
    left, right = COLUMN * (l - 1), COLUMN * l
    share, gap = label_place(source.heights, target.heights)
    written = gap >= LABEL
    widest = 6.0 if written else 3.0
    order = np.argsort(-np.abs(part), axis=None, kind="stable")
    drawn = order if written else order[:EDGES_SHOWN]
    for at in drawn[::-1]:  # the strongest on top
        i, j = np.unravel_index(at, part.shape)
        value = float(part[i, j])
        colour = POSITIVE if value >= 0 else NEGATIVE
        y = float(source.heights[i]), float(target.heights[j])
        size = abs(value) / largest
        axes.plot([left, right], y, color=colour, linewidth=0.5 + widest * size, alpha=0.35 + 0.5 * size, zorder=1,
                  solid_capstyle="butt")  # fmt: skip
        if written:
            axes.text(
                left + share * (right - left),
                y[0] + share * (y[1] - y[0]),
                weight_text(value),
                ha="center",
                va="center",
                fontsize=9.5,
                color=INK,
                zorder=3,
                bbox={"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.92},
            )
    return W.size - len(drawn)


def label_place(source: Array, target: Array) -> tuple[float, float]:
    """Where along the edges their values stand furthest apart: the share of the way, and the smallest distance."""
    shares = np.linspace(0.2, 0.8, 121)
    if len(source) * len(target) == 1:
        return 0.5, np.inf
    if len(source) * len(target) > 64:
        return 0.5, 0.0
    heights = (1 - shares)[:, None, None] * source[:, None] + shares[:, None, None] * target
    gaps = np.diff(np.sort(heights.reshape(len(shares), -1), axis=1), axis=1).min(axis=1)
    best = int(gaps.argmax())
    return float(shares[best]), float(gaps[best])


def weight_text(value: float) -> str:
    """A weight in at most five signs: 0.42, -12.3, 1e+04."""
    size = abs(value)
    if size >= 9999.5 or (0 < size < 0.005):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("-", "\N{MINUS SIGN}")
    return number(value, 2 if size < 9.995 else 1 if size < 99.95 else 0).replace(",", "")


def _draw_units(axes: Axes, network: Network, weights: Weights, l: int, column: _Column) -> None:
    """Circles with the unit's letter, its bias below, and what the layer is above."""
    x = COLUMN * l
    letter = "x" if l == 0 else "y" if l == network.L else "z"
    power = f"^{{{l}}}" if 0 < l < network.L and network.L > 2 else ""
    for unit, y in zip(column.units, column.heights, strict=True):
        axes.add_patch(Circle((x, y), RADIUS, facecolor=PAPER, edgecolor=INK, linewidth=1.4, zorder=4))
        axes.text(x, y, f"${letter}_{{{unit + 1}}}{power}$", ha="center", va="center", fontsize=12, zorder=5)
        if l > 0:
            axes.text(
                x,
                y - RADIUS - 0.07,
                weight_text(float(weights.b[l][unit])),
                ha="center",
                va="top",
                fontsize=8.5,
                color=MUTED,
                zorder=5,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.92},
            )
    function = "inputs" if l == 0 else network.layers[l - 1].function
    top = column.heights.max() + RADIUS + 0.22
    axes.text(x, top, function, ha="center", va="bottom", fontsize=10.5, color=MUTED)


def _name_sides(
    axes: Axes, columns: list[_Column], inputs: Sequence[object] | None, outputs: Sequence[object] | None
) -> None:
    """The names of inputs left of them, of outputs right of them."""
    for names, column, x, side in (
        (inputs, columns[0], -RADIUS - 0.12, "right"),
        (outputs, columns[-1], COLUMN * (len(columns) - 1) + RADIUS + 0.12, "left"),
    ):
        if names is not None:
            shown = class_names(names, len(names), longest=LONGEST_NAME)
            for unit, y in zip(column.units, column.heights, strict=True):
                axes.text(x, y, shown[unit], ha=side, va="center", fontsize=10)
