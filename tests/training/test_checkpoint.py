"""A training that was stopped and goes on ends with the same bits as one that was not."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ModelFileError, SettingError
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.checkpoint_bytes import MAGIC, packed, unpacked
from chainrule.training.early_stopping import Best
from chainrule.training.history import History, Record
from chainrule.training.progress import Progress
from chainrule.training.solvers import SOLVERS
from chainrule.training.state import State

NET = cr.Network("2-4 tanh-3")
X, LABELS = cr.datasets.three_clusters(per_class=25, seed=0)

FULL = {name: {"solver": name, "epochs": 30, "record_every": 4} for name in SOLVERS}
for name in ("ascent", "momentum", "nesterov"):
    FULL[name] |= {"learning_rate": 0.05, "average": True}
RUNS = {
    **FULL,
    "newton by products": FULL["newton"] | {"dense": 0},
    "mini-batches": {"solver": "adam", "epochs": 12, "batch_size": 16, "learning_rate": 0.01, "schedule": "cosine"},
    "dropout": {"solver": "nesterov", "epochs": 12, "batch_size": 16, "learning_rate": 1e-3, "dropout": 0.3},
    "penalty and frozen": {"solver": "adamw", "epochs": 12, "batch_size": 20, "penalty": 0.1, "freeze": ("b1",)},
    "running": {"solver": "adam", "epochs": 12, "batch_size": 16, "record": "running"},
    "early stopping": {
        "solver": "adam", "epochs": 60, "batch_size": 16, "learning_rate": 0.1, "validation": 0.3, "patience": 6,
    },
    "adaptive": {
        "solver": "momentum", "epochs": 40, "batch_size": 16, "learning_rate": 0.03, "schedule": "adaptive",
        "patience": 2, "improvement": 0.01, "keep": "last",
    },
}  # fmt: skip


class Stopped(Exception):
    """A fault in the middle of a training."""


def same(one, other):
    """The same bits in all but the clock."""
    assert one.weights.flat.tobytes() == other.weights.flat.tobytes()
    assert one.outcome == other.outcome
    assert one.epoch == other.epoch
    columns = [name for name in History.columns if name != "seconds"]
    for name in columns:
        np.testing.assert_array_equal(one.history.column(name), other.history.column(name), err_msg=name)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("at", [0, 3, 8])
def test_a_run_that_failed_and_resumes_ends_with_the_same_bits(name, at, tmp_path):
    options, path = {"seed": 7, **RUNS[name]}, tmp_path / "run"

    def fails(record, weights):
        if record.epoch >= at:
            raise Stopped

    whole = cr.train(NET, X, LABELS, **options)
    with pytest.raises(Stopped):
        cr.train(NET, X, LABELS, checkpoint=path, checkpoint_every=1, callbacks=[fails], **options)
    resumed = cr.train(NET, X, LABELS, checkpoint=path, resume=True, **options)
    same(resumed, whole)
    again = cr.train(NET, X, LABELS, resume=path, **options)  # of one that has ended: it ends at once, the same
    same(again, whole)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_interrupted_in_the_middle_of_an_epoch_resumes_with_the_same_bits(name, tmp_path, monkeypatch):
    from chainrule.training.posterior import Posterior

    options, path = {"seed": 7, **RUNS[name]}, tmp_path / "run"
    whole = cr.train(NET, X, LABELS, **options)
    calls = []
    for method in ("gradient", "batch_gradient"):
        real = getattr(Posterior, method)

        def counted(self, *args, real=real):
            calls.append(1)
            if len(calls) == 23:
                raise KeyboardInterrupt
            return real(self, *args)

        monkeypatch.setattr(Posterior, method, counted)
    broken = cr.train(NET, X, LABELS, checkpoint=path, **options)
    monkeypatch.undo()
    assert broken.outcome.name == "INTERRUPTED"
    assert len(calls) >= 23
    same(cr.train(NET, X, LABELS, resume=path, **options), whole)


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path):
    path = tmp_path / "run"
    options = {"solver": "momentum", "learning_rate": 0.02, "average": True, "record_every": 7}
    cr.train(NET, X, LABELS, epochs=10, checkpoint=path, **options)
    longer = cr.train(NET, X, LABELS, epochs=20, resume=path, **options)
    whole = cr.train(NET, X, LABELS, epochs=20, **options)
    same(longer, whole)
    assert longer.history.epoch.tolist() == [0, 7, 14, 20]


def test_a_longer_run_under_a_schedule_that_hangs_on_the_length_is_refused(tmp_path):
    path = tmp_path / "run"
    options = {"solver": "adam", "schedule": "cosine"}
    cr.train(NET, X, LABELS, epochs=10, checkpoint=path, **options)
    with pytest.raises(SettingError, match="epochs differs"):
        cr.train(NET, X, LABELS, epochs=20, resume=path, **options)


@pytest.mark.parametrize(
    "other",
    [
        {"solver": "momentum"},
        {"learning_rate": 0.02},
        {"penalty": 1.0},
        {"seed": 8},
        {"batch_size": 10},
        {"freeze": ("b1",)},
    ],
    ids=str,
)
def test_a_checkpoint_of_another_training_is_refused(other, tmp_path):
    options = {"learning_rate": 0.01, "epochs": 5, "seed": 7}
    cr.train(NET, X, LABELS, checkpoint=tmp_path / "run", **options)
    with pytest.raises(SettingError, match=r"of another training: \w+ differs"):
        cr.train(NET, X, LABELS, resume=tmp_path / "run", **options | other)


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    cr.train(NET, X, LABELS, epochs=5, checkpoint=tmp_path / "run")
    changed = X.copy()
    changed[3, 1] += 1e-9
    with pytest.raises(SettingError, match="data differs"):
        cr.train(NET, changed, LABELS, epochs=5, resume=tmp_path / "run")


def test_restarts_have_a_file_each_and_resume(tmp_path):
    options = {"solver": "lbfgs", "epochs": 20, "restarts": 3, "seed": 1}
    whole = cr.train(NET, X, LABELS, **options)
    first = cr.train(NET, X, LABELS, checkpoint=tmp_path / "run", **options | {"epochs": 8})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.0", "run.1", "run.2"]
    resumed = cr.train(NET, X, LABELS, checkpoint=tmp_path / "run", resume=True, **options)
    same(resumed, whole)
    assert [end.J for end in resumed.restarts] == [end.J for end in whole.restarts]
    assert [end.J for end in resumed.restarts] != [end.J for end in first.restarts]


def example():
    state = State(
        np.array([1.5, -0.0, 1e-310]),
        (np.array([[1.0, 2.0]]), np.empty((0, 3))),
        3,
        1,
        9,
        -2.5,
        float("nan"),
        0.25,
        True,
    )
    history = History([Record(0, -1.25, 0.5, 0.0), Record(2, -0.125, float("nan"), 1.5, learning_rate=1e-3)])
    return Progress(state, history, Best(-0.5, np.arange(3.0), 2, 1), 7.25, 1e-9, np.ones(3), Best())


def test_everything_comes_back_from_the_bytes():
    progress, recipe = example(), {"solver": "adam", "dropout": [0.1, 0.2], "batch_size": None}
    found, told = unpacked(packed(progress, recipe))
    assert told == recipe
    for name in ("memory", "weights"):
        np.testing.assert_array_equal(getattr(found.state, name)[0], getattr(progress.state, name)[0])
    assert found.state.weights.tobytes() == progress.state.weights.tobytes()
    assert found.state.memory[1].shape == (0, 3)
    assert packed(found, recipe) == packed(progress, recipe)
    assert (found.state.epoch, found.state.exhausted, found.steepest) == (3, True, 1e-9)
    assert found.undo is not None
    assert found.undo.weights is None
    assert repr(found.history) == repr(progress.history)
    assert found.state.weights.flags.writeable


def test_every_truncation_and_every_flipped_bit_is_refused():
    content = packed(example(), {"solver": "adam"})
    for length in range(len(content)):
        with pytest.raises(ModelFileError):
            unpacked(content[:length])
    for at in range(len(content)):
        for bit in range(8):
            with pytest.raises(ModelFileError):
                unpacked(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])


@pytest.mark.parametrize(
    "head",
    [
        b"[]",
        b"{}",
        b"\xff",
        json.dumps({"recipe": {}, "state": {}, "arrays": [["weights", "|O", [1]]]}).encode(),
        json.dumps({"recipe": {}, "state": {}, "arrays": [["weights", "<f8", [1 << 60]]]}).encode(),
        json.dumps({"recipe": {}, "state": {}, "arrays": [["weights", "<f8", [-1]]]}).encode(),
        json.dumps({"recipe": {}, "state": {}, "arrays": []}).encode(),
    ],
)
def test_a_made_up_header_with_the_right_checksum_is_refused(head):
    import hashlib

    content = MAGIC + len(head).to_bytes(8, "little") + head
    with pytest.raises(ModelFileError):
        unpacked(content + hashlib.sha256(content).digest())


def test_a_file_of_another_kind_or_none_is_named(tmp_path):
    (tmp_path / "other").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelFileError, match="no checkpoint"):
        cr.train(NET, X, LABELS, epochs=1, resume=tmp_path / "other")
    with pytest.raises(ModelFileError, match="cannot be read"):
        cr.train(NET, X, LABELS, epochs=1, resume=tmp_path / "missing")


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_epoch(tmp_path):
    seen = []
    with pytest.raises(ModelFileError, match="no folder"):
        cr.train(NET, X, LABELS, checkpoint=tmp_path / "missing" / "run", callbacks=[lambda r, w: seen.append(r)])
    assert not seen


@pytest.mark.parametrize("options", [{"checkpoint_every": 5}, {"resume": True}], ids=str)
def test_options_that_need_a_checkpoint_are_refused_without_one(options):
    with pytest.raises(SettingError, match="checkpoint"):
        cr.train(NET, X, LABELS, epochs=1, **options)


def test_without_an_interval_it_is_saved_at_most_every_ten_seconds_and_at_the_end(tmp_path, monkeypatch):
    from chainrule.training import checkpoint

    now, written = [0.0], []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(checkpoint, "write_atomically", lambda path, content: written.append(now[0]))
    file = Checkpoint(tmp_path / "run", {})
    for now[0] in (1.0, 9.0, 11.0, 12.0, 20.9, 21.5):
        file.save(example())
    file.save(example(), last=True)
    assert written == [11.0, 21.5, 21.5]


KILLED = """
import os, signal, sys, threading, chainrule as cr
X, labels = cr.datasets.three_clusters(per_class=25, seed=0)
path, epoch_of_death, delay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
def die(record, weights):
    if record.epoch == epoch_of_death:
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
run = cr.train(cr.Network("2-4 tanh-3"), X, labels, solver="adam", batch_size=8, epochs=200, seed=3,
               dropout=0.2, checkpoint=path, checkpoint_every=1, resume=True, callbacks=[die])
