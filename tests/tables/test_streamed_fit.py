"""A table that is trained on from scratch files: the same bits as from arrays, within the memory allowed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.errors import DataError, SettingError
from chainrule.tables import scratch, streamed_fit
from chainrule.tables.decoded import Decoded
from chainrule.tables.source import in_memory, opened_source
from chainrule.tables.streamed_model import StreamedPredictions, streamed_score
from chainrule.tables.streamed_plan import StreamedPlan, streamed_plan

BOUND = 10**9


def frame(rows: int = 150_000, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x, z, at = rng.normal(3, 2, size=rows), rng.normal(size=rows), rng.integers(3, size=rows)
    a = 0.5 * (x - 3) + (at == 1) * z
    return pl.DataFrame(
        {
            "x": x.astype(np.float32),
            "z": z,
            "colour": np.array(["red", "green", "blue"])[at],
            "flag": z > 0.3,
            "kind": np.array(["up", "down", "side"])[np.argmax(np.c_[a, -a, rng.normal(size=rows) - 0.3], axis=1)],
            "size": 100 + 10 * a + rng.normal(size=rows),
            "visits": rng.poisson(np.exp(0.3 * a)),
        }
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    frame().write_parquet(path, row_group_size=40_000)
    return path


def plan_of(path: Path, target: str = "kind", **options) -> StreamedPlan:
    drop = [name for name in ("kind", "size", "visits") if name != target]
    return streamed_plan(opened_source(path), target, drop=drop, hidden="4 tanh", bound=BOUND, **options)


@pytest.mark.parametrize("solver", ["lbfgs", "ascent", "adam"])
def test_weights_from_scratch_files_have_the_bits_of_those_from_arrays(table, solver):
    plan = plan_of(table)
    with Decoded(plan) as rows:
        X, t = (np.concatenate(part) for part in zip(*rows.training.parts(), strict=True))
        options = {"solver": solver, "epochs": 5, "learning_rate": {"ascent": 1e-6}.get(solver), "seed": 1}
        options |= {"batch_size": 256} if solver == "adam" else {}
        streamed = cr.train(plan.network, rows.training, **options)
    assert len(X) > 65_536
    T = np.eye(3)[t.astype(int)]
    arrays = (X, T) if solver == "lbfgs" else (cr.ArrayBlocks(X, T),)  # mini-batches of arrays have another order
    memory = cr.train(plan.network, *arrays, **options)
    assert np.array_equal(streamed.weights.flat, memory.weights.flat)


def test_what_is_decoded_is_what_the_contract_makes_of_the_table(table):
    plan = plan_of(table)
    whole = in_memory(opened_source(table))
    is_test = np.concatenate([test for _, _, test in plan.blocks()])
    with Decoded(plan, validation=0.1) as rows:
        sides = (rows.training, rows.validation, rows.test)
        found = [tuple(np.concatenate(part) for part in zip(*side.parts(), strict=True)) for side in sides]
    training, test = whole.take(np.flatnonzero(~is_test)), whole.take(np.flatnonzero(is_test))
    assert np.array_equal(found[2][0], plan.contract.apply(test).X)
    assert np.array_equal(found[2][1], plan.target.codes(test))
    expected = plan.contract.apply(training).X
    both = np.concatenate([found[0][0], found[1][0]])
    assert 0.09 < len(found[1][0]) / len(both) < 0.11
    assert np.array_equal(both[np.lexsort(both.T)], expected[np.lexsort(expected.T)])


@pytest.mark.parametrize("target", ["kind", "size", "visits"])
def test_the_figures_of_the_rows_held_out_are_those_of_the_model_in_memory(table, target):
    task = "count" if target == "visits" else None
    plan = plan_of(table, target, task=task)
    model, score, _ = streamed_fit.streamed_fit(plan, solver="lbfgs", epochs=8, progress=False)
    whole = in_memory(opened_source(table))
    is_test = np.concatenate([test for _, _, test in plan.blocks()])
    expected = model.score(whole.take(np.flatnonzero(is_test)))
    assert score is not None
    assert score.rows == expected.rows == is_test.sum()
    assert score.log_likelihood > score.plain_log_likelihood
    for name in (
        "log_likelihood",
        "plain_log_likelihood",
        "rate",
        "plain_rate",
        "balanced_rate",
        "error",
        "plain_error",
    ):
        assert getattr(score, name) == pytest.approx(getattr(expected, name), rel=1e-10, nan_ok=True), name
    assert np.array_equal(score.confusion, expected.confusion)
    every, said = streamed_score(model, opened_source(table))
    assert said.rows == whole.rows
    assert every.log_likelihood == pytest.approx(model.score(whole).log_likelihood, rel=1e-10)


def test_predictions_block_by_block_are_those_of_the_whole_table(table):
    model, _, _ = streamed_fit.streamed_fit(plan_of(table), epochs=1, progress=False)
    whole = in_memory(opened_source(table))
    said = list(StreamedPredictions(model, opened_source(table)).blocks())
    assert len(said) > 1
    together = model.predictions(whole)
    assert np.abs(np.concatenate([block.probabilities for block in said]) - together.probabilities).max() < 1e-14
    assert np.array_equal(np.concatenate([block.outside for block in said]), together.outside)
    assert {note.split(" (")[0] for note in said[0].notes} <= {note.split(" (")[0] for note in together.notes} | set(
        said[0].notes
    )


def test_scratch_files_leave_nothing_behind(table, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Decoded(plan_of(table)) as rows:
        assert rows.training.rows
        if os.name == "posix":
            assert not list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_disk_without_room_is_named(table, monkeypatch):
    full = type("usage", (), {"free": 1000})
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda folder: full)
    with pytest.raises(DataError, match=r"does not fit on a disk(.|\n)*TMPDIR"), Decoded(plan_of(table)):
        pass


def test_a_bound_too_small_for_the_blocks_says_what_is_needed(table):
    plan = plan_of(table)
    small = type(plan)(**{**plan.__dict__, "bound": 100_000_000})
    with pytest.raises(SettingError, match=r"Say --memory .*MB"):
        streamed_fit.streamed_fit(small, progress=False)


def test_an_interrupted_training_keeps_its_weights(table):
    from chainrule.training import Outcome

    class Stopped:
        calls = 0

        def __call__(self, record, weights) -> bool:
            self.calls += 1
            raise KeyboardInterrupt

    plan = plan_of(table)
    from chainrule.tables.way import Way

    stop = Stopped()
    run = Way.run

    def with_stop(self, X, T, penalty, **more):
        return run(self, X, T, penalty, **{**more, "callbacks": [stop]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Way, "run", with_stop)
        model, score, _ = streamed_fit.streamed_fit(plan, epochs=5, progress=False)
    assert stop.calls == 1
    assert model.outcome is Outcome.INTERRUPTED
    assert score is None
    assert np.isfinite(model.weights.flat).all()


def test_a_model_of_a_streamed_table_is_saved_and_read(table, tmp_path):
    model, _, _ = streamed_fit.streamed_fit(plan_of(table), epochs=1, progress=False)
    cr.save(model, tmp_path / "m.model")
    rows = {name: values[:5] for name, values in frame(100).to_dict(as_series=False).items()}
    assert np.array_equal(cr.load(tmp_path / "m.model").predict_proba(rows), model.predict_proba(rows))


PROGRAM = """
import sys
from chainrule.cli.app import main
status = 0
try:
    main(sys.argv[1:])
except SystemExit as end:
    status = end.code
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("PEAK", peak * 1024)
sys.exit(status)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the process's peak from /proc")
def test_a_table_larger_than_the_bound_is_trained_on_within_it(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(6):
        X = rng.normal(size=(160_000, 16)).astype(np.float32)
        columns = {f"x{at}": X[:, at] for at in range(16)} | {"kind": np.where(X[:, 0] > X[:, 1], "a", "b")}
        pl.DataFrame(columns).write_parquet(folder / f"part-{number}.parquet")
    command = ["train", str(folder), "--target", "kind", "--hidden", "4 tanh", "--epochs", "1", "--no-compare"]
    command += ["--no-figures", "--memory", "200MB", "--out", str(tmp_path / "m.model")]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "read in blocks, within 200 MB" in " ".join(done.stdout.split())
    peak = int(done.stdout.split("PEAK")[1])
    assert peak < 200e6 + 150e6
