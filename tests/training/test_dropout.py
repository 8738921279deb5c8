import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate
from chainrule.training import dropout
from support import complex_step, networks, problem, worst


def masked_likelihood(net, weights, X, T, masks):
    """J with the masks, written out for any depth."""
    Z = X if masks[0] is None else X * masks[0]
    for l in range(1, net.L + 1):
        A = Z @ weights.W[l] + weights.b[l]
        if l < net.L:
            Z = evaluate(net.activations[l].value, a=A)
            Z = Z if masks[l] is None else Z * masks[l]
    return reference.log_density(net, A, T).sum()


@pytest.mark.parametrize("net", networks(8, range(3), ("tanh", "sigmoid", "swish")), ids=str)
def test_the_gradient_is_that_of_the_network_with_its_masks(net):
    weights, X, T = problem(net, rows=6)
    masks = dropout.masks_of_update(net, [0.7] * net.L, seed=1, update=2, rows=6)
    J, d = reference.gradient(net, weights, X, T, masks=masks)
    assert J == pytest.approx(masked_likelihood(net, weights, X, T, masks), rel=1e-13)
    expected = complex_step(lambda w: masked_likelihood(net, net.weights_from(w), X, T, masks), weights.flat)
    assert worst(d, expected) < 1e-12


def test_without_masks_it_is_the_reference_with_sample_weights():
    net = cr.Network("3-4 gelu-5 relu-2")
    weights, X, T = problem(net, rows=6)
    weight = np.arange(6.0).reshape(-1, 1)
    J, d = reference.gradient(net, weights, X, T, weight, [None] * net.L)
    expected = reference.gradient(net, weights, X, T, weight)
    assert J == expected[0]
    assert (d == expected[1]).all()


def test_what_stays_counts_for_more_so_that_the_mean_is_kept():
    net = cr.Network("2-50-3")
    masks = dropout.masks_of_update(net, (1.0, 0.8), seed=0, update=0, rows=400)
    assert masks[0] is None
    assert set(np.unique(masks[1])) == {0.0, 1.25}
    assert masks[1].mean() == pytest.approx(1, abs=0.02)


def test_nothing_dropped_is_no_mask_at_all():
    assert dropout.masks_of_update(cr.Network("2-3-3"), (1.0, 1.0), 0, 0, 5) is None


def test_one_number_is_for_the_hidden_layers_and_a_list_for_inputs_too():
    net = cr.Network("2-3-4-3")
    assert dropout.checked_shares(net, 0.25) == (0.0, 0.25, 0.25)
    assert dropout.checked_shares(net, [0.1, 0.2, 0.3]) == (0.1, 0.2, 0.3)
    assert dropout.checked_shares(cr.Network("2-3"), 0.0) == (0.0,)


@pytest.mark.parametrize("shares", [1.0, -0.1, float("nan"), [0.1], [0.1, 1.0]])
def test_shares_outside_their_range_are_refused(shares):
    with pytest.raises(SettingError):
        dropout.checked_shares(cr.Network("2-3-3"), shares)


def test_dropping_hidden_units_of_a_network_without_any_is_refused():
    with pytest.raises(SettingError, match="has none"):
        dropout.checked_shares(cr.Network("2-3"), 0.5)


def test_training_with_dropout_is_the_same_twice_and_differs_from_training_without():
    X, labels = cr.datasets.three_clusters(per_class=20, seed=0)
    options = {"solver": "adam", "batch_size": 16, "epochs": 5, "learning_rate": 0.05, "seed": 4}
    runs = [cr.train(cr.Network("2-8-3"), X, labels, dropout=share, **options) for share in (0.3, 0.3, 0.0)]
    assert (runs[0].weights.flat == runs[1].weights.flat).all()
    assert (runs[0].weights.flat != runs[2].weights.flat).any()
    assert runs[0].settings["dropout"] == (0.0, 0.3)
