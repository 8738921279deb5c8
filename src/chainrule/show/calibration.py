"""Probabilities against what happened, as a figure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chainrule.errors import DataError
from chainrule.show.style import INK, LINE, MUTED, PALETTE, new_figure, number, plain, styled


@styled
def plot_calibration(
    said: npt.ArrayLike,
    happened: npt.ArrayLike,
    rows: npt.ArrayLike,
    *,
    low: npt.ArrayLike | None = None,
    high: npt.ArrayLike | None = None,
    of: str = "the predicted class",
) -> Figure:
    """The share of rows where it happened against the probability that was said, and below how many rows each bin has.

    Parameters
    ----------
    said, happened : array (B,)
        Mean probability and share of each bin, from 0 to 1.
    rows : array (B,)
        Rows of each bin, at least 1.
    low, high : array (B,), optional
        An interval of each share, drawn as a bar.
    of : str
        Whose probability it is, for the axis.

    Returns
    -------
    Figure, not shown and not saved.

    Raises
    ------
    DataError
        The arrays are not of one length, or empty.
    """
    p, share, n = (np.asarray(part, dtype=float) for part in (said, happened, rows))
    if p.ndim != 1 or not p.size or p.shape != share.shape or p.shape != n.shape:
        raise DataError(f"The bins must be arrays of one length, not {p.shape}, {share.shape} and {n.shape}.")
    figure = new_figure(5.2, 5.8)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    above.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, zorder=1)
    if low is not None and high is not None:
        above.vlines(p, np.asarray(low), np.asarray(high), color=PALETTE["sky"], linewidth=3.5, zorder=2)
    above.plot(p, share, "o", color=PALETTE["blue"], markersize=6.5, zorder=3)
    above.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    above.set_ylabel("share of the rows where it is so")
    above.grid(color=LINE, linewidth=0.7)
    above.set_axisbelow(True)
    below.bar(p, n, width=0.06, color=PALETTE["blue"], zorder=2)
    for x, count in zip(p, n, strict=True):
        below.annotate(number(count), (x, count), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8.5,
                       color=INK)  # fmt: skip
    below.set_ylim(0, 1.3 * n.max())
    below.set_yticks([])
    below.spines["left"].set_visible(False)
    below.set_ylabel("rows")
    below.set_xlabel(f"probability given to {plain(of)}")
    return figure
