"""Model files and checkpoints: damaged, of another kind, written while something fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from unittest import mock

import joblib
import numpy as np

import chainrule as cr
from chainrule.errors import ModelFileError, SettingError
from chainrule.files import model as files
from chainrule.lock import locked
from command import command
from fault_table.entry import LABELS, X, entry, refused, run


def pickles(folder):
    ran, path = folder / "ran", folder / "m.model"

    class Evil:
        def __reduce__(self):
            return open, (str(ran), "w")

    joblib.dump(Evil(), path)
    refused(lambda: cr.load(path), "pickle", "never opened", error=ModelFileError)
    joblib.dump({"a": np.ones(9)}, path, compress=3)
    refused(lambda: cr.load(path), "never opened", error=ModelFileError)
    assert not ran.exists()


def truncated(folder):
    whole = files.dumped(run())
    for length in range(0, len(whole), 37):
        (folder / "m").write_bytes(whole[:length])
        refused(lambda: cr.load(folder / "m"), error=ModelFileError)


def flipped_bits(_):
    whole = files.dumped(run())
    for place in np.random.default_rng(0).integers(8 * len(whole), size=200).tolist():
        torn = bytearray(whole)
        torn[place // 8] ^= 1 << place % 8
        refused(lambda torn=torn: files.loaded(bytes(torn)), error=ModelFileError)


def nothing_is_unpacked(folder):
    with (folder / "m.model").open("wb") as file:
        np.savez_compressed(file, W1=np.zeros(10**6))
    refused(lambda: cr.load(folder / "m.model"), "zip archive", "never opened", error=ModelFileError)


def full_disk(folder):
    path = folder / "m.model"
    cr.save(run(), path)
    before = path.read_bytes()
    with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")):
        refused(lambda: cr.save(run(seed=1), path), "No space left", "It needs", "intact", error=ModelFileError)
    assert path.read_bytes() == before
    assert os.listdir(folder) == ["m.model"]


def killed(folder):
    script = (
        "import sys, numpy as np, chainrule as cr\n"
        "X = np.random.default_rng(0).normal(size=(60, 3))\n"
        "tell = lambda record, weights: print(record.epoch, flush=True)\n"
        "cr.train(cr.Network('3-4-1'), X, (X[:, 0] > 0).astype(int), epochs=10**6, record_every=1,\n"
        "         checkpoint=sys.argv[1], checkpoint_every=1, callbacks=[tell])\n"
    )
    arguments = [sys.executable, "-c", script, str(folder / "c")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        while int(process.stdout.readline()) < 20:
            pass
        process.kill()
    options = {"epochs": 25, "record_every": 1}
    labels = (X[:, 0] > 0).astype(int)
    resumed = run(X, labels, **{**options, "epochs": 10**6}, resume=folder / "c", callbacks=[lambda *_: True])
    assert resumed.history[-1].epoch >= 19


def flushed_to_the_disk(folder):
    flushed = []
    sync = os.fsync
    with mock.patch("os.fsync", side_effect=lambda handle: (flushed.append(os.fstat(handle).st_mode), sync(handle))):
        cr.save(run(), folder / "m")
    import stat

    assert [stat.S_ISREG(mode) for mode in flushed] == [True, False]  # the file before its name, then the folder


def no_place_to_write(folder):
    begun = []
    with mock.patch("chainrule.tables.fit.fitted", side_effect=lambda *_, **__: begun.append(1)):
        status, _, err = command("train", folder / "t.csv", "--target", "y", "--out", folder / "no" / "m")
    assert (status, begun) == (2, [])
    assert "There is no folder" in err
    refused(lambda: run(checkpoint=folder / "no" / "c"), "There is no folder", error=ModelFileError)


def two_writers(folder):
    with locked(folder / "m"):
        refused(lambda: cr.save(run(), folder / "m"), f"pid {os.getpid()}", error=ModelFileError)
        refused(lambda: run(checkpoint=folder / "m"), f"pid {os.getpid()}", error=ModelFileError)
    cr.save(run(), folder / "m")


def resumed_in_the_middle_of_an_epoch(folder):
    options = {"solver": "adam", "batch_size": 7, "epochs": 6, "dropout": 0.2, "seed": 3}
    expected = run(**options)

    def stop_now(record, weights):
        if record.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    first = run(**options, checkpoint=folder / "c", callbacks=[stop_now])
    assert first.outcome.name == "INTERRUPTED"
    again = run(**options, checkpoint=folder / "c", resume=True)
    assert (again.weights.flat == expected.weights.flat).all()
    refused(lambda: run(X, LABELS, cr.Network("3-5-1"), checkpoint=folder / "c", resume=True), "network differs",
            error=SettingError)  # fmt: skip


def saved_while_it_runs(folder):
    seen = []

    def copy(record, weights):
        if (folder / "c").exists():
            seen.append(run(epochs=40, record_every=10, resume=folder / "c").history[-1].epoch)

    run(epochs=40, record_every=10, checkpoint=folder / "c", checkpoint_every=10, callbacks=[copy])
    assert seen
    assert set(seen) == {40}


MODELS = (
    entry("M1", "A pickle, a joblib file, a zip archive named .model", "refuse", "Named, and never opened.", pickles),
    entry("M2", "A file cut short", "refuse", "Refused at every one of its lengths.", truncated),
    entry("M3", "A flipped bit", "refuse", "Refused, whichever it is: SHA-256 over all of it.", flipped_bits),
    entry(
        "M5", "A compressed bomb", "refuse", "Nothing in a model file is compressed; nothing is unpacked.",
        nothing_is_unpacked,
    ),
    entry(
        "M8",
        "The disk is full during a save",
        "keep",
        "The old file is intact; the error says how many bytes were needed and are free.",
        full_disk,
    ),
    entry("M9", "`kill -9` during a checkpoint", "keep", "The checkpoint before or the new one, and it loads.", killed),
    entry("M10", "A power cut", "keep", "File and folder are flushed before a save returns.", flushed_to_the_disk),
    entry(
        "M11",
        "A folder that is missing or cannot be written",
        "refuse",
        "Found out before the first epoch.",
        no_place_to_write,
    ),
    entry("M12", "Two writers of one file", "refuse", "The second is told the first one's number.", two_writers),
    entry(
        "M14",
        "Going on after a stop",
        "keep",
        "The same bits as without the stop; a checkpoint of another training is refused.",
        resumed_in_the_middle_of_an_epoch,
    ),
    entry(
        "M15", "The checkpoint is read while the training runs", "keep", "It is whole at any moment.",
        saved_while_it_runs,
    ),
)  # fmt: skip
