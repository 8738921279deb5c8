"""`chainrule evaluate`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

import bad_inputs
import chainrule as cr
from command import command, write_csv


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    table = folder / "flowers.csv"
    table.write_text(bad_inputs.flowers(60))
    assert (
        command(
            "train", table, "--target", "kind", "--no-figures", "--no-compare", "--epochs", 3, "--penalty", 30
        ).status
        == 0
    )
    return table, folder / "flowers.model"


def figure(out: str, label: str) -> list[float]:
    line = next(line for line in out.splitlines() if line.strip().startswith(label))
    return [float(word) for word in line.split("(")[0].replace(label, "").split()]


def test_the_figures_are_those_of_scikit_learn(trained):
    table, model = trained
    out = command("evaluate", model, table).out
    loaded = cr.load(model)
    rows = loaded.read(table)
    truth, P = rows.columns["kind"].to_list(), loaded.predict_proba(table)
    assert figure(out, "classification rate")[0] == round(metrics.accuracy_score(truth, loaded.predict(table)), 3)
    assert figure(out, "classification rate")[1] == 0.5
    likelihood = -metrics.log_loss(truth, P, labels=loaded.classes)
    assert figure(out, "log-likelihood a row, nats")[0] == round(likelihood, 3)
    score = loaded.score(table)
    assert (score.confusion == metrics.confusion_matrix(truth, loaded.predict(table))).all()
    assert score.balanced_rate == pytest.approx(metrics.balanced_accuracy_score(truth, loaded.predict(table)))


def test_labels_not_seen_in_training_are_counted_apart(trained, tmp_path):
    _, model = trained
    other = tmp_path / "o.csv"
    other.write_text(bad_inputs.flowers() + "3,1,red,giant\n3,1,red,giant\n3,1,red,tiny\n")
    out = command("evaluate", model, other).out
    assert "Scored, 40 rows" in out
    assert "3 rows of classes not seen in training, counted nowhere above: 'giant' 2, 'tiny' 1" in out


def test_a_table_without_the_target_is_refused(trained, tmp_path):
    other = write_csv(tmp_path / "o.csv", ["length", "width", "colour"], [[3, 1, "red"]])
    status, _, err = command("evaluate", trained[1], other)
    assert status == 2
    assert "no column 'kind'" in err


def test_rows_without_a_target_are_refused_or_passed_over(trained, tmp_path):
    other = tmp_path / "o.csv"
    other.write_text(bad_inputs.flowers() + "3,1,red,\n")
    status, _, err = command("evaluate", trained[1], other)
    assert status == 2
    assert "line 42" in err
    out = command("evaluate", trained[1], other, "--on-bad-row", "nan").out
    assert "Scored, 40 rows" in out
    assert "1 row passed over" in out


def test_a_regression_says_r_squared_and_error_in_the_targets_unit(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = 5e5 + 1e5 * (x + 0.3 * rng.normal(size=200))
    table = write_csv(tmp_path / "t.csv", ["x", "y"], zip(x, y, strict=True))
    assert command("train", table, "--target", "y", "--no-figures", "--no-compare").status == 0
    out = command("evaluate", tmp_path / "t.model", table).out
    loaded = cr.load(tmp_path / "t.model")
    assert figure(out, "R²")[0] == round(metrics.r2_score(y, loaded.predict(table)), 3)
    assert figure(out, "R²")[0] > 0.85
    error = metrics.root_mean_squared_error(y, loaded.predict(table))
    assert figure(out, "RMSE, in the target's unit")[0] == pytest.approx(error, rel=1e-3)


def test_counts_say_the_share_of_the_deviance_explained(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = rng.poisson(np.exp(1 + x))
    table = write_csv(tmp_path / "t.csv", ["x", "y"], zip(x, y, strict=True))
    trained = command("train", table, "--target", "y", "--task", "count", "--no-figures", "--no-compare")
    assert trained.status == 0
    assert "1 exp" in trained.out
    out = command("evaluate", tmp_path / "t.model", table).out
    predicted = cr.load(tmp_path / "t.model").predict(table)
    assert figure(out, "deviance explained")[0] == pytest.approx(
        metrics.d2_tweedie_score(y, predicted, power=1), abs=0.01
    )
    assert np.corrcoef(predicted, np.exp(1 + x))[0, 1] > 0.97
