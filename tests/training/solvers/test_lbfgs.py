import numpy as np
import pytest
from scipy.optimize import minimize

import chainrule as cr
from chainrule.kernels import Objective
from chainrule.training.solvers.lbfgs import remembered, two_loops
from support import problem


def test_the_two_loops_are_the_bfgs_update_of_the_inverse():
    rng = np.random.default_rng(0)
    n, pairs = 6, 4
    A = rng.standard_normal((n, n))
    A = A @ A.T + np.eye(n)  # a positive curvature
    S = rng.standard_normal((pairs, n))
    Y = S @ A
    H = np.eye(n) * (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])
    for s, y in zip(S, Y, strict=True):  # Nocedal, Wright, equation 6.17
        rho = 1 / (s @ y)
        V = np.eye(n) - rho * np.outer(s, y)
        H = V @ H @ V.T + rho * np.outer(s, s)
    g = rng.standard_normal(n)
    np.testing.assert_allclose(two_loops(g, S, Y), H @ g, rtol=1e-11)


def test_only_the_newest_pairs_are_remembered_and_only_with_curvature():
    S = Y = np.empty((0, 2))
    for i in range(1, 5):
        S, Y = remembered(S, Y, np.array([i, 0.0]), np.array([i, 1.0]), pairs=3)
    assert S[:, 0].tolist() == [2.0, 3.0, 4.0]
    again, _ = remembered(S, Y, np.array([1.0, 0.0]), np.array([-1.0, 0.0]), pairs=3)
    assert again is S


@pytest.mark.parametrize("notation", ["4-3", "4-1", "4-2 identity", "3-2 exp"])
@pytest.mark.parametrize("penalty", [0.3, 10.0])
def test_without_hidden_layers_it_finds_the_one_maximum_that_scipy_finds(notation, penalty):
    net = cr.Network(notation)
    start, X, T = problem(net, rows=60, seed=1)
    objective = Objective(net, X, T)
    held = np.ones(net.size)
    held[net.slices["b1"]] = 0

    def negative(w):
        J, d = objective.gradient(w)
        return -J + penalty / 2 * (held * w**2).sum(), -d + penalty * held * w

    theirs = minimize(negative, start.flat, jac=True, method="BFGS", options={"gtol": 1e-9})
    ours = cr.train(net, X, T, solver="lbfgs", penalty=penalty, weights=start, tolerance=1e-9)
    assert ours.outcome.name in ("CONVERGED", "EXHAUSTED")
    assert ours.history.objective[-1] == pytest.approx(-theirs.fun, rel=1e-12)
    np.testing.assert_allclose(ours.weights.flat, theirs.x, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_objective_never_falls(seed):
    X, labels = cr.datasets.three_clusters(per_class=60, seed=seed)
    run = cr.train(cr.Network("2-4 tanh-3"), X, labels, solver="lbfgs", epochs=150, penalty=0.01, seed=seed)
    assert (np.diff(run.history.objective) >= 0).all()
    assert run.history.J[-1] > run.history.J[0]


def test_it_climbs_as_high_as_scipys_in_as_many_iterations():
    X, labels = cr.datasets.three_clusters(per_class=100, seed=0)
    net = cr.Network("2-5-3")
    objective = Objective(net, X, np.eye(3)[labels])
    ratios = []
    for seed in range(5):
        start = net.initial_weights(seed=seed)

        def negative(w):
            J, d = objective.gradient(w)
            return -(J - 0.05 * (w**2).sum()), -(d - 0.1 * w)

        theirs = minimize(negative, start.flat, jac=True, method="L-BFGS-B", options={"maxiter": 60})
        run = cr.train(
            net, X, labels, solver="lbfgs", penalty=0.1, penalise_biases=True, weights=start, epochs=60, tolerance=0
        )
        ratios.append(run.history.objective[-1] / -theirs.fun)
    assert np.median(ratios) < 1.05  # both are negative: at most 5 % lower


def test_at_a_maximum_it_stops_at_once():
    net = cr.Network("1-1 identity")
    best = net.weights_from([0.0, 2.0])
    run = cr.train(net, [[1.0], [-1.0]], [[2.0], [2.0]], solver="lbfgs", weights=best)
    assert run.outcome.name == "CONVERGED"
    assert len(run.history) == 1


def test_frozen_weights_stay():
    X, labels = cr.datasets.three_clusters(per_class=30, seed=0)
    net = cr.Network("2-3-3")
    run = cr.train(net, X, labels, solver="lbfgs", epochs=30, freeze=("W2", "b2"), seed=3)
    start = net.initial_weights(seed=3)
    assert (run.weights.W[2] == start.W[2]).all()
    assert (run.weights.b[2] == start.b[2]).all()
    assert run.history.J[-1] > run.history.J[0]
