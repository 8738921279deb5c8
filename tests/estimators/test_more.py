"""What scikit-learn's MLP lacks: each against an oracle, or against our own training."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPRegressor as TheirRegressor

import chainrule as cr
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import NotationError, SettingError
from chainrule.estimators.diverged import DivergedFitError
from chainrule.training import Outcome
from chainrule.training.schedules import Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_RAW, Y = load_iris(return_X_y=True)
X = (X_RAW - X_RAW.mean(0)) / X_RAW.std(0)
RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(np.exp(0.5 * X[:, 0] - 0.3 * X[:, 2] + 1))


def test_each_layer_has_its_own_activation_and_a_persons_own_is_one_of_them():
    cr.activation("estimator_bump", "exp(-a**2)")
    model = MLPClassifier((5, 4, 3), ("tanh", "estimator_bump", "gelu"), max_iter=3, random_state=0).fit(X, Y)
    assert model.network_ == cr.Network("4-5 tanh-4 estimator_bump-3 gelu-3")
    run = cr.Network.weights_from(model.network_, model.weights_.flat)
    from chainrule.kernels import outputs

    np.testing.assert_allclose(model.predict_proba(X), outputs(model.network_, run, X), rtol=1e-13)


def test_an_unknown_activation_and_a_wrong_number_of_them_are_told():
    with pytest.raises(NotationError, match="Did you mean 'tanh'"):
        MLPClassifier(activation="tahn").fit(X, Y)
    with pytest.raises(SettingError, match="names 2 functions for 1 hidden layer"):
        MLPClassifier(activation=("tanh", "relu")).fit(X, Y)


def test_no_hidden_layer_and_newton_is_logistic_regression():
    model = MLPClassifier((), solver="newton", alpha=1.0, tol=1e-10, max_iter=100).fit(X, Y)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert model.outcome_ is Outcome.CONVERGED


@pytest.mark.parametrize("options", [{"loss": "poisson"}, {"output_law": "exp"}])
def test_the_exp_law_is_poisson_regression(options):
    model = MLPRegressor(**options, hidden_layer_sizes=(), solver="newton", alpha=0.0, tol=1e-10, max_iter=100)
    theirs = PoissonRegressor(alpha=0, tol=1e-10, max_iter=10_000).fit(X, COUNTS)
    np.testing.assert_allclose(model.fit(X, COUNTS).predict(X), theirs.predict(X), rtol=1e-4)


def test_the_sigmoid_law_learns_shares():
    shares = 1 / (1 + np.exp(-X @ [1.0, -1.0, 0.5, 0.0]))
    model = MLPRegressor(
        output_law="sigmoid", hidden_layer_sizes=(), solver="newton", alpha=0.0, tol=1e-12, max_iter=100
    )
    np.testing.assert_allclose(model.fit(X, shares).predict(X), shares, atol=1e-6)
    assert model.out_activation_ == "logistic"


def test_two_classes_may_have_two_softmax_outputs():
    a = MLPClassifier((), output_law="softmax", solver="newton", alpha=0.5, tol=1e-11).fit(X, Y == 1)
    b = MLPClassifier((), solver="newton", alpha=0.25, tol=1e-11).fit(
        X, Y == 1
    )  # half the prior on the difference of two columns
    assert a.network_.K == 2
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-7)
    with pytest.raises(SettingError, match="3 classes"):
        MLPClassifier(output_law="sigmoid").fit(X, Y)


@pytest.mark.parametrize("solver", ["ascent", "momentum", "nesterov", "adamw", "newton", "lbfgs", "adam", "sgd"])
def test_every_solver_learns(solver):
    rate = 0.5 if solver == "ascent" else 0.05
    model = MLPClassifier((6,), "tanh", solver=solver, learning_rate_init=rate, max_iter=60, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.95
    assert model.settings_["solver"] == ("nesterov" if solver == "sgd" else solver)


def test_a_fit_takes_the_steps_of_train():
    model = MLPClassifier((5,), "logistic", solver="adam", batch_size=32, max_iter=4, alpha=0.0, random_state=1)
    start = MLPClassifier((5,), "logistic", learning_rate_init=1e-15, max_iter=1, random_state=1).fit(X, Y)
    model.fit(X, Y)
    run = cr.train(
        model.network_, X, Y, solver="adam", learning_rate=0.001, average=True, batch_size=32, epochs=4,
        weights=start.weights_, seed=model._seed, progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(model.weights_.flat, run.weights.flat, atol=1e-11)


@pytest.mark.parametrize("schedule", ["step", "cosine", "one-cycle", "invscaling", "adaptive", Step(every=2)])
@pytest.mark.parametrize("solver", ["adam", "momentum"])
def test_every_schedule_goes_with_every_solver_that_has_a_rate(schedule, solver):
    model = MLPClassifier(
        (4,), solver=solver, schedule=schedule, max_iter=6, tol=0.5, n_iter_no_change=1, random_state=0
    )
    rates = model.fit(X, Y).history_.learning_rate[1:]
    assert len(set(rates)) > 1
    with pytest.raises(SettingError, match="schedule does not apply to the solver 'lbfgs'"):
        MLPClassifier(solver="lbfgs", schedule=schedule).fit(X, Y)
    with pytest.raises(SettingError, match="no schedule named"):
        MLPClassifier(schedule="cosin").fit(X, Y)


def test_dropout_leaves_units_out_in_training_and_none_in_predicting():
    options = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    a, b = MLPClassifier(**options).fit(X, Y), MLPClassifier(**options, dropout=0.5).fit(X, Y)
    assert not np.allclose(a.coefs_[0], b.coefs_[0])
    assert b.predict_proba(X).tobytes() == b.predict_proba(X).tobytes()
    with pytest.raises(SettingError, match="does not apply to the solver"):
        MLPClassifier(solver="lbfgs", dropout=0.5).fit(X, Y)


def test_class_weights_count_as_sample_weights():
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    options = {"hidden_layer_sizes": (), "solver": "newton", "alpha": 1.0, "tol": 1e-11}
    a = MLPClassifier(**options, class_weight=weights).fit(X, Y)
    b = MLPClassifier(**options).fit(X, Y, sample_weight=np.array([weights[label] for label in Y]))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-9)
    few = np.r_[0:50, 50:60]
    c = MLPClassifier(**options, class_weight="balanced").fit(X[few], Y[few])
    theirs = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-10, max_iter=10_000).fit(X[few], Y[few])
    np.testing.assert_allclose(c.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    with pytest.raises(SettingError, match="needs all rows"):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


def test_rows_of_ones_own_are_watched_instead_of_held_out_ones():
    train, out = np.arange(0, 150, 2), np.arange(1, 150, 2)
    model = MLPClassifier((6,), early_stopping=True, learning_rate_init=0.02, max_iter=40, random_state=0)
    model.fit(X[train], Y[train], X_val=X[out], y_val=Y[out])
    assert model.t_ == model.n_iter_ * len(train)  # nothing was held out of the training rows
    assert model.best_validation_score_ == max(model.validation_scores_) == model.score(X[out], Y[out])
    J = -log_loss(Y[out], model.predict_proba(X[out]), normalize=False)
    at = int(np.argmax(model.validation_scores_)) + 1
    assert model.history_.validation_J[at] == pytest.approx(J, rel=1e-9)
    watched = MLPClassifier((6,), max_iter=5).fit(X[train], Y[train], X_val=X[out], y_val=Y[out])
    assert len(watched.validation_scores_) == len(watched.loss_curve_) == 5  # watched, and not stopped by


def test_validation_weights_count():
    weight = (Y == 0).astype(float)
    model = MLPClassifier((6,), max_iter=2, random_state=0).fit(X, Y, X_val=X, y_val=Y, sample_weight_val=weight)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X, Y, sample_weight=weight))


@pytest.mark.parametrize("scoring", ["neg_log_loss", lambda model, X, y: -log_loss(y, model.predict_proba(X))])
def test_early_stopping_watches_any_scorer(scoring):
    model = MLPClassifier((6,), early_stopping=True, scoring=scoring, max_iter=6, random_state=0)
    model.fit(X, Y, X_val=X, y_val=Y)
    assert model.best_validation_score_ == pytest.approx(-log_loss(Y, model.predict_proba(X)))


def test_a_scorer_of_a_regressor_sees_the_units_of_the_targets():
    y = 1e5 + 2e4 * X[:, 0]
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="nesterov", learning_rate_init=0.1, standardize=True, early_stopping=True,
        scoring="neg_mean_absolute_error", max_iter=60, random_state=0,
    )  # fmt: skip
    model.fit(X, y, X_val=X, y_val=y)
    assert model.best_validation_score_ == pytest.approx(-np.abs(model.predict(X) - y).mean())


def test_partial_fit_stops_early_and_ends_with_the_best_weights():
    model = MLPClassifier(
        (6,), early_stopping=True, learning_rate_init=0.05, n_iter_no_change=3, random_state=0, scoring="neg_log_loss"
    )
    best, calls = -np.inf, 0
    while getattr(model, "outcome_", None) is not Outcome.EARLY_STOPPED:
        model.partial_fit(X[::2], Y[::2], classes=[0, 1, 2], X_val=X[1::2], y_val=Y[1::2])
        best, calls = max(best, model.validation_scores_[-1]), calls + 1
        assert calls < 2000
    assert -log_loss(Y[1::2], model.predict_proba(X[1::2])) == pytest.approx(best, rel=1e-9)
    assert model.validation_scores_[-1] < best


def test_partial_fit_takes_several_labels():
    labels = np.c_[Y == 0, Y > 0, Y == 2].astype(int)
    model = MLPClassifier((8,), learning_rate_init=0.05, random_state=0)
    for _ in range(40):
        model.partial_fit(X, labels, classes=[0, 1, 2])
    assert model.score(X, labels) > 0.9


def test_the_best_of_several_starts_is_kept_and_does_not_depend_on_how_many_run_at_once():
    options = {"hidden_layer_sizes": (3,), "solver": "sgd", "learning_rate_init": 0.1, "max_iter": 8, "random_state": 0}
    one = MLPClassifier(**options).fit(X, Y)
    four = MLPClassifier(**options, restarts=4).fit(X, Y)
    pool = MLPClassifier(**options, restarts=4, n_jobs=2).fit(X, Y)
    assert len(four.restarts_) == 4
    assert max(start.J for start in four.restarts_) >= -one.loss_ * len(X) - 1e-3
    assert four.loss_ <= one.loss_
    assert four.weights_.flat.tobytes() == pool.weights_.flat.tobytes()


def test_the_time_limit_ends_a_fit():
    model = MLPClassifier((6,), max_iter=10**7, tol=0.0, n_iter_no_change=np.inf, time_limit=0.05).fit(X, Y)
    assert model.outcome_ is Outcome.TIME_LIMIT
    assert model.n_iter_ < 10**7


def test_standardised_inputs_make_no_difference_to_what_a_column_is_measured_in():
    factors, shifts = np.array([1e6, 1e-6, 1.0, 1e3]), np.array([1e7, 0.0, -5.0, 1e4])
    options = {"hidden_layer_sizes": (5,), "solver": "sgd", "standardize": True, "random_state": 0, "max_iter": 300}
    options["learning_rate_init"] = 0.05
    a = MLPClassifier(**options).fit(X, Y)
    b = MLPClassifier(**options).fit(X * factors + shifts, Y)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X * factors + shifts), atol=1e-5)
    y = X @ [1.0, 2.0, -1.0, 0.5]
    c = MLPRegressor(**options).fit(X, 5e5 + 1e5 * y)
    assert c.score(X, 5e5 + 1e5 * y) > 0.99
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="worse than the best constant"):
        MLPRegressor(max_iter=5, random_state=0).fit(X, 5e5 + 1e5 * y)


def test_standardised_scales_go_on_in_a_warm_fit():
    options = {"hidden_layer_sizes": (5,), "standardize": True, "random_state": 0, "batch_size": 32}
    whole = MLPClassifier(**options, max_iter=4).fit(X_RAW, Y)
    parts = MLPClassifier(**options, max_iter=2, warm_start=True).fit(X_RAW, Y).fit(X_RAW, Y)
    assert whole.weights_.flat.tobytes() == parts.weights_.flat.tobytes()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix])
@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"solver": "newton"}, {"dropout": 0.3, "solver": "sgd"}])
def test_sparse_rows_train_as_dense_ones_do(form, options):
    some = np.where(RNG.random(X.shape) < 0.6, 0.0, X)
    parameters = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0, "batch_size": 32, **options}
    if "dropout" in options:
        parameters["early_stopping"] = True
    a, b = MLPClassifier(**parameters).fit(some, Y), MLPClassifier(**parameters).fit(form(some), Y)
    np.testing.assert_allclose(a.predict_proba(some), b.predict_proba(form(some)), atol=1e-7)
    np.testing.assert_array_equal(a.predict(some), b.predict(form(some)))


def test_sparse_rows_are_never_made_dense(monkeypatch):
    wide = sparse.random(300, 20_000, density=1e-3, format="csr", random_state=0)

    for kind in (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix):
        plain = kind.toarray

        def watched(self, *args, plain=plain, **kwargs):
            assert self.shape[1] < 20_000, "made dense"
            return plain(self, *args, **kwargs)

        monkeypatch.setattr(kind, "toarray", watched)
    with pytest.raises(AssertionError, match="made dense"):
        wide.toarray()
    labels = np.arange(300) % 2
    for options in ({"standardize": True}, {"solver": "lbfgs"}):
        model = MLPClassifier((4,), max_iter=2, **options).fit(wide, labels)
        assert model.predict(wide).shape == (300,)


def test_a_fit_that_runs_away_is_an_error_and_not_a_model():
    y = 1e6 * X[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = TheirRegressor((10,), solver="sgd", learning_rate_init=0.01, max_iter=5, random_state=0)
        try:
            theirs.fit(X, y)
        except ValueError:
            pass
        else:
            assert abs(theirs.predict(X)).max() > 1e9  # what it gives without a word
    with pytest.raises(DivergedFitError, match="standardize=True or learning_rate_init=") as caught:
        MLPRegressor(hidden_layer_sizes=(10,), solver="sgd", learning_rate_init=0.01, max_iter=5, random_state=0).fit(
            X, y
        )
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, cr.ChainruleError)
    assert len(str(caught.value).splitlines()) <= 4


def test_the_features_of_a_real_table_need_standardising_and_the_warning_says_so():
    X, y = load_breast_cancer(return_X_y=True)
    good = MLPClassifier((10,), solver="lbfgs", standardize=True, random_state=0).fit(X, y)
    assert good.score(X, y) > 0.98


def test_verbose_prints_scikit_learns_lines_or_shows_a_bar(capsys):
    MLPClassifier((3,), max_iter=2, verbose=True, early_stopping=True, random_state=0).fit(X, Y)
    out = capsys.readouterr().out
    assert "Iteration 1, loss = " in out
    assert "Validation score: " in out
    MLPClassifier((3,), max_iter=2, verbose="bar", restarts=2).fit(X, Y)
    assert "Iteration" not in capsys.readouterr().out


def test_one_class_is_predicted_with_certainty_and_the_notes_say_so():
    model = MLPClassifier((3,), max_iter=2).fit(X, np.full(len(X), "only"))
    assert model.predict_proba(X).shape == (len(X), 1)
    assert (model.predict_proba(X) == 1).all()
    assert set(model.predict(X)) == {"only"}
    assert "one class, only" in model.notes_[0]


def test_a_table_with_one_1_a_row_asks_what_it_is():
    one_hot = np.eye(3, dtype=int)[Y]
    with pytest.raises(cr.ChainruleError, match="argmax"):
        MLPClassifier().fit(X, one_hot)
    model = MLPClassifier((4,), multilabel=True, max_iter=2).fit(X, one_hot)
    assert model.out_activation_ == "logistic"
    assert model.predict(X).shape == one_hot.shape


@pytest.mark.parametrize("solver", ["lbfgs", "newton", "adam"])
def test_float32_rows_give_float32_weights_also_where_the_solver_works_in_float64(solver):
    options = {
        "hidden_layer_sizes": (4,),
        "solver": solver,
        "alpha": 1.0,
        "tol": 1e-7,
        "max_iter": 500,
        "random_state": 0,
    }
    narrow, wide = (MLPClassifier(**options).fit(X.astype(dtype), Y) for dtype in (np.float32, np.float64))
    for part in (*narrow.coefs_, *narrow.intercepts_, narrow.predict_proba(X.astype(np.float32))):
        assert part.dtype == np.float32
    assert narrow.settings_["dtype"] == ("float32" if solver == "adam" else "float64")
    if solver != "adam":
        np.testing.assert_allclose(narrow.loss_, wide.loss_, rtol=1e-4)
        np.testing.assert_allclose(narrow.predict_proba(X), wide.predict_proba(X), atol=2e-3)


def test_a_scorer_of_a_wrong_name_is_told_before_training():
    for options in ({}, {"early_stopping": True}):
        with pytest.raises(SettingError, match="no scorer named 'acuracy'") as caught:
            MLPClassifier(scoring="acuracy", **options).fit(X, Y)
        assert "'accuracy'" in str(caught.value)
