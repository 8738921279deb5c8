"""Both kinds of compiled kernel against the reference, over networks, precisions, numbers of rows and threads."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import platform
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from support import KINKED, SMOOTH, complex_step, networks, problem, worst

pytest.importorskip("llvmlite")

from chainrule import Network, functions
from chainrule.functions import Activation
from chainrule.kernels import Objective, reference
from chainrule.kernels.compiled import blocked, target, unrolled
from chainrule.kernels.compiled import kernel as kernel_module
from chainrule.kernels.compiled import threads as threads_module
from chainrule.kernels.compiled.kernel import Kernel
from chainrule.kernels.compiled.maths import NotCompilable
from chainrule.kernels.compiled.target import assembly

GRID = [*networks(8, range(4), SMOOTH, seed=1), *networks(4, range(1, 3), KINKED, seed=2)]
WIDE = [
    Network(text)
    for text in ("3-40 softmax", "4-5 tanh-30 sigmoid", "2-33 relu-26 exp", "5-40 gelu-3 mish-28 identity")
]
KINDS = [(net, kind) for net in GRID for kind in (True, False)] + [(net, False) for net in WIDE]
names = [f"{net.notation} {'unrolled' if kind else 'blocked'}" for net, kind in KINDS]


def weighted(net: Network, rows: int, seed: int = 3):
    """A problem, sample weights of which some are zero, and a direction."""
    weights, X, T = problem(net, rows, seed=seed)
    rng = np.random.default_rng(seed)
    s = rng.uniform(0, 2, (rows, 1)) * (rng.random((rows, 1)) < 0.8)
    return weights, X, T, s, net.weights_from(rng.standard_normal(net.size))


@pytest.mark.parametrize(("net", "kind"), KINDS, ids=names)
def test_everything_agrees_with_the_reference(net, kind):
    weights, X, T, s, v = weighted(net, 53)
    J, g = reference.gradient(net, weights, X, T, s)
    kernel = Kernel(net, is_unrolled=kind)
    rows = kernel.rows(X, T, s)
    received, d = kernel.gradient(weights.flat, rows)
    assert received == pytest.approx(J, rel=1e-12)
    assert worst(d, g) < 1e-12
    assert kernel.value(weights.flat, rows) == pytest.approx(J, rel=1e-12)
    assert worst(kernel.outputs(weights.flat, X), reference.forward(net, weights, X)[1][net.L]) < 1e-12
    Hv = reference.hessian_product(net, weights, X, T, v, s)
    assert worst(kernel.hessian_product(weights.flat, rows, v.flat), Hv) < 1e-12


@pytest.mark.parametrize(("net", "kind"), KINDS[::3], ids=names[::3])
def test_single_precision_agrees_to_its_own_accuracy(net, kind):
    weights, X, T, s, v = weighted(net, 53)
    J, g = reference.gradient(net, weights, X, T, s)
    kernel = Kernel(net, np.float32, is_unrolled=kind)
    rows = kernel.rows(X, T, s)
    received, d = kernel.gradient(weights.flat, rows)
    assert d.dtype == np.float32
    assert received == pytest.approx(J, rel=1e-5)
    assert worst(d, g) < 1e-5
    Hv = reference.hessian_product(net, weights, X, T, v, s)
    assert worst(kernel.hessian_product(weights.flat, rows, v.flat), Hv) < 2e-5


@pytest.mark.parametrize("kind", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 255, 256, 257, 4095, 4096, 4097, 9000])
def test_any_number_of_rows_fills_its_registers_and_blocks(rows, kind):
    net = Network("3-5 tanh-3")
    weights, X, T, s, v = weighted(net, rows)
    kernel = Kernel(net, is_unrolled=kind)
    found = kernel.rows(X, T, s)
    J, g = kernel.gradient(weights.flat, found)
    if not rows:
        assert J == 0
        assert not g.any()
        assert kernel.outputs(weights.flat, X).shape == (0, 3)
        return
    expected = reference.gradient(net, weights, X, T, s)
    assert pytest.approx(expected[0], rel=1e-12) == J
    assert worst(g, expected[1]) < 1e-12
    assert worst(kernel.outputs(weights.flat, X), reference.forward(net, weights, X)[1][2]) < 1e-12
    Hv = reference.hessian_product(net, weights, X, T, v, s)
    assert worst(kernel.hessian_product(weights.flat, found, v.flat), Hv) < 1e-12


def test_the_gradient_is_that_of_the_complex_step():
    net = Network("3-4 swish-2 tanh-3")
    weights, X, T, s, _ = weighted(net, 20)
    g = Kernel(net).gradient(weights.flat, Kernel(net).rows(X, T, s))[1]
    assert worst(g, complex_step(Objective(net, X, T, s).value, weights.flat)) < 1e-12


@pytest.mark.parametrize("kind", [True, False])
def test_a_confident_log_likelihood_keeps_its_digits(kind):
    net = Network("1-3")
    flat = np.array([0.0, 0.0, 0.0, 60.0, 0.0, 0.0])
    kernel = Kernel(net, is_unrolled=kind)
    J = kernel.value(flat, kernel.rows(np.zeros((1, 1)), np.array([[1.0, 0.0, 0.0]])))
    assert pytest.approx(-2 * np.exp(-60), rel=1e-12) == J


@pytest.mark.parametrize("kind", [True, False])
@pytest.mark.parametrize("text", ["2-4 relu-3", "2-4 tanh-1 exp", "2-3 softplus-2 sigmoid", "2-30"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_weight_that_ran_away_is_seen_in_J(text, bad, kind):
    net = Network(text)
    weights, X, T = problem(net, 20)
    weights.flat[-1] = bad
    kernel = Kernel(net, is_unrolled=kind)
    J, g = kernel.gradient(weights.flat, kernel.rows(X, T))
    with np.errstate(all="ignore"):
        expected, e = reference.gradient(net, weights, X, T)
    assert np.isfinite(J) == np.isfinite(expected)
    assert np.isfinite(kernel.value(weights.flat, kernel.rows(X, T))) == np.isfinite(expected)
    assert np.isfinite(g).all() == np.isfinite(e).all()


@pytest.mark.parametrize("most_bytes", [1, threads_module.MOST_BYTES])
@pytest.mark.parametrize("text", ["2-3-3", "6-40 tanh-5"])
def test_the_number_of_threads_changes_no_bit(text, most_bytes, monkeypatch):
    monkeypatch.setattr(threads_module, "MOST_BYTES", most_bytes)  # results that wait, before they are added up
    net = Network(text)
    weights, X, T, s, v = weighted(net, 30_001)
    kernel = Kernel(net)
    rows = kernel.rows(X, T, s)
    one = kernel.gradient(weights.flat, rows)
    for threads in (2, 3, 4, 64):
        other = kernel.gradient(weights.flat, rows, threads=threads)
        assert other[0] == one[0]
        np.testing.assert_array_equal(other[1], one[1])
        assert kernel.value(weights.flat, rows, threads=threads) == kernel.value(weights.flat, rows)
        np.testing.assert_array_equal(
            kernel.hessian_product(weights.flat, rows, v.flat, threads=threads),
            kernel.hessian_product(weights.flat, rows, v.flat),
        )
        np.testing.assert_array_equal(kernel.outputs(weights.flat, X, threads=threads), kernel.outputs(weights.flat, X))


@pytest.mark.parametrize("text", ["2-3-3", "6-40 tanh-5"])
def test_four_threads_may_use_one_kernel_at_once(text):
    net = Network(text)
    weights, X, T = problem(net, 700)
    kernel = Kernel(net)
    rows = kernel.rows(X, T)
    vectors = [weights.flat * factor for factor in np.linspace(0.1, 2, 60)]
    alone = [kernel.gradient(flat, rows) for flat in vectors]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda flat: kernel.gradient(flat, rows), vectors))
    for (J, g), (J_, g_) in zip(alone, together, strict=True):
        assert J == J_
        np.testing.assert_array_equal(g, g_)


def test_a_child_process_forked_after_use_works_on():
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    code = """
        import os, sys
        import numpy as np
        from chainrule import Network
        from chainrule.kernels.compiled.kernel import Kernel
        net = Network("6-40 tanh-5")
        rng = np.random.default_rng(0)
        flat, X = rng.standard_normal(net.size), rng.standard_normal((20000, 6))
        T = np.eye(5)[rng.integers(5, size=20000)]
        kernel = Kernel(net)
        rows = kernel.rows(X, T)
        before = kernel.gradient(flat, rows, threads=2)
        child = os.fork()
        if child == 0:
            after = kernel.gradient(flat, rows, threads=2)
            fresh = Kernel(Network("3-30 tanh-2"))
            fresh.prepare()
            os._exit(0 if after[0] == before[0] and (after[1] == before[1]).all() else 3)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr


