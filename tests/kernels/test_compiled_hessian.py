"""The Hessian in one pass against the derivative of the reference gradient, which knows nothing of seeds."""

from __future__ import annotations

import concurrent.futures
import dataclasses

import numpy as np
import pytest

from support import KINKED, SMOOTH, networks, problem, worst

pytest.importorskip("llvmlite")

from chainrule import Network
from chainrule.kernels import reference
from chainrule.kernels.compiled import hessian, target, unrolled
from chainrule.kernels.compiled import kernel as kernel_module
from chainrule.kernels.compiled.kernel import Kernel

GRID = [*networks(16, range(4), SMOOTH, seed=11), *networks(8, range(1, 4), KINKED, seed=12)]
WIDE = [Network(text) for text in ("3-40", "4-5 tanh-30 sigmoid", "2-6 relu-26 exp", "20-4 gelu-3 mish-9 identity")]
KINDS = [(net, kind) for net in GRID for kind in (True, False)] + [(net, False) for net in WIDE]
names = [f"{net.notation} {'unrolled' if kind else 'blocked'}" for net, kind in KINDS]


def weighted(net: Network, rows: int):
    weights, X, T = problem(net, rows, seed=5)
    rng = np.random.default_rng(5)
    return weights, X, T, rng.uniform(0, 2, (rows, 1)) * (rng.random((rows, 1)) < 0.8)


def by_complex_step(net: Network, weights, X, T, s) -> np.ndarray:
    """Column by column, d/dr gradient(w + i r)."""
    found = np.empty((net.size, net.size))
    for at in range(net.size):
        moved = weights.astype(complex)
        moved.flat[at] += 1e-30j
        found[:, at] = reference.gradient(net, moved, X, T, s)[1].imag / 1e-30
    return found


def by_products(net: Network, weights, X, T, s) -> np.ndarray:
    """For functions that take no complex number, or whose slope jumps."""
    units = [net.weights_from(unit) for unit in np.eye(net.size)]
    return np.array([reference.hessian_product(net, weights, X, T, unit, s) for unit in units])


@pytest.mark.parametrize(("net", "kind"), KINDS, ids=names)
def test_it_is_the_derivative_of_the_gradient(net, kind):
    weights, X, T, s = weighted(net, 53)
    kernel = Kernel(net, is_unrolled=kind)
    H = kernel.hessian(weights.flat, kernel.rows(X, T, s))
    assert worst(H, by_products(net, weights, X, T, s)) < 1e-13
    np.testing.assert_array_equal(H, H.T)


@pytest.mark.parametrize(
    "text", ["2-3-3", "3-4 tanh-3 swish-2 sigmoid", "2-3 softplus-2 tanh-2 identity", "2-4 tanh-2 exp"]
)
def test_it_is_what_the_complex_step_finds(text):
    net = Network(text)
    weights, X, T, s = weighted(net, 20)
    kernel = Kernel(net)
    H = kernel.hessian(weights.flat, kernel.rows(X, T, s))
    assert worst(H, by_complex_step(net, weights, X, T, s)) < 1e-13


def test_of_one_sample_it_is_that_of_many_digits():
    mpmath = pytest.importorskip("mpmath")
    net = Network("1-2-2")
    weights, x = net.initial_weights(seed=4), 0.7

    def J(*w):  # of class 1, written out
        z = [1 / (1 + mpmath.exp(-(x * w[m] + w[2 + m]))) for m in range(2)]
        a = [z[0] * w[4 + k] + z[1] * w[6 + k] + w[8 + k] for k in range(2)]
        return a[1] - mpmath.log(mpmath.exp(a[0]) + mpmath.exp(a[1]))

    with mpmath.workdps(60):
        at = [mpmath.mpf(float(w)) for w in weights.flat]
        order = np.eye(net.size, dtype=int)
        exact = np.array([[float(mpmath.diff(J, at, tuple(map(int, i + j)))) for j in order] for i in order])
    kernel = Kernel(net)
    H = kernel.hessian(weights.flat, kernel.rows(np.array([[x]]), np.array([[0.0, 1.0]])))
    assert worst(H, exact) < 1e-14


