"""What `chainrule train` writes beside the model: figures, the report, the ONNX file."""

from __future__ import annotations

import os

import numpy as np
import pytest

import chainrule as cr
from command import command, write_csv

onnxruntime = pytest.importorskip("onnxruntime")


def table(path, kind="kind"):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.standard_normal(80)
    last = ["up" if value > 0 else "down" for value in y] if kind == "kind" else y
    return write_csv(path, ["a", "<b>", "c", kind], [[*x, value] for x, value in zip(X, last, strict=True)])


def trained(csv, *options):
    return command("train", csv, "--no-compare", "--epochs", 30, "--penalty", 1, *options)


def test_the_report_and_the_onnx_file_are_written_and_may_be_written_again(tmp_path):
    csv, report, onnx = table(tmp_path / "t.csv"), tmp_path / "r.html", tmp_path / "m.onnx"
    for _ in range(2):
        status, out, err = trained(csv, "--target", "kind", "--report", report, "--onnx", onnx, "--no-figures")
        assert (status, err) == (0, "")
        assert f"Report   {report}" in out
        assert f"ONNX     {onnx}" in out
    page = report.read_text("utf-8")
    assert "16 held-out rows" in page
    assert "&lt;b&gt;" in page
    model = cr.load(tmp_path / "t.model")
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    data = model.read(csv)
    feed = {name: data.columns[name].cast(float).to_numpy()[:, None] for name in ("a", "<b>", "c")}
    label, P = session.run(None, feed)
    assert (label == model.predict(data)).all()
    assert np.abs(P - model.predict_proba(data)).max() < 1e-6


def test_the_report_compares_with_the_other_models_that_were_trained(tmp_path):
    csv, report = table(tmp_path / "t.csv"), tmp_path / "r.html"
    options = ("--target", "kind", "--epochs", 30, "--penalty", 1, "--no-figures", "--report", report)
    assert command("train", csv, *options)[0] == 0
    page = report.read_text("utf-8")
    assert ">logistic</th>" in page
    assert "the network without a hidden layer, on the held-out rows" in page


def test_figures_of_a_quantity_show_predicted_against_true_and_those_of_classes_the_confusions(tmp_path):
    csv = table(tmp_path / "t.csv", "y")
    assert trained(csv, "--target", "y")[0] == 0
    folder = tmp_path / "t-figures"
    assert sorted(os.listdir(folder)) == ["history.png", "network.png", "predictions.png"]
    table(csv)
    assert trained(csv, "--target", "kind")[0] == 0
    assert sorted(os.listdir(folder)) == ["confusion.png", "history.png", "network.png"]


@pytest.mark.parametrize("option", ["--report", "--onnx"])
def test_no_file_of_another_kind_is_replaced_and_nothing_is_trained_first(option, tmp_path):
    csv = table(tmp_path / "t.csv")
    other = tmp_path / "precious.txt"
    other.write_text("precious")
    for place, words in ((other, "left alone"), (csv, "the table"), (tmp_path / "t.model", "the model file"),
                         (tmp_path / "nowhere" / "x", "There is no folder")):  # fmt: skip
        before = csv.read_bytes()
        status, out, err = trained(csv, "--target", "kind", option, place)
        assert (status, out) == (2, "")
        assert words in err
        assert csv.read_bytes() == before
    assert other.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["precious.txt", "t.csv"]


def test_the_report_and_the_onnx_file_need_two_names(tmp_path):
    csv, place = table(tmp_path / "t.csv"), tmp_path / "x"
    status, _, err = trained(csv, "--target", "kind", "--report", place, "--onnx", place)
    assert status == 2
    assert "--onnx" in err
    assert not place.exists()
