"""`chainrule train`: real tables, bad inputs, faults."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

import bad_inputs
import chainrule as cr
from command import command, content, in_a_process, read_csv, write_csv

QUICK = ("--no-figures", "--no-compare")

TABLES = {
    "iris": (datasets.load_iris, "espèce, de fleur", 0.93),
    "wine": (datasets.load_wine, 'the "class"', 0.93),
    "breast_cancer": (datasets.load_breast_cancer, " diagnosis ", 0.95),
    "digits": (datasets.load_digits, "Ziffer ß 🔢", 0.95),
    "diabetes": (datasets.load_diabetes, "progression (after 1 year)", 0.40),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_known_table_with_awkward_headers_trains_well_and_predicts_in_any_column_order(name, tmp_path):
    load, target, least = TABLES[name]
    data = load()
    names = [f' {old}, "{at}" é' for at, old in enumerate(data.feature_names)]
    labels = [str(data.target_names[t]) if hasattr(data, "target_names") else repr(float(t)) for t in data.target]
    rows = ([*map(float, x), label] for x, label in zip(data.data, labels, strict=True))
    table = write_csv(tmp_path / "table.csv", [*names, target], rows)
    status, out, err = command("train", table, "--target", target.strip(), *QUICK)
    assert (status, err) == (0, "")
    figure = next(line for line in out.splitlines() if "classification rate" in line or "R²" in line)
    assert float(re.search(r"-?[0-9]+\.[0-9]+", figure)[0]) >= least

    shuffled = np.random.default_rng(0).permutation(len(names) + 1)
    every = [[*map(float, x), label] for x, label in zip(data.data, labels, strict=True)]
    header = [*names, target]
    other = write_csv(
        tmp_path / "other.csv", [header[at] for at in shuffled], [[row[at] for at in shuffled] for row in every]
    )
    model = tmp_path / "table.model"
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    assert command("predict", model, table, "--out", first)[0] == 0
    assert command("predict", model, other, "--out", second)[0] == 0
    assert first.read_bytes() == second.read_bytes()
    predicted = [row["prediction"] for row in read_csv(first)]
    assert len(predicted) == len(labels)
    if name != "diabetes":
        assert np.mean(np.array(predicted) == np.array(labels)) >= least


@pytest.mark.parametrize("case", bad_inputs.TRAIN, ids=lambda case: f"{case.id}: {case.what}")
def test_what_is_handed_in_is_refused_or_told(case, tmp_path):
    table, model = tmp_path / case.name, tmp_path / "m.model"
    table.write_bytes(content(case.table))
    before = table.read_bytes()
    target = () if "--target" in case.options else ("--target", "kind")
    status, out, err = command("train", table, "--out", model, *QUICK, "--epochs", 60, *target, *case.options)
    assert table.read_bytes() == before
    for words in case.said:
        assert words in (err if case.policy == "refuse" else out).replace("\n         ", " "), out + err
    if case.policy == "refuse":
        assert status == 2
        assert 1 <= len(err.strip().splitlines()) <= 4
        assert os.listdir(tmp_path) == [table.name]
    else:
        assert (status, err) == (0, "")
        assert np.isfinite(cr.load(model).weights.flat).all()


@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "nowhere"])
def test_a_table_that_is_no_file_is_refused(kind, tmp_path):
    path = {"folder": tmp_path, "device": Path("/dev/zero")}.get(kind, tmp_path / kind)
    if kind == "fifo":
        os.mkfifo(path)
    status, _, err = command("train", path, "--target", "kind", "--out", tmp_path / "m.model")
    assert status == 2
    assert {"folder": "has no Parquet file", "nowhere": "There is no file"}.get(kind, "pipe or a device") in err


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.flowers())
    weights = []
    for at, seed in enumerate([1, 1, 2]):
        model = tmp_path / f"{at}.model"
        command("train", table, "--target", "kind", "--out", model, "--seed", seed, *QUICK)
        weights.append(cr.load(model).weights.flat)
    assert (weights[0] == weights[1]).all()
    assert not (weights[0] == weights[2]).all()


def test_the_model_is_checked_for_a_place_before_the_table_is_read(tmp_path):
    status, _, err = command("train", tmp_path / "no.csv", "--target", "y", "--out", tmp_path / "no" / "m")
    assert status == 2
    assert "There is no folder" in err


def test_a_file_that_is_no_model_is_not_written_over(tmp_path):
    table, other = tmp_path / "t.csv", tmp_path / "notes.txt"
    table.write_text(bad_inputs.flowers())
    other.write_text("precious")
    for out, words in ((other, "not a model file"), (table, "the table itself")):
        status, _, err = command("train", table, "--target", "kind", "--out", out)
        assert status == 2
        assert words in err
    assert other.read_text() == "precious"


def test_figures_are_written_beside_the_model(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.flowers())
    assert command("train", table, "--target", "kind", "--no-compare")[0] == 0
    found = sorted(path.name for path in (tmp_path / "t-figures").iterdir())
    assert found == ["confusion.png", "history.png", "network.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "t-figures").iterdir())


def test_ordinary_categories_and_booleans_are_understood(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.with_column("wet", lambda at: ("yes", "No")[at % 2]))
    status, out, _ = command(
        "train", table, "--target", "kind", *QUICK, "--hidden", "4 relu-3 tanh", "--categories", "wet"
    )
    assert status == 0
    assert "2 numbers, 2 categories, which make 7 inputs" in out
    assert "7-4 relu-3 tanh-1 sigmoid" in out
    status, out, _ = command("train", table, "--target", "kind", *QUICK)
    assert "2 numbers, 1 yes/no, 1 category, which make 6 inputs" in out


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_saves_the_weights_so_far(number, status, tmp_path):
    table, model = tmp_path / "t.csv", tmp_path / "m.model"
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 20))
    labels = rng.integers(2, size=3000)
    write_csv(table, [f"x{i}" for i in range(20)] + ["y"], [[*x, "ab"[t]] for x, t in zip(X, labels, strict=True)])
    options = ("--penalty", 1, "--learning-rate", 1e-3, "--epochs", 10_000_000, *QUICK)
    arguments = in_a_process("train", table, "--target", "y", "--out", model, *options)
    for seconds in (1, 5, 20):  # on a busy machine the signal may come before the first epoch: nothing to save then
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert any(line.startswith("Network") for line in process.stdout)
        time.sleep(seconds)
        process.send_signal(number)
        out, err = process.communicate(timeout=240)
        assert (process.returncode, err) == (status, "")
        if model.exists():
            break
    assert "weights so far are saved" in out
    assert cr.load(model).outcome.name == "INTERRUPTED"


def test_a_full_disk_leaves_the_old_model_and_says_how_much_was_needed(tmp_path):
    table, model = tmp_path / "t.csv", tmp_path / "m.model"
    table.write_text(bad_inputs.flowers())
    arguments = ["train", str(table), "--target", "kind", "--out", str(model), *QUICK]
    assert command(*arguments).status == 0
    before = model.read_bytes()
    script = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.argv = ["chainrule", *{arguments!r}]
from chainrule.cli.app import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert "It needs" in done.stderr
    assert model.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["m.model", "t.csv"]


def test_names_with_signs_of_mathematics_and_letters_without_a_font_make_figures_and_no_noise(tmp_path):
    table = tmp_path / "t.csv"
    text = bad_inputs.flowers(colour="花弁 🌹 $x^{$ <script>").replace("small", "$\\bad{$ 日本")
    table.write_text(text, encoding="utf-8")
    status, out, err = command("train", table, "--target", "kind", "--epochs", 20, "--penalty", 1, "--no-compare")
    assert (status, err) == (0, "")
    assert "their font lacks some letters" in out
    assert len(list((tmp_path / "t-figures").iterdir())) == 3


def test_a_confusion_matrix_of_an_earlier_model_is_not_left_beside_a_regression(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.flowers())
    options = ("--epochs", 5, "--penalty", 1, "--no-compare")
    command("train", table, "--target", "kind", *options)
    assert (tmp_path / "t-figures" / "confusion.png").exists()
    command("train", table, "--target", "width", *options)
    found = sorted(path.name for path in (tmp_path / "t-figures").iterdir())
    assert found == ["history.png", "network.png", "predictions.png"]


def test_a_network_worse_than_none_is_told(tmp_path):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(30, 12))
    table = write_csv(tmp_path / "t.csv", [f"x{at}" for at in range(11)] + ["y"], noise.tolist())
    status, out, _ = command("train", table, "--target", "y", *QUICK, "--penalty", 0)
    assert status == 0
    assert "worse than a model without inputs" in " ".join(out.split())


def test_levels_that_only_the_rows_held_out_have_are_told(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.with_column("rare", lambda at: f"r{at}" if at < 15 else "common"))
    out = command("train", table, "--target", "kind", *QUICK, "--epochs", 5, "--penalty", 1).out
    assert "were not seen in training" in " ".join(out.split())


def flowers(tmp_path: Path, rows: int = 60) -> Path:
    table = tmp_path / "t.csv"
    table.write_text(bad_inputs.flowers(rows))
    return table


def test_other_models_stand_beside_the_network_on_the_same_rows(tmp_path):
    """The figures of boosting are those of scikit-learn itself on the split that the plan makes."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from chainrule.tables.plan import planned

    table = flowers(tmp_path, 100)
    status, out, err = command("train", table, "--target", "kind", "--no-figures", "--penalty", 1, "--epochs", 20)
    assert (status, err) == (0, "")
    heading = next(line for line in out.splitlines() if line.startswith("Held out"))
    assert heading.split()[-5:] == ["network", "without", "inputs", "logistic", "boosting"]
    plan = planned(table, "kind")
    labels = lambda rows: rows.columns["kind"].to_list()  # noqa: E731
    theirs = HistGradientBoostingClassifier(random_state=0).fit(
        plan.contract.apply(plan.training_table).X, labels(plan.training_table)
    )
    rate = theirs.score(plan.contract.apply(plan.test_table).X, labels(plan.test_table))
    figures = next(line for line in out.splitlines() if "classification rate" in line).split()
    assert float(figures[-1]) == pytest.approx(rate, abs=5e-4)
    widths = {len(line) for line in out.splitlines() if line.startswith(("Held out", "  classification", "  log-like"))}
    assert len(widths) == 1
    assert re.search(r"HistGradientBoosting of scikit-learn [0-9.]+, [0-9.]+ s", out)


