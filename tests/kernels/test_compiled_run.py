"""Whole epochs in compiled code against the same updates in NumPy."""

from __future__ import annotations

import concurrent.futures
import platform
import time

import numpy as np
import pytest

from support import problem, worst

pytest.importorskip("llvmlite")

from chainrule import Network
from chainrule.kernels import reference
from chainrule.kernels.compiled import run as run_module
from chainrule.kernels.compiled import team
from chainrule.kernels.compiled.kernel import Kernel
from chainrule.kernels.compiled.run import CompiledRun, adam_steps
from chainrule.training.solvers.first_order import Adam, Ascent, Momentum, Nesterov

SOLVERS = {"ascent": Ascent(), "momentum": Momentum(0.8), "nesterov": Nesterov(0.8), "adam": Adam(0.8, 0.95, 1e-6)}
NETS = ["3-4 tanh-3", "5-30 relu-12 sigmoid"]


def steps_of(solver: str, rates: np.ndarray, first: int = 1) -> np.ndarray:
    return adam_steps(rates, first, 0.8, 0.95, 1e-6) if solver.startswith("adam") else rates


def by_hand(solver, net, X, T, s, flat, batches, rates, *, scale=1.0, average=False, free=1.0, held=1.0, pull=0.0):
    """The same updates by the reference kernel and the NumPy solvers; the weights, and J before each update."""
    method, w, values = SOLVERS[solver], flat.copy(), []
    memory = method.start(w)
    for t, (rows, rate) in enumerate(zip(batches, rates, strict=True), start=1):
        weight = None if s is None else s[rows].reshape(-1, 1)
        J, g = reference.gradient(net, net.weights_from(w), X[rows], T[rows], weight)
        share = len(rows) if s is None else s[rows].sum()
        g = free * (scale / (share if average else 1) * g - pull * held * w)
        w, memory = method.step(w, memory, g, rate, t)
        values.append(J)
    return w, values


