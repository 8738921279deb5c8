"""Running: interrupts, threads, forks, caches, memory, clocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest

import bad_inputs
import chainrule as cr
from chainrule.errors import ChainruleError, DivergedError
from chainrule.kernels import Objective
from command import in_a_process
from fault_table.entry import LABELS, NET, X, entry, refused, run, table_model


def interrupted(_):
    def stop_now(record, weights):
        if record.epoch == 20:
            signal.raise_signal(signal.SIGINT)

    found = run(epochs=10**6, record_every=10, callbacks=[stop_now])
    assert found.outcome.name == "INTERRUPTED"
    assert found.epoch >= 20
    assert np.isfinite(found.weights.flat).all()
    assert not (found.weights.flat == NET.initial_weights(seed=0).flat).all()


def interrupted_while_saving(folder):
    path = folder / "m.model"
    cr.save(run(), path)
    before = path.read_bytes()
    with mock.patch("os.fsync", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        cr.save(run(seed=1), path)
    assert path.read_bytes() == before
    assert os.listdir(folder) == ["m.model"]


def closed_pipe(folder):
    table = folder / "t.csv"
    table.write_text(bad_inputs.flowers(4000))
    cr.save(cr.train_table(table, "kind", epochs=5, penalty=1.0), folder / "m.model")
    arguments = in_a_process("predict", folder / "m.model", table)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("prediction")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def four_threads(_):
    expected = run(epochs=200)
    with ThreadPoolExecutor(4) as pool:
        runs = [*pool.map(lambda _: run(epochs=200), range(8))]
        said = [*pool.map(lambda _: expected.predict_proba(X), range(16))]
    assert all((found.weights.flat == expected.weights.flat).all() for found in runs)
    assert all((P == expected.predict_proba(X)).all() for P in said)


SMALL = """
import os, sys
import numpy as np, chainrule as cr
from chainrule.kernels.compiled import cache
X = np.random.default_rng(0).normal(size=(1500, 2))
run = cr.train(cr.Network("2-3-1"), X, (X[:, 0] > 0).astype(int), epochs=2000, record_every=1000)
assert np.isfinite(run.weights.flat).all()
print(cache.folder())
"""


def no_place_for_the_cache(folder):
    locked = folder / "locked"
    locked.write_text("a file where a folder is wanted")
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    for extra in ({}, {"HOME": str(locked), "TMPDIR": str(folder)}, {"CHAINRULE_CACHE": str(locked / "x")}):
        done = subprocess.run([sys.executable, "-c", SMALL], env=environment | extra, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def kernels_in_threads(_):
    """Many rows, so that each kernel itself would use threads, from two threads at once."""
    rows = np.random.default_rng(0).normal(size=(20_000, 8))
    net = cr.Network("8-16 tanh-1")
    T = (rows[:, :1] > 0).astype(float)
    w = net.initial_weights("glorot", seed=0).flat
    objective = Objective(net, rows, T)
    expected = objective.gradient(w)
    with ThreadPoolExecutor(2) as pool:
        found = [*pool.map(lambda _: Objective(net, rows, T).gradient(w), range(4))]
    assert all(J == expected[0] and (g == expected[1]).all() for J, g in found)


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore")  # Python itself warns of forks beside threads
import numpy as np, chainrule as cr
from chainrule.kernels import Objective
X = np.random.default_rng(0).normal(size=(20_000, 8))
net = cr.Network("8-16 tanh-1")
objective = Objective(net, X, (X[:, :1] > 0).astype(float))
w = net.initial_weights("glorot", seed=0).flat
expected = objective.gradient(w)[0]
child = os.fork()
if not child:
    os._exit(0 if objective.gradient(w)[0] == expected else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def fork_after_a_kernel(_):
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def without_a_compiler(_):
    net, w = cr.Network("3-4-1"), cr.Network("3-4-1").initial_weights(seed=1).flat
    T = (X[:, :1] > 0).astype(float)
    fast = Objective(net, X, T, evaluations=10**7)
    assert fast.choice.kind != "reference"
    with mock.patch.dict(os.environ, {"CHAINRULE_KERNELS": "reference"}):
        slow = Objective(net, X, T, evaluations=10**7)
        assert "CHAINRULE_KERNELS" in slow.choice.reason
        J, g = slow.gradient(w)
    assert fast.value(w) == pytest.approx(J, rel=1e-13)
    assert np.abs(fast.gradient(w)[1] - g).max() < 1e-12 * np.abs(g).max()


def damaged_cache(folder):
    from chainrule.kernels.compiled import cache

    with mock.patch.dict(os.environ, {"CHAINRULE_CACHE": str(folder)}):
        cache.save("key", b"machine code")
        (path,) = cache.folder().glob("*.o")
        raw = bytearray(path.read_bytes())
        for at in range(0, len(raw), 5):
            torn = raw.copy()
            torn[at] ^= 1
            path.write_bytes(bytes(torn))
            assert cache.load("key") is None
        cache.save("key", b"machine code")
        assert cache.load("key") == b"machine code"


def nan_is_seen(_):
    net = cr.Network("3-4-1")
    w = net.initial_weights(seed=1).flat.copy()
    w[0] = np.nan
    for evaluations in (1, 10**7):
        assert np.isnan(Objective(net, X, (X[:, :1] > 0).astype(float), evaluations=evaluations).value(w))
    refused(lambda: run(weights=net.weights_from(w)), "not finite", error=DivergedError)


def threads_of_the_libraries(_):
    from threadpoolctl import threadpool_info

    count = lambda: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]  # noqa: E731
    before, inside = count(), []
    run(epochs=2, record_every=1, callbacks=[lambda *_: inside.append(max(count()))])
    assert count() == before
    assert set(inside) == {1}


def clock_that_jumps(_):
    began = time.monotonic()
    with mock.patch("time.time", side_effect=[at * 1e6 for at in range(100_000)]):
        found = run(epochs=10**9, record_every=1000, time_limit=0.2)
    assert found.outcome.name == "TIME_LIMIT"
    assert 0.2 <= time.monotonic() - began < 60
    assert (np.diff(found.history.seconds) >= 0).all()


def one_dtype_at_the_border(_):
    single = X.astype(np.float32)
    assert (run(single).weights.flat == run(single.astype(float)).weights.flat).all()
    for value in (run(single).predict_proba(single), run(single).weights.flat, cr.gradient(
            NET, NET.initial_weights(seed=0), single, (X[:, 0] > 0).astype(np.int8)).flat):  # fmt: skip
        assert value.dtype == np.float64


def one_block_counted_once(_):
    net, T = NET, (X[:, :1] > 0).astype(float)
    whole, w = Objective(net, X, T), net.initial_weights(seed=0).flat
    parts = [Objective(net, X[at : at + 20], T[at : at + 20]) for at in range(0, 60, 20)]
    assert sum(part.value(w) for part in parts) == pytest.approx(whole.value(w), rel=1e-14)
    assert parts[0].value(w) == parts[0].value(w)  # to ask again changes nothing


def estimators_in_threads(_):
    import warnings

    model = cr.MLPClassifier(hidden_layer_sizes=(4,), max_iter=30, random_state=0)
    lone = cr.MLPClassifier(hidden_layer_sizes=(4,), max_iter=30, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = lone.fit(X, LABELS).predict_proba(X)
        others: list[Exception] = []

        def fit():
            try:
                model.fit(X, LABELS)
            except Exception as error:
                others.append(error)

        threads = [threading.Thread(target=fit) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(isinstance(error, ChainruleError) and "fitted already" in str(error) for error in others)
    assert len(others) < 4
    assert (model.predict_proba(X) == expected).all()


def memory_is_estimated(_):
    with mock.patch("os.sysconf", side_effect=lambda name: {"SC_PHYS_PAGES": 1, "SC_PAGE_SIZE": 400}[name]):
        refused(lambda: table_model(), "take", "GB", "--drop")


RUNNING = (
    entry(
        "R1",
        "Ctrl-C in a fit",
        "keep",
        "The weights so far, with the outcome INTERRUPTED; the command saves them and ends with 130. Before the first"
        " epoch there is nothing to save, and that is said.",
        interrupted,
    ),
    entry("R2", "A second Ctrl-C, while saving", "keep", "It stops at once; the old file is whole.",
          interrupted_while_saving),
    entry("R3", "SIGTERM, a closed terminal, a closed pipe", "keep",
          "As Ctrl-C, ending with 143; `| head` ends quietly.", closed_pipe),
    entry("R4", "Fits and predictions from four threads", "accept refuse",
          "Each fit has the bits it has alone; predictions may share a model. A second fit of the *same* estimator at"
          " the same time is refused, and the first is not disturbed.", four_threads, estimators_in_threads),
    entry("R5", "No HOME, a cache folder that cannot be written", "adapt",
          "The user's cache, else a temporary folder, else none. `chainrule doctor` tells.", no_place_for_the_cache),
    entry("R6", "Compiled kernels from two threads", "accept", "The same bits.", kernels_in_threads),
    entry("R7", "A fork after a kernel has run", "accept", "The child computes as its parent does.",
          fork_after_a_kernel),
    entry("R8", "No compiler", "adapt", "NumPy serves, with the same results to rounding; `doctor` says so.",
          without_a_compiler),
    entry("R9", "A damaged cache of compiled code", "adapt",
          "Every file checks itself; a damaged one is made again. `chainrule doctor --clear-cache`.", damaged_cache),
    entry("R10", "NaN in compiled arithmetic", "refuse", "It is seen, and training on raises.", nan_is_seen),
    entry("R11", "Threads of BLAS beside ours", "accept", "One while training, as many as before afterwards.",
          threads_of_the_libraries),
    entry("R13", "Not enough memory", "refuse", "Estimated before it is taken.", memory_is_estimated),
    entry("R14", "A part of the rows computed twice", "accept",
          "J and its gradient are sums of pure functions of blocks of rows: to compute one again changes nothing.",
          one_block_counted_once),
    entry("R15", "The clock jumps", "accept", "Times are those of the monotonic clock.", clock_that_jumps),
    entry("R19", "float32, int8, NumPy's rules of promotion", "accept", "float64 at every border of the mathematics.",
          one_dtype_at_the_border),
)  # fmt: skip