@pytest.mark.parametrize(("task", "name"), [("regress", "linear"), ("count", "Poisson")])
def test_quantities_and_counts_have_other_models_too(task, name, tmp_path):
    table = tmp_path / "t.csv"
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, size=120)
    y = rng.poisson(np.exp(x)) if task == "count" else 3 * x + rng.normal(size=120)
    write_csv(table, ["x", "y"], zip(x.tolist(), y.tolist(), strict=True))
    status, out, err = command("train", table, "--target", "y", "--task", task, "--no-figures", "--epochs", 30)
    assert (status, err) == (0, "")
    assert next(line for line in out.splitlines() if line.startswith("Held out")).split()[-2:] == [name, "boosting"]


def test_a_model_that_cannot_be_compared_with_is_told_and_does_no_harm(tmp_path, monkeypatch):
    import importlib

    from chainrule.errors import SettingError

    boosting = importlib.import_module("chainrule.estimators.boosting")  # the one that the command will import

    def fails(*arguments):
        raise SettingError("it would not")

    monkeypatch.setattr(boosting, "boosted", fails)
    status, out, _ = command("train", flowers(tmp_path), "--target", "kind", "--no-figures", "--epochs", 5)
    assert status == 0
    assert "not compared: it would not" in " ".join(out.split())


