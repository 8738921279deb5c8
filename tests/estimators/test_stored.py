"""To the parts of a model file and back: the same predictions, bit for bit, and everything else that was known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification

import chainrule as cr
from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators import stored
from chainrule.files.container import packed, unpacked

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])
LABELS_X, LABELS_Y = make_multilabel_classification(40, 4, n_classes=3, random_state=0)
QUICK = {"hidden_layer_sizes": (4, 3), "max_iter": 3, "random_state": 0}


def there_and_back(model):
    """Through the bytes of a file."""
    parts = stored.parts(model)
    tensors, facts = unpacked(packed(parts.tensors, parts.facts), "memory")
    return stored.restored(
        parts.kind, parts.network, parts.weights, parts.history, parts.outcome, parts.settings, tensors, facts
    )


CASES = {
    "text labels, standardised, named columns": (
        MLPClassifier(**QUICK, standardize=True),
        FRAME,
        np.array([*"xyz"])[Y],
    ),
    "two classes": (MLPClassifier(**QUICK, activation=("tanh", "gelu")), X, Y == 1),
    "one class": (MLPClassifier(**QUICK), X, np.full(150, 3)),
    "two softmax outputs": (MLPClassifier(**QUICK, output_law="softmax"), X, Y == 1),
    "several labels": (MLPClassifier(**QUICK), LABELS_X, LABELS_Y),
    "float32": (MLPClassifier(**QUICK), X.astype(np.float32), Y),
    "class weights, no limit": (MLPClassifier(**QUICK, class_weight={0: 2.0, 2: 0.5}, n_iter_no_change=np.inf), X, Y),
    "early stopping": (MLPClassifier(**QUICK, early_stopping=True), X, Y),
    "lbfgs": (MLPRegressor(**QUICK, solver="lbfgs", standardize=True), X, X[:, :2]),
    "counts": (MLPRegressor("poisson", **QUICK), X, Y),
}


@pytest.mark.parametrize("name", CASES)
def test_a_restored_estimator_is_the_one_that_was_stored(name):
    model, rows, targets = CASES[name]
    model.fit(rows, targets)
    found = there_and_back(model)
    assert type(found) is type(model)
    assert found.get_params() == model.get_params()
    assert found.predict(rows).tobytes() == model.predict(rows).tobytes()
    assert found.predict(rows).dtype == model.predict(rows).dtype
    if isinstance(model, MLPClassifier):
        assert found.predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()
    for attribute in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_", "n_iter_",
                      "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "notes_", "outcome_",
                      "network_", "settings_", "input_names_", "output_names_"):  # fmt: skip
        assert getattr(found, attribute) == getattr(model, attribute), attribute
    assert [*found.history_] == [*model.history_] or np.isnan(model.history_.rate).all()
    assert cr.__name__ in found.to_program() or found.to_program() == model.to_program()


def test_a_restored_estimator_can_be_trained_on():
    model = MLPClassifier(**QUICK, warm_start=True).fit(X, Y)
    found = there_and_back(model)
    found.fit(X, Y)
    assert found.t_ == 2 * model.t_
    assert [*found.history_.epoch] == [*range(7)]
    assert len(found.loss_curve_) == 6
    assert there_and_back(model).partial_fit(X, Y).t_ == model.t_ + 150


def test_what_no_file_holds_is_left_out():
    model = MLPClassifier(**{**QUICK, "random_state": np.random.RandomState(0)}, scoring=max).fit(X, Y)
    found = there_and_back(model)
    assert found.random_state is None
    assert found.scoring is None
    assert found.max_iter == 3


def test_labels_that_no_file_holds_are_refused():
    model = MLPClassifier(**QUICK).fit(X, Y)
    model.classes_ = np.array([object(), object(), object()])
    with pytest.raises(cr.ChainruleError, match="Use text or numbers"):
        stored.parts(model)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors, facts: facts.update(columns=["a"]),
        lambda tensors, facts: facts.update(dtype="int8"),
        lambda tensors, facts: facts.update(classes={"dtype": "<i8", "values": [1]}),
        lambda tensors, facts: facts.update(parameters={"solver": {"code": "1"}}),
        lambda tensors, facts: tensors.update({"inputs.spread": np.array([1.0, -1.0, 1.0, 1.0])}),
        lambda tensors, facts: tensors.update({"inputs.spread": np.ones(3)}),
        lambda tensors, facts: facts.pop("labels"),
        lambda tensors, facts: tensors.pop("curve.loss"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(spoil):
    parts = stored.parts(MLPClassifier(**QUICK, standardize=True).fit(X, Y))
    spoil(parts.tensors, parts.facts)
    with pytest.raises((KeyError, TypeError, ValueError)):
        stored.restored(
            "MLPClassifier", parts.network, parts.weights, parts.history, parts.outcome, parts.settings, parts.tensors,
            parts.facts,
        )  # fmt: skip
