"""The notation, shapes, initial weights, and Weights as views of one vector."""

from __future__ import annotations

import contextlib
import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import Network, Weights
from chainrule.errors import ChainruleError, DataError, NotationError, SettingError
from support import KINKED, LAWS, SMOOTH

hidden_layers = st.lists(st.tuples(st.integers(1, 20), st.sampled_from([None, *SMOOTH, *KINKED])), max_size=4)
spaces = st.sampled_from(["", " ", "  ", "\t"])


def test_the_posts_network_has_the_posts_shapes():
    net = Network("2-3-3")
    weights = net.initial_weights()
    assert (net.L, net.D, net.K, net.M, net.size) == (2, 2, 3, (2, 3, 3), 21)
    assert [layer.function for layer in net.layers] == ["sigmoid", "softmax"]
    assert [weights[name].shape for name in net.names] == [(2, 3), (3,), (3, 3), (3,)]


@given(st.integers(1, 50), hidden_layers, st.integers(2, 9), st.sampled_from([None, *LAWS]), spaces, spaces)
def test_every_spelling_of_a_network_is_the_same_network(inputs, hidden, outputs, law, before, after):
    written = [f"{size} {function}" if function else str(size) for size, function in hidden]
    last = f"{outputs} {law}" if law else str(outputs)
    net = Network("-".join(f"{before}{layer}{after}" for layer in [str(inputs), *written, last]))
    assert net == Network(inputs, hidden=written, outputs=last)
    assert net == Network(inputs=inputs, hidden="-".join(written) or [], outputs=last)
    assert net == Network(net.notation)
    assert hash(net) == hash(Network(net.notation))
    assert net.M == (inputs, *(size for size, _ in hidden), outputs)
    assert net.law.name == law or (law is None and net.law.name == "softmax")
    assert [row.name for row in net.activations[1:]] == [function or "sigmoid" for _, function in hidden]
    assert net.activations[0] is None
    assert net.size == net.initial_weights().flat.size


def test_typeset_dashes_are_dashes():
    assert Network("2–3—3") == Network("2−3 - 3") == Network("2-3-3")


def test_numpy_integers_are_sizes():
    assert Network(np.int64(2), hidden=np.array([3, 4]), outputs=np.int32(3)) == Network("2-3-4-3")


def test_networks_differ_by_size_and_by_function():
    assert (
        len({Network("2-3-3"), Network("2-3 tanh-3"), Network("2-3-3 sigmoid"), Network("2-4-3"), Network("3-3-3")})
        == 5
    )
    assert Network("2-3-3") != "2-3-3"


@pytest.mark.parametrize(
    ("notation", "words"),
    [
        ("", "has one layer"),
        ("3", "has one layer"),
        ("2-", "Layer 1 of '2-' cannot be read"),
        ("2-0-3", "Layer 1 .*'0'"),
        ("2--3", "Layer 1"),
        ("2-3.5-3", "Layer 1"),
        ("2-3relu-3", "Layer 1 .*'3relu'"),
        ("2-3 relu tanh-3", "'3 relu tanh'"),
        ("two-3", "Layer 0"),
        ("2,3,3", "has one layer"),
        ("2-" + "9" * 5000 + "-3", "cannot be read: '9{40}'"),
        ("2 tanh-3", "inputs and takes no function"),
        ("2-3 softmax-3", "no activation named 'softmax'"),
        ("2-3 Relu-3", "Did you mean 'relu'"),
        ("2-3-3 tanh", "no output law named 'tanh'"),
        ("2-1 softmax", "always 1"),
    ],
)
def test_a_notation_that_cannot_be_read_is_refused_by_its_layer(notation, words):
    with pytest.raises(NotationError, match=words) as error:
        Network(notation)
    lines = str(error.value).split("\n")
    assert len(lines) <= 4
    assert all(len(line) < 160 for line in lines)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Network(),
        lambda: Network(2),
        lambda: Network(inputs=2),
        lambda: Network("2-3-3", hidden=[5]),
        lambda: Network(2, inputs=3, outputs=1),
        lambda: Network(2, hidden=[3.0], outputs=1),
        lambda: Network(True, outputs=2),
        lambda: Network(-2, outputs=2),
    ],
)
def test_no_argument_is_silently_ignored(call):
    with pytest.raises(NotationError):
        call()


