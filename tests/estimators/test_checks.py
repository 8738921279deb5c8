"""scikit-learn's checks of what an estimator must keep to: all of them, none expected to fail."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import MLPClassifier, MLPRegressor

# Settings whose checks take other paths through our code. With early stopping or a Poisson law scikit-learn's own MLP
# fails some: those fit data that leave no rows to hold out, or that are no counts.
ESTIMATORS = [
    MLPClassifier(max_iter=100),
    MLPRegressor(max_iter=100),
    MLPClassifier((8,), solver="lbfgs", standardize=True, random_state=0),
    MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", standardize=True, random_state=0),
    MLPClassifier(
        (6, 5), ("tanh", "gelu"), solver="sgd", schedule="cosine", momentum=0.5, learning_rate_init=0.1, max_iter=60
    ),
    MLPRegressor(hidden_layer_sizes=5, activation="softplus", solver="newton", restarts=2, max_iter=15, random_state=0),
]


CHECKS = parametrize_with_checks(ESTIMATORS).mark


@pytest.mark.filterwarnings("ignore")  # the checks fit to noise, to one class, to two rows
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)  # a generator before 1.9
def test_scikit_learns_checks(estimator, check):
    check(estimator)