@pytest.mark.parametrize("text", NETS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_full_batch_epochs_are_those_of_the_reference(solver, text):
    net = Network(text)
    weights, X, T = problem(net, 5003)
    rng = np.random.default_rng(0)
    s = rng.uniform(0, 2, 5003)
    rates = rng.uniform(0.5, 1, 12) * (0.02 if solver == "adam" else 0.1)
    free, held = (rng.random(net.size) < 0.9).astype(float), (rng.random(net.size) < 0.5).astype(float)
    settings = {"average": True, "free": free, "held": held, "pull": 0.3}
    every = [np.arange(5003)] * 12
    expected, J = by_hand(solver, net, X, T, s, weights.flat, every, rates, **settings)
    run = CompiledRun(Kernel(net), solver, X, T, s, weights.flat, decay=0.8, second_decay=0.95, **settings)
    received = run.full_batches(steps_of(solver, rates)[:5], J=True)
    run.full_batches(steps_of(solver, rates)[5:])
    assert worst(run.flat, expected) < 1e-12
    np.testing.assert_allclose(received, J[:5], rtol=1e-12)
    np.testing.assert_array_equal(run.flat[free == 0], weights.flat[free == 0])


@pytest.mark.parametrize("text", NETS)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("batch", [1, 16, 37])
def test_mini_batches_are_those_of_the_reference(solver, text, batch):
    net = Network(text)
    weights, X, T = problem(net, 75)
    rng = np.random.default_rng(1)
    s = rng.uniform(0.1, 2, 75)
    order = rng.permutation(75)
    batches = [order[at : at + batch] for at in range(0, 75, batch)]
    rates = rng.uniform(0.5, 1, len(batches)) * (0.02 if solver == "adam" else 0.1)
    expected, J = by_hand(solver, net, X, T, s, weights.flat, batches, rates, average=True)
    settings = {"average": True, "decay": 0.8, "second_decay": 0.95, "batch": batch}
    run = CompiledRun(Kernel(net), solver, X, T, s, weights.flat, **settings)
    received = run.batches(order, steps_of(solver, rates), J=True)
    assert worst(run.flat, expected) < 1e-11
    assert received == pytest.approx(sum(J), rel=1e-11)


def test_adamw_shrinks_what_is_held_and_free():
    net = Network("3-4 tanh-3")
    weights, X, T = problem(net, 40)
    rng = np.random.default_rng(2)
    free, held = (rng.random(net.size) < 0.7).astype(float), (rng.random(net.size) < 0.5).astype(float)
    rates = rng.uniform(0.01, 0.02, 9)
    method, w = SOLVERS["adam"], weights.flat.copy()
    memory = method.start(w)
    for t, rate in enumerate(rates, start=1):
        g = free * reference.gradient(net, net.weights_from(w), X, T)[1]
        w, memory = method.step(w * (1 - rate * 0.1 * held * free), memory, g, rate, t)
    settings = {"free": free, "held": held, "decay": 0.8, "second_decay": 0.95}
    run = CompiledRun(Kernel(net), "adamw", X, T, None, weights.flat, **settings)
    steps = adam_steps(rates, 1, 0.8, 0.95, 1e-6)
    steps[:, 2] = 0.1 * rates
    run.full_batches(steps)
    assert worst(run.flat, w) < 1e-12
    assert worst(run.memory[0], memory[0]) < 1e-12
    assert worst(run.memory[1], memory[1]) < 1e-12


@pytest.mark.parametrize("text", ["3-4 tanh-3", "20-30 relu-12 sigmoid", "8-33 elu-1 identity"])
def test_single_precision_climbs_the_same_hill(text):
    net = Network(text)
    weights, X, T = problem(net, 100)
    order = np.random.default_rng(3).permutation(100)
    ends = []
    for dtype in (np.float64, np.float32):
        run = CompiledRun(Kernel(net, dtype), "momentum", X, T, None, weights.flat, batch=16, average=True)
        run.batches(order, np.full(7, 0.01))
        ends.append(run.flat.astype(float))
    assert worst(ends[1], ends[0]) < 1e-5


def test_four_trainings_at_once_end_where_each_ends_alone():
    net = Network("20-30 relu-12 sigmoid")
    weights, X, T = problem(net, 500)

    def train(seed: int) -> np.ndarray:
        run = CompiledRun(Kernel(net), "adam", X, T, None, weights.flat, batch=20, average=True)
        for epoch in range(20):
            order = np.random.default_rng((seed, epoch)).permutation(500)
            run.batches(order, adam_steps(np.full(25, 0.01), 1 + 25 * epoch, 0.9, 0.999))
        return run.flat.copy()

    alone = [train(seed) for seed in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(train, range(4)), strict=True):
            np.testing.assert_array_equal(one, other)
    assert worst(alone[0], alone[1]) > 1e-6


def test_an_order_beyond_the_rows_is_refused():
    net = Network("3-4-2")
    weights, X, T = problem(net, 10)
    run = CompiledRun(Kernel(net), "ascent", X, T, None, weights.flat, batch=4)
    for order, steps in (([0, 10], [0.1]), ([-1], [0.1]), (range(10), [0.1, 0.1])):
        with pytest.raises(IndexError):
            run.batches(np.array(order), np.array(steps))
    np.testing.assert_array_equal(run.flat, weights.flat)


@pytest.mark.parametrize("batch", [None, 500])
@pytest.mark.parametrize("text", ["3-4 tanh-3", "20-60 relu-12 sigmoid"])
def test_the_number_of_threads_in_a_team_changes_no_bit(text, batch, monkeypatch):
    net = Network(text)
    weights, X, T = problem(net, 4100)
    s = np.random.default_rng(4).uniform(0, 2, 4100)
    monkeypatch.setattr(run_module, "SHORT", 0)
    monkeypatch.setattr(run_module, "parts_of", lambda *_: 4)
    order = np.random.default_rng(5).permutation(4100)
    batches = [np.arange(4100)] * 20 if batch is None else [order[at : at + batch] for at in range(0, 4100, batch)]
    rates = np.full(len(batches), 0.01)
    expected, _ = by_hand("adam", net, X, T, s, weights.flat, batches, rates, average=True)
    ends = []
    for threads in (1, 2, 3, 4, 50):
        settings = {"batch": batch, "average": True, "threads": threads, "decay": 0.8, "second_decay": 0.95}
        run = CompiledRun(Kernel(net), "adam", X, T, s, weights.flat, **settings)
        assert run.threads == min(threads, 4)
        steps = steps_of("adam", rates)
        J = run.full_batches(steps, J=True) if batch is None else run.batches(order, steps, J=True)
        ends.append((run.flat.copy(), J))
    assert worst(ends[0][0], expected) < 1e-11
    for flat, J in ends[1:]:
        np.testing.assert_array_equal(flat, ends[0][0])
        np.testing.assert_array_equal(J, ends[0][1])


def test_teams_that_meet_do_not_wait_for_each_other(monkeypatch):
    net = Network("20-60 relu-12 sigmoid")
    weights, X, T = problem(net, 600)
    monkeypatch.setattr(run_module, "SHORT", 0)
    monkeypatch.setattr(run_module, "parts_of", lambda *_: 4)

    def train(seed: int) -> np.ndarray:
        settings = {"batch": 300, "average": True, "threads": 2 + seed % 3}
        run = CompiledRun(Kernel(net), "adam", X, T, None, weights.flat * (1 + seed // 3), **settings)
        for epoch in range(15):
            run.batches(np.arange(600), adam_steps(np.full(2, 0.01), 1 + 2 * epoch, 0.9, 0.999))
        return run.flat.copy()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(train, range(6)))
    for seed in (1, 2, 4, 5):
        np.testing.assert_array_equal(ends[seed], ends[seed // 3 * 3])


def test_a_team_whose_other_members_do_not_come_leaves_the_weights_alone(monkeypatch):
    net = Network("3-4 tanh-3")
    weights, X, T = problem(net, 4100)
    monkeypatch.setattr(run_module, "SHORT", 0)
    run = CompiledRun(Kernel(net), "ascent", X, T, None, weights.flat, threads=2)
    assert run.threads == 2
    submit = concurrent.futures.ThreadPoolExecutor.submit

    def interrupted(pool, call, *arguments):
        if arguments[-5] == 1:  # the second member is about to start
            raise KeyboardInterrupt
        return submit(pool, call, *arguments)

    monkeypatch.setattr(concurrent.futures.ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.full_batches(np.full(5, 0.1))
    np.testing.assert_array_equal(run.flat, weights.flat)
    monkeypatch.undo()
    run.full_batches(np.full(5, 1e-4))
    assert (run.flat != weights.flat).any()


@pytest.mark.parametrize("members", [2, 4])
@pytest.mark.parametrize("batch", [None, 500])
def test_where_waiting_costs_too_much_the_first_thread_goes_on_alone_to_the_same_bits(batch, members, monkeypatch):
    net = Network("20-60 relu-12 sigmoid")
    weights, X, T = problem(net, 4100)
    monkeypatch.setattr(run_module, "SHORT", 0)
    monkeypatch.setattr(run_module, "parts_of", lambda *_: 4)
    late, held, real = [], [], (team._member, team.run)

    def member(cores, call, *arguments):
        if late and arguments[-5] == members - 1:
            time.sleep(0.4)  # many times what is forgiven
        real[0](cores, call, *arguments)

    def run_noted(*arguments):
        held.append(real[1](*arguments))
        return held[-1]

    monkeypatch.setattr(team, "_member", member)
    monkeypatch.setattr(team, "run", run_noted)
    ends = []
    for threads in (1, members):
        late += [True] * (threads > 1)
        run = CompiledRun(Kernel(net), "adam", X, T, None, weights.flat, batch=batch, average=True, threads=threads)
        steps = adam_steps(np.full(27, 0.01), 1, 0.9, 0.999)
        J = (
            run.full_batches(steps, J=True)
            if batch is None
            else run.batches(np.tile(np.arange(4100), (3, 1)), steps, J=True)
        )
        ends.append((run.flat.copy(), J))
    assert held == [True, False]
    np.testing.assert_array_equal(ends[1][0], ends[0][0])
    np.testing.assert_array_equal(ends[1][1], ends[0][1])


@pytest.mark.parametrize(("dtype", "smallest"), [("float64", 5e-324), ("float32", 1e-45)])
def test_a_subnormal_number_counts_as_zero_inside_a_run_and_only_there(dtype, smallest):
    net = Network("2-1 identity")
    weights = np.full(net.size, 2 * smallest, dtype)
    X, T = np.zeros((8, 2), dtype), np.zeros((8, 1), dtype)
    run = CompiledRun(Kernel(net, dtype), "ascent", X, T, None, weights)
    assert run.threads == 1
    run.full_batches(np.ones(1))
    is_x86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
    assert (run.flat == (0 if is_x86 else 2 * smallest)).all()
    assert weights[0] + weights[1] > weights[0] > 0  # the thread that ran it computes with them as before


@pytest.mark.parametrize("rows", [1, 7, 16, 17, 4096, 4103])
@pytest.mark.parametrize("text", NETS)
def test_full_batches_of_any_number_of_rows(text, rows):
    net = Network(text)
    weights, X, T = problem(net, rows)
    expected, J = by_hand("ascent", net, X, T, None, weights.flat, [np.arange(rows)] * 3, [0.1] * 3, average=True)
    run = CompiledRun(Kernel(net), "ascent", X, T, None, weights.flat, average=True)
    np.testing.assert_allclose(run.full_batches(np.full(3, 0.1), J=True), J, rtol=1e-12)
    assert worst(run.flat, expected) < 1e-12


def test_a_full_batch_run_does_not_copy_its_inputs():
    net = Network("5-30 relu-12 sigmoid")
    weights, X, T = problem(net, 4103)
    run = CompiledRun(Kernel(net), "ascent", X, T, None, weights.flat)
    assert run._data[0] is X
