"""What each column contributes, as a figure."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.show import plot_contributions
from support import texts_that_overlap


def test_a_bar_is_the_mean_and_each_repeat_is_marked() -> None:
    loss = np.array([[1.0, 2.0], [0.1, 0.3], [-0.1, 0.1]])
    figure = plot_contributions(["a", "b <c>", "$d$"], loss)
    axes = figure.axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [1.5, 0.2, 0.0], atol=1e-15)
    marks = np.concatenate([line.get_xdata() for line in axes.lines[:2]])
    np.testing.assert_allclose(np.sort(marks), np.sort(loss.ravel()))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b <c>", r"\$d\$"]
    assert axes.yaxis_inverted()  # the largest on top
    assert not texts_that_overlap(figure)


def test_of_many_columns_the_first_twenty_are_drawn() -> None:
    figure = plot_contributions([f"a long name of a column {at}" for at in range(64)], np.ones((64, 3)))
    assert len(figure.axes[0].patches) == 20
    assert not texts_that_overlap(figure)


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError):
        plot_contributions(["a"], np.ones((2, 3)))
    with pytest.raises(DataError):
        plot_contributions([], np.ones((0, 3)))
