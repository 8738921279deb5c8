"""Curves of J and of the rate."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import DataError
from chainrule.show import plot_history, plot_rewards
from chainrule.show.history import spread
from chainrule.training import History, Record
from support import texts_that_overlap


def history(last: float, epochs: int = 1000, first: float = -2000.0) -> History:
    curve = first + (last - first) * (1 - np.exp(-np.linspace(0, 6, 51)))
    return History([Record(int(e), J, 0.9, 0.0) for e, J in zip(np.linspace(0, epochs, 51), curve, strict=True)])


def test_the_history_is_drawn_as_it_was_recorded_with_its_units() -> None:
    recorded = history(-150.0)
    figure = plot_history(recorded)
    upper, lower = figure.axes
    np.testing.assert_array_equal(upper.lines[0].get_xydata(), np.column_stack([recorded.epoch, recorded.J]))
    np.testing.assert_array_equal(lower.lines[0].get_xydata(), np.column_stack([recorded.epoch, recorded.rate]))
    assert (upper.get_ylabel(), lower.get_ylabel(), lower.get_xlabel()) == ("J (nats)", "rate", "epoch")
    assert not texts_that_overlap(figure)


def test_validation_is_drawn_beside_training_with_its_best_epoch() -> None:
    records = [Record(e, -100.0 + e, 0.5 + e / 99, 0.0, -1.0, -30.0 - (e - 20) ** 2 / 50, 0.6) for e in range(41)]
    figure = plot_history(History(records))
    training, validation, rate = figure.axes
    np.testing.assert_array_equal(validation.lines[0].get_ydata(), [record.validation_J for record in records])
    assert [len(axes.lines) for axes in figure.axes] == [2, 2, 3]
    assert list(training.lines[-1].get_xdata()) == [20, 20]
    assert rate.lines[0].get_color() != rate.lines[1].get_color()
    assert not texts_that_overlap(figure)


@pytest.mark.parametrize(
    "records",
    [
        [Record(0, -3.0, 0.5, 0.0)],
        [Record(0, -3.0, float("nan"), 0.0), Record(5, -2.9999999, float("nan"), 0.0)],
        [Record(0, -3e9, 0.0, 0.0), Record(10_000_000, -1e9, 1.0, 0.0)],
        [Record(0, -3.0, 0.5, 0.0), Record(5, -3.0, 0.5, 0.0)],
    ],
    ids=["one record", "no rate", "large", "flat"],
)
def test_odd_histories_are_drawn_without_a_warning_and_readably(records: list[Record]) -> None:
    figure = plot_history(History(records))
    assert not texts_that_overlap(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(labels)) == len(labels)


def test_an_empty_history_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="no records"):
        plot_history(History())
    with pytest.raises(DataError, match="needs at least one run"):
        plot_rewards({})


def test_several_rewards_are_named_at_their_ends_and_the_names_do_not_overlap() -> None:
    figure = plot_rewards(
        {"V trained": history(-150.0), "V held fixed": history(-984.0), "another": history(-990.0)},
        bands={"V held fixed": ([0, 500, 1000], [-3000, -1800, -1500], [-1400, -600, -500])},
        points=("published", [0, 500, 900], [-2346.0, -1000.0, -992.0]),
        level=("best possible", -113.0),
    )
    assert not texts_that_overlap(figure)
    names = {text.get_text().split("\n")[0] for text in figure.axes[0].texts}
    assert names == {"V trained", "V held fixed", "another", "published", "best possible"}
    assert figure.axes[0].get_xlabel() == "epoch"
    assert "nats" in figure.axes[0].get_ylabel()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), st.floats(0.1, 100))
def test_spread_keeps_the_order_and_the_distance_and_stays_below(values: list[float], gap: float) -> None:
    places = spread(sorted(values), gap, highest=500.0)
    assert len(places) == len(values)
    assert max(places) <= 500.0 + 1e-9
    assert all(right - left >= gap * (1 - 1e-9) - 1e-9 for left, right in itertools.pairwise(places))


def test_spread_leaves_alone_what_is_apart() -> None:
    assert spread([1.0, 5.0, 9.0], 3.9) == [1.0, 5.0, 9.0]


def test_a_rate_that_was_not_measured_has_no_panel() -> None:
    figure = plot_history(History([Record(at, -10.0 + at, float("nan"), 0.0) for at in range(3)]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["J (nats)"]
    assert figure.axes[0].get_xlabel() == "epoch"
    assert not texts_that_overlap(figure)
