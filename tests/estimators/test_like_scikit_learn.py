"""The oracle is scikit-learn's own MLP: from one random_state both take the same steps."""

from __future__ import annotations

import warnings
from inspect import signature

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_IRIS = (X_IRIS - X_IRIS.mean(0)) / X_IRIS.std(0)
X_NUMBERS, Y_NUMBERS = make_regression(90, 5, noise=5.0, random_state=3)
Y_NUMBERS = (Y_NUMBERS - Y_NUMBERS.mean()) / Y_NUMBERS.std()
COUNTS = np.random.default_rng(0).poisson(np.exp(0.3 * X_NUMBERS[:, 0] + 0.5))
# Our adam is algorithm 1 of its paper, scikit-learn's the form after it, whose epsilon is larger in the first updates:
# with an epsilon near 0 they are the same. And scikit-learn divides alpha by the rows of each batch, we by those of a
# whole one: where the last batch is smaller, alpha is 0 here.
PLAIN = {
    "shuffle": False,
    "random_state": 4,
    "hidden_layer_sizes": (7, 5),
    "max_iter": 12,
    "batch_size": 30,
    "epsilon": 1e-30,
}


def both(ours, theirs, X, y, fit=None, **parameters):
    """Our estimator and scikit-learn's, fitted alike."""
    return [maker(**parameters).fit(X, y, **(fit or {})) for maker in (ours, theirs)]


def same(a, b, tolerance=1e-9):
    """Every weight, the losses, the counters."""
    for mine, their in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_allclose(mine, their, rtol=tolerance, atol=tolerance)
    assert (a.n_iter_, a.t_, a.n_layers_, a.n_outputs_, a.out_activation_) == (
        b.n_iter_,
        b.t_,
        b.n_layers_,
        b.n_outputs_,
        b.out_activation_,
    )
    assert a._no_improvement_count == b._no_improvement_count


SETTINGS = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "sgd, plain momentum": {"solver": "sgd", "learning_rate_init": 0.05, "nesterovs_momentum": False, "momentum": 0.8},
    "sgd, no momentum": {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0},
    "sgd, invscaling": {"solver": "sgd", "learning_rate_init": 0.5, "learning_rate": "invscaling", "power_t": 0.3},
    "sgd, adaptive": {
        "solver": "sgd",
        "learning_rate_init": 0.5,
        "learning_rate": "adaptive",
        "n_iter_no_change": 2,
        "tol": 0.05,
        "max_iter": 60,
    },
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "rows left over": {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 40, "alpha": 0},
    "adam, other betas": {"solver": "adam", "beta_1": 0.8, "beta_2": 0.95},
    "logistic": {"activation": "logistic", "learning_rate_init": 0.01},
    "tanh, strong alpha": {"activation": "tanh", "alpha": 3.0},
    "identity": {"activation": "identity"},
    "whole batch": {"batch_size": "auto"},
    "early stopping": {
        "early_stopping": True,
        "alpha": 0,
        "validation_fraction": 0.3,
        "max_iter": 40,
        "n_iter_no_change": 5,
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_classifier_takes_the_same_steps(name):
    a, b = both(MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS, **{**PLAIN, **SETTINGS[name]})
    same(a, b)
    np.testing.assert_allclose(a.predict_proba(X_IRIS), b.predict_proba(X_IRIS), atol=1e-7)
    np.testing.assert_array_equal(a.predict(X_IRIS), b.predict(X_IRIS))
    if name == "early stopping":
        np.testing.assert_allclose(a.validation_scores_, b.validation_scores_, rtol=1e-12)
        assert a.best_validation_score_ == b.best_validation_score_
        assert a.best_loss_ is b.best_loss_ is None


@pytest.mark.parametrize("name", SETTINGS)
def test_a_regressor_takes_the_same_steps(name):
    a, b = both(MLPRegressor, TheirRegressor, X_NUMBERS, Y_NUMBERS, **{**PLAIN, **SETTINGS[name]})
    same(a, b)
    np.testing.assert_allclose(a.predict(X_NUMBERS), b.predict(X_NUMBERS), atol=1e-7)
    if name == "early stopping":
        np.testing.assert_allclose(a.validation_scores_, b.validation_scores_, rtol=1e-6)


def test_the_first_weights_and_the_held_out_rows_are_scikit_learns_also_where_rows_are_shuffled():
    options = {"early_stopping": True, "max_iter": 1, "learning_rate_init": 1e-12, "random_state": 8}
    a, b = both(MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS == 1, **options)
    same(a, b, 1e-9)
    assert a.validation_scores_ == b.validation_scores_


@pytest.mark.skipif(
    "loss" not in signature(TheirRegressor).parameters, reason="before 1.7 theirs had neither loss nor sample_weight"
)
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_the_loss_is_scikit_learns(alpha):
    """With a rate near 0 the weights stand still, so that every epoch measures the same ones."""
    still = {**PLAIN, "learning_rate_init": 1e-13, "alpha": alpha, "max_iter": 2}
    rng = np.random.default_rng(1)
    weight = {"sample_weight": rng.integers(1, 4, len(X_NUMBERS)).astype(float)}
    labels = rng.integers(0, 2, (len(X_NUMBERS), 3))
    cases = [
        (MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS, {}, {}),
        (MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS == 2, {}, {}),
        (MLPClassifier, TheirClassifier, X_NUMBERS, labels, {}, {}),
        (MLPRegressor, TheirRegressor, X_NUMBERS, Y_NUMBERS, {}, {}),
        (MLPRegressor, TheirRegressor, X_NUMBERS, np.c_[Y_NUMBERS, 2 * Y_NUMBERS], {}, {}),
        (MLPRegressor, TheirRegressor, X_NUMBERS, COUNTS, {"loss": "poisson"}, {}),
        (MLPRegressor, TheirRegressor, X_NUMBERS, Y_NUMBERS, {"batch_size": 90}, weight),
    ]
    for ours, theirs, X, y, own, fit in cases:
        a, b = both(ours, theirs, X, y, fit, **{**still, **own})
        assert a.loss_ == pytest.approx(b.loss_, rel=1e-7)
        np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-7)
        assert a.best_loss_ == pytest.approx(b.best_loss_, rel=1e-7)


