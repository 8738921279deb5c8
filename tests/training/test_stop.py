import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.training import stop as module
from chainrule.training.stop import Stop

X, LABELS = cr.datasets.three_clusters(per_class=20, seed=0)


def test_the_time_limit_follows_the_monotonic_clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.time, "time", lambda: 1e12)  # the wall clock jumps
    stop = Stop(time_limit=5)
    assert not stop.now()
    now[0] = 104.9
    assert not stop.now()
    now[0] = 105.0
    assert stop.reason is cr.Outcome.TIME_LIMIT


def test_one_that_shares_its_time_stops_with_it_and_earlier(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stop = Stop(time_limit=9)
    first = stop.sharing_time(3)
    now[0] = 3.0
    assert first.now()
    assert not stop.now()
    second = stop.sharing_time(2)
    now[0] = 5.9
    assert not second.now()
    stop.interrupt()
    assert second.reason is cr.Outcome.INTERRUPTED


def test_without_a_limit_only_an_interrupt_stops():
    stop = Stop()
    assert not stop.sharing_time(2).now()
    stop.interrupt()
    assert stop.now()


@pytest.mark.parametrize("solver", ["ascent", "adam", "lbfgs", "newton"])
def test_a_training_whose_time_is_up_ends_with_the_weights_of_a_full_update(solver, monkeypatch):
    net, T = cr.Network("2-8-3"), np.eye(3)[LABELS]
    options = {"solver": solver, "tolerance": 0, "record_every": 10**7}
    options |= {} if solver in ("lbfgs", "newton") else {"batch_size": 7}
    ticks = iter(range(10**7))
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")  # which kernel serves hangs on the number of epochs
    with monkeypatch.context() as patched:  # a clock that goes on as it is looked at
        patched.setattr(module.time, "monotonic", lambda: next(ticks) * 0.001)
        run = cr.train(net, X, LABELS, epochs=10**7, time_limit=0.03, **options)
    assert run.outcome.name == "TIME_LIMIT"
    assert run.state.update > 5
    assert run.history.epoch[-1] == run.state.epoch
    assert run.history.J[-1] == pytest.approx(cr.log_likelihood(net, run.weights, X, T), rel=1e-12)
    if run.state.batch == 0:
        again = cr.train(net, X, LABELS, epochs=run.state.epoch, **options)
        assert (again.weights.flat == run.weights.flat).all()


@pytest.mark.parametrize("limit", [0, -1, float("nan"), "soon"])
def test_a_time_limit_that_is_none_is_refused(limit):
    with pytest.raises(SettingError, match="time_limit"):
        cr.train(cr.Network("2-3"), X, LABELS, time_limit=limit)


PROGRAM = """
import sys, time, signal, os
import numpy as np, chainrule as cr
signal.signal(signal.SIGINT, signal.default_int_handler)
X, labels = cr.datasets.three_clusters(per_class=200, seed=0)
net = cr.Network("2-10-3")
started = []
def note(record, weights):
    if record.epoch and not started:
        started.append(1)
        print("training", flush=True)
run = cr.train(net, X, labels, epochs=10**9, callbacks=[note], record_every=5, **OPTIONS)
print(run.outcome.name, time.time(), flush=True)
again = cr.train(net, X, labels, epochs=run.state.epoch, record_every=10**9, **OPTIONS)
whole = run.state.batch != 0 or (again.weights.flat == run.weights.flat).all()
print(bool(whole), bool(np.isfinite(run.weights.flat).all()), run.history.epoch[-1] == run.state.epoch)
"""


@pytest.mark.parametrize(
    "options",
    ["dict(learning_rate=1e-5)", "dict(solver='adam', batch_size=32)", "dict(learning_rate=1e-5, restarts=3)"],
)
def test_a_real_ctrl_c_ends_with_whole_weights(options):
    program = textwrap.dedent(PROGRAM).replace("**OPTIONS", f"**{options}")
    environment = {**os.environ, "CHAINRULE_KERNELS": "reference"}  # which kernel serves hangs on the number of epochs
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "training\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    outcome, _ = process.stdout.readline().split()
    assert outcome == "INTERRUPTED"
    if "restarts" not in options:
        assert process.communicate(timeout=240)[0].split() == ["True", "True", "True"]
    process.kill()
    process.wait()
    process.stdout.close()
