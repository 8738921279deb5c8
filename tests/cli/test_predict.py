"""`chainrule predict`."""

from __future__ import annotations

import csv
import subprocess

import numpy as np
import pytest

import bad_inputs
import chainrule as cr
from command import command, content, in_a_process, read_csv, write_csv


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A table and its model."""
    folder = tmp_path_factory.mktemp("trained")
    table = folder / "flowers.csv"
    table.write_text(bad_inputs.flowers())
    assert command("train", table, "--target", "kind", "--no-figures", "--no-compare").status == 0
    return table, folder / "flowers.model"


def test_each_row_gets_its_label_and_probabilities_that_add_up(trained):
    table, model = trained
    status, out, err = command("predict", model, table)
    assert (status, err) == (0, "")
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["prediction", "p(large)", "p(small)", "far_outside"]
    loaded = cr.load(model)
    P = loaded.predict_proba(table)
    assert [[float(row["p(large)"]), float(row["p(small)"])] for row in rows] == P.tolist()
    assert [row["prediction"] for row in rows] == loaded.predict(table).tolist()
    assert np.abs(P.sum(axis=1) - 1).max() < 1e-12


def test_columns_are_found_by_name_and_others_are_told(trained, tmp_path):
    table, model = trained
    rows = read_csv(table)
    other = write_csv(
        tmp_path / "o.csv",
        ["note", "colour", "width", "length"],
        [["x", row["colour"], row["width"], row["length"]] for row in rows],
    )
    status, out, err = command("predict", model, other)
    assert (status, err) == (0, "Not read by the model: note.\n")
    assert out == command("predict", model, table).out


def test_missing_columns_are_listed(trained, tmp_path):
    _, model = trained
    other = write_csv(tmp_path / "o.csv", ["width", "size"], [[1, 2]])
    status, out, err = command("predict", model, other)
    assert (status, out) == (2, "")
    assert "lacks 2 of the 3 columns" in err
    assert "'length', 'colour'" in err


def test_a_bad_row_is_refused_or_left_empty(trained, tmp_path):
    _, model = trained
    rows = [["3.1", "1", "red"], ["", "1", "red"], ["4", "x", "red"], ["3.1", "1", "red"]]
    other = write_csv(tmp_path / "o.csv", ["length", "width", "colour"], rows)
    status, out, err = command("predict", model, other)
    assert (status, out) == (2, "")
    assert "1 missing value in column 'length' (first at line 3)" in err
    status, out, err = command("predict", model, other, "--on-bad-row", "nan")
    assert status == 0
    lines = out.splitlines()
    assert lines[1] == lines[4]
    assert lines[2] == lines[3] == ",,,"
    assert "2 rows without a prediction" in err
    assert command("predict", model, other, "--on-bad-row", "maybe").status == 2


def test_an_unseen_level_is_told_once_and_is_all_zeros(trained, tmp_path):
    _, model = trained
    other = write_csv(tmp_path / "o.csv", ["length", "width", "colour"], [["3", "1", "green"]] * 5)
    status, _, err = command("predict", model, other)
    assert status == 0
    assert err == "Column 'colour': 'green' was not seen in training; in 5 rows all inputs of the column are 0.\n"
    X = cr.load(model).contract.apply(cr.load(model).read(other)).X
    assert (X[:, 2:] == 0).all()


def test_a_row_far_outside_is_flagged(trained, tmp_path):
    _, model = trained
    other = write_csv(tmp_path / "o.csv", ["length", "width", "colour"], [["3e300", "1", "red"], ["3", "1", "red"]])
    status, out, err = command("predict", model, other)
    assert status == 0
    assert [row["far_outside"] for row in csv.DictReader(out.splitlines())] == ["yes", "no"]
    assert "1 row lies far outside the training range (line 2); 'length' is 3e+300" in err
    assert "nan" not in out


def test_text_that_a_spreadsheet_would_run_is_made_harmless(tmp_path):
    table = tmp_path / "t.csv"
    formulas = ("=cmd|' /C calc'!A0", "@x", "plain", "-a")
    table.write_text(bad_inputs.with_target(lambda at: formulas[at % 4]))
    assert command("train", table, "--target", "kind", "--no-figures", "--no-compare", "--epochs", 40).status == 0
    out = tmp_path / "p.csv"
    assert command("predict", tmp_path / "t.model", table, "--out", out).status == 0
    found = {row["prediction"] for row in read_csv(out)}
    assert found <= {"'=cmd|' /C calc'!A0", "'@x", "plain", "'-a"}
    assert "plain" in found
    assert len(found) > 1


def test_negative_numbers_stay_numbers(tmp_path):
    table = write_csv(tmp_path / "t.csv", ["x", "y"], [[i, -10 - 2 * i] for i in range(-30, 31)])
    assert command("train", table, "--target", "y", "--no-figures", "--no-compare").status == 0
    rows = list(csv.DictReader(command("predict", tmp_path / "t.model", table).out.splitlines()))
    predicted = np.array([float(row["prediction"]) for row in rows])
    assert np.abs(predicted - (-10 - 2 * np.arange(-30, 31))).max() < 2
    assert predicted.tolist() == cr.load(tmp_path / "t.model").predict(table).tolist()


@pytest.mark.parametrize("case", bad_inputs.FILES, ids=lambda case: case.what)
def test_a_file_that_is_no_model_is_refused(case, trained, tmp_path):
    path = tmp_path / "m.model"
    path.write_bytes(content(case.model))
    status, out, err = command("predict", path, trained[0])
    assert (status, out) == (2, "")
    assert len(err.splitlines()) <= 4
    for words in case.said:
        assert words in err


def test_a_plain_run_is_told_apart(trained, tmp_path):
    X = np.zeros((4, 2))
    cr.save(cr.train(cr.Network("2-3-1"), X, [0, 1, 0, 1], epochs=1), tmp_path / "m")
    assert "knows no columns" in command("predict", tmp_path / "m", trained[0]).err


def test_neither_the_table_nor_the_model_is_written_over(trained):
    table, model = trained
    before = table.read_bytes(), model.read_bytes()
    for out in (table, model):
        assert command("predict", model, table, "--out", out).status == 2
    assert (table.read_bytes(), model.read_bytes()) == before


def test_a_closed_pipe_ends_quietly(trained, tmp_path):
    model = trained[1]
    long = tmp_path / "long.csv"
    lines = bad_inputs.flowers().splitlines()
    long.write_text("\n".join([lines[0], *(lines[1:] * 500)]) + "\n")
    process = subprocess.Popen(
        in_a_process("predict", model, long), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("prediction,")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=240) == 0
    process.stderr.close()


def test_a_table_without_rows_of_its_own_is_refused(trained, tmp_path):
    other = write_csv(tmp_path / "o.csv", ["length", "width", "colour"], [])
    assert "no rows" in command("predict", trained[1], other).err
