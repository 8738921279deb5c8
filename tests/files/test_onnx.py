"""ONNX files: run by onnxruntime they say what the network says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DataError, MissingDependencyError, ModelFileError, SettingError
from chainrule.files.onnx import run_to_onnx, table_to_onnx, to_onnx
from chainrule.functions import Activation, register
from chainrule.kernels import outputs
from command import write_csv
from support import KINKED, LAWS, SMOOTH, networks, problem

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

OWN = {
    "bump": "exp(-a**2)",
    "steps": "where(a > 1, log(1 + a), sin(a) * erf(a) + abs(a)**3 / 7)",
    "many": "maximum(a, 0.2) - cos(a) * sqrt(1 + a**2) + minimum(tanh(a), pi / 4) + softplus(a) * sigmoid(-a)",
    "less_one": "exp(a) - 1",
}


def ran(path: Path, **feed: Any) -> dict[str, Any]:
    """The outputs by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feed), strict=True))


@pytest.fixture(scope="module")
def own_activations() -> tuple[str, ...]:
    for name, formula in OWN.items():
        cr.activation(name, formula)
    return tuple(OWN)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-6), ("float64", 1e-9)])
def test_every_activation_and_law_says_the_same_over_a_grid(dtype, tolerance, own_activations, tmp_path):
    """Probabilities and numbers (relative to the largest), counts by their logarithms; Erf is float32 at best."""
    seen = set()
    exact = tuple(name for name in (*SMOOTH, *KINKED, *own_activations) if name not in ("gelu", "steps"))
    for net in networks(64, range(5), exact if tolerance < 1e-6 else SMOOTH + KINKED + own_activations):
        weights, X, _ = problem(net, rows=30)
        mean, scale = np.linspace(-500, 1000, net.D), np.linspace(0.5, 20, net.D)
        X = (mean + scale * X).astype(dtype)
        to_onnx(net, weights, tmp_path / "m.onnx", scaling=(mean, scale), dtype=dtype)
        got = ran(tmp_path / "m.onnx", X=X)
        Y = outputs(net, weights, (X - mean) / scale)
        if net.law.has_classes:
            assert set(got) == {"label", "probabilities"}
            P = np.hstack([1 - Y, Y]) if net.K == 1 else Y
            assert got["probabilities"].dtype == dtype
            assert np.abs(got["probabilities"] - P).max() <= tolerance
            label = P.argmax(axis=1) if net.law.name == "softmax" or net.K == 1 else (P > 0.5).astype(int)
            assert (got["label"] == label).mean() > 0.99
        else:
            assert set(got) == {"variable"}
            received, exactly = (np.log(got["variable"]), np.log(Y)) if net.law.name == "exp" else (got["variable"], Y)
            assert np.abs(received - exactly).max() <= tolerance * max(np.abs(exactly).max(), 1.0)
        seen |= {layer.function for layer in net.layers}
    assert seen >= {*exact, *LAWS}


@pytest.mark.parametrize(
    ("classes", "notation"),
    [
        (["rot", "grün", "<b>"], "2-4 tanh-3"),
        ([10, 20, -3], "2-4 tanh-3"),
        ([0.5, 1.5, 2.5], "2-4 tanh-3"),
        ([False, True], "2-3 tanh-1"),
        (["no", "yes"], "2-1"),
    ],
)
def test_labels_are_the_classes_themselves_in_their_own_type(classes, notation, tmp_path):
    net = cr.Network(notation)
    weights, X, _ = problem(net, rows=50)
    for bias in weights.b[1:]:
        bias[...] = 0.0  # so that opposite inputs have different classes
    X = X.astype(np.float32)
    to_onnx(net, weights, tmp_path / "m.onnx", classes=classes)
    got = ran(tmp_path / "m.onnx", X=X)
    Y = outputs(net, weights, X.astype(float))
    at = (Y[:, 0] > 0.5).astype(int) if net.K == 1 else Y.argmax(axis=1)
    assert len(set(at)) > 1
    assert got["label"].tolist() == [classes[k] for k in at]
    assert got["probabilities"].dtype == np.float32


def test_a_run_is_written_with_its_classes(tmp_path):
    X, labels = cr.datasets.three_clusters(per_class=30)
    names = np.array(["left", "right", "below"])[labels]
    run = cr.train(cr.Network("2-3-3"), X, names, solver="lbfgs", epochs=30)
    run_to_onnx(run, tmp_path / "m.onnx", dtype="float64")
    got = ran(tmp_path / "m.onnx", X=X)
    assert (got["label"] == run.predict(X)).all()
    assert np.abs(got["probabilities"] - run.predict_proba(X)).max() < 1e-6


