"""Reports on a table's model and on estimators."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

import chainrule as cr
from chainrule.errors import DataError, SettingError
from chainrule.show import report_estimator, report_table
from chainrule.show.report.subject import Peer
from chainrule.show.style import number
from chainrule.tables.fit import fitted
from chainrule.tables.plan import planned


def plain(path: Path) -> str:
    """The words of a page."""
    text = re.sub(r"<(style|svg).*?</\1>", " ", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_a_tables_columns_are_told_as_they_were_understood(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 120
    size = rng.normal(10, 2, n)
    table = {
        "size": size,
        "colour": rng.choice(["red", "green", "blue"], n, p=[0.6, 0.3, 0.1]),
        "wet": rng.random(n) < 0.5,
        "code": [f"K{at:05d}" for at in range(n)],
        "always": np.ones(n),
        "price": 3 * size + rng.normal(0, 1, n),
    }
    plan = planned(table, "price")
    model = fitted(plan, penalty=1.0, epochs=60)
    peers = [Peer("boosting", "a forest", 0.5, float("nan"), error=7.125)]
    text = plain(report_table(tmp_path / "r.html", model, plan, peers=peers))
    score = model.score(plan.test_table)
    assert "Predicting price" in text
    assert f"root mean squared error is {score.error:.4g}" in text
    likelihood = model.score(plan.training_table).log_likelihood
    assert f"nats a row {number(likelihood, 3)}" in text
    assert "3 levels, the commonest first: red, green, blue" in text
    assert "identifier, left out" in text
    assert "one value throughout: it carries no weight" in text
    assert f"yes in {100 * np.mean(table['wet'][plan.training]):.1f} % of the rows" in text
    assert "boosting" in text
    assert "0.500" in text
    assert "7.125" in text


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_is_reported_with_the_rows_it_is_given(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(50, 10, (150, 4))
    y = np.array(["low", "mid", "high"])[np.digitize(X[:, 0] + X[:, 1], [90, 110])]
    model = cr.MLPClassifier(hidden_layer_sizes=(5,), standardize=True, random_state=0, max_iter=200).fit(
        X[:100], y[:100]
    )
    text = plain(model.report(tmp_path / "r.html", X[:100], y[:100], X_val=X[100:], y_val=y[100:], target="size"))
    assert "Predicting size" in text
    right = metrics.accuracy_score(y[100:], model.predict(X[100:]))
    assert f"On 50 held-out rows it is right in {100 * right:.1f}" in text
    assert {"low", "mid", "high"} <= set(re.findall(r"\w+", text))
    assert f"{X[:100, 0].min():.2f} to" in text  # in the columns' own unit
    bare = plain(copy.deepcopy(model).report(tmp_path / "bare.html"))  # no copy has rows
    assert "No rows were given" in bare
    with pytest.raises(DataError, match="100 rows and y has 99"):
        report_estimator(tmp_path / "no.html", model, (X[:100], y[:99]))
    with pytest.raises(SettingError, match="belong together"):
        model.report(tmp_path / "no.html", X)
    with pytest.raises(ValueError, match="features"):
        report_estimator(tmp_path / "no.html", model, (X[:, :2], y))
    assert not (tmp_path / "no.html").exists()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_figures_of_a_regressor_are_in_the_targets_unit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (90, 2))
    y = 1000 + 50 * X[:, 0] + rng.normal(0, 10, 90)
    model = cr.MLPRegressor(hidden_layer_sizes=(3,), standardize=True, solver="lbfgs", random_state=0).fit(X, y)
    text = plain(report_estimator(tmp_path / "r.html", model, (X, y)))
    assert f"root mean squared error {metrics.root_mean_squared_error(y, model.predict(X)):.4g}" in text
    assert f"R² {metrics.r2_score(y, model.predict(X)):.3f}" in text
    assert "Standardise" not in text