@pytest.mark.parametrize("solver", ["lbfgs", "newton", "adam", "adamw", "nesterov", "momentum", "ascent"])
def test_every_solver_trains_and_those_on_mini_batches_stop_early_by_rows_set_apart(solver, tmp_path):
    table, model = flowers(tmp_path, 200), tmp_path / "t.model"
    status, out, err = command("train", table, "--target", "kind", *QUICK, "--solver", solver, "--penalty", 0.1)
    assert (status, err) == (0, "")
    found = cr.load(model)
    assert found.settings["solver"] == solver
    assert found.score(table).rate > 0.9
    assert found.history.has_validation() == (solver not in ("lbfgs", "newton"))
    assert ("set apart to look at" in out) == found.history.has_validation()


def test_a_solver_that_there_is_not_is_refused_by_name(tmp_path):
    status, _, err = command("train", flowers(tmp_path), "--target", "kind", "--solver", "adamm")
    assert status == 2
    assert "There is no solver 'adamm'" in err
    assert "Did you mean 'adam'?" in err


def test_a_time_budget_ends_the_training_and_is_told(tmp_path):
    options = ("--time-budget", 0.3, "--solver", "adam", "--epochs", 10_000_000, "--batch-size", 4)
    status, out, _ = command("train", flowers(tmp_path, 45), "--target", "kind", *QUICK, *options)
    assert status == 0
    assert "The time was up" in out
    assert cr.load(tmp_path / "t.model").outcome.name == "TIME_LIMIT"
    status, _, err = command("train", tmp_path / "t.csv", "--target", "kind", "--time-budget", 0)
    assert status == 2
    assert "above 0" in err