sys.stdout.write(run.weights.flat.tobytes().hex())
"""


def test_refit_after_kills_gives_the_same_weights(tmp_path):
    path, environment = tmp_path / "run", {**os.environ, "OPENBLAS_NUM_THREADS": "1"}

    def ended(file, epoch_of_death=-1, delay=0.0):
        command = [sys.executable, "-c", KILLED, file, str(epoch_of_death), str(delay)]
        return subprocess.run(command, capture_output=True, env=environment)

    whole = ended(tmp_path / "whole")
    reached = []
    for epoch, delay in ((3, 0.0), (30, 0.004), (60, 0.011)):  # in an epoch, or in the writing of a checkpoint
        assert ended(path, epoch, delay).returncode == -signal.SIGKILL
        reached.append(unpacked(path.read_bytes())[0].state.epoch)
        assert epoch - 1 <= reached[-1] < 200
    assert reached == sorted(reached)
    last = ended(path)
    assert last.returncode == whole.returncode == 0
    assert last.stdout == whole.stdout


def test_a_record_that_only_the_stop_added_does_not_count_as_the_best(tmp_path):
    def train(figures, epochs, **options):
        left = iter(figures)
        return cr.train(
            NET, X, LABELS, learning_rate=1e-4, epochs=epochs, record_every=4, patience=100,
            watch=lambda weights: next(left), **options,
        )  # fmt: skip

    short = train([0, 1, 2, 9], epochs=10, checkpoint=tmp_path / "run")
    assert (short.history.epoch.tolist(), short.epoch) == ([0, 4, 8, 10], 10)
    longer = train([3, 1, 1], epochs=20, resume=tmp_path / "run")
    assert (longer.history.epoch.tolist(), longer.epoch) == ([0, 4, 8, 12, 16, 20], 12)
