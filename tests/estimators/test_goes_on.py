"""Training in parts: the same bits as in one go, and nothing lost where it is stopped."""

from __future__ import annotations

import copy
import pickle
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from chainrule import MLPClassifier, MLPRegressor
from chainrule.training import Outcome

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
SMALL = {"hidden_layer_sizes": (6,), "batch_size": 32, "random_state": 0, "learning_rate_init": 0.02}


def bits(model):
    """Everything of the weights, exactly."""
    return [part.tobytes() for part in model.coefs_ + model.intercepts_]


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "ascent", "momentum", "nesterov"])
@pytest.mark.parametrize("rows", [np.float64, np.float32])
def test_two_warm_fits_of_three_epochs_give_the_bits_of_one_of_six(solver, rows):
    options = {**SMALL, "solver": solver, "dropout": 0.2}
    whole = MLPClassifier(**options, max_iter=6).fit(X.astype(rows), Y)
    parts = MLPClassifier(**options, max_iter=3, warm_start=True)
    parts.fit(X.astype(rows), Y).fit(X.astype(rows), Y)
    assert bits(whole) == bits(parts)
    assert whole.loss_curve_ == parts.loss_curve_
    assert (whole.t_, parts.n_iter_) == (parts.t_, 3)
    assert [*whole.history_.epoch] == [*parts.history_.epoch] == [*range(7)]


class Growing:
    """A scorer for which each epoch is better than the one before, and which notes the rows it was given."""

    def __init__(self):
        self.calls, self.rows = 0, []

    def __call__(self, model, X, y):
        self.calls += 1
        self.rows.append(X.tobytes())
        return float(self.calls)


def test_a_warm_fit_with_early_stopping_holds_out_the_same_rows():
    options = {**SMALL, "early_stopping": True}
    whole = MLPClassifier(**options, scoring=Growing(), max_iter=6).fit(X, Y)
    parts = MLPClassifier(**options, scoring=Growing(), max_iter=3, warm_start=True).fit(X, Y).fit(X, Y)
    assert set(whole.scoring.rows) == set(parts.scoring.rows)
    assert len(set(parts.scoring.rows)) == 1
    assert bits(whole) == bits(parts)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_over_and_over_gives_the_bits_of_fit(solver):
    options = {**SMALL, "solver": solver, "learning_rate": "invscaling"}
    whole = MLPClassifier(**options, max_iter=5).fit(X, Y)
    parts = MLPClassifier(**options)
    for _ in range(5):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    assert bits(whole) == bits(parts)
    assert whole.t_ == parts.t_
    np.testing.assert_allclose(whole.loss_curve_, parts.loss_curve_, rtol=1e-14)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_predicts_and_goes_on_with_the_same_bits(copied):
    model = MLPClassifier(**SMALL, max_iter=3).fit(X, Y)
    other = copied(model)
    assert other.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert bits(model.partial_fit(X, Y)) == bits(other.partial_fit(X, Y))


def test_one_random_state_gives_one_result():
    fits = [MLPClassifier(**SMALL, max_iter=4).fit(X, Y) for _ in range(2)]
    other = MLPClassifier(**{**SMALL, "random_state": 1}, max_iter=4).fit(X, Y)
    assert bits(fits[0]) == bits(fits[1]) != bits(other)
    np.random.seed(3)  # noqa: NPY002  the random state None is NumPy's global one, as everywhere in scikit-learn
    a = MLPClassifier(**{**SMALL, "random_state": None}, max_iter=2).fit(X, Y)
    np.random.seed(3)  # noqa: NPY002
    assert bits(a) == bits(MLPClassifier(**{**SMALL, "random_state": None}, max_iter=2).fit(X, Y))


def test_a_clone_begins_anew():
    model = MLPClassifier(**SMALL, max_iter=3).fit(X, Y)
    assert not hasattr(clone(model), "coefs_")
    assert bits(clone(model).fit(X, Y)) == bits(model)


