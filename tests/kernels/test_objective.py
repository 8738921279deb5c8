"""J against SciPy's and mpmath's densities, sums over blocks of rows, and the public functions."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import stats

import chainrule as cr
from chainrule import Network
from chainrule.errors import DataError
from chainrule.kernels import objective, outputs, reference
from support import LAWS, on_numpy, problem, ulps, worst


def density(law, T, Y):
    """Sum over rows of SciPy's log density of T where the mean is Y."""
    match law:
        case "softmax":
            return sum(stats.multinomial.logpmf(t, n=1, p=y) for t, y in zip(T, Y, strict=True))
        case "sigmoid":
            return stats.bernoulli.logpmf(T, Y).sum()
        case "identity":
            return stats.norm.logpdf(T, loc=Y).sum()
        case _:
            return stats.poisson.logpmf(T, Y).sum()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", range(3))
def test_J_is_the_log_likelihood_that_scipy_computes_constants_included(law, seed):
    net = Network(f"3-4 tanh-{3 + seed} {law}")
    weights, X, T = problem(net, rows=25, seed=seed)
    Y = outputs(net, weights, X)
    assert cr.log_likelihood(net, weights, X, T) == pytest.approx(density(law, T, Y), rel=1e-13)


@pytest.mark.parametrize("law", LAWS)
def test_J_of_one_row_is_that_of_mpmath_to_a_few_ulp(law):
    net = Network(f"2-3 {law}")
    weights = net.weights_from([0.0] * 6 + [0.75, -1.5, 0.25])  # X does not matter: a = (0.75, -1.5, 0.25) exactly
    T = np.array([[0.0, 1.0, 0.0]]) if law != "exp" else np.array([[3.0, 1.0, 0.0]])
    with mpmath.workdps(50):
        a, t = [mpmath.mpf(x) for x in (0.75, -1.5, 0.25)], [mpmath.mpf(float(x)) for x in T[0]]
        pairs = list(zip(a, t, strict=True))
        exact = {
            "softmax": sum(t * (a - mpmath.log(sum(map(mpmath.exp, [mpmath.mpf(x) for x in (0.75, -1.5, 0.25)]))))
                           for a, t in pairs),
            "sigmoid": sum(t * a - mpmath.log(1 + mpmath.exp(a)) for a, t in pairs),
            "identity": sum(-((t - a) ** 2) / 2 - mpmath.log(2 * mpmath.pi) / 2 for a, t in pairs),
            "exp": sum(t * a - mpmath.exp(a) - mpmath.loggamma(t + 1) for a, t in pairs),
        }[law]  # fmt: skip
        assert ulps(cr.log_likelihood(net, weights, [[5.0, -7.0]], T), exact) <= 4


def test_a_classifier_that_is_sure_and_wrong_has_a_finite_J():
    """exp(2000) overflows; log-softmax and log-sigmoid do not."""
    net = Network("1-2 softmax")
    weights = net.weights_from([1000.0, -1000.0, 0.0, 0.0])
    assert cr.log_likelihood(net, weights, [[1.0]], [[0, 1]]) == -2000
    assert cr.log_likelihood(net, weights, [[1.0]], [[1, 0]]) == 0
    assert cr.gradient(net, weights, [[1.0]], [[0, 1]]).b[1].tolist() == [-1, 1]
    one = Network("1-1")
    assert cr.log_likelihood(one, one.weights_from([1000.0, 0.0]), [[1.0]], [[0]]) == -1000


def test_confidence_keeps_its_digits_where_log_of_y_would_give_zero():
    """y = 1 - 1e-20 rounds to 1, log y = -1e-20 does not round to 0."""
    net = Network("1-1")
    weights = net.weights_from([math.log(1e20), 0.0])
    assert cr.log_likelihood(net, weights, [[1.0]], [[1]]) == pytest.approx(-1e-20, rel=1e-14)


def test_softmax_and_sigmoid_give_J_of_at_most_zero():
    for law in ("softmax", "sigmoid"):
        net = Network(f"2-3-4 {law}")
        for seed in range(20):
            weights, X, T = problem(net, seed=seed)
            weights.flat[:] *= 100
            assert cr.log_likelihood(net, weights, X, T) <= 0


def test_two_classes_by_one_sigmoid_and_by_two_softmax_outputs_have_the_same_J():
    """softmax over (0, a) is sigmoid(a)."""
    rng = np.random.default_rng(0)
    X, t = rng.standard_normal((30, 3)), rng.integers(2, size=30)
    w, c = rng.standard_normal((3, 1)), 0.3
    one, two = Network("3-1"), Network("3-2")
    J_one = cr.log_likelihood(one, one.weights_from([*w[:, 0], c]), X, t)
    both = two.weights_from(np.concatenate([np.column_stack([0 * w, w]).ravel(), [0, c]]))
    assert cr.log_likelihood(two, both, X, np.eye(2)[t]) == pytest.approx(J_one, rel=1e-14)


def test_a_whole_sample_weight_counts_a_row_that_often():
    net = Network("2-3-3")
    weights, X, T = problem(net, rows=6)
    times = np.array([3, 0, 1, 2, 1, 5])
    rows = np.repeat(np.arange(6), times)
    J, d = on_numpy(net, X, T, times).gradient(weights.flat)
    J_rows, d_rows = on_numpy(net, X[rows], T[rows]).gradient(weights.flat)
    assert J == pytest.approx(J_rows, rel=1e-14)
    assert worst(d, d_rows) < 1e-14
    assert on_numpy(net, X, T, times).total_weight == 12


