import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.kernels import Objective, reference
from chainrule.training.engine import Recipe, ReferenceEngine
from chainrule.training.posterior import Posterior
from chainrule.training.randomness import order
from chainrule.training.schedules import Step
from chainrule.training.solvers import SOLVERS, solver_named
from chainrule.training.stop import Stop
from support import problem

NET = cr.Network("3-4 tanh-2")
FIRST_ORDER = [name for name in SOLVERS if name not in ("lbfgs", "newton")]


def engine_of(name="ascent", rows=10, **recipe):
    start, X, T = problem(NET, rows=rows)
    average = recipe.pop("average", True)
    posterior = Posterior(Objective(NET, X, T), average=average)
    return ReferenceEngine(posterior, solver_named(name), Recipe(**{"learning_rate": 0.1, **recipe})), start.flat


def test_an_epoch_takes_each_row_once_in_the_epochs_order():
    engine, start = engine_of(batch_size=4, seed=3, average=False)
    w, o = start.copy(), engine.posterior.objective
    for epoch in range(2):
        rows = order(3, epoch, 10)
        for at in (0, 4, 8):
            part = rows[at : at + 4]
            _, g = reference.gradient(NET, NET.weights_from(w), o.X[part], o.T[part])
            w = w + 0.1 * g * (10 / len(part))
    state = engine.advance(engine.start(start), 2, Stop())
    np.testing.assert_allclose(state.weights, w, rtol=1e-12)
    assert (state.epoch, state.batch, state.update) == (2, 0, 6)


def test_without_shuffling_the_rows_come_in_their_own_order():
    engine, start = engine_of(batch_size=5, shuffle=False)
    o, w = engine.posterior.objective, start.copy()
    for at in (0, 5):
        _, g = reference.gradient(NET, NET.weights_from(w), o.X[at : at + 5], o.T[at : at + 5])
        w = w + 0.1 * g / 5
    np.testing.assert_allclose(engine.advance(engine.start(start), 1, Stop()).weights, w, rtol=1e-12)


def test_the_running_sum_is_of_each_batchs_likelihood_before_its_update():
    engine, start = engine_of(batch_size=5, shuffle=False)
    o = engine.posterior.objective
    first = reference.log_likelihood(NET, NET.weights_from(start), o.X[:5], o.T[:5])
    between = next(engine._updates(engine.solver, engine.start(start), Stop()))
    second = reference.log_likelihood(NET, NET.weights_from(between.weights), o.X[5:], o.T[5:])
    state = engine.advance(engine.start(start), 1, Stop())
    assert state.last_running == pytest.approx(first + second, rel=1e-13)
    assert state.running == 0


@pytest.mark.parametrize("name", SOLVERS)
def test_epochs_one_by_one_are_epochs_together(name):
    batch = 4 if name in FIRST_ORDER else None
    engine, start = engine_of(name, batch_size=batch, epochs=6, schedule=Step(2, 0.5))
    together = engine.advance(engine.start(start), 6, Stop())
    state = engine.start(start)
    for _ in range(6):
        state = engine.advance(state, 1, Stop())
    assert (state.weights == together.weights).all()
    assert state.update == together.update
    assert all((a == b).all() for a, b in zip(state.memory, together.memory, strict=True))


class StopAfter:
    """Says stop when asked for the n-th time."""

    def __init__(self, n):
        self.left = n

    def now(self):
        self.left -= 1
        return self.left < 0

    def interrupt(self):
        raise AssertionError


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_a_stop_in_the_middle_of_an_epoch_is_no_loss(name):
    engine, start = engine_of(name, batch_size=3, epochs=3, keep=(1.0, 0.6))
    whole = engine.advance(engine.start(start), 3, Stop())
    for n in range(1, 14):
        state = engine.advance(engine.start(start), 3, StopAfter(n))
        assert state.update < whole.update
        rest = engine.advance(state, 3 - state.epoch, Stop())
        assert (rest.weights == whole.weights).all()
        assert rest.last_running == whole.last_running


def test_ctrl_c_inside_an_update_gives_the_state_before_it():
    engine, start = engine_of(batch_size=3)
    real, calls = engine._gradient, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return real(*args)

    engine._gradient = interrupted
    stop = Stop()
    state = engine.advance(engine.start(start), 5, stop)
    assert stop.reason is cr.Outcome.INTERRUPTED
    assert (state.epoch, state.batch, state.update) == (1, 1, 5)
    clean, _ = engine_of(batch_size=3)
    finished = clean.advance(state, 1, Stop())
    assert (finished.weights == clean.advance(clean.start(start), 2, Stop()).weights).all()


def test_advancing_changes_nothing_of_the_state_it_was_given():
    for name in SOLVERS:
        engine, start = engine_of(name)
        state = engine.start(start)
        before = [state.weights.copy(), *(vector.copy() for vector in state.memory)]
        engine.advance(state, 3, Stop())
        assert all((a == b).all() for a, b in zip(before, [state.weights, *state.memory], strict=True))


def test_it_stops_where_J_is_not_finite():
    net = cr.Network("1-1 identity")
    posterior = Posterior(Objective(net, [[1.0]], [[1.0]]))
    engine = ReferenceEngine(posterior, solver_named("ascent"), Recipe(learning_rate=1e200))
    with np.errstate(over="ignore", invalid="ignore"):
        state = engine.advance(engine.start(np.array([5.0, 1.0])), 1000, Stop())
    assert state.epoch < 10
    assert not state.is_finite()


def test_the_rate_of_the_last_update_is_told():
    engine, start = engine_of(batch_size=5, epochs=4, schedule=Step(1, 0.5))
    state = engine.start(start)
    rates = [engine.rate_at(state := engine.advance(state, 1, Stop())) for _ in range(3)]
    assert rates == [0.1, 0.05, 0.025]
    newton, start = engine_of("newton")
    assert math.isnan(newton.rate_at(newton.start(start)))


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("solver", ["adam", "momentum", "nesterov"])
def test_training_is_scikit_learns_from_the_same_start_in_the_same_order(solver, alpha):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    X, y = cr.datasets.three_clusters(per_class=20, seed=0)
    batch, epochs = 20, 15
    common = {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 0}
    start = MLPClassifier(solver="sgd", learning_rate_init=1e-300, max_iter=1, **common)
    theirs = MLPClassifier(
        solver="adam" if solver == "adam" else "sgd", alpha=alpha, batch_size=batch, shuffle=False,
        learning_rate_init=0.01, nesterovs_momentum=solver == "nesterov", max_iter=epochs, n_iter_no_change=epochs,
        **common,
    )  # fmt: skip
    for model in (start, theirs):
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y)
    flat = np.concatenate([a.ravel() for pair in zip(start.coefs_, start.intercepts_, strict=True) for a in pair])
    net = cr.Network("2-5 tanh-3")
    run = cr.train(
        net, X, y, solver=solver, weights=net.weights_from(flat), average=True, learning_rate=0.01, batch_size=batch,
        shuffle=False, epochs=epochs, record="running", record_every=1, penalty=alpha * 60 / batch,
    )  # fmt: skip
    for l in (1, 2):
        np.testing.assert_allclose(run.weights.W[l], theirs.coefs_[l - 1], rtol=1e-5)
        np.testing.assert_allclose(run.weights.b[l], theirs.intercepts_[l - 1], rtol=1e-5, atol=1e-8)
    if not alpha:  # else their curve holds the penalty at each batch's weights
        np.testing.assert_allclose(-run.history.J[1:] / 60, theirs.loss_curve_, rtol=1e-6)
