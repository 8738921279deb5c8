"""What a report measures, against scikit-learn, SciPy and single rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve

import chainrule as cr
from chainrule.show.report import measures
from chainrule.show.report.subject import Column, subject
from support import networks, problem, worst


def test_bins_are_those_of_scikit_learn_and_the_error_is_their_weighted_distance() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500)
    happened = rng.random(500) < p**2
    found = measures.calibrated(p, happened, "it")
    share, said = calibration_curve(happened, p, n_bins=10)
    np.testing.assert_allclose(found.happened, share)
    np.testing.assert_allclose(found.said, said)
    assert found.rows.sum() == 500
    assert found.error == pytest.approx(np.average(np.abs(share - said), weights=found.rows))
    assert found.is_off
    assert found.lean == pytest.approx(p.mean() - happened.mean())


def test_exact_probabilities_are_called_off_about_once_in_twenty_times() -> None:
    rng = np.random.default_rng(1)
    off = 0
    for _ in range(60):
        p = rng.random(150)
        off += measures.calibrated(p, rng.random(150) < p, "it").is_off
    assert stats.binom.cdf(off, 60, 0.05) > 1e-3
    assert stats.binom.sf(off - 1, 60, 0.05) > 1e-3


def test_probabilities_of_zero_and_one_have_their_bins() -> None:
    found = measures.calibrated(np.array([0.0, 1.0, 1.0]), np.array([False, True, True]), "it")
    assert (found.error, found.by_chance, found.is_off) == (0.0, 0.0, False)
    np.testing.assert_array_equal(found.rows, [1, 2])


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 5), (5, 5), (97, 100)])
def test_the_interval_of_a_share_is_wilsons(k: int, n: int) -> None:
    low, high = measures.wilson(np.array(k / n), np.array(n))
    exact = stats.binomtest(k, n).proportion_ci(0.90, method="wilson")
    assert (float(low), float(high)) == (pytest.approx(exact.low, abs=1e-12), pytest.approx(exact.high, abs=1e-12))


def informed() -> tuple:
    """A regression: the first input says much, the second less, two are one category, the last says nothing."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 5))
    level = rng.integers(3, size=400)
    X[:, 2], X[:, 3] = level == 0, level == 1
    T = (3 * X[:, 0] + X[:, 1] + 2 * X[:, 2] - 2 * X[:, 3])[:, None] + 0.1 * rng.standard_normal((400, 1))
    columns = [Column(name, "number", at) for name, at in
               (("much", (0,)), ("less", (1,)), ("level", (2, 3)), ("nothing", (4,)))]  # fmt: skip
    net = cr.Network("5-1 identity")
    run = cr.train(net, X, T, solver="lbfgs", epochs=100)
    return net, run.weights, X, T, columns


def test_contributions_are_what_permuted_columns_cost_and_a_categorys_parts_go_together() -> None:
    net, weights, X, T, columns = informed()
    found = measures.contributions(subject(net, weights, training=(X, T), columns=columns))
    assert found is not None
    assert found.names == ("much", "level", "less", "nothing")
    assert found.idle == ("nothing",)
    assert found.loss.shape == (4, measures.MOST_REPEATS)
    # by hand: the same permutation for both parts, in nats of a Gaussian with the residuals' spread
    w, spread = weights.W[1][:, 0], np.sqrt(np.mean((T - X @ weights.W[1] - weights.b[1]) ** 2))
    rng = np.random.default_rng(0)
    order = rng.permutation(400)
    moved = X.copy()
    moved[:, 2:4] = X[order, 2:4]
    before, after = ((T[:, 0] - x @ w - weights.b[1][0]) ** 2 for x in (X, moved))
    assert found.loss[1, 0] == pytest.approx((after - before).mean() / 2 / spread**2)


def test_contributions_need_two_rows() -> None:
    net, weights, X, T, _ = informed()
    assert measures.contributions(subject(net, weights, training=(X[:1], T[:1]))) is None
    assert measures.contributions(subject(net, weights)) is None


@pytest.mark.parametrize("net", networks(8, range(3), ("tanh", "relu", "gelu")), ids=str)
def test_gradient_flow_is_the_root_mean_square_over_single_rows(net: cr.Network) -> None:
    weights, X, T = problem(net, rows=9)
    found = measures.layers(subject(net, weights, training=(X, T)))
    singles = [cr.gradient(net, weights, X[n : n + 1], T[n : n + 1]) for n in range(9)]
    for layer in found:
        l = layer.number
        dW = np.sqrt(np.mean([single.W[l] ** 2 for single in singles]))
        delta = np.sqrt(np.mean([single.b[l] ** 2 for single in singles]))  # of one row dJ/db is delta
        assert worst(np.array([layer.dW, layer.delta]), np.array([dW, delta])) < 1e-12


def test_dead_saturated_and_idle_units_are_named() -> None:
    net = cr.Network("1-4 tanh-1 identity")
    weights = net.weights_from(np.zeros(net.size))
    weights.W[1] = [[1.0, 0.0, 0.5, 0.6]]
    weights.b[1] = [0.0, 0.3, 5.0, 0.0]
    weights.W[2] = [[1.0], [1.0], [200.0], [1e-4]]
    X = np.random.default_rng(0).standard_normal((200, 1))
    layer = measures.layers(subject(net, weights, training=(X, X)))[0]
    assert (layer.dead, layer.saturated, layer.idle) == ((2,), (3,), (4,))


def test_a_relu_unit_that_is_never_on_is_dead() -> None:
    net = cr.Network("1-2 relu-1 identity")
    weights = net.weights_from(np.ones(net.size))
    weights.b[1] = [-100.0, 0.0]
    X = np.random.default_rng(0).standard_normal((50, 1))
    assert measures.layers(subject(net, weights, training=(X, X)))[0].dead == (1,)