@given(st.text(max_size=12))
def test_any_text_is_a_network_or_a_notation_error(text):
    with contextlib.suppress(NotationError):
        assert Network(text).size > 0


def test_a_last_layer_of_one_unit_defaults_to_the_sigmoid():
    assert Network("8-1").law.name == "sigmoid"
    assert Network("8-2").law.name == "softmax"


def test_slices_tile_the_vector_in_the_order_of_the_names():
    net = Network("4-5 tanh-3 relu-2")
    assert tuple(net.slices) == net.names == ("W1", "b1", "W2", "b2", "W3", "b3")
    edges = [0, *(part.stop for part in net.slices.values())]
    assert [part.start for part in net.slices.values()] == edges[:-1]
    assert edges[-1] == net.size
    weights = net.weights_from(np.arange(net.size))
    for name, part in net.slices.items():
        assert np.array_equal(weights[name].ravel(), weights.flat[part])


def test_weights_are_views_in_row_order():
    weights = Network("2-3-3").weights_from(np.arange(21.0))
    assert weights.W[1].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert weights.b[1].tolist() == [6, 7, 8]
    assert weights.W[2].tolist() == [[9, 10, 11], [12, 13, 14], [15, 16, 17]]
    assert weights.b[2].tolist() == [18, 19, 20]
    weights.W[2][0, 1] = 100
    assert weights.flat[10] == 100
    weights.flat[0] = -1
    assert weights.W[1][0, 0] == -1


def test_assigning_a_layer_writes_into_the_vector_and_leaves_the_views_whole():
    """A plain list would take the new array and quietly leave the vector as it was."""
    weights = Network("2-3-3").initial_weights()
    vector, view = weights.flat, weights.W[1]
    weights.W[1] = np.ones((2, 3))
    weights.b[1] += 5
    weights["b2"] = 7
    weights.W[2] -= weights.W[2]
    assert weights.flat is vector
    assert weights.W[1] is view
    assert vector[:6].tolist() == [1] * 6
    assert vector[-12:].tolist() == [0] * 9 + [7] * 3
    weights.flat = np.arange(21)
    assert view.tolist() == [[0, 1, 2], [3, 4, 5]]
    weights.flat *= 2
    assert view[0].tolist() == [0, 2, 4]


@pytest.mark.parametrize("numbers", [np.ones(3), np.ones((3, 2)), np.ones((1, 3)), [1, 2]])
def test_numbers_of_another_shape_do_not_fill_a_layer(numbers):
    weights = Network("2-3-3").initial_weights()
    before = weights.flat.copy()
    with pytest.raises(DataError, match=r"do not fill weights of shape \(2, 3\)"):
        weights.W[1] = numbers
    assert np.array_equal(weights.flat, before)


def test_an_unknown_name_of_a_weight_is_a_key_error_that_lists_them():
    with pytest.raises(KeyError, match="'W3' is none of 'W1', 'b1', 'W2', 'b2'"):
        Network("2-3-3").initial_weights()["W3"]


def test_weights_from_keeps_the_memory_and_the_dtype_where_it_can():
    net = Network("2-3-3")
    vector = np.zeros(net.size)
    assert np.shares_memory(net.weights_from(vector).flat, vector)
    assert net.weights_from(vector.astype(np.float32)).flat.dtype == np.float32
    assert net.weights_from(vector.astype(complex)).flat.dtype == complex
    assert net.weights_from([0] * net.size).flat.dtype == np.float64
    swapped = net.weights_from(np.arange(21.0).astype(">f8")).flat
    assert swapped.dtype.isnative
    assert swapped.tolist() == list(range(21))
    spread = net.weights_from(np.arange(42.0)[::2]).flat
    assert spread.flags.c_contiguous
    assert spread.tolist() == list(range(0, 42, 2))


