"""Which kernel serves: by the size of the job, with a reason, and NumPy wherever nothing can be compiled."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from chainrule import Network
from chainrule.kernels import Objective, reference, select
from support import problem


def test_a_short_job_is_left_to_numpy_and_a_long_one_is_not():
    pytest.importorskip("llvmlite")
    tiny, wide = Network("2-3-3"), Network("28-64-64-2")
    assert select.choose(tiny, 100, 1).kind == "reference"
    assert select.choose(tiny, 1500, 100_000).kind == "unrolled"
    assert select.choose(wide, 256, 10_000).kind == "blocked"
    assert select.choose(wide, 1_000_000, 1).kind == "blocked"


def test_the_choice_depends_on_the_job_alone(tmp_path, monkeypatch):
    pytest.importorskip("llvmlite")
    kinds = []
    for folder in ("off", str(tmp_path), str(tmp_path)):
        monkeypatch.setenv("CHAINRULE_CACHE", folder)
        monkeypatch.setattr(select, "_kernels", type(select._kernels)())
        kinds.append([select.choose(Network("2-3-3"), rows, 100).kind for rows in (10, 1000, 5000, 10_000, 100_000)])
    assert kinds[0] == kinds[1] == kinds[2]
    assert {"reference", "unrolled"} == set(kinds[0])


def test_more_work_never_goes_back_to_numpy():
    pytest.importorskip("llvmlite")
    for text in ("2-3-3", "28-64 relu-64 relu-2", "784-128-10"):
        compiled = [select.choose(Network(text), 10**n, 10).kind != "reference" for n in range(7)]
        assert compiled == sorted(compiled)
        assert compiled[-1]


@pytest.mark.parametrize("text", ["2-3-3", "28-64-2"])
def test_the_reason_is_a_sentence_that_names_the_network(text):
    for evaluations in (1, 10**6):
        choice = select.choose(Network(text), 500, evaluations)
        assert Network(text).notation in choice.reason or choice.kernel is None
        assert choice.reason.endswith(".")
        assert "\n" not in choice.reason


def test_numpy_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")
    choice = select.choose(Network("2-3-3"), 10**6)
    assert choice.kind == "reference"
    assert "CHAINRULE_KERNELS" in choice.reason
    assert "CHAINRULE_KERNELS" in select.status()["kernels"]


def test_without_a_compiler_everything_works_through_the_reference():
    code = """
        import sys
        sys.modules["llvmlite"] = None
        import numpy as np
        import chainrule as cr
        from chainrule.kernels import Objective, reference, select
        net = cr.Network("2-3-3")
        X, labels = cr.datasets.three_clusters(per_class=400, seed=0)
        T = np.eye(3)[np.repeat(np.arange(3), 400)]
        w = net.initial_weights(seed=1)
        o = Objective(net, X, T)
        assert o.choice.kind == "reference" and "missing" in o.choice.reason, o.choice
        assert o.value(w.flat) == reference.log_likelihood(net, w, X, T)
        print(select.status()["kernels"])
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    assert "compiler is missing" in run.stdout


def test_a_short_job_does_not_even_load_the_compiler():
    pytest.importorskip("llvmlite")
    code = """
        import sys
        import numpy as np
        import chainrule as cr
        net = cr.Network("2-3-3")
        cr.gradient(net, net.initial_weights(), np.ones((10, 2)), np.eye(3)[[0] * 10])
        print("llvmlite" in sys.modules)
        from chainrule.kernels import Objective
        Objective(net, np.ones((2000, 2)), np.eye(3)[[0] * 2000]).value(net.initial_weights().flat)
        print("llvmlite" in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=240)
    assert run.stdout.split() == ["False", "True"], run.stderr


def test_a_compiler_that_fails_does_not_stop_a_training(monkeypatch):
    pytest.importorskip("llvmlite")
    from chainrule.kernels.compiled import kernel

    def broken(*_, **__):
        raise RuntimeError("LLVM does not know this processor")

    monkeypatch.setattr(kernel, "library", broken)
    monkeypatch.setattr(select, "_kernels", type(select._kernels)())
    net = Network("2-5 tanh-3")
    weights, X, T = problem(net, 3000)
    objective = Objective(net, X, T)
    assert objective.choice.kind == "reference"
    assert "does not know" in objective.choice.reason
    assert np.isclose(objective.value(weights.flat), reference.log_likelihood(net, weights, X, T), rtol=1e-13)


def test_the_doctor_learns_what_serves():
    status = select.status()
    assert all(isinstance(value, str) and value for value in status.values())
    assert "kernels" in status