def test_arrays_in_any_order_of_bytes_and_memory_give_the_same():
    net = Network("3-4-2")
    weights, X, T = problem(net, 3000)
    plain = Objective(net, X, T)
    assert plain.choice.kind == "unrolled"
    J, g = plain.gradient(weights.flat)
    strided = np.zeros((3000, 9))
    strided[:, ::3] = X
    for A, B in (
        (X.astype(">f8"), T.astype(">f8")),
        (np.asfortranarray(X), np.asfortranarray(T)),
        (strided[:, ::3], T),
    ):
        J_, g_ = Objective(net, A, B).gradient(weights.flat)
        assert J_ == J
        np.testing.assert_array_equal(g_, g)
    received = plain.gradient(weights.flat.astype(">f8"))
    np.testing.assert_allclose(received[1], g, rtol=1e-12)
    with pytest.raises(ValueError, match="vector"):
        plain.gradient(weights.flat[:-1])


def test_the_threads_of_blas_are_as_before_afterwards():
    from threadpoolctl import threadpool_info

    net = Network("6-40 tanh-5")
    weights, X, T = problem(net, 300)
    kernel = Kernel(net)
    kernel.gradient(weights.flat, kernel.rows(X, T))
    before = [pool["num_threads"] for pool in threadpool_info()]
    kernel.gradient(weights.flat, kernel.rows(X, T))
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def _bump(name: str, value: str, slope: str) -> Activation:
    return Activation(name, formula=value, value=value, slope=slope, curvature="0 * a")