@pytest.mark.parametrize("vector", [np.zeros(20), np.zeros((3, 7)), [], ["1"] * 21, [None] * 21, 0.0])
def test_a_vector_that_does_not_fill_the_network_is_refused(vector):
    with pytest.raises(DataError, match=r"\(21,\)|numbers"):
        Network("2-3-3").weights_from(vector)


@pytest.mark.parametrize("duplicate", [Weights.copy, copy.deepcopy, lambda w: pickle.loads(pickle.dumps(w))])
def test_a_copy_has_the_same_numbers_in_a_memory_of_its_own(duplicate):
    weights = Network("2-3-3").initial_weights()
    other = duplicate(weights)
    assert np.array_equal(other.flat, weights.flat)
    assert other.network == weights.network
    other.W[1][0, 0] += 1
    assert other.flat[0] == weights.flat[0] + 1
    assert weights.astype(np.float32).W[1].dtype == np.float32


@pytest.mark.parametrize("scheme", ["normal", "glorot", "he", "lecun"])
def test_one_seed_fixes_all_weights_and_another_changes_them(scheme):
    net = Network("5-6 tanh-4")
    first, again, other = (net.initial_weights(scheme, seed=seed).flat for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(net.initial_weights(scheme, seed=np.random.default_rng(3)).flat, first)
    assert np.array_equal(net.initial_weights(scheme, seed=np.int64(3)).flat, first)


def test_a_seed_of_none_draws_differently_each_time():
    net = Network("5-6-4")
    assert not np.array_equal(net.initial_weights(seed=None).flat, net.initial_weights(seed=None).flat)


@pytest.mark.parametrize(
    ("scheme", "variance"), [("normal", 1.0), ("glorot", 2 / 500), ("he", 2 / 300), ("lecun", 1 / 300)]
)
def test_the_schemes_have_the_variance_of_their_papers(scheme, variance):
    """60,000 draws: the sample variance is within 1.2% at five standard errors for a uniform, 2.9% for a normal law."""
    weights = Network("300-200 tanh-2").initial_weights(scheme, seed=1)
    assert weights.W[1].mean() == pytest.approx(0, abs=5 * (variance / 60_000) ** 0.5)
    assert weights.W[1].var() == pytest.approx(variance, rel=0.03)
    if scheme == "normal":
        assert weights.b[1].var() == pytest.approx(1, rel=0.5)
        assert abs(weights.W[1]).max() > 3.5
    else:
        assert not weights.b[1].any()
        assert not weights.b[2].any()
        assert abs(weights.W[1]).max() <= (3 * variance) ** 0.5


def test_layers_are_drawn_one_after_the_other_and_never_alike():
    weights = Network("4-4 tanh-4 tanh-4").initial_weights()
    for one, other in itertools.combinations((1, 2, 3), 2):
        assert not np.array_equal(weights.W[one], weights.W[other])


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, [1]])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(SettingError, match="whole number from 0"):
        Network("2-3-3").initial_weights(seed=seed)


def test_an_unknown_scheme_is_met_with_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'glorot'"):
        Network("2-3-3").initial_weights("Glorott")


def test_a_network_too_large_for_any_memory_is_refused_with_its_size():
    with pytest.raises(SettingError, match=r"weights, which need .* GB"):
        Network("2-99999999999-999999999999").initial_weights()


def test_a_network_is_only_a_description_and_survives_a_pickle():
    net = Network("2-3 relu-1 identity")
    assert pickle.loads(pickle.dumps(net)) == net
    assert repr(net) == "Network('2-3 relu-1 identity')"
    assert eval(repr(net)) == net
    assert "13 numbers, float64" in repr(net.initial_weights())
    assert issubclass(NotationError, ChainruleError)
    assert cr.Network is Network
