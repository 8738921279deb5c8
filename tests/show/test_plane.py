"""Points in the plane and decision regions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.datasets import three_clusters
from chainrule.errors import DataError
from chainrule.show import plot_regions, plot_scatter
from chainrule.show.plane import draw_regions
from chainrule.show.style import class_style
from support import texts_that_overlap

X, LABELS = three_clusters(per_class=40, seed=1)


def by_quadrant(points: np.ndarray) -> np.ndarray:
    """Three classes: below, upper right, upper left; each sure of itself."""
    k = np.where(points[:, 1] < 0, 0, np.where(points[:, 0] > 0, 1, 2))
    return 0.85 * np.eye(3)[k] + 0.05


def test_every_point_is_drawn_in_its_class_colour_and_marker() -> None:
    figure = plot_scatter(X, LABELS, classes=["a", "b", "c"], features=["length (cm)", "width (cm)"])
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length (cm)", "width (cm)")
    for k, line in enumerate(axes.lines):
        np.testing.assert_array_equal(line.get_xydata(), X[LABELS == k])
        assert (line.get_color(), line.get_marker()) == class_style(k)
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b", "c"]
    assert not texts_that_overlap(figure)


def picture_of(predict: Any, labels: np.ndarray = LABELS, **kwargs: Any) -> Any:
    return plot_regions(predict, X, labels, **kwargs).axes[0]


def test_the_surface_has_the_colour_of_the_likeliest_class_everywhere() -> None:
    axes = picture_of(by_quadrant)
    picture = np.asarray(axes.images[0].get_array())
    left, right, bottom, top = axes.images[0].get_extent()
    for x, y, k in ((0.0, -2.0, 0), (2.0, 2.0, 1), (-2.0, 2.0, 2)):
        row = round((y - bottom) / (top - bottom) * (len(picture) - 1))
        column = round((x - left) / (right - left) * (len(picture) - 1))
        from matplotlib.colors import to_rgb

        np.testing.assert_allclose(picture[row, column, :3], to_rgb(class_style(k)[0]), atol=1e-9)


def test_the_colour_is_deeper_where_the_class_is_likelier() -> None:
    def surer_to_the_right(points: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-points[:, :1]))
        return np.hstack([1 - p, p])

    depth = np.asarray(picture_of(surer_to_the_right, LABELS % 2).images[0].get_array())[0, :, 3]
    middle = int(depth.argmin())
    assert (np.diff(depth[middle:]) >= 0).all()
    assert depth[-1] > 5 * depth[middle]


def test_borders_lie_where_the_likeliest_class_changes_and_each_is_drawn_once() -> None:
    from matplotlib.figure import Figure

    def smooth(points: np.ndarray) -> np.ndarray:
        a = np.column_stack([-2 * points[:, 1], 2 * points[:, 0] + points[:, 1], -2 * points[:, 0] + points[:, 1]])
        e = np.exp(a - a.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    axes = Figure().add_subplot()
    draw_regions(axes, smooth, X, LABELS, np.unique(LABELS))
    places = np.vstack([path.vertices for lines in axes.collections for path in lines.get_paths()])
    p = np.sort(smooth(places), axis=1)
    np.testing.assert_allclose(p[:, -1], p[:, -2], atol=0.02)  # the two likeliest are equally likely
    assert len(axes.collections) == 3


def test_one_column_of_probabilities_is_the_second_of_two_classes() -> None:
    def second(points: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-points[:, :1]))

    one = np.asarray(picture_of(second, LABELS % 2).images[0].get_array())
    two = np.asarray(picture_of(lambda p: np.hstack([1 - second(p), second(p)]), LABELS % 2).images[0].get_array())
    np.testing.assert_array_equal(one, two)


def test_a_class_without_points_keeps_its_colour() -> None:
    few = np.flatnonzero(LABELS != 1)
    names = np.array(["a", "b", "c"])
    figure = plot_scatter(X[few], names[LABELS[few]], classes=names)
    assert [line.get_color() for line in figure.axes[0].lines if len(line.get_xdata())] == [
        class_style(0)[0],
        class_style(2)[0],
    ]


def test_the_legend_names_classes_borders_and_the_depth_of_colour() -> None:
    figure = plot_regions(by_quadrant, X, LABELS, best=by_quadrant)
    assert {text.get_text() for text in figure.legends[0].texts} == {"0", "1", "2", "border", "best possible"}
    assert "probability" in figure.axes[1].get_ylabel()
    assert figure.axes[1].get_yticklabels()[0].get_text() == "1/3"
    assert not texts_that_overlap(figure)


@pytest.mark.parametrize(
    ("points", "labels", "said"),
    [
        (X[:, :1], LABELS, r"needs X of shape \(rows, 2\)"),
        (X[:0], LABELS[:0], r"needs X of shape \(rows, 2\)"),
        (X, LABELS[:-1], "the labels have the shape"),
        (np.where(X == X[0, 0], np.nan, X), LABELS, "missing or infinite"),
    ],
)
def test_what_has_no_place_in_the_plane_is_refused(points: np.ndarray, labels: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        plot_scatter(points, labels)


def test_too_few_names_are_refused() -> None:
    with pytest.raises(DataError, match="3 classes and 2 names"):
        plot_scatter(X, LABELS, classes=["a", "b"])
