"""The reference kernels over a grid of networks: the gradient and the Hessian's products against the complex step."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.kernels import reference
from support import (
    KINKED,
    LAWS,
    SMOOTH,
    TOLERANCE,
    central_differences,
    complex_step,
    gradient_error,
    networks,
    on_numpy,
    problem,
    worst,
)

DEPTHS = range(6)
GRID = networks(240, DEPTHS, SMOOTH)
KINKED_GRID = networks(72, range(1, 6), KINKED, seed=1)


def weighted(at: int, rows: int = 7):
    """Sample weights for every other network, one of them zero."""
    if at % 2 == 0:
        return None
    return np.random.default_rng(at).uniform(0, 3, rows) * (np.arange(rows) != 2)


def flat_gradient(net, weights, X, T, sample_weight=None):
    return on_numpy(net, X, T, sample_weight).gradient(weights.flat)[1]


def test_the_grid_holds_every_depth_activation_and_law():
    assert len(set(GRID)) >= 200
    assert {net.L - 1 for net in GRID} == set(DEPTHS)
    assert {net.law.name for net in GRID} == set(LAWS)
    assert {layer.function for net in GRID for layer in net.layers[:-1]} == set(SMOOTH)
    for law in LAWS:
        assert {net.L - 1 for net in GRID if net.law.name == law} == set(DEPTHS)


@pytest.mark.parametrize("part", range(8))
def test_the_gradient_is_the_complex_step_of_J(part):
    for at in range(part, len(GRID), 8):
        weights, X, T = problem(GRID[at], seed=at)
        assert gradient_error(flat_gradient, GRID[at], weights, X, T, weighted(at)) < TOLERANCE, GRID[at]


@pytest.mark.parametrize("part", range(4))
def test_the_hessian_product_is_the_complex_step_of_the_gradient(part):
    for at in range(part, len(GRID), 4):
        net = GRID[at]
        weights, X, T = problem(net, seed=at)
        objective = on_numpy(net, X, T, weighted(at))
        v = np.random.default_rng(at).standard_normal(net.size)
        exact = np.imag(objective.gradient(weights.flat + 1e-30j * v)[1]) / 1e-30
        assert worst(objective.hessian_product(weights.flat, v), exact) < TOLERANCE, net


def away_from_kinks(net, at):
    """A problem whose pre-activations are all at least 0.01 from the kinks, so that small steps cross none."""
    for seed in range(at, 100_000, 1000):
        weights, X, T = problem(net, rows=5, seed=seed)
        A, _ = reference.forward(net, weights, X)
        if all(np.abs(A[l]).min() > 0.01 for l in range(1, net.L)):
            return weights, X, T
    raise AssertionError(f"no problem away from the kinks for {net}")


@pytest.mark.parametrize("part", range(4))
def test_the_gradient_with_kinks_agrees_with_central_differences_away_from_them(part):
    for at in range(part, len(KINKED_GRID), 4):
        net = KINKED_GRID[at]
        weights, X, T = away_from_kinks(net, at)
        objective = on_numpy(net, X, T, weighted(at, rows=5))
        expected = central_differences(objective.value, weights.flat, step=4e-4)
        assert worst(objective.gradient(weights.flat)[1], expected) < 1e-9, net
        assert worst(objective.gradient(weights.flat)[1], complex_step(objective.value, weights.flat)) < TOLERANCE, net


@pytest.mark.parametrize("activation", KINKED)
def test_at_a_kink_the_slope_is_the_one_from_the_left(activation):
    net = Network(f"1-1 {activation}-1 identity")
    weights = net.weights_from([1.0, 0.0, 1.0, 0.0])  # y = g(x)
    slope = {"relu": 0.0, "leaky_relu": 0.01, "selu": 1.0507009873554805 * 1.6732632423543772}[activation]
    d = flat_gradient(net, weights, np.array([[0.0]]), np.array([[1.0]]))
    assert d[1] == pytest.approx(slope, rel=1e-15)  # dJ/db[1] = (t - y) V g'(0) = g'(0)


@pytest.mark.parametrize("law", LAWS)
def test_delta_at_the_output_is_t_minus_y_for_every_law(law):
    net = Network(f"2-3 tanh-4 {law}")
    weights, X, T = problem(net)
    Y = reference.forward(net, weights, X)[1][net.L]
    d = net.weights_from(flat_gradient(net, weights, X, T))
    assert worst(d.b[2], (T - Y).sum(axis=0)) < 1e-15


@pytest.mark.parametrize("law", LAWS)
def test_the_hessian_is_symmetric_and_is_that_of_central_differences(law):
    net = Network(f"2-3 sigmoid-2 tanh-3 {law}")
    weights, X, T = problem(net)
    objective = on_numpy(net, X, T)
    H = np.array([objective.hessian_product(weights.flat, e) for e in np.eye(net.size)])
    assert worst(H, H.T) < 1e-13
    by_differences = np.array(
        [central_differences(lambda w, i=i: objective.gradient(w)[1][i], weights.flat) for i in range(net.size)]
    )
    assert worst(H, by_differences) < 1e-9


def test_logistic_regression_has_the_textbook_hessian():
    net = Network("3-1")
    weights, X, T = problem(net, rows=20)
    Y = reference.forward(net, weights, X)[1][1]
    with_ones = np.column_stack([X, np.ones(len(X))])
    textbook = -(with_ones * Y * (1 - Y)).T @ with_ones
    H = np.array([on_numpy(net, X, T).hessian_product(weights.flat, e) for e in np.eye(4)])
    assert worst(H, textbook) < 1e-14


@pytest.mark.parametrize("law", LAWS)
def test_autograd_finds_the_same_gradient(law):
    autograd = pytest.importorskip("autograd")
    anp = pytest.importorskip("autograd.numpy")
    net = Network(f"3-4 sigmoid-5 tanh-2 softplus-3 {law}")
    weights, X, T = problem(net)
    g = {"sigmoid": lambda a: 1 / (1 + anp.exp(-a)), "tanh": anp.tanh, "softplus": lambda a: anp.logaddexp(0.0, a)}

    def J(flat):
        Z, at = X, 0
        for l in range(1, net.L + 1):
            m, n = net.M[l - 1], net.M[l]
            A = Z @ flat[at : at + m * n].reshape(m, n) + flat[at + m * n : at + (m + 1) * n]
            at += (m + 1) * n
            Z = g[net.layers[l - 1].function](A) if l < net.L else A
        match net.law.name:
            case "softmax":
                return anp.sum(T * (A - anp.log(anp.sum(anp.exp(A), axis=1, keepdims=True))))
            case "sigmoid":
                return anp.sum(T * A - anp.logaddexp(0.0, A))
            case "identity":
                return anp.sum(-((T - A) ** 2) / 2)
            case _:
                return anp.sum(T * A - anp.exp(A))

    assert worst(flat_gradient(net, weights, X, T), autograd.grad(J)(weights.flat)) < 1e-13


def test_scikit_learns_own_backpropagation_gives_the_same_gradient():
    """Its loss is minus the mean of J, so its gradient times -N is ours."""
    neural_network = pytest.importorskip("sklearn.neural_network")
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((40, 4)), rng.integers(3, size=40)
    T = np.eye(3)[labels]
    model = neural_network.MLPClassifier((5, 6), activation="tanh", alpha=0.0, max_iter=1, solver="sgd", batch_size=40)
    with pytest.warns(Warning, match="Maximum iterations"):
        model.fit(X, labels)
    net = Network("4-5 tanh-6 tanh-3")
    weights = net.initial_weights("glorot")
    model.coefs_, model.intercepts_ = [weights.W[l] for l in (1, 2, 3)], [weights.b[l] for l in (1, 2, 3)]
    activations = [X, *(np.empty((40, m)) for m in (5, 6, 3))]
    deltas = [np.empty_like(a) for a in activations[1:]]
    dW, db = [np.empty_like(w) for w in model.coefs_], [np.empty_like(b) for b in model.intercepts_]
    loss, dW, db = model._backprop(X, T, None, activations, deltas, dW, db)
    J, d = on_numpy(net, X, T).gradient(weights.flat)
    theirs = np.concatenate([part.ravel() for pair in zip(dW, db, strict=True) for part in pair])
    assert J == pytest.approx(-40 * loss, rel=1e-13)
    assert worst(d, -40 * theirs) < 1e-13