@pytest.fixture
def own_activations():
    yield functions.register
    for name in ("testbump", "testgamma"):
        functions._ACTIVATIONS.pop(name, None)


@pytest.mark.parametrize("kind", [True, False])
def test_an_activation_of_the_users_own_is_compiled_and_its_successor_too(own_activations, kind):
    net, gradients = None, []
    for value, slope in (("exp(-a**2)", "-2 * a * exp(-a**2)"), ("sin(a) / 2", "cos(a) / 2")):
        own_activations(_bump("testbump", value, slope))
        net = Network("2-4 testbump-3")
        weights, X, T = problem(net, 40)
        kernel = Kernel(net, is_unrolled=kind)
        gradients.append(kernel.gradient(weights.flat, kernel.rows(X, T))[1])
        assert worst(gradients[-1], reference.gradient(net, weights, X, T)[1]) < 1e-12
    assert worst(*gradients) > 1e-3


def test_what_has_no_compiled_form_is_served_by_the_reference(own_activations):
    own_activations(_bump("testgamma", "log_gamma(a**2 + 1)", "0 * a"))
    net = Network("2-4 testgamma-3")
    weights, X, T = problem(net, 2000)
    with pytest.raises(NotCompilable, match="log_gamma"):
        Kernel(net).prepare()
    objective = Objective(net, X, T)
    assert objective.choice.kind == "reference"
    assert "log_gamma" in objective.choice.reason
    assert objective.value(weights.flat) == reference.log_likelihood(net, weights, X, T)


def test_complex_weights_go_to_the_reference():
    net = Network("2-3-3")
    weights, X, T = problem(net, 2000)
    objective = Objective(net, X, T)
    assert objective.choice.kind == "unrolled"
    assert worst(complex_step(objective.value, weights.flat), objective.gradient(weights.flat)[1]) < 1e-12
    assert np.iscomplexobj(objective.gradient(weights.flat + 0j)[1])


def test_an_objective_travels_to_another_process():
    net = Network("6-40 tanh-5")
    weights, X, T = problem(net, 2000)
    objective = Objective(net, X, T)
    assert objective.choice.kind == "blocked"
    there = pickle.loads(pickle.dumps(objective))
    np.testing.assert_array_equal(there.gradient(weights.flat)[1], objective.gradient(weights.flat)[1])


def test_the_code_of_a_deep_network_does_not_grow_with_its_depth():
    def functions_in(depth: int) -> int:
        net = Network(f"4{'-6 mish-6 tanh' * depth}-3")
        return assembly(lambda module: blocked.write_gradient(module, net, 64, 4, J=True)).count("mish")

    assert functions_in(8) < 2 * functions_in(1) + 20
    net = Network(f"4{'-6 tanh' * 40}-3")
    weights, X, T = problem(net, 30)
    kernel = Kernel(net)
    assert worst(kernel.gradient(weights.flat, kernel.rows(X, T))[1], reference.gradient(net, weights, X, T)[1]) < 1e-12


@pytest.mark.parametrize("register_bytes", [16, 32])
def test_narrower_registers_give_the_same_to_rounding(register_bytes, monkeypatch):
    """As on processors without AVX-512, and on those with nothing but the oldest instructions."""
    name = "x86-64" if register_bytes == 16 and platform.machine() in ("x86_64", "AMD64") else target.processor().name
    narrow = target.Processor(name, "" if name == "x86-64" else target.processor().features, register_bytes)
    for module in (target, kernel_module, unrolled):
        monkeypatch.setattr(module, "processor", lambda: narrow)
    for text, kind in (("2-3 gelu-3", True), ("6-40 gelu-5", False)):
        net = Network(text)
        weights, X, T = problem(net, 83)
        kernel = Kernel(net, is_unrolled=kind)
        assert kernel.width in (register_bytes // 8, register_bytes // 4)
        J, g = kernel.gradient(weights.flat, kernel.rows(X, T))
        expected = reference.gradient(net, weights, X, T)
        assert pytest.approx(expected[0], rel=1e-12) == J
        assert worst(g, expected[1]) < 1e-12