def test_weights_set_by_hand_are_where_a_warm_fit_begins():
    model = MLPRegressor(hidden_layer_sizes=(2,), solver="sgd", learning_rate_init=1e-12, max_iter=1, warm_start=True)
    model.fit(X, Y)
    model.coefs_[0] = np.full((4, 2), 0.25)
    np.testing.assert_allclose(model.fit(X, Y).coefs_[0], 0.25)


class Interrupting:
    """A scorer that stands for a person pressing Ctrl-C after the third epoch; the start is scored too."""

    def __init__(self):
        self.calls = 0

    def __call__(self, model, X, y):
        self.calls += 1
        if self.calls == 4:
            raise KeyboardInterrupt
        return 1.0 / self.calls  # the first epoch stays the best


def test_ctrl_c_is_raised_and_the_best_weights_so_far_are_kept():
    model = MLPClassifier(**SMALL, early_stopping=True, scoring=Interrupting())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.outcome_ is Outcome.INTERRUPTED
    assert 1 <= model.n_iter_ < 5
    assert model.predict(X).shape == Y.shape
    stopped = MLPClassifier(**SMALL, early_stopping=True, scoring=Interrupting(), max_iter=1).fit(X, Y)
    scores = model.validation_scores_
    assert scores == sorted(scores, reverse=True)
    assert bits(stopped) == bits(model)


class Failing:
    """A scorer that fails in the second epoch."""

    def __init__(self):
        self.calls = 0

    def __call__(self, model, X, y):
        self.calls += 1
        if self.calls == 3:
            raise RuntimeError("the disk is full")
        return 0.5


def failing_fits():
    """Each a fit or a partial_fit that fails, and the error it fails with."""
    bad = X.copy()
    bad[3, 1] = np.nan
    return [
        (lambda model: model.fit(bad, Y), ValueError),
        (lambda model: model.set_params(early_stopping=True, scoring=Failing()).fit(X, Y), RuntimeError),
        (lambda model: model.set_params(solver="sgd", learning_rate_init=1e200).fit(X, Y), ArithmeticError),
        (lambda model: model.partial_fit(bad, Y, classes=[0, 1, 2]), ValueError),
        (lambda model: model.set_params(solver="sgd", learning_rate_init=1e300).partial_fit(X, Y, classes=[0, 1, 2]),
         ArithmeticError),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(5))
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(number):
    fails, error = failing_fits()[number]
    fitted = MLPClassifier(**SMALL, max_iter=3).fit(X, Y)
    before = fitted.predict_proba(X).tobytes()
    with pytest.raises(error):
        fails(fitted)
    assert fitted.predict_proba(X).tobytes() == before
    assert fitted.n_iter_ == 3
    unfitted = MLPClassifier(**SMALL, max_iter=3)
    with pytest.raises(error):
        fails(unfitted)
    with pytest.raises(ValueError, match="not fitted"):
        unfitted.predict(X)


def test_fits_of_clones_in_many_threads_give_what_each_gives_alone():
    models = [MLPClassifier(**{**SMALL, "random_state": seed}, max_iter=8) for seed in range(8)]
    alone = [bits(clone(model).fit(X, Y)) for model in models]
    threads = [threading.Thread(target=model.fit, args=(X, Y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bits(model) for model in models] == alone


def test_a_second_fit_of_the_same_estimator_at_the_same_time_is_refused():
    begun, go_on = threading.Event(), threading.Event()

    def waiting(model, X, y):
        begun.set()
        go_on.wait(30)
        return 1.0

    model = MLPClassifier(**SMALL, early_stopping=True, scoring=waiting, max_iter=2)
    thread = threading.Thread(target=model.fit, args=(X, Y))
    thread.start()
    assert begun.wait(30)
    with pytest.raises(ValueError, match="clone"):
        model.fit(X, Y)
    go_on.set()
    thread.join()
    assert model.n_iter_ == 2
    assert model.fit(X, Y).n_iter_ == 2


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_fits_by_joblib_give_what_each_gives_alone(backend):
    models = [MLPClassifier(**{**SMALL, "random_state": seed}, max_iter=3) for seed in range(2)]
    alone = [bits(clone(model).fit(X, Y)) for model in models]
    with joblib.parallel_backend(backend, n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(model.fit)(X, Y) for model in models)
    assert [bits(model) for model in found] == alone
