"""Predicted numbers against the true ones, as a figure."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.show import plot_predictions
from support import texts_that_overlap


def test_points_stand_at_true_and_predicted_and_the_line_is_where_both_agree() -> None:
    figure = plot_predictions([1.0, 2.5, 2.9], [1.2, 2.0, 3.1], "m")
    left, right = figure.axes
    line, points = left.lines
    assert (line.get_xdata() == line.get_ydata()).all()
    np.testing.assert_allclose(points.get_xydata(), [[1.2, 1.0], [2.0, 2.5], [3.1, 2.9]])
    assert left.get_xlim() == left.get_ylim()
    np.testing.assert_allclose(right.lines[1].get_xydata(), [[1.0, 0.2], [2.5, -0.5], [2.9, 0.2]])
    assert (left.get_xlabel(), left.get_ylabel()) == ("true (m)", "predicted (m)")
    assert not texts_that_overlap(figure)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e12])
def test_numbers_of_any_size_and_equal_ones_are_drawn_without_a_warning(size: float) -> None:
    rng = np.random.default_rng(0)
    t = size * rng.standard_normal(40)
    assert not texts_that_overlap(plot_predictions(0.5 * t, t, "a rather long unit $x"))
    assert plot_predictions([size], [size]).axes


def test_of_very_many_rows_some_are_drawn_first_and_last_among_them() -> None:
    t = np.arange(20_000.0)
    drawn = plot_predictions(t, t).axes[0].lines[1].get_xdata()
    assert len(drawn) == 4000
    assert (drawn[0], drawn[-1]) == (0.0, 19_999.0)


@pytest.mark.parametrize(("y", "t"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), ([np.nan], [1.0])])
def test_what_cannot_be_drawn_is_refused(y: object, t: object) -> None:
    with pytest.raises(DataError):
        plot_predictions(y, t)  # type: ignore[arg-type]
