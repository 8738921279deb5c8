import numpy as np
import pytest
from scipy import stats

import chainrule as cr
from chainrule.errors import DataError
from chainrule.training.measure import best_constant
from support import LAWS, problem


@pytest.mark.parametrize("law", LAWS)
def test_no_constant_is_better_than_the_best_constant(law):
    net = cr.Network(f"2-3 {law}")
    _, X, T = problem(net, rows=30)
    weight = np.random.default_rng(0).uniform(0, 2, 30)
    best = cr.constant_log_likelihood(net, T, weight)
    # a network without inputs is a constant: train only its biases
    run = cr.train(net, X * 0, T, solver="newton", sample_weight=weight, tolerance=1e-10)
    assert run.J == pytest.approx(best, rel=1e-9)
    assert not run.worse_than_constant


def test_it_is_the_laws_own_likelihood():
    T = np.array([[0.0], [3.0], [5.0]])
    assert cr.constant_log_likelihood(cr.Network("1-1 exp"), T) == pytest.approx(
        stats.poisson.logpmf(T, T.mean()).sum(), rel=1e-13
    )
    assert cr.constant_log_likelihood(cr.Network("1-1 identity"), T) == pytest.approx(
        stats.norm.logpdf(T, T.mean()).sum(), rel=1e-13
    )
    labels = np.array([[0.0], [1.0], [1.0]])
    assert cr.constant_log_likelihood(cr.Network("1-1"), labels) == pytest.approx(
        stats.bernoulli.logpmf(labels, 2 / 3).sum(), rel=1e-13
    )


def test_one_class_alone_is_certain():
    assert cr.constant_log_likelihood(cr.Network("1-2"), [[1, 0], [1, 0]]) == 0


def test_no_rows_have_no_constant():
    with pytest.raises(DataError, match="no rows"):
        cr.constant_log_likelihood(cr.Network("1-2"), np.empty((0, 2)))


def test_a_run_that_ends_below_the_constant_says_so():
    X, labels = cr.datasets.three_clusters(per_class=20, seed=0)
    run = cr.train(cr.Network("2-3-3"), X, labels, epochs=0)
    assert run.worse_than_constant
    assert "worse than the best constant prediction" in run.verdict
    assert "worse than the best constant" in repr(run)
    good = cr.train(cr.Network("2-3-3"), X, labels, solver="newton", epochs=20)
    assert not good.worse_than_constant
    assert good.verdict == str(good.outcome)


def test_the_history_tells_the_objective_and_the_validation_rows():
    X, labels = cr.datasets.three_clusters(per_class=20, seed=0)
    net = cr.Network("2-3-3")
    V, held = cr.datasets.three_clusters(per_class=7, seed=1)
    run = cr.train(net, X, labels, solver="lbfgs", epochs=5, penalty=0.5, validation=(V, held))
    last = run.history[-1]
    assert last.validation_J == pytest.approx(cr.log_likelihood(net, run.weights, V, np.eye(3)[held]), rel=1e-12)
    assert last.validation_rate == (run.predict(V) == held).mean()
    assert last.rate == (run.predict(X) == labels).mean()
    squares = sum((W**2).sum() for W in run.weights.W[1:])
    assert last.objective == pytest.approx(last.J - 0.25 * squares, rel=1e-12)
    assert "validation J" in str(run.history)
    assert run.history.has_validation()


def test_the_best_constant_does_not_ask_for_a_class_without_weight():
    T, weight = np.eye(3)[[0, 0, 1, 2]], np.array([1.0, 1.0, 2.0, 0.0]).reshape(-1, 1)
    assert best_constant(cr.Network("2-3"), T, weight) == pytest.approx(4 * np.log(0.5))
