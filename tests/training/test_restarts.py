import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DivergedError, SettingError
from chainrule.training import restarts, stop
from chainrule.training.randomness import derived_seed

NET = cr.Network("2-3-3")
X, LABELS = cr.datasets.three_clusters(per_class=30, seed=0)
OPTIONS = {"solver": "lbfgs", "epochs": 40}


def test_each_restart_is_a_run_of_its_own_and_the_best_is_kept():
    alone = [cr.train(NET, X, LABELS, seed=derived_seed(9, number), **OPTIONS) for number in range(5)]
    run = cr.train(NET, X, LABELS, seed=9, restarts=5, **OPTIONS)
    assert [end.J for end in run.restarts] == [other.J for other in alone]
    assert [end.seed for end in run.restarts] == [derived_seed(9, number) for number in range(5)]
    best = max(alone, key=lambda other: other.J)
    assert (run.weights.flat == best.weights.flat).all()
    assert run.history.J.tolist() == best.history.J.tolist()
    assert len({round(end.J, 3) for end in run.restarts}) > 1  # the likelihood has several maxima


def test_one_restart_is_no_restart():
    assert (
        cr.train(NET, X, LABELS, **OPTIONS).weights.flat == cr.train(NET, X, LABELS, restarts=1, **OPTIONS).weights.flat
    ).all()


def test_side_by_side_gives_the_same_bits_as_one_after_the_other(monkeypatch):
    threads = set()

    def note(record, weights):
        threads.add(threading.current_thread().name)

    options = {"solver": "adam", "batch_size": 20, "epochs": 10, "restarts": 4, "callbacks": [note]}
    serial = cr.train(NET, X, LABELS, **options)
    assert threads == {threading.current_thread().name}
    threads.clear()
    monkeypatch.setattr(restarts, "workers_for", lambda *_: 3)
    monkeypatch.setattr("chainrule.training.loop.workers_for", lambda *_: 3)
    together = cr.train(NET, X, LABELS, **options)
    assert threading.current_thread().name not in threads
    assert (serial.weights.flat == together.weights.flat).all()
    assert serial.restarts == together.restarts


def test_with_early_stopping_starts_are_compared_by_what_is_watched():
    V, held = cr.datasets.three_clusters(per_class=10, seed=3)
    run = cr.train(
        NET, X, LABELS, solver="adam", learning_rate=0.1, epochs=50, validation=(V, held), patience=50, restarts=4
    )
    likelihoods = []
    for end in run.restarts:
        alone = cr.train(
            NET,
            X,
            LABELS,
            solver="adam",
            learning_rate=0.1,
            epochs=50,
            validation=(V, held),
            patience=50,
            seed=end.seed,
        )
        likelihoods.append(alone.history.validation_J.max())
    assert run.history.validation_J.max() == max(likelihoods)


def test_a_start_that_diverges_does_not_take_the_others_with_it(monkeypatch):
    real = restarts.Climb.run
    monkeypatch.setattr(restarts.Climb, "run", lambda self, stop: _diverging(self, stop, real, which=(0, 2)))
    run = cr.train(NET, X, LABELS, restarts=4, **OPTIONS)
    assert [end.outcome is None for end in run.restarts] == [True, False, True, False]
    monkeypatch.setattr(restarts.Climb, "run", lambda self, stop: _diverging(self, stop, real, which=range(4)))
    with pytest.raises(DivergedError):
        cr.train(NET, X, LABELS, restarts=4, **OPTIONS)


def _diverging(climb, stop, real, which):
    if climb.engine.recipe.seed in [derived_seed(0, number) for number in which]:
        raise DivergedError("ran away", weights=NET.initial_weights(), epoch=1, learning_rate=0.1)
    return real(climb, stop)


def test_the_time_is_shared_by_all_starts(monkeypatch):
    now = iter(range(10**9))
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")  # one start after the other
    with monkeypatch.context() as patched:  # a clock that goes on as it is looked at
        patched.setattr(stop.time, "monotonic", lambda: next(now) * 0.001)
        run = cr.train(NET, X, LABELS, epochs=10**9, restarts=3, time_limit=0.9, record_every=10**9)
    assert [end.outcome.name for end in run.restarts] == ["TIME_LIMIT"] * 3
    assert 900 < next(now) < 950  # all of it is used
    assert 0.25 < run.history.seconds[-1] < 0.35  # a third by the start that is kept


def test_ctrl_c_ends_all_starts_and_keeps_the_best_so_far():
    def interrupt(record, weights):
        if record.epoch == 3:
            raise KeyboardInterrupt

    run = cr.train(NET, X, LABELS, restarts=4, callbacks=[interrupt], **OPTIONS)
    assert run.outcome.name == "INTERRUPTED"
    assert len(run.restarts) == 1
    assert np.isfinite(run.J)


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_a_number_of_restarts_that_is_none_is_refused(count):
    with pytest.raises(SettingError, match="restarts"):
        cr.train(NET, X, LABELS, restarts=count)


def test_restarts_from_given_weights_are_refused():
    with pytest.raises(SettingError, match="same weights"):
        cr.train(NET, X, LABELS, restarts=2, weights=NET.initial_weights())