@pytest.mark.parametrize("law", LAWS)
def test_J_and_its_derivatives_are_sums_over_blocks_of_rows(law, monkeypatch):
    net = Network(f"2-5 tanh-3 {law}")
    weights, X, T = problem(net, rows=23)
    v = problem(net, seed=1)[0]
    sample_weight = np.random.default_rng(0).uniform(size=23)
    whole = on_numpy(net, X, T, sample_weight)
    expected = (whole.value(weights.flat), *whole.gradient(weights.flat), whole.hessian_product(weights.flat, v.flat))
    everything = whole.outputs(weights.flat)
    monkeypatch.setattr(objective, "ROWS_PER_CHUNK", 7)
    blocks = on_numpy(net, X, T, sample_weight)
    assert blocks.value(weights.flat) == pytest.approx(expected[0], rel=1e-14)
    assert blocks.gradient(weights.flat)[0] == pytest.approx(expected[1], rel=1e-14)
    assert worst(blocks.gradient(weights.flat)[1], expected[2]) < 1e-13
    assert worst(blocks.hessian_product(weights.flat, v.flat), expected[3]) < 1e-13
    assert worst(blocks.outputs(weights.flat), everything) < 1e-14


def test_more_rows_than_a_block_are_all_counted():
    net = Network("1-2 softmax")
    weights = net.weights_from([0.0, 0.0, 0.0, 0.0])
    rows = objective.ROWS_PER_CHUNK + 1
    J = cr.log_likelihood(net, weights, np.zeros((rows, 1)), np.tile([1.0, 0.0], (rows, 1)))
    assert J == pytest.approx(rows * math.log(0.5), rel=1e-12)
    assert len(outputs(net, weights, np.zeros((rows, 1)))) == rows


def test_no_rows_give_no_outputs_and_J_zero():
    net = Network("2-3-3")
    weights = net.initial_weights()
    assert outputs(net, weights, np.empty((0, 2))).shape == (0, 3)
    assert cr.log_likelihood(net, weights, np.empty((0, 2)), np.empty((0, 3))) == 0


def test_the_gradient_has_the_names_and_shapes_of_the_weights():
    net = Network("2-4-5-3")
    weights, X, T = problem(net)
    d = cr.gradient(net, weights, X, T)
    assert [d[name].shape for name in net.names] == [weights[name].shape for name in net.names]
    assert d.flat is not weights.flat


def test_the_public_hessian_product_is_the_objectives():
    net = Network("2-4-3")
    weights, X, T = problem(net)
    v = problem(net, seed=1)[0]
    expected = on_numpy(net, X, T).hessian_product(weights.flat, v.flat)
    assert np.array_equal(cr.hessian_product(net, weights, X, T, v).flat, expected)


def test_nothing_that_was_handed_in_is_changed():
    net = Network("2-4-3")
    weights, X, T = problem(net)
    v, sample_weight = problem(net, seed=1)[0], np.ones(7)
    before = [a.copy() for a in (weights.flat, X, T, v.flat, sample_weight)]
    cr.log_likelihood(net, weights, X, T, sample_weight)
    cr.gradient(net, weights, X, T, sample_weight)
    cr.hessian_product(net, weights, X, T, v, sample_weight)
    for a, b in zip((weights.flat, X, T, v.flat, sample_weight), before, strict=True):
        assert np.array_equal(a, b)


def test_weights_of_another_network_are_refused_also_where_their_number_is_the_same():
    net, other = Network("2-3 tanh-3"), Network("2-3-3")
    _, X, T = problem(net)
    for function in (cr.log_likelihood, cr.gradient):
        with pytest.raises(DataError, match="belong to 2-3 sigmoid-3 softmax, not to 2-3 tanh-3 softmax"):
            function(net, other.initial_weights(), X, T)
    with pytest.raises(DataError, match="direction v"):
        cr.hessian_product(net, net.initial_weights(), X, T, other.initial_weights())


def test_a_bare_vector_in_place_of_weights_is_refused_with_the_line_to_type():
    net = Network("2-3-3")
    _, X, T = problem(net)
    with pytest.raises(DataError, match=r"net\.weights_from\(vector\)"):
        cr.gradient(net, np.zeros(net.size), X, T)


def test_the_complex_step_passes_through_the_public_log_likelihood():
    net = Network("2-3-3")
    weights, X, T = problem(net)
    moved = weights.astype(complex)
    moved.b[2][1] += 1e-30j
    J = cr.log_likelihood(net, moved, X, T)
    assert J.imag / 1e-30 == pytest.approx(cr.gradient(net, weights, X, T).b[2][1], rel=1e-13)
    assert type(cr.log_likelihood(net, weights, X, T)) is float


def test_a_notation_in_place_of_a_network_is_refused_with_what_to_write():
    net = Network("2-3-3")
    _, X, T = problem(net)
    with pytest.raises(DataError, match=r"must be a Network, not str.\nWrite chainrule.Network"):
        cr.gradient("2-3-3", net.initial_weights(), X, T)


def test_a_step_along_the_gradient_climbs():
    net = Network("2-3-3")
    weights, X, T = problem(net, rows=50)
    J, d = on_numpy(net, X, T).gradient(weights.flat)
    assert on_numpy(net, X, T).value(weights.flat + 1e-4 * d) > J


def test_forward_keeps_every_layer():
    net = Network("2-4 relu-5 tanh-3")
    weights, X, _ = problem(net)
    A, Z = reference.forward(net, weights, X)
    assert [z.shape for z in Z] == [(7, 2), (7, 4), (7, 5), (7, 3)]
    assert [a.shape for a in A[1:]] == [(7, 4), (7, 5), (7, 3)]
    assert np.array_equal(Z[1], np.maximum(X @ weights.W[1] + weights.b[1], 0))
    assert np.allclose(Z[3].sum(axis=1), 1, rtol=0, atol=1e-15)
