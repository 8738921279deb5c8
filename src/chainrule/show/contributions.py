"""What each column contributes, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chainrule.errors import DataError
from chainrule.show.style import INK, LINE, MUTED, PALETTE, class_names, new_figure, number, styled

MOST = 20  # columns drawn


@styled
def plot_contributions(names: Sequence[object], loss: npt.ArrayLike) -> Figure:
    """What a row's log-likelihood loses when the cells of one column are dealt out anew: the mean and each repeat.

    Parameters
    ----------
    names : sequence
        The columns, the largest mean first.
    loss : array (columns, repeats)
        In nats a row.

    Returns
    -------
    Figure, not shown and not saved. The first 20 columns are drawn.

    Raises
    ------
    DataError
        The names do not fit the losses, or there are none.
    """
    values = np.asarray(loss, dtype=float)
    if values.ndim != 2 or not values.size or len(values) != len(names):
        raise DataError(f"{len(names)} names do not fit losses of shape {values.shape}.")
    shown = class_names(names[:MOST], min(len(names), MOST), longest=32)
    values = values[:MOST]
    mean = values.mean(axis=1)
    figure = new_figure(6.8, 0.9 + 0.34 * len(values))
    axes = figure.add_subplot()
    heights = np.arange(len(values))
    axes.barh(heights, mean, height=0.62, color=PALETTE["blue"], alpha=0.85, zorder=2)
    for repeat in values.T:
        axes.plot(repeat, heights, "|", color=INK, markersize=7, markeredgewidth=0.9, alpha=0.55, zorder=3)
    axes.axvline(0, color=MUTED, linewidth=0.9, zorder=1)
    axes.set_yticks(heights, shown)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_ylim(len(values) - 0.4, -0.6)
    low, high = min(0.0, float(values.min())), max(float(values.max()), 1e-6)
    axes.set_xlim(low - 0.02 * (high - low), high + 0.16 * (high - low))
    digits = 3 if high < 0.1 else 2
    for height, value, most in zip(heights, mean, values.max(axis=1), strict=True):
        axes.annotate(number(float(value), digits), (max(most, 0.0), height), xytext=(7, 0),
                      textcoords="offset points", va="center", fontsize=9.5, color=INK)  # fmt: skip
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("loss of log-likelihood (nats a row)")
    return figure
