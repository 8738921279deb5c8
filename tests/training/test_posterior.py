import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.kernels import Objective, reference
from chainrule.training.posterior import Posterior
from support import complex_step, networks, problem, worst


def posterior_of(net, rows=9, seed=0, weighted=True, **options):
    start, X, T = problem(net, rows=rows, seed=seed)
    weight = np.random.default_rng(seed).uniform(0.5, 2, rows) if weighted else None
    return start.flat, Posterior(Objective(net, X, T, weight), **options)


OPTIONS = [
    {},
    {"penalty": 0.7},
    {"penalty": 0.7, "penalise_biases": True, "average": True},
    {"penalty": 2.0, "freeze": ("W1", "b2"), "average": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("net", networks(4, range(1, 3), ("tanh", "swish")), ids=str)
def test_gradient_and_hessian_are_derivatives_of_the_value(net, options):
    w, posterior = posterior_of(net, **options)
    objective = posterior.objective

    def value(v):  # written again from its equation, for complex weights
        weights = net.weights_from(v)
        J = reference.log_likelihood(net, weights, objective.X, objective.T, objective.weight)
        squares = sum((W**2).sum() for W in weights.W[1:])
        if options.get("penalise_biases"):
            squares = squares + sum((b**2).sum() for b in weights.b[1:])
        total = objective.total_weight if options.get("average") else 1.0
        return (J - options.get("penalty", 0.0) / 2 * squares) / total

    expected = complex_step(value, w)
    for name in options.get("freeze", ()):
        expected[net.slices[name]] = 0
    F, g = posterior.gradient(w)
    assert F == pytest.approx(value(w), rel=1e-12)
    assert posterior.value(w) == pytest.approx(value(w), rel=1e-12)
    assert worst(g, expected) < 1e-11

    free = posterior.free_indices
    H = posterior.hessian(w)
    central = np.array([(posterior.gradient(w + 1e-6 * e)[1] - posterior.gradient(w - 1e-6 * e)[1]) / 2e-6
                        for e in np.eye(net.size)[free]])[:, free]  # fmt: skip
    assert worst(H, central) < 1e-6
    v = np.random.default_rng(1).standard_normal(net.size)
    assert worst(posterior.hessian_product(w, v)[free], H @ v[free]) < 1e-10


def test_batches_estimate_the_whole_gradient_without_bias():
    net = cr.Network("3-4 tanh-2")
    w, posterior = posterior_of(net, rows=12, weighted=False, penalty=0.3, average=True)
    parts = [posterior.batch_gradient(w, np.arange(at, at + 3)) for at in range(0, 12, 3)]
    _, whole = posterior.gradient(w)
    assert worst(np.mean([g for _, g in parts], axis=0), whole) < 1e-12
    assert sum(J for J, _ in parts) == pytest.approx(posterior.objective.value(w), rel=1e-12)


def test_a_batch_of_all_rows_is_the_whole_gradient_with_sample_weights():
    w, posterior = posterior_of(cr.Network("3-4 tanh-2"), penalty=0.3)
    _, g = posterior.batch_gradient(w, slice(0, 9))
    assert worst(g, posterior.gradient(w)[1]) < 1e-12


def test_a_batch_without_weight_leaves_only_the_prior():
    net = cr.Network("1-1 identity")
    posterior = Posterior(Objective(net, [[1.0], [2.0]], [[1.0], [2.0]], [0.0, 1.0]), penalty=2.0)
    J, g = posterior.batch_gradient(np.array([3.0, 1.0]), np.array([0]))
    assert J == 0
    assert g.tolist() == [-6.0, 0.0]


@pytest.mark.parametrize("alpha", [0.1, 3.0])
@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_the_penalty_is_scikit_learns_for_logistic_regression(alpha, solver):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True)
    X = X - X.mean(axis=0)
    theirs = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=5000).fit(X, y)
    run = cr.train(cr.Network("4-3"), X, y, solver=solver, penalty=alpha, tolerance=1e-9)
    np.testing.assert_allclose(run.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(run.weights.W[1], theirs.coef_.T, atol=1e-5)


def test_the_penalty_is_scikit_learns_alpha_for_a_perceptron():
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    X, y = cr.datasets.three_clusters(per_class=20, seed=0)
    alpha = 0.5
    theirs = MLPClassifier((4,), activation="tanh", solver="lbfgs", alpha=alpha, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):  # one iteration is not enough
        theirs.fit(X, y)
    net = cr.Network("2-4 tanh-3")
    layers = zip(theirs.coefs_, theirs.intercepts_, strict=True)
    flat = np.concatenate([part.ravel() for pair in layers for part in pair])
    posterior = Posterior(Objective(net, X, np.eye(3)[y]), penalty=alpha, average=True)
    packed = np.concatenate([part.ravel() for part in (*theirs.coefs_, *theirs.intercepts_)])
    theirs._random_state, theirs.n_outputs_ = np.random.RandomState(0), 3
    activations = [X, np.empty((60, 4)), np.empty((60, 3))]
    deltas = [np.empty_like(a) for a in activations[1:]]
    grads = [np.empty((2, 4)), np.empty((4, 3))], [np.empty(4), np.empty(3)]
    loss, gradient = theirs._loss_grad_lbfgs(packed, X, np.eye(3)[y], None, activations, deltas, *grads)
    F, g = posterior.gradient(flat)
    assert -F == pytest.approx(loss, rel=1e-12)
    ours = net.weights_from(g)
    assert worst(-np.concatenate([*(W.ravel() for W in ours.W[1:]), *ours.b[1:]]), gradient) < 1e-11


def test_a_frozen_name_that_does_not_exist_is_refused():
    with pytest.raises(SettingError, match="freeze names 'W3'"):
        posterior_of(cr.Network("2-2-2"), freeze=("W3",))


def test_a_batch_counts_by_its_sample_weights():
    w, posterior = posterior_of(cr.Network("3-4 tanh-2"), weighted=True)
    o, rows = posterior.objective, np.array([1, 4, 7])
    J, d = reference.gradient(posterior.net, posterior.net.weights_from(w), o.X[rows], o.T[rows], o.weight[rows])
    found, g = posterior.batch_gradient(w, rows)
    assert found == J
    assert worst(g, d * o.weight.sum() / o.weight[rows].sum()) < 1e-13
