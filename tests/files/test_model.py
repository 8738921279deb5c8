"""Saving and loading models."""

from __future__ import annotations

import dataclasses
import io
import pickle
import subprocess
import sys
import tracemalloc

import joblib
import numpy as np
import pytest

import bad_inputs
import chainrule as cr
from chainrule.errors import ModelFileError, SettingError
from chainrule.files import model as files
from command import content


def flower_model(**options) -> cr.TableModel:
    rows = [line.split(",") for line in bad_inputs.flowers().splitlines()]
    table = {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}
    return cr.train_table(table, "kind", epochs=20, penalty=1, **options)


@pytest.fixture(scope="module")
def model() -> cr.TableModel:
    return flower_model()


def test_a_model_of_a_table_comes_back_with_everything(model, tmp_path):
    cr.save(model, tmp_path / "m")
    back = cr.load(tmp_path / "m")
    assert isinstance(back, cr.TableModel)
    assert back.network == model.network
    assert (back.weights.flat == model.weights.flat).all()
    assert back.contract == model.contract
    assert back.target == model.target
    assert back.outcome is model.outcome
    assert [*map(repr, back.history)] == [*map(repr, model.history)]
    assert back.settings == files._plain(model.settings)
    row = {"length": [3.0], "width": [1.0], "colour": ["red"]}
    assert (back.predict_proba(row) == model.predict_proba(row)).all()


@pytest.mark.parametrize(
    "labels",
    [np.array(["b", "a", "é"]), np.array([7, -2, 2**62]), np.array([0.1, 2.5, 1e300]), np.array([1, 0, 2], np.uint8)],
    ids=["text", "int", "float", "uint8"],
)
def test_a_run_comes_back_with_its_classes_type(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 2))
    run = cr.train(cr.Network("2-3-3"), X, np.repeat(labels, 10), epochs=5, learning_rate=1e-3, freeze=("W2",))
    cr.save(run, tmp_path / "m")
    back = cr.load(tmp_path / "m")
    assert back.coding.classes.dtype == run.coding.classes.dtype
    assert (back.predict(X) == run.predict(X)).all()
    assert (back.predict_proba(X) == run.predict_proba(X)).all()
    assert back.settings == run.settings


def test_a_run_without_classes_comes_back(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 2))
    run = cr.train(cr.Network("2-3-1 identity"), X, X[:, 0], epochs=5, learning_rate=1e-3)
    cr.save(run, tmp_path / "m")
    assert (cr.load(tmp_path / "m").predict(X) == run.predict(X)).all()


def test_saving_again_what_was_loaded_gives_the_same_bytes(model, tmp_path):
    cr.save(model, tmp_path / "m")
    assert files.dumped(cr.load(tmp_path / "m")) == (tmp_path / "m").read_bytes()


def test_truncations_and_flipped_bits_of_a_real_model_are_refused(model):
    whole = files.dumped(model)
    rng = np.random.default_rng(0)
    for length in rng.integers(0, len(whole), size=300):
        with pytest.raises(ModelFileError):
            files.loaded(whole[:length])
    for at, bit in zip(rng.integers(0, len(whole), size=1000), rng.integers(0, 8, size=1000), strict=True):
        torn = bytearray(whole)
        torn[at] ^= 1 << int(bit)
        with pytest.raises(ModelFileError):
            files.loaded(bytes(torn))


