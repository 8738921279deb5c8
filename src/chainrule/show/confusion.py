"""The confusion matrix as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from chainrule.errors import DataError
from chainrule.show.style import INK, MUTED, PALETTE, PAPER, class_names, new_figure, number, styled


@styled
def plot_confusion(matrix: npt.ArrayLike, classes: Sequence[object] | None = None) -> Figure:
    """Counts of true against predicted classes, shaded by the share of each true class.

    Parameters
    ----------
    matrix : array (C, C)
        ``matrix[i, j]``: rows of true class i that were predicted as class j, from 0.
    classes : sequence, optional
        C names; 0, 1, ... where left out.

    Returns
    -------
    Figure, not shown and not saved. Counts are written where they fit (up to 16 classes), zeros as dots.

    Raises
    ------
    DataError
        The matrix is not square, has a negative entry, or does not fit the classes.

    Examples
    --------
    >>> figure = plot_confusion([[48, 2], [5, 45]], ["benign", "malignant"])
    >>> figure.axes[0].get_xlabel()
    'predicted class'
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise DataError(f"A confusion matrix is square, not of shape {counts.shape}.")
    if (counts < 0).any():
        raise DataError("A confusion matrix holds counts from 0, and this one has negative entries.")
    C = len(counts)
    if classes is not None and len(classes) != C:
        raise DataError(f"The matrix has {C} classes and {len(classes)} names were given.")
    names = class_names(classes, C, longest=18)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    cell = 0.95 if C <= 4 else 0.7 if C <= 8 else 0.5 if C <= 16 else 7.5 / C
    label = 0.085 * max(map(len, names))
    figure = new_figure(cell * C + 1.1 + label, cell * C + 1.0 + (label if label > cell else 0.1))
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    cells = axes.pcolormesh(
        np.arange(C + 1) - 0.5, np.arange(C + 1) - 0.5, shares, cmap=_shades(), vmin=0, vmax=1, edgecolors="none"
    )
    cells.set_edgecolor(PAPER)
    cells.set_linewidth(2 if C <= 16 else 0.5)
    axes.invert_yaxis()
    if C <= 16:
        for i, j in np.ndindex(C, C):
            size = 12 if C <= 8 else 9
            if not counts[i, j]:
                axes.text(j, i, "·", ha="center", va="center", color=MUTED, fontsize=size, alpha=0.7)
                continue
            colour = PAPER if shares[i, j] > 0.5 else INK
            axes.text(
                j,
                i,
                number(float(counts[i, j])),
                ha="center",
                va="center",
                color=colour,
                fontsize=size,
                weight="bold" if i != j else "normal",
            )
    step = 1 if C <= 30 else -(-C // 30)
    turned = label > cell
    axes.set_xticks(np.arange(0, C, step), names[::step], rotation=90 if turned else 0)
    axes.set_yticks(np.arange(0, C, step), names[::step])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return figure


def _shades() -> LinearSegmentedColormap:
    """From nothing to blue: the paper shows through where the share is 0."""
    blue = to_rgb(PALETTE["blue"])
    return LinearSegmentedColormap.from_list("share", [(*blue, 0.05), (*blue, 1.0)])
