"""A training killed at any moment: its checkpoint loads, and going on ends with the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.training.checkpoint_bytes import unpacked
from support import times

FIT = """
import sys
import numpy as np
import chainrule as cr

def fit(checkpoint=None, resume=False, callbacks=()):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    labels = (np.sin(2 * X[:, 0]) + X[:, 1] ** 2 - X[:, 2] > 0.5).astype(int)
    return cr.train(
        cr.Network("6-8 tanh-1"), X, labels, solver="adam", batch_size=32, average=True, epochs=400, validation=0.2,
        patience=400, dropout=0.1, seed=5, checkpoint=checkpoint, resume=resume,
        checkpoint_every=1 if checkpoint else None,
        callbacks=callbacks,
    )
"""
RUN = (
    FIT
    + """
begun = []
def tell(record, weights):
    if not begun:
        begun.append(True)
        print("begun", flush=True)
fit(sys.argv[1], True, [tell])
print("done", flush=True)
"""
)


def fit(**options) -> cr.Run:
    """The same training in this process."""
    names: dict = {}
    exec(FIT, names)
    return names["fit"](**options)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a signal of POSIX")
def test_a_training_killed_at_a_random_moment_goes_on_to_the_same_bits(tmp_path):
    expected = fit()
    rng = np.random.default_rng(int.from_bytes(os.urandom(4)))
    kills, torn, epochs = times(50, 2), 0, []
    for at in range(kills):
        checkpoint = tmp_path / str(at)
        for _ in range(1 + at % 2):  # every other one is killed twice: once more after it went on
            process = subprocess.Popen([sys.executable, "-c", RUN, str(checkpoint)], stdout=subprocess.PIPE, text=True)
            assert process.stdout.readline() in (
                "begun\n",
                "done\n",
            )  # done at once: the one before was nearly at the end
            time.sleep(rng.exponential(0.3))
            process.kill()
            process.wait()
            process.stdout.close()
        before, _ = unpacked(checkpoint.read_bytes()) if checkpoint.exists() else (None, {})
        epochs.append(before.state.epoch if before else 0)
        torn += len([*tmp_path.glob(f".{at}.*.tmp")])
        run = fit(checkpoint=checkpoint, resume=True)
        assert (run.weights.flat == expected.weights.flat).all()
        assert run.history.validation_J.tolist() == expected.history.validation_J.tolist()
        assert run.outcome is expected.outcome
        assert [path.name for path in tmp_path.glob(f".{at}.*")] == []  # what the killed write left is swept up
        checkpoint.unlink()
    print(f"{kills} killed trainings, at epochs {min(epochs)} to {max(epochs)} of 400, {torn} in the middle of a write")
    assert any(epochs), "every kill came before the first checkpoint: nothing was tried"


FULL = """
import resource, signal, sys
from pathlib import Path
import chainrule as cr
from chainrule.errors import ModelFileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
exec(Path(sys.argv[1]).read_text())
kind, place, points = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])

def write():
    if kind == "model":
        cr.save(run, place)
    else:
        fit(place, True)

run = fit()
write()
old = place.read_bytes()
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for at in range(points):
    limit = at * (len(old) - 1) // max(points - 1, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        write()
        raise SystemExit(f"written with a limit of {limit} bytes")
    except ModelFileError as error:
        assert "It needs" in str(error) and "intact" in str(error), error
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert place.read_bytes() == old, limit
    assert sorted(path.name for path in place.parent.iterdir()) == [place.name], limit
write()
print(f"{points} full disks from 0 to {len(old) - 1:,} bytes, the old file intact each time")
"""


@pytest.mark.skipif(os.name != "posix", reason="the limit is one of POSIX")
@pytest.mark.parametrize("kind", ["model", "checkpoint"])
def test_a_disk_that_fills_up_at_any_point_of_a_save_leaves_the_old_file(kind, tmp_path):
    script, folder = tmp_path / "fit.py", tmp_path / "models"
    folder.mkdir()
    script.write_text(FIT.replace("epochs=400", "epochs=3"))
    points = times(20, 5)
    arguments = [sys.executable, "-c", FULL, script, kind, folder / "m.model", str(points)]
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    print(done.stdout.strip())
    assert Path(folder, "m.model").exists()