def test_the_curve_of_losses_follows_scikit_learns():
    a, b = both(MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS, **{**PLAIN, "alpha": 0})
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)
    a, b = both(MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS, **{**PLAIN, "alpha": 0.01})
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-2)  # our penalty is that at the epoch's end


def test_lbfgs_finds_the_same_maximum():
    y = X_NUMBERS @ np.arange(5.0)
    options = {"solver": "lbfgs", "activation": "identity", "tol": 1e-9, "max_iter": 5000, "random_state": 0}
    a, b = both(MLPRegressor, TheirRegressor, X_NUMBERS, y, hidden_layer_sizes=(3,), alpha=0.01, **options)
    assert b.loss_ * 0.99 < a.loss_ < b.loss_ * 1.0001
    np.testing.assert_allclose(a.predict(X_NUMBERS), b.predict(X_NUMBERS), atol=1e-2)
    assert a.t_ == b.t_ == 0


def test_sample_weights_count_as_rows_do():
    weight = np.random.default_rng(5).integers(0, 3, len(X_IRIS))
    options = {"solver": "newton", "hidden_layer_sizes": (), "alpha": 1.0, "max_iter": 50}
    a = MLPClassifier(**options, random_state=0).fit(X_IRIS, Y_IRIS, sample_weight=weight.astype(float))
    b = MLPClassifier(**options, random_state=0).fit(np.repeat(X_IRIS, weight, 0), np.repeat(Y_IRIS, weight))
    np.testing.assert_allclose(a.predict_proba(X_IRIS), b.predict_proba(X_IRIS), atol=1e-10)


def test_several_labels_train_as_scikit_learns_do():
    X, y = make_multilabel_classification(80, 6, random_state=2)
    a, b = both(
        MLPClassifier, TheirClassifier, X, y, **{**PLAIN, "solver": "sgd", "learning_rate_init": 0.01, "alpha": 0}
    )
    same(a, b)
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    assert a.predict(X).dtype == b.predict(X).dtype


def test_partial_fit_takes_the_same_steps_over_batches_of_different_sizes():
    models = [maker(**{**PLAIN, "solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3, "alpha": 0})
              for maker in (MLPClassifier, TheirClassifier)]  # fmt: skip
    for rows in (slice(0, 50), slice(50, 90), slice(90, 150), slice(0, 150)):
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.partial_fit(X_IRIS[rows], Y_IRIS[rows], classes=[0, 1, 2])
    same(*models)


def test_float32_rows_give_float32_weights_and_numbers():
    a, b = both(MLPRegressor, TheirRegressor, X_NUMBERS.astype(np.float32), Y_NUMBERS, **PLAIN)
    assert a.coefs_[0].dtype == a.predict(X_NUMBERS.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(a.predict(X_NUMBERS), b.predict(X_NUMBERS), atol=1e-4)


@pytest.mark.parametrize("parameter", sorted(TheirClassifier().get_params()))
def test_parameters_and_their_defaults_are_scikit_learns(parameter):
    for ours, theirs in ((MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)):
        assert ours().get_params()[parameter] == theirs().get_params()[parameter]


def test_positional_parameters_are_scikit_learns():
    assert MLPClassifier((3,), "tanh").activation == TheirClassifier((3,), "tanh").activation
    assert MLPRegressor("poisson", (3,), "tanh").loss == "poisson"


def test_a_fit_leaves_every_attribute_that_scikit_learns_leaves():
    for early in (False, True):
        a, b = both(MLPClassifier, TheirClassifier, X_IRIS, Y_IRIS, **{**PLAIN, "early_stopping": early})
        theirs = {name for name in vars(b) if name.endswith("_") and not name.startswith("_")}
        assert theirs - set(dir(a)) == set()


@pytest.mark.parametrize(("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_every_public_name_of_theirs_is_there(ours, theirs):
    a, b = (maker(early_stopping=True, max_iter=2).fit(X_IRIS, Y_IRIS) for maker in (ours, theirs))
    assert not [name for name in {*dir(b), *vars(b)} if not name.startswith("_") and not hasattr(a, name)]
    given = [(name, p.default) for name, p in signature(theirs).parameters.items() if name != "loss"]
    assert [(name, p.default) for name, p in signature(ours).parameters.items() if name != "loss"][
        : len(given)
    ] == given
