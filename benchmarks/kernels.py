"""What the compiled kernels take, beside the post's own functions: a quick look, without peers.

Run: python benchmarks/kernels.py        (about 20 s; medians and best of runs that take turns, in microseconds)
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from chainrule import Network
from chainrule.kernels import reference
from chainrule.kernels.compiled.kernel import Kernel
from chainrule.kernels.compiled.run import CompiledRun, adam_steps
from chainrule.kernels.compiled.target import processor

BATCHES = (
    ("64-32 relu-10", 32, 1797),
    ("64-100 relu-10", 200, 1797),
    ("28-64 relu-64 relu-2", 256, 20_000),
    ("28-256 relu-256 relu-256 relu-2", 256, 10_000),
    ("784-128 relu-10", 128, 10_000),
)


def problem(net: Network, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, inputs and indicator targets drawn at random."""
    rng = np.random.default_rng(0)
    T = np.eye(net.K)[rng.integers(net.K, size=rows)]
    return net.initial_weights("glorot").flat, rng.standard_normal((rows, net.D)), T


def posts_epoch(X, T, W, b, V, c, step):
    """The post's functions, every weight from the same gradient."""
    Z = 1 / (1 + np.exp(-X.dot(W) - b))
    E = np.exp(Z.dot(V) + c)
    Y = E / E.sum(axis=1, keepdims=True)
    dV, dc = Z.T.dot(T - Y), (T - Y).sum(axis=0)
    dW, db = X.T.dot((T - Y).dot(V.T) * Z * (1 - Z)), ((T - Y).dot(V.T) * Z * (1 - Z)).sum(axis=0)
    V += step * dV
    c += step * dc
    W += step * dW
    b += step * db


def in_turns(cases: dict[str, tuple[Callable[[], object], int]], rounds: int = 9) -> dict[str, tuple[float, float]]:
    """Microseconds of each case, best and median, divided by how much it does in one call."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (call, many) in cases.items():
            began = time.perf_counter()
            call()
            seconds[name].append((time.perf_counter() - began) / many)
    return {name: (min(each) * 1e6, float(np.median(each)) * 1e6) for name, each in seconds.items()}


def posts_job() -> None:
    """One full-batch epoch of 2-3-3 on 1500 rows."""
    net = Network("2-3-3")
    flat, X, T = problem(net, 1500)
    w = net.weights_from(flat.copy())
    steps = np.full(500, 1e-6)

    def post() -> None:
        for _ in range(50):
            posts_epoch(X, T, w.W[1], w.b[1], w.W[2], w.b[2], 1e-6)

    cases: dict[str, tuple[Callable[[], object], int]] = {"the post's functions": (post, 50)}
    cases["reference.gradient"] = (lambda: reference.gradient(net, w, X, T), 1)
    for dtype in (np.float64, np.float32):
        for threads in (1, 2):
            began = time.perf_counter()
            run = CompiledRun(Kernel(net, dtype), "ascent", X, T, None, flat, threads=threads)
            run.full_batches(steps[:1])
            name = f"compiled, {np.dtype(dtype)}, {threads} threads, {run.parts} parts"
            print(f"{name}: first call {time.perf_counter() - began:.2f} s")
            cases[name] = (lambda run=run: run.full_batches(steps), 500)
    found = in_turns(cases)
    for name, (best, median) in found.items():
        ratio = found["the post's functions"][0] / best
        print(f"  {name:40} best {best:7.2f}  median {median:7.2f}  {ratio:5.1f} x the post")


def mini_batches() -> None:
    """One adam step of each mini-batch case."""
    for text, batch, rows in BATCHES:
        net = Network(text)
        flat, X, T = problem(net, rows)
        count = -(-rows // batch)
        order, steps = np.random.default_rng(1).permutation(rows), adam_steps(np.full(count, 1e-3), 1, 0.9, 0.999)
        cases: dict[str, tuple[Callable[[], object], int]] = {}
        for dtype in (np.float32, np.float64):
            for threads in (1, 2):
                run = CompiledRun(
                    Kernel(net, dtype), "adam", X, T, None, flat, batch=batch, average=True, threads=threads
                )
                run.batches(order, steps, J=True)
                name = f"{np.dtype(dtype)}, {threads} threads, {run.parts} parts"
                cases[name] = (lambda run=run, order=order, steps=steps: run.batches(order, steps, J=True), count)
        products = [6 * a * b for a, b in zip(net.M[:-1], net.M[1:], strict=True)]
        flop = (sum(products) - 2 * net.M[0] * net.M[1]) * rows / count
        print(f"{text}, batch {batch}, one adam step")
        for name, (best, median) in in_turns(cases, 7).items():
            print(f"  {name:32} best {best:8.1f}  median {median:8.1f}  {flop / best / 1e3:6.1f} GFLOP/s")


if __name__ == "__main__":
    print(processor().name, processor().register_bytes * 8, "bits")
    posts_job()
    mini_batches()
