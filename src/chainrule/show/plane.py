"""Data with two features: the points, and what a classifier makes of the plane."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from chainrule.errors import DataError
from chainrule.show.style import INK, MUTED, PAPER, class_names, class_style, new_figure, plain, styled

Array = npt.NDArray[Any]

CELLS = 240  # of the probability surface, a side
SHADES = 100  # from no colour to the full one: finer steps cannot be seen, and make the files large
DASHES = (0, (4, 3))
FEATURES = ("$x_1$", "$x_2$")


@styled
def plot_scatter(
    X: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    classes: Sequence[object] | None = None,
    features: Sequence[str] | None = None,
) -> Figure:
    """Points in the plane, one colour and one marker a class.

    Parameters
    ----------
    X : array (N, 2)
    labels : array (N,)
        Whole numbers, text or booleans.
    classes : sequence, optional
        Names for the legend, in the order of the sorted labels.
    features : two str, optional
        Names of the columns, with units where they have them; x₁ and x₂ where left out.

    Returns
    -------
    Figure, not shown and not saved.

    Raises
    ------
    DataError
        X has not two columns, or the labels do not fit it.
    """
    X, labels, values = _checked(X, labels, classes)
    figure = new_figure(5.6, 5.0)
    axes = figure.add_subplot()
    _points(axes, X, labels, values)
    _frame(axes, X, features)
    _legend(figure, class_names(classes if classes is not None else values, len(values)))
    return figure


@styled
def plot_regions(
    predict_proba: Callable[[Array], Array],
    X: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    classes: Sequence[object] | None = None,
    features: Sequence[str] | None = None,
    best: Callable[[Array], Array] | None = None,
) -> Figure:
    """Decision regions: the likeliest class by colour, its probability by depth of colour, the data on top.

    Parameters
    ----------
    predict_proba : callable
        From points (n, 2) to probabilities (n, C), as ``run.predict_proba``.
    X : array (N, 2)
    labels : array (N,)
    classes : sequence, optional
        Names for the legend, in the order of the columns of the probabilities.
    features : two str, optional
        Names of the columns, with units where they have them.
    best : callable, optional
        The probabilities of another classifier, whose borders are drawn dashed (the best one possible).

    Returns
    -------
    Figure, not shown and not saved.

    Raises
    ------
    DataError
        X has not two columns, or the labels do not fit it.
    """
    X, labels, values = _checked(X, labels, classes)
    figure = new_figure(6.0, 5.4)
    axes = figure.add_subplot()
    draw_regions(axes, predict_proba, X, labels, values, features=features, best=best)
    names = class_names(classes if classes is not None else values, len(values))
    _legend(figure, names, ["border"] + (["best possible"] if best else []))
    _depth_key(axes, len(values))
    return figure


def draw_regions(
    axes: Axes,
    predict_proba: Callable[[Array], Array],
    X: Array,
    labels: Array,
    values: Array,
    *,
    features: Sequence[str] | None = None,
    best: Callable[[Array], Array] | None = None,
) -> None:
    """The surface, its borders and the points, in given axes."""
    _frame(axes, X, features)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, up = np.linspace(left, right, CELLS), np.linspace(bottom, top, CELLS)
    places = np.column_stack([part.ravel() for part in np.meshgrid(across, up)])
    surface = _surface(predict_proba, places)
    colours = np.array([to_rgb(class_style(k)[0]) for k in range(surface.shape[2])])
    picture = np.dstack([colours[surface.argmax(axis=2)], _depth(surface.max(axis=2), surface.shape[2])])
    axes.imshow(
        picture, extent=(left, right, bottom, top), origin="lower", aspect="auto", interpolation="bilinear", zorder=0
    )
    _points(axes, X, labels, values)
    _borders(axes, across, up, surface, 1.8, "-")
    if best:
        _borders(axes, across, up, _surface(best, places), 1.4, DASHES)


def _surface(predict_proba: Callable[[Array], Array], places: Array) -> Array:
    """Probabilities over the plane (CELLS, CELLS, C); a single column is that of the second of two classes."""
    p = np.asarray(predict_proba(places)).reshape(len(places), -1)
    return (np.hstack([1 - p, p]) if p.shape[1] == 1 else p).reshape(CELLS, CELLS, -1)


def _depth(probability: Array, C: int) -> Array:
    """How deep the colour is, from the probability of the likeliest of C classes: from 1/C, faint, to 1."""
    depth = 0.04 + 0.40 * np.clip((probability - 1 / C) / (1 - 1 / C), 0, 1)
    return np.round(depth * SHADES) / SHADES


def _depth_key(axes: Axes, C: int) -> None:
    """A bar that says which depth of colour is which probability."""
    depths = _depth(np.linspace(1 / C, 1, 256), C)
    shades = ListedColormap(np.column_stack([np.tile(to_rgb(MUTED), (256, 1)), depths]))
    key = axes.get_figure(root=True).colorbar(  # type: ignore[union-attr]
        ScalarMappable(Normalize(1 / C, 1), shades), ax=axes, shrink=0.55, aspect=22, pad=0.03
    )
    key.set_ticks([1 / C, *[tick for tick in (0.6, 0.8, 1.0) if tick > 1 / C + 0.05]])
    key.ax.yaxis.set_major_formatter(lambda value, _: f"1/{C}" if abs(value - 1 / C) < 1e-9 else f"{value:g}")
    key.set_label("probability of the likeliest class", fontsize=10)
    key.outline.set(edgecolor=MUTED, linewidth=0.5)
    key.ax.tick_params(length=0)


def _borders(axes: Axes, across: Array, up: Array, surface: Array, width: float, dashes: Any) -> None:
    """Where the likeliest class changes from j to k: the zero line of p_j - p_k where no other is likelier."""
    top = surface.max(axis=2)
    for j, k in itertools.combinations(range(surface.shape[2]), 2):
        pair = surface[..., j] - surface[..., k]
        lead = np.ma.masked_array(pair, mask=np.maximum(surface[..., j], surface[..., k]) < top)
        if lead.count() and lead.min() < 0 < lead.max():
            axes.contour(across, up, lead, levels=[0.0], colors=[INK], linewidths=width, linestyles=[dashes])


def _points(axes: Axes, X: Array, labels: Array, values: Array) -> None:
    """The data, smaller where there is much of it."""
    for k, value in enumerate(values):
        colour, marker = class_style(k)
        mine = X[labels == value]
        axes.plot(
            mine[:, 0],
            mine[:, 1],
            marker,
            color=colour,
            markersize=4.2 if len(X) > 300 else 6,
            markeredgecolor=PAPER,
            markeredgewidth=0.4,
            alpha=0.75,
            linestyle="none",
        )


def _frame(axes: Axes, X: Array, features: Sequence[str] | None) -> None:
    """Names, limits with a margin, and a box in the proportions of the data where these are moderate."""
    names = FEATURES if features is None else [plain(str(name)) for name in features]
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    low, high = X.min(axis=0), X.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    axes.set_xlim(low[0] - 0.06 * span[0], high[0] + 0.06 * span[0])
    axes.set_ylim(low[1] - 0.06 * span[1], high[1] + 0.06 * span[1])
    axes.set_box_aspect(float(np.clip(span[1] / span[0], 0.7, 1.2)))


def _legend(figure: Figure, names: Sequence[str], lines: Sequence[str] = ()) -> None:
    """Classes in the first rows, lines in the last, below the axes."""
    entries: list[tuple[str, Line2D]] = list(zip(names, class_handles(len(names)), strict=True))
    for at, name in enumerate(lines):
        entries.append((name, Line2D([], [], color=INK, linestyle="--" if at else "-", linewidth=1.6)))
    columns = min(len(names), 4)
    # matplotlib fills column by column, people read row by row
    rows = [entries[at : at + columns] for at in range(0, len(entries), columns)]
    ordered = [row[at] for at in range(columns) for row in rows if at < len(row)]
    labels, handles = [name for name, _ in ordered], [handle for _, handle in ordered]
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handletextpad=0.5)


def class_handles(count: int) -> list[Line2D]:
    """For a legend: the colour and the marker of each class."""
    styles = [class_style(k) for k in range(count)]
    return [Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=6) for colour, marker in styles]


def _checked(X: npt.ArrayLike, labels: npt.ArrayLike, classes: Sequence[object] | None) -> tuple[Array, Array, Array]:
    """X, the labels, and the classes in their order: all that are named where the labels are these names."""
    points, found = np.asarray(X, dtype=float), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise DataError(f"A picture of the plane needs X of shape (rows, 2), not {points.shape}.")
    if found.shape != (len(points),):
        raise DataError(f"X has {len(points):,} rows and the labels have the shape {found.shape}.")
    if not np.isfinite(points).all():
        raise DataError("X has values that are missing or infinite, which have no place in a picture.")
    values = np.unique(found)
    if classes is not None:
        named = np.asarray(classes)
        if named.dtype.kind == values.dtype.kind and np.isin(values, named).all():
            return points, found, named
        if len(named) != len(values):
            raise DataError(f"The labels have {len(values)} classes and {len(named)} names were given.")
    return points, found, values
