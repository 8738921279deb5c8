"""A fitted estimator explains itself, and what it says agrees with what it predicts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification

import chainrule as cr
from chainrule import MLPClassifier, MLPRegressor
from chainrule.kernels import outputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
KINDS = np.array(["setosa", "versicolor", "virginica"])[Y]
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
QUICK = {"hidden_layer_sizes": (3,), "solver": "lbfgs", "max_iter": 30, "random_state": 0}
LABELS_X, LABELS_Y = make_multilabel_classification(60, 4, n_classes=3, random_state=1)

MODELS = {
    "classes": (MLPClassifier(**QUICK, standardize=True), X, KINDS),
    "two classes": (MLPClassifier(**{**QUICK, "hidden_layer_sizes": (4, 3), "activation": ("gelu", "tanh")}), X, Y > 0),
    "one class": (MLPClassifier(**QUICK), X, np.zeros(150, int)),
    "several labels": (MLPClassifier(**QUICK), LABELS_X, LABELS_Y),
    "a number": (MLPRegressor(**QUICK, standardize=True), X, 100 + 5 * X[:, 0]),
    "two numbers": (MLPRegressor(**QUICK), X, X[:, :2]),
    "counts": (MLPRegressor("poisson", **QUICK), X, Y),
    "no hidden layer": (MLPClassifier(**{**QUICK, "hidden_layer_sizes": ()}), X, Y),
}


@pytest.fixture(params=MODELS)
def fitted(request):
    model, rows, targets = MODELS[request.param]
    return model.fit(rows, targets), rows


def test_the_weights_and_the_network_give_the_predictions(fitted):
    model, rows = fitted
    inputs = rows if model._scaling is None else model._scaling.apply(rows)
    expected = outputs(model.network_, model.weights_, inputs)
    np.testing.assert_allclose(model._outputs(rows), expected, rtol=1e-12, atol=1e-15)
    decided = model.predict(rows)
    if model.network_.law.name == "softmax":
        np.testing.assert_array_equal(decided, model.classes_[expected.argmax(axis=1)])


def test_the_script_predicts_the_same_with_numpy_alone(fitted):
    model, rows = fitted
    text = model.to_program()
    assert "chainrule" not in text
    space = {"__name__": "script"}
    exec(compile(text, "script", "exec"), space)
    if isinstance(model, MLPClassifier):
        np.testing.assert_array_equal(space["predict"](rows), model.predict(rows))
        np.testing.assert_allclose(space["predict_proba"](rows), model.predict_proba(rows), atol=1e-12)
    else:
        np.testing.assert_allclose(space["predict"](rows), model.predict(rows), rtol=1e-12)


def test_the_script_runs_on_a_csv(tmp_path):
    model = MLPClassifier(**QUICK).fit(X, KINDS)
    script, table = tmp_path / "predict.py", tmp_path / "rows.csv"
    script.write_text(model.to_program(), encoding="utf-8")
    np.savetxt(table, X[::50], delimiter=",")
    done = subprocess.run([sys.executable, "-W", "error", script, table], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [*model.predict(X[::50])]


def test_a_trace_follows_one_row_in_the_names_of_the_columns():
    frame = pd.DataFrame(X, columns=NAMES)
    model = MLPClassifier(**QUICK, standardize=True).fit(frame, KINDS)
    by_name = model.trace(dict(frame.iloc[60])).values["Y"]
    np.testing.assert_allclose(by_name, model.predict_proba(frame.iloc[60:61])[0], rtol=1e-12)
    np.testing.assert_array_equal(by_name, model.trace(frame.iloc[60], "versicolor").values["Y"])
    assert model.trace(X[60], "virginica").values["T"].tolist() == [0, 0, 1]
    assert "petal width" in model.trace(X[60]).text()
    with pytest.raises(cr.ChainruleError, match="no 'petal width'"):
        model.trace(dict.fromkeys(NAMES[:3], 1.0))
    with pytest.raises(cr.ChainruleError, match="3 numbers"):
        model.trace(X[0, :3])


def test_a_trace_of_a_number_stands_in_the_units_of_the_network():
    model = MLPRegressor(**QUICK, standardize=True).fit(X, 100 + 5 * X[:, 0])
    assert model._target_scaling is not None
    found = model._target_scaling.undo(model.trace(X[3], 120.0).values["Y"])
    assert found[0] == pytest.approx(model.predict(X[3:4])[0])
    assert model.trace(X[3], 120.0).values["T"][0] == pytest.approx(
        model._target_scaling.apply(np.array([[120.0]]))[0, 0]
    )


def test_the_derivation_is_that_of_the_network():
    model = MLPClassifier(**QUICK).fit(X, Y)
    assert model.derive("W2", detail="short").text() == cr.derive(model.network_, "W2", detail="short").text()


def test_the_gradient_of_the_network_is_checked():
    report = MLPClassifier(**QUICK).fit(X, Y).check()
    assert report.passed
    assert report.worst < 1e-12


def test_figures_are_drawn_of_what_was_trained():
    frame = pd.DataFrame(X, columns=NAMES)
    model = MLPClassifier(**QUICK).fit(frame, KINDS, X_val=frame, y_val=KINDS)
    assert model.plot().axes
    written = {text.get_text() for text in model.plot_network().axes[0].texts}
    assert {"setosa", "versicolor", "virginica"} <= written


def test_the_notebook_shows_scikit_learns_diagram_and_below_it_the_network():
    model = MLPClassifier(**QUICK)
    assert "<svg role" not in model._repr_html_()
    page = model.fit(X, KINDS)._repr_html_()
    assert "sk-top-container" in page
    assert f"The network {model.network_.notation}" in page
    assert model.outcome_.value in page
    assert model._repr_mimebundle_()["text/html"].count("<svg role") == 1


def test_the_history_has_a_line_an_epoch():
    model = MLPClassifier((3,), max_iter=4, random_state=0, early_stopping=True).fit(X, Y)
    assert [*model.history_.epoch] == [0, 1, 2, 3, 4]
    assert model.history_.has_validation()
    np.testing.assert_allclose(model.history_.validation_rate[1:], model.validation_scores_)
    assert model.outcome_.value.startswith("All epochs")


def test_what_is_not_fitted_says_so():
    for method in ("plot", "plot_network", "to_program", "derive", "check"):
        with pytest.raises(ValueError, match="not fitted"):
            getattr(MLPClassifier(), method)()
