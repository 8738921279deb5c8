"""In the company of scikit-learn's other tools, pandas and polars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
MODEL = MLPClassifier((6,), solver="lbfgs", max_iter=60, random_state=0)


def test_at_the_end_of_a_pipeline_in_a_grid_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MODEL),
        {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__activation": ["tanh", "relu"]},
        cv=3,
        n_jobs=2,
    )
    search.fit(X, Y)
    assert search.best_score_ > 0.93
    assert search.best_estimator_[-1].network_.M == (4, 6, 3)


def test_cross_validated_predictions_calibration_voting_and_bagging():
    assert (cross_val_predict(MODEL, X, Y, cv=3) == Y).mean() > 0.9
    assert cross_val_predict(MODEL, X, Y, cv=3, method="predict_proba").shape == (150, 3)
    assert (
        cross_val_score(MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0), X, X[:, 0]).mean() > 0.9
    )
    calibrated = CalibratedClassifierCV(MODEL, cv=3, method="sigmoid").fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    voted = VotingClassifier([("mlp", MODEL), ("lr", LogisticRegression(max_iter=1000))], voting="soft").fit(X, Y)
    assert voted.score(X, Y) > 0.9
    assert BaggingClassifier(MODEL, n_estimators=3, n_jobs=2, random_state=0).fit(X, Y).score(X, Y) > 0.9
    assert permutation_importance(MODEL.fit(X, Y), X, Y, n_repeats=2, random_state=0).importances_mean.max() > 0.1


@pytest.mark.parametrize("frame", [pd.DataFrame(X, columns=NAMES), pl.DataFrame(X, schema=NAMES)])
def test_data_frames_give_the_numbers_of_arrays_and_their_columns_are_known(frame):
    model = MLPClassifier(**MODEL.get_params()).fit(frame, Y)
    plain = MLPClassifier(**MODEL.get_params()).fit(X, Y)
    assert [*model.feature_names_in_] == NAMES
    assert model.predict_proba(frame).tobytes() == plain.predict_proba(X).tobytes()
    swapped = frame[NAMES[::-1]]
    with pytest.raises(ValueError, match="order"):
        model.predict(swapped)
    with pytest.raises(ValueError, match="petal width"):
        model.predict(frame[NAMES[:3]] if isinstance(frame, pd.DataFrame) else frame.select(NAMES[:3]))


def test_early_stopping_and_scorers_work_on_named_columns_without_a_warning():
    frame = pd.DataFrame(X, columns=NAMES)
    model = MLPClassifier((4,), early_stopping=True, scoring="neg_log_loss", max_iter=3).fit(frame, Y)
    model.fit(frame, Y, X_val=frame[::2], y_val=Y[::2])
    assert len(model.validation_scores_) == 3


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_a_pipeline_whose_steps_pass_frames_on(output):
    steps = make_pipeline(StandardScaler().set_output(transform=output), MODEL)
    assert steps.fit(pd.DataFrame(X, columns=NAMES), Y).score(pd.DataFrame(X, columns=NAMES), Y) > 0.9
    assert [*steps[-1].feature_names_in_] == NAMES


def test_labels_keep_their_type():
    for labels in (
        np.array(["a", "b", "c"])[Y],
        pd.Series(Y == 2, dtype="boolean"),
        Y.astype(np.int8),
        Y == 1,
        np.array([0, 2, 5])[Y],
        pd.Series(np.array(["x", "y"])[(Y > 0).astype(int)]),
    ):
        model = MLPClassifier(**MODEL.get_params()).fit(X, labels)
        plain = labels.to_numpy(dtype=bool) if str(labels.dtype) == "boolean" else np.asarray(labels)
        assert model.predict(X).dtype == model.classes_.dtype
        assert model.classes_.dtype.kind == ("U" if plain.dtype.kind == "O" else plain.dtype.kind)
        assert set(model.predict(X)) <= set(plain)


def test_sample_weights_and_validation_rows_are_routed_through_a_pipeline():
    weight = np.random.default_rng(0).integers(1, 4, len(X)).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        inner = MLPClassifier(**MODEL.get_params()).set_fit_request(sample_weight=True, X_val=True, y_val=True)
        steps = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), inner)
        options = {"transform_input": ["X_val"]}
        steps.set_params(**options) if "transform_input" in steps.get_params() else None
        steps.fit(X, Y, sample_weight=weight, X_val=X[:30], y_val=Y[:30])
        alone = MLPClassifier(**MODEL.get_params())
        Z = StandardScaler().fit_transform(X)
        alone.fit(Z, Y, sample_weight=weight, X_val=Z[:30], y_val=Y[:30])
    assert steps[-1].predict_proba(Z).tobytes() == alone.predict_proba(Z).tobytes()
    if "transform_input" in steps.get_params():
        assert steps[-1].validation_scores_ == alone.validation_scores_


callback = pytest.importorskip("sklearn.callback", reason="this scikit-learn has no callbacks")


class Told:
    """A callback that writes down what it is told, and stops the fit after some epochs."""

    def __init__(self, stop_after=None):
        self.lines, self.stop_after, self.scores = [], stop_after, []

    def setup(self, estimator, context):
        self.lines.append("setup")

    def teardown(self, estimator, context):
        self.lines.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.lines.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.lines.append(f"end {context.task_name} {context.task_id}")
        self.scores.append(fitted_estimator.score(X, y))
        return self.stop_after is not None and context.task_id + 1 == self.stop_after


def test_callbacks_are_told_of_every_epoch_in_order_and_may_stop():
    told = Told()
    model = MLPClassifier((4,), max_iter=2).set_callbacks(told).fit(X, Y)
    assert told.lines == [
        "setup", "begin fit 0", "begin epoch 0", "end epoch 0", "begin epoch 1", "end epoch 1", "end fit 0", "teardown",
    ]  # fmt: skip
    assert told.scores[-1] == told.scores[-2] == model.score(X, Y)
    stopped = MLPClassifier((4,), max_iter=9).set_callbacks(Told(stop_after=3)).fit(X, Y)
    assert stopped.n_iter_ == 3
    assert stopped.outcome_.name == "STOPPED"
    starts = Told()
    MLPClassifier((4,), max_iter=1, restarts=2).set_callbacks(starts).fit(X, Y)
    assert [line for line in starts.lines if "epoch" in line] == ["begin epoch 0", "end epoch 0"] * 2


def test_scikit_learns_own_callbacks_work(capsys):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((4,), max_iter=3, random_state=0).set_callbacks(monitor, callback.ProgressBar()).fit(X, Y)
    log = monitor.get_logs()
    rows = (log[0] if isinstance(log, list | tuple) else log).data
    scores = [row.get("accuracy", row.get("score")) for row in rows]
    assert len(scores) >= 3
    assert scores[-1] == model.score(X, Y)


def test_callbacks_reach_through_a_grid_search():
    bar = callback.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((4,), max_iter=2, random_state=0).set_callbacks(bar)
    GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(X, Y)
    assert bar.get_logs(select="all")
