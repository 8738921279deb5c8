"""The calibration plot."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.show import plot_calibration
from support import texts_that_overlap


def test_each_bin_is_a_point_with_its_rows_written_below() -> None:
    figure = plot_calibration([0.1, 0.9], [0.2, 0.85], [10, 1300], low=[0.05, 0.8], high=[0.5, 0.9])
    above, below = figure.axes
    np.testing.assert_allclose(above.lines[1].get_xydata(), [[0.1, 0.2], [0.9, 0.85]])
    assert [text.get_text() for text in below.texts] == ["10", "1,300"]
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], [10, 1300])
    assert not texts_that_overlap(figure)


def test_bins_that_do_not_fit_each_other_are_refused() -> None:
    with pytest.raises(DataError):
        plot_calibration([0.1, 0.9], [0.2], [10, 20])
    with pytest.raises(DataError):
        plot_calibration([], [], [])
