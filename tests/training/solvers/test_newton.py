import numpy as np
import pytest
from scipy.optimize import minimize

import chainrule as cr
from chainrule.kernels import Objective
from support import problem


def test_on_the_posts_data_ten_starts_come_within_two_nats_of_the_top_in_tens_of_iterations():
    X, labels = cr.datasets.three_clusters(per_class=500, seed=1)
    net = cr.Network("2-3-3")
    runs = [cr.train(net, X, labels, solver="newton", epochs=80, seed=seed) for seed in range(10)]
    top = max(run.J for run in runs)
    assert top == pytest.approx(-97.95, abs=0.05)  # all ten starts but one or two end here
    iterations = [int(np.argmax(run.history.J > top - 2)) for run in runs if run.J > top - 2]
    assert len(iterations) >= 7  # the likelihood has lower maxima too
    assert np.median(iterations) < 40
    for run in runs:
        assert (np.diff(run.history.J) >= 0).all()


@pytest.mark.parametrize("dense", [200, 0], ids=["dense Hessian", "products only"])
@pytest.mark.parametrize("notation", ["4-3", "4-1", "4-2 identity", "3-2 exp"])
def test_without_hidden_layers_it_finds_the_one_maximum_in_a_few_iterations(notation, dense):
    net = cr.Network(notation)
    start, X, T = problem(net, rows=60, seed=2)
    objective = Objective(net, X, T)
    theirs = minimize(
        lambda w: tuple(-np.asarray(x) for x in _penalised(objective, w)), start.flat, jac=True, method="BFGS",
        options={"gtol": 1e-9},
    )  # fmt: skip
    run = cr.train(
        net, X, T, solver="newton", weights=start, penalty=0.5, penalise_biases=True, dense=dense, tolerance=1e-10
    )
    assert run.outcome.name in ("CONVERGED", "EXHAUSTED")
    assert len(run.history) <= 15
    assert run.history.objective[-1] == pytest.approx(-theirs.fun, rel=1e-12)
    np.testing.assert_allclose(run.weights.flat, theirs.x, atol=1e-6)


def _penalised(objective, w):
    J, d = objective.gradient(w)
    return J - 0.25 * (w**2).sum(), d - 0.5 * w


def test_a_singular_hessian_is_no_obstacle():
    # a column of zeros and a softmax without a penalty: two kinds of directions along which nothing changes
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((50, 2)), np.zeros(50)])
    labels = rng.integers(3, size=50)
    net = cr.Network("3-3")
    H = np.array([cr.hessian_product(net, net.initial_weights(), X, np.eye(3)[labels], net.weights_from(v)).flat
                  for v in np.eye(net.size)])  # fmt: skip
    assert np.linalg.matrix_rank(H, tol=1e-9) == 6  # of 12
    for dense in (200, 0):
        run = cr.train(net, X, labels, solver="newton", dense=dense)
        assert run.outcome.name == "CONVERGED"
        assert len(run.history) < 20
        assert np.isfinite(run.weights.flat).all()


@pytest.mark.parametrize("dense", [200, 0])
def test_it_leaves_a_saddle_point(dense):
    # at w = 0 every gradient of a tanh network on balanced classes is 0, and the Hessian couples W1 with W2: a saddle
    X, labels = [[-1.0], [1.0]], [0, 1]
    net = cr.Network("1-2 tanh-1")
    start = net.weights_from(1e-5 * np.random.default_rng(0).standard_normal(net.size))
    run = cr.train(net, X, labels, solver="newton", weights=start, penalty=0.01, epochs=100, dense=dense)
    assert run.history.J[0] == pytest.approx(2 * np.log(0.5), rel=1e-6)
    assert run.J > -0.3
    assert run.outcome.name == "CONVERGED"


@pytest.mark.parametrize("dense", [200, 0])
@pytest.mark.parametrize("seed", range(3))
def test_the_objective_never_falls(seed, dense):
    X, labels = cr.datasets.three_clusters(per_class=40, seed=seed)
    run = cr.train(
        cr.Network("2-5 tanh-3"), X, labels, solver="newton", epochs=40, penalty=1e-3, seed=seed, dense=dense
    )
    assert (np.diff(run.history.objective) >= 0).all()
    assert len(run.history) > 5


def test_frozen_weights_stay():
    X, labels = cr.datasets.three_clusters(per_class=30, seed=0)
    net = cr.Network("2-3-3")
    start = net.initial_weights(seed=3)
    for dense in (200, 0):
        run = cr.train(net, X, labels, solver="newton", epochs=10, freeze=("W1",), seed=3, dense=dense)
        assert (run.weights.W[1] == start.W[1]).all()
        assert run.history.J[-1] > run.history.J[0]


def test_with_everything_frozen_it_has_converged():
    X, labels = cr.datasets.three_clusters(per_class=5, seed=0)
    run = cr.train(cr.Network("2-3"), X, labels, solver="newton", freeze=("W1", "b1"))
    assert run.outcome.name == "CONVERGED"
    assert len(run.history) == 1