def test_a_training_goes_on_from_its_checkpoint_to_the_same_model(tmp_path):
    table, checkpoint = flowers(tmp_path), tmp_path / "c"
    whole, parts = tmp_path / "whole.model", tmp_path / "parts.model"
    same = ("train", table, "--target", "kind", *QUICK)
    assert command(*same, "--out", whole, "--epochs", 40).status == 0
    assert command(*same, "--out", parts, "--epochs", 7, "--checkpoint", checkpoint).status == 0
    assert sorted(path.name for path in tmp_path.glob("c*")) == ["c", "c.penalty"]
    refusal = command(*same, "--out", parts, "--epochs", 40, "--checkpoint", checkpoint)
    assert refusal.status == 2
    assert "--resume" in refusal.err
    assert command(*same, "--out", parts, "--epochs", 40, "--checkpoint", checkpoint, "--resume").status == 0
    assert (cr.load(parts).weights.flat == cr.load(whole).weights.flat).all()
    status, _, err = command("train", table, "--target", "width", *QUICK, "--checkpoint", checkpoint, "--resume")
    assert status == 2
    assert "of another training" in err


def test_the_penalty_is_not_chosen_again_when_a_training_goes_on(tmp_path, monkeypatch):
    from chainrule.tables import fit

    table, checkpoint = flowers(tmp_path), tmp_path / "c"
    options = ("--checkpoint", checkpoint, "--resume", "--epochs", 9)
    assert command("train", table, "--target", "kind", *QUICK, *options).status == 0
    monkeypatch.setattr(fit, "chosen", None)  # not callable
    assert command("train", table, "--target", "kind", *QUICK, *options).status == 0
    assert command("train", table, "--target", "kind", *QUICK, *options, "--epochs", 300).status == 0
    status, _, err = command("train", table, "--target", "kind", "--resume")
    assert (status, "--checkpoint" in err) == (2, True)
    (tmp_path / "notes").write_text("precious")
    status, _, err = command("train", table, "--target", "kind", "--checkpoint", tmp_path / "notes", "--resume")
    assert (status, (tmp_path / "notes").read_text()) == (2, "precious")
    assert "not a checkpoint" in err
    (tmp_path / "new.penalty").write_text("precious")
    status, _, err = command("train", table, "--target", "kind", "--checkpoint", tmp_path / "new")
    assert (status, (tmp_path / "new.penalty").read_text()) == (2, "precious")
    assert "left alone" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_before_the_first_epoch_says_that_nothing_is_saved(number, tmp_path, monkeypatch):
    from chainrule.tables import fit

    monkeypatch.setattr(fit, "fitted", lambda *_, **__: signal.raise_signal(number))
    status, out, err = command("train", flowers(tmp_path), "--target", "kind", *QUICK)
    assert status == (130 if number == signal.SIGINT else 143)
    assert "nothing is saved" in out
    assert err == ""
    assert not (tmp_path / "t.model").exists()


def test_an_interrupt_while_others_are_trained_keeps_the_model_and_its_figures(tmp_path, monkeypatch):
    from chainrule.estimators import boosting

    monkeypatch.setattr(boosting, "boosted", lambda *_: signal.raise_signal(signal.SIGINT))
    status, out, _ = command("train", flowers(tmp_path), "--target", "kind", "--no-figures", "--epochs", 5)
    assert status == 130
    assert "classification rate" in out
    assert "Interrupted while training other models" in out
    assert cr.load(tmp_path / "t.model").outcome.name != "INTERRUPTED"


def test_a_network_that_learnt_less_than_nothing_is_told(tmp_path):
    options = ("--epochs", 0, "--penalty", 1, "--seed", 2)  # with the weights as they were drawn
    status, out, err = command("train", flowers(tmp_path), "--target", "kind", *QUICK, *options)
    assert (status, err) == (0, "")
    assert "worse than the best constant prediction" in " ".join(out.split())
    assert "worse than the best constant" in cr.load(tmp_path / "t.model").settings["verdict"]