ESTIMATORS = {
    "classes": (
        cr.MLPClassifier,
        {"standardize": True},
        lambda X: np.array(["a", "b", "c"])[np.digitize(X[:, 0], [490, 510])],
    ),
    "two classes": (cr.MLPClassifier, {}, lambda X: X[:, 0] > 500),
    "one class": (cr.MLPClassifier, {}, lambda X: np.full(len(X), "alone")),
    "several labels": (cr.MLPClassifier, {"standardize": True}, lambda X: (X > X.mean(axis=0)).astype(int)),
    "a number": (cr.MLPRegressor, {"standardize": True}, lambda X: 1e4 + 300 * X[:, 0]),
    "two numbers, one always the same": (
        cr.MLPRegressor,
        {"standardize": True},
        lambda X: np.column_stack([X[:, 0], np.full(len(X), 7.0)]),
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_written_with_its_scaling_and_its_classes(name, tmp_path):
    kind, options, targets = ESTIMATORS[name]
    X = np.random.default_rng(0).normal(500, 20, (80, 3))
    y = targets(X)
    model = kind(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=30, random_state=0, **options).fit(X, y)
    model.to_onnx(tmp_path / "m.onnx", dtype="float64")
    got = ran(tmp_path / "m.onnx", X=X)
    expected = model.predict(X)
    if kind is cr.MLPRegressor:
        assert np.abs(got["variable"] - expected.reshape(len(X), -1)).max() <= 1e-11 * np.abs(expected).max()
    else:
        assert (got["label"] == expected).all()
        assert np.abs(got["probabilities"] - model.predict_proba(X)).max() <= 1e-11


def mixed_table(path: Path, target: str) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for at in range(240):
        size, colour, wet = rng.normal(1e6, 3), rng.choice(["red", "blue", "grün"]), rng.random() < 0.4
        y = size - 1e6 + {"red": 3.0, "blue": -2.0}.get(colour, 0.0) + 2 * wet + rng.normal(0, 0.5)
        kind = "low" if y < 0 else "mid" if y < 3 else "high"
        rows.append([f"{size:.3f}" if at % 17 else "", colour if at % 23 else "", "yes" if wet else "no", y, kind])
    keep = [0, 1, 2, 3 if target == "y" else 4]
    return write_csv(path, [("label", "colour =", "wet?", "y", "kind")[k] for k in keep],
                     [[row[k] for k in keep] for row in rows])  # fmt: skip


@pytest.mark.parametrize("target", ["y", "kind"])
def test_a_tables_model_takes_its_columns_by_name_and_says_the_same(target, tmp_path):
    table = mixed_table(tmp_path / "t.csv", target)
    model = cr.train_table(table, target, missing="median", epochs=40, penalty=1.0)
    table_to_onnx(model, tmp_path / "m.onnx")
    names = json.loads({p.key: p.value for p in onnx.load(tmp_path / "m.onnx").metadata_props}["columns"])
    label = "label (input)" if target == "kind" else "label"  # an output is called so
    assert names == {"label": label, "colour =": "colour =", "wet?": "wet?"}
    data = model.read(table)
    size = np.array([float(cell or "nan") for cell in data.columns["label"].to_list()])
    colour = np.array([cell or "" for cell in data.columns["colour ="].to_list()], dtype=object)
    wet = np.array([cell in (True, "yes") for cell in data.columns["wet?"].to_list()])
    feed = {label: size[:, None], "colour =": colour[:, None], "wet?": wet[:, None]}
    got = ran(tmp_path / "m.onnx", **feed)
    if target == "y":
        assert np.abs(got["variable"][:, 0] - model.predict(data)).max() < 1e-10
    else:
        assert np.abs(got["probabilities"] - model.predict_proba(data)).max() < 1e-12
        assert (got["label"] == model.predict(data)).all()
    unseen = ran(tmp_path / "m.onnx", **{**feed, "colour =": np.full((240, 1), "violet", dtype=object)})
    other = {"label": size.tolist(), "colour =": ["violet"] * 240, "wet?": wet.tolist()}
    if target == "y":
        assert np.abs(unseen["variable"][:, 0] - model.predict(other)).max() < 1e-10


def test_inputs_far_outside_stay_numbers(tmp_path):
    net = cr.Network("1-4 relu-2")
    to_onnx(net, net.initial_weights(), tmp_path / "m.onnx", scaling=(0.0, 1e-300), dtype="float64")
    got = ran(tmp_path / "m.onnx", X=np.array([[1e300], [-1e300], [0.0]]))
    assert np.isfinite(got["probabilities"]).all()


def test_the_same_model_gives_the_same_bytes_and_the_checker_of_onnx_is_content(tmp_path):
    net = cr.Network("3-5 mish-4 swish-3")
    for name in ("a", "b"):
        to_onnx(net, net.initial_weights(), tmp_path / name, scaling=(1.0, 2.0), classes=["x", "y", "z"])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    model = onnx.load(tmp_path / "a")
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.ir_version) == ("chainrule", 8)


def test_what_cannot_be_written_is_refused_and_leaves_the_old_file(tmp_path):
    net = cr.Network("2-3-3")
    weights = net.initial_weights()
    place = tmp_path / "m.onnx"
    place.write_bytes(b"old")
    with pytest.raises(DataError, match="3 classes and 2 were given"):
        to_onnx(net, weights, place, classes=["a", "b"])
    with pytest.raises(DataError, match="does not fit the 2 inputs"):
        to_onnx(net, weights, place, scaling=(np.zeros(3), np.ones(3)))
    with pytest.raises(DataError, match="scale of 0"):
        to_onnx(net, weights, place, scaling=(0.0, 0.0))
    with pytest.raises(DataError, match="belong to"):
        to_onnx(net, cr.Network("2-3").initial_weights(), place)
    with pytest.raises(SettingError, match="float32 or float64"):
        to_onnx(net, weights, place, dtype="int8")
    text = "log_gamma(1 + exp(a))"
    register(Activation("stirling", formula=text, value=text, slope="z", curvature="z"))
    own = cr.Network("2-3 stirling-3")
    with pytest.raises(SettingError, match="log_gamma"):
        to_onnx(own, own.initial_weights(), place)
    with pytest.raises(ModelFileError):
        to_onnx(net, weights, tmp_path / "nowhere" / "m.onnx")
    assert place.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["m.onnx"]


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    net = cr.Network("2-3")
    with pytest.raises(MissingDependencyError, match=r"pip install 'chainrule\[onnx\]'"):
        to_onnx(net, net.initial_weights(), tmp_path / "m.onnx")
    assert not os.listdir(tmp_path)
