"""The confusion matrix as a figure."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.show import plot_confusion
from chainrule.show.style import MUTED
from support import texts_that_overlap


def test_counts_stand_in_the_row_of_the_true_class_and_the_column_of_the_predicted_one() -> None:
    figure = plot_confusion([[480, 20], [1, 1499]], ["benign", "malignant"])
    axes = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "480", (1, 0): "20", (0, 1): "1", (1, 1): "1,499"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert axes.yaxis_inverted()  # the first class on top, as a matrix is read
    np.testing.assert_allclose(axes.collections[0].get_array().ravel(), [0.96, 0.04, 1 / 1500, 1499 / 1500])


@pytest.mark.parametrize("C", [1, 2, 3, 10, 16, 40, 120])
def test_no_texts_overlap_for_any_number_of_classes(C: int) -> None:
    counts = np.random.default_rng(0).integers(0, 1000, (C, C))
    assert not texts_that_overlap(plot_confusion(counts))
    assert not texts_that_overlap(plot_confusion(counts, [f"a long class name {k}" for k in range(C)]))


def test_zeros_are_dots_and_a_class_without_rows_is_drawn_without_a_warning() -> None:
    texts = plot_confusion([[0, 0], [3, 4]]).axes[0].texts
    assert [text.get_text() for text in texts] == ["·", "·", "3", "4"]
    assert {text.get_color() for text in texts[:2]} == {MUTED}


@pytest.mark.parametrize("matrix", [[[1, 2]], [1, 2], np.zeros((0, 0)), [[1, -1], [0, 1]]])
def test_what_is_no_confusion_matrix_is_refused(matrix: object) -> None:
    with pytest.raises(DataError):
        plot_confusion(matrix)  # type: ignore[arg-type]


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 classes and 3 names"):
        plot_confusion([[1, 0], [0, 1]], ["a", "b", "c"])
