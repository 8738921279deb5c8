"""Predicted numbers against the true ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.errors import DataError
from chainrule.show.style import MUTED, PALETTE, PAPER, new_figure, plain, styled

MOST_POINTS = 4000  # more are one blot, and make a page slow


@styled
def plot_predictions(predicted: npt.ArrayLike, true: npt.ArrayLike, unit: str = "") -> Figure:
    """Predicted against true numbers, with the line on which both agree; and what is left over, true less predicted.

    Parameters
    ----------
    predicted, true : array (N,)
        Finite, in the same unit.
    unit : str, optional
        For the labels of the axes: what the numbers are, or their unit.

    Returns
    -------
    Figure, not shown and not saved. Of more than 4,000 rows that many are drawn, taken at even distances.

    Raises
    ------
    DataError
        The two are not of one length, are empty or not finite.

    Examples
    --------
    >>> figure = plot_predictions([1.0, 2.5, 2.9], [1.2, 2.0, 3.1], "m")
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['predicted (m)', 'true less predicted (m)']
    """
    y, t = np.asarray(predicted, dtype=float), np.asarray(true, dtype=float)
    if y.ndim != 1 or y.shape != t.shape or not len(y):
        raise DataError(f"Predicted and true numbers must be of one length, not of shapes {y.shape} and {t.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(t).all()):
        raise DataError("Some numbers are missing or infinite, which have no place in a picture.")
    if len(y) > MOST_POINTS:
        some = np.linspace(0, len(y) - 1, MOST_POINTS).astype(int)
        y, t = y[some], t[some]
    figure = new_figure(8.6, 4.2)
    left, right = figure.subplots(1, 2)
    low, high = float(min(y.min(), t.min())), float(max(y.max(), t.max()))
    margin = 0.05 * (high - low) or 0.5
    ends = [low - margin, high + margin]
    left.plot(ends, ends, color=MUTED, linewidth=1.2, zorder=1)
    _points(left, t, y)
    left.set(xlim=ends, ylim=ends, aspect="equal")
    right.axhline(0, color=MUTED, linewidth=1.2, zorder=1)
    _points(right, y, t - y)
    largest = 1.08 * float(np.abs(t - y).max()) or 1.0
    right.set_ylim(-largest, largest)
    right.set_box_aspect(1)
    behind = f" ({plain(unit)})" if unit else ""
    left.set_xlabel(f"true{behind}")
    left.set_ylabel(f"predicted{behind}")
    right.set_xlabel(f"predicted{behind}")
    right.set_ylabel(f"true less predicted{behind}")
    for axis in (left.xaxis, left.yaxis, right.xaxis, right.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5))
    return figure


def _points(axes: Axes, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    """Dots that stay visible one by one, and show as a cloud where there are many."""
    many = len(x) > 500
    axes.plot(
        x,
        y,
        "o",
        color=PALETTE["blue"],
        markersize=3.2 if many else 5.0,
        markeredgecolor=PAPER,
        markeredgewidth=0.3,
        alpha=0.4 if many else 0.7,
        zorder=2,
    )