@pytest.mark.parametrize("case", bad_inputs.FILES, ids=lambda case: case.what)
def test_another_kind_of_file_is_named_and_never_opened(case, tmp_path):
    path = tmp_path / "m.model"
    path.write_bytes(content(case.model))
    with pytest.raises(ModelFileError) as refused:
        cr.load(path)
    for words in case.said:
        assert words in str(refused.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_code_does_not(protocol, tmp_path):
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return open, (str(ran), "w")

    path = tmp_path / "m.model"
    path.write_bytes(pickle.dumps(Evil(), protocol=protocol))
    with pytest.raises(ModelFileError):
        cr.load(path)
    assert not ran.exists()


def test_a_compressed_joblib_file_is_named(tmp_path):
    joblib.dump({"a": np.ones(9)}, tmp_path / "m", compress=3)
    with pytest.raises(ModelFileError, match="joblib"):
        cr.load(tmp_path / "m")


def changed(model, **facts) -> bytes:
    """A file of a model with some facts replaced, and a digest that fits."""
    import chainrule.files.container as container

    tensors, old = container.unpacked(files.dumped(model), "x")
    return container.packed(tensors, {**old, **facts})


@pytest.mark.parametrize(
    "facts",
    [
        {"format": 2},
        {"format": None},
        {"notation": "5-5 tanh-1"},
        {"notation": "__import__('os')"},
        {"notation": "99999999-99999999-1"},
        {"notation": 3},
        {"outcome": "WONDERFUL"},
        {"kind": "TableModel", "contract": [{"name": 1}]},
        {"contract": []},
        {"contract": {}},
        {"target": {}},
        {"settings": None, "activations": [1]},
        {"settings": 3},
        {"settings": {"missing_words": "NA"}},
        {"target": {"name": "kind", "task": "classify", "classes": ["a", "b"], "counts": [1, 1], "type": "number"}},
        {"target": {"name": "kind", "task": "classify", "classes": ["a", "b"], "counts": [1], "type": "text"}},
        {"target": {"name": "kind", "task": "classify", "classes": ["a", "a"], "counts": [1, 1], "type": "text"}},
        {"activations": {"tanh": "a"}},
        {"activations": {"evil": "__import__('os').system('true')"}},
    ],
    ids=str,
)
def test_facts_that_describe_no_model_are_refused(facts, model):
    with pytest.raises(ModelFileError):
        files.loaded(changed(model, **facts))


@pytest.mark.parametrize(
    "changes", [{"mean": "0"}, {"scale": 0.0}, {"scale": True}, {"fill": None, "kind": "shape"}, {"minimum": 10**400}],
    ids=str,
)  # fmt: skip
def test_a_column_that_no_table_makes_is_refused(changes, model):
    columns = model.contract.to_json()
    with pytest.raises(ModelFileError):
        files.loaded(changed(model, contract=[{**columns[0], **changes}, *columns[1:]]))


def test_weights_that_are_not_finite_are_refused(model):
    torn = dataclasses.replace(model, weights=model.weights.copy())
    torn.weights.flat[0] = np.nan
    with pytest.raises(ModelFileError, match="not finite"):
        files.loaded(files.dumped(torn))


def test_what_is_no_model_is_not_saved(tmp_path):
    with pytest.raises(SettingError, match="cannot be saved"):
        cr.save({"a": 1}, tmp_path / "m")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_refused(model, tmp_path):
    with pytest.raises(ModelFileError, match="no folder"):
        cr.save(model, tmp_path / "no" / "m")
    with pytest.raises(ModelFileError, match="is a folder"):
        cr.load(tmp_path)
    with pytest.raises(ModelFileError, match="no model file"):
        cr.load(tmp_path / "m")


def test_the_header_is_plain_json_that_people_can_read(model):
    whole = files.dumped(model)
    assert b"length" in whole[:4000]
    assert io.BytesIO(whole).read(9)[8:] == b"{"


def test_an_activation_of_ones_own_comes_back_in_another_process(tmp_path):
    cr.activation("bell_of_this_test", "exp(-a**2)")
    X = np.random.default_rng(0).normal(size=(40, 2))
    run = cr.train(cr.Network("2-3 bell_of_this_test-2"), X, (X[:, 0] > 0).astype(int), epochs=5, learning_rate=1e-2)
    cr.save(run, tmp_path / "m")
    np.save(tmp_path / "X.npy", X)
    script = f"""
import numpy as np, chainrule as cr
run = cr.load({str(tmp_path / "m")!r})
np.save({str(tmp_path / "P.npy")!r}, run.predict_proba(np.load({str(tmp_path / "X.npy")!r})))
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert np.abs(np.load(tmp_path / "P.npy") - run.predict_proba(X)).max() < 1e-15


def test_an_activation_of_the_same_name_and_another_formula_is_refused(tmp_path):
    cr.activation("hill_of_this_test", "exp(-a**2)")
    run = cr.train(cr.Network("1-2 hill_of_this_test-1"), [[0.0], [1.0]], [0, 1], epochs=1)
    cr.save(run, tmp_path / "m")
    cr.activation("hill_of_this_test", "1 / (1 + a**2)")
    with pytest.raises(ModelFileError, match="hill_of_this_test"):
        cr.load(tmp_path / "m")


def test_refusing_a_damaged_file_takes_no_more_memory_than_the_file(model, tmp_path):
    whole = files.dumped(model)
    for torn in (whole[:-1], b"\xff" * 4 + whole[4:], whole[:8].replace(b"\0\0", b"\x0f\xff") + whole[8:]):
        (tmp_path / "m").write_bytes(torn)
        tracemalloc.start()
        with pytest.raises(ModelFileError):
            cr.load(tmp_path / "m")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < len(torn) + 2**20


def test_a_disk_that_is_full_at_any_point_of_a_save_leaves_the_old_file(model, tmp_path):
    path = tmp_path / "m"
    cr.save(model, path)
    before = path.read_bytes()
    script = f"""
import resource, signal
import chainrule as cr
from chainrule.errors import ModelFileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = cr.load({str(path)!r})
for limit in range(0, {len(before)}, {len(before) // 20}):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        cr.save(model, {str(path)!r})
    except ModelFileError as error:
        print(limit, "bytes" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    said = done.stdout.split()
    assert len(said) >= 40
    assert "False" not in said
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m"]