@pytest.mark.parametrize(("net", "kind"), KINDS[::4], ids=names[::4])
def test_single_precision_agrees_to_its_own_accuracy(net, kind):
    weights, X, T, s = weighted(net, 53)
    kernel = Kernel(net, np.float32, is_unrolled=kind)
    H = kernel.hessian(weights.flat, kernel.rows(X, T, s))
    assert H.dtype == np.float32
    assert worst(H, by_products(net, weights, X, T, s)) < 2e-5


@pytest.mark.parametrize("kind", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 127, 128, 129, 4095, 4096, 4097, 9000])
def test_any_number_of_rows_fills_its_tiles_and_chunks(rows, kind):
    net = Network("3-5 tanh-3")
    weights, X, T, s = weighted(net, rows)
    kernel = Kernel(net, is_unrolled=kind)
    found = kernel.rows(X, T, s)
    H = kernel.hessian(weights.flat, found)
    if not rows:
        assert H.shape == (net.size, net.size)
        assert not H.any()
        return
    assert worst(H, by_products(net, weights, X, T, s)) < 1e-12
    for threads in (2, 3):
        np.testing.assert_array_equal(kernel.hessian(weights.flat, found, threads=threads), H)


def test_every_entry_has_a_sum_and_every_sum_that_is_filled_an_entry():
    layout = hessian.Layout(Network("3-4-2-3"))
    places = layout.places()
    np.testing.assert_array_equal(places, places.T)
    assert places.min() >= 0
    assert places.max() < layout.count
    pairs = {(min(i, j), max(i, j)): places[i, j] for i in range(len(places)) for j in range(len(places))}
    assert len(set(pairs.values())) == len(pairs)  # no sum serves two different pairs of weights


def test_a_larger_network_goes_column_by_column(monkeypatch):
    net = Network("3-5 tanh-3")
    weights, X, T, s = weighted(net, 300)
    kernel = Kernel(net)
    rows = kernel.rows(X, T, s)
    one_pass = kernel.hessian(weights.flat, rows)
    monkeypatch.setattr(kernel_module, "ONE_PASS_WEIGHTS", net.size - 1)
    columns = kernel.hessian(weights.flat, rows)
    assert worst(columns, one_pass) < 1e-13
    unit = np.eye(net.size)[2]
    np.testing.assert_array_equal(columns[2], kernel.hessian_product(weights.flat, rows, unit))


def test_several_threads_may_ask_at_once():
    net = Network("2-3-3")
    weights, X, T, s = weighted(net, 700)
    kernel = Kernel(net)
    rows = kernel.rows(X, T, s)
    starts = [weights.flat + 0.01 * at for at in range(64)]
    alone = [kernel.hessian(w, rows) for w in starts]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda w: kernel.hessian(w, rows), starts))
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_weight_that_ran_away_is_seen(bad):
    net = Network("2-3-3")
    weights, X, T, s = weighted(net, 20)
    weights.flat[-1] = bad
    kernel = Kernel(net)
    assert not np.isfinite(kernel.hessian(weights.flat, kernel.rows(X, T, s))).all()


@pytest.mark.parametrize("register_bytes", [16, 32, 64])
def test_registers_of_every_size_give_the_same_hessian(register_bytes, monkeypatch):
    own = target.processor()
    if register_bytes > own.register_bytes:
        pytest.skip("this processor has shorter registers")
    monkeypatch.setenv("CHAINRULE_CACHE", "off")  # the name of the code does not tell the size apart
    for module in (hessian, kernel_module, unrolled):
        monkeypatch.setattr(module, "processor", lambda: dataclasses.replace(own, register_bytes=register_bytes))
    net = Network("3-6 tanh-3")
    weights, X, T, s = weighted(net, 300)
    kernel = Kernel(net)
    assert kernel.width == register_bytes // 8 * 2
    H = kernel.hessian(weights.flat, kernel.rows(X, T, s))
    assert worst(H, by_products(net, weights, X, T, s)) < 1e-13
