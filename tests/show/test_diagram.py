"""A network drawn with its weights."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from chainrule.errors import DataError
from chainrule.network import Network
from chainrule.show import plot_network
from chainrule.show.diagram import label_place, weight_text
from chainrule.show.style import NEGATIVE, POSITIVE
from support import texts_that_overlap


def texts(figure: object) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]  # type: ignore[attr-defined]


def test_every_weight_and_bias_of_the_posts_network_is_written_and_nothing_overlaps() -> None:
    net = Network("2-3-3")
    for seed in range(5):
        weights = net.initial_weights(seed=seed)
        figure = plot_network(net, weights)
        written = texts(figure)
        for value in weights.flat:
            assert weight_text(float(value)) in written
        assert not texts_that_overlap(figure)


def test_width_grows_with_the_size_of_a_weight_and_colour_is_its_sign() -> None:
    net = Network("2-3-3")
    weights = net.initial_weights(seed=2)
    lines = plot_network(net, weights).axes[0].lines
    values = np.concatenate([W[np.unravel_index(np.argsort(np.abs(W), axis=None), W.shape)] for W in weights.W[1:]])
    assert len(lines) == len(values)
    for line, value in zip(lines, values, strict=True):
        assert to_hex(line.get_color()) == (POSITIVE if value >= 0 else NEGATIVE)
    width = np.array([line.get_linewidth() for line in lines])
    assert (np.diff(width[np.argsort(np.abs(values))]) >= 0).all()


@pytest.mark.parametrize(
    "notation", ["1-1", "2-3-3", "3-4-2", "4-6-4", "8-1", "5 -5 tanh-5 relu-1 identity", "10-32-10"]
)
def test_no_texts_overlap_in_networks_of_many_shapes(notation: str) -> None:
    net = Network(notation)
    figure = plot_network(
        net, net.initial_weights(seed=1), [f"column {d}" for d in range(net.D)], list("abcdefghij")[: net.K]
    )
    assert not texts_that_overlap(figure)


def test_of_a_large_network_the_strongest_are_drawn_and_the_rest_is_counted() -> None:
    net = Network("30-64 relu-10")
    weights = net.initial_weights("glorot", seed=0)
    weights.W[1][17, 40] = 9.0
    figure = plot_network(net, weights)
    assert "$x_{18}$" in texts(figure)
    assert "$z_{41}$" in texts(figure)
    drawn = len(figure.axes[0].lines)
    caption = figure._supxlabel.get_text()
    units = sum(text.startswith(("$x", "$z", "$y")) for text in texts(figure))
    assert f"{30 + 64 + 10 - units} units and {30 * 64 + 64 * 10 - drawn:,} weights are left out" in caption


def test_every_weight_of_iris_s_network_is_drawn_and_nothing_is_said_to_be_left_out() -> None:
    net = Network("4-8 tanh-3")
    figure = plot_network(net, net.initial_weights())
    assert len(figure.axes[0].lines) == 4 * 8 + 8 * 3
    assert "left out" not in figure._supxlabel.get_text()


def test_what_is_left_out_is_counted_without_the_kinds_of_which_all_are_drawn() -> None:
    net = Network("8-8 tanh-8 tanh-2")
    caption = plot_network(net, net.initial_weights())._supxlabel.get_text()
    assert "The strongest are drawn; 32 weights are left out." in caption


def test_long_names_with_a_common_beginning_stay_apart() -> None:
    net = Network("3-2")
    names = [f"measured length of the {part} of the flower (cm)" for part in ("petal", "sepal", "stalk")]
    shown = [text for text in texts(plot_network(net, net.initial_weights(), names)) if "…" in text]
    assert len(set(shown)) == 3


def test_names_of_inputs_and_outputs_may_be_arrays_and_are_checked() -> None:
    net = Network("2-3-3")
    weights = net.initial_weights()
    figure = plot_network(net, weights, np.array(["height", "width"]), np.array([7, 8, 9]))
    assert {"height", "width", "7", "8", "9"} <= set(texts(figure))
    with pytest.raises(DataError, match="2 inputs and 1 names"):
        plot_network(net, weights, ["height"])
    with pytest.raises(DataError, match="belong to"):
        plot_network(net, Network("2-3").initial_weights())


def test_zero_weights_are_drawn_without_a_warning() -> None:
    net = Network("2-3-3")
    assert plot_network(net, net.weights_from(np.zeros(net.size))).axes[0].lines


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (-2.346, "−2.35"),
        (12.34, "12.3"),
        (-123.4, "−123"),
        (9999.4, "9999"),
        (12345.0, "1e4"),
        (-0.0004, "−4e−4"),
    ],
)
def test_weights_are_written_in_few_signs(value: float, text: str) -> None:
    assert weight_text(value) == text


def test_labels_of_three_by_three_stand_a_quarter_of_the_way_evenly_apart() -> None:
    heights = np.array([1.0, 0.0, -1.0])
    share, gap = label_place(heights, heights)
    assert min(share, 1 - share) == pytest.approx(0.25)
    assert gap == pytest.approx(0.25)
