"""The output law on a block of rows: outputs, delta and J, from the last pre-activations.

A few outputs are held in registers all at once; the softmax of many classes is taken in passes over them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chainrule.kernels.compiled.emit import Value
from chainrule.kernels.compiled.laws import mean_slopes, means, means_and_density, varying_part
from chainrule.kernels.compiled.maths import bounded_exp, evaluate, log1p

if TYPE_CHECKING:
    from chainrule.kernels.compiled.blocked import Block

UNROLLED_OUTPUTS = 24  # up to here all outputs of a sample are in registers at once


def write_delta(block: Block, T: Any, s: Any, delta: Any, total: Any) -> None:
    """delta[L] = (t - y) s from the last pre-activations in Y, and J added to ``total`` where that is asked for."""
    e, net = block.e, block.net
    if net.law.name == "softmax" and net.K > UNROLLED_OUTPUTS:
        _write_wide_softmax(block, T, s, delta, total)
        return
    units = [list(range(net.K))] if net.law.name == "softmax" or net.K <= UNROLLED_OUTPUTS else None
    if units is None:  # many units that do not depend on each other
        b = block.part(e.w, f"b{net.L}")
        with e.loop(net.K) as k, e.loop(block.rows, e.width) as n:
            here = e.plus(e.times(k, block.ld), n)
            a, t = e.load(block.Y, here) + e.spread_from(b, k), e.load(T, e.plus(e.times(k, e.ldt), n))
            _output(block, [a], [t], e.load(s, n), [e.address(delta, here)], total)
        return
    with e.loop(block.rows, e.width) as n:
        targets = [e.load(T, e.plus(e.times(e.ldt, k), n)) for k in range(net.K)]
        to = [e.address(delta, e.plus(k * block.ld, n)) for k in range(net.K)]
        _output(block, block.outputs(n), targets, e.load(s, n), to, total)


def _output(block: Block, A: list[Value], T: list[Value], s: Value, to: list[Any], total: Any) -> None:
    """delta of some units of some samples."""
    law = block.net.law
    if total is None:
        Y = means(law, A)
    else:
        Y, density = means_and_density(law, A, T)
        total.add(density * s)
    for t, y, pointer in zip(T, Y, to, strict=True):
        block.e.store((t - y) * s, pointer)


def _write_wide_softmax(block: Block, T: Any, s: Any, delta: Any, total: Any) -> None:
    """The same for many classes: four passes over the units of each register of samples."""
    e, net = block.e, block.net
    b = block.part(e.w, f"b{net.L}")
    with e.loop(block.rows, e.width) as n:
        share, lost = _wide_softmax_sums(block, b, n, with_log=total is not None)
        with e.loop(net.K) as k:
            here = e.plus(e.times(k, block.ld), n)
            t, gap = e.load(T, e.plus(e.times(k, e.ldt), n)), e.load(block.Y, here)
            y = bounded_exp(gap, most=False) * share
            if total is not None:
                density = evaluate(varying_part(net.law.log_density), a=gap, t=t, softmax=y, log_softmax=gap - lost)
                total.add(density * e.load(s, n))
            e.store((t - y) * e.load(s, n), delta, here)


def _wide_softmax_sums(block: Block, b: Any, n: Any, with_log: bool) -> tuple[Value, Value]:
    """1 / sum_j e^(a_j - top) and its logarithm; a - top replaces a in Y."""
    e, net = block.e, block.net
    top, at = e.variable(-float("inf")), e.variable(0.0)
    counter = e.variable(0.0)
    with e.loop(net.K) as k:
        here = e.plus(e.times(k, block.ld), n)
        a = e.load(block.Y, here) + e.spread_from(b, k)
        e.store(a, block.Y, here)
        at.set(e.select(a > top.value, counter.value, at.value))
        top.set(e.select(a > top.value, a, top.value))
        counter.add(e.constant(1.0))
    others, own = e.variable(), e.variable()
    counter.set(e.constant(0.0))
    with e.loop(net.K) as k:
        here = e.plus(e.times(k, block.ld), n)
        gap = e.load(block.Y, here) - top.value
        e.store(gap, block.Y, here)
        power = bounded_exp(gap, most=False)
        is_top = at.value.equals(counter.value)
        others.add(e.select(is_top, 0.0, power))
        own.add(e.select(is_top, power, 0.0))
        counter.add(e.constant(1.0))
    lost = log1p(others.value) if with_log else others.value
    return 1.0 / (others.value + own.value), lost


def write_means(block: Block, to: Callable[[Any, Any], Any]) -> None:
    """y of every unit of the block from the last pre-activations in Y, to where ``to(k, n)`` points."""
    e, net = block.e, block.net
    b = block.part(e.w, f"b{net.L}")
    if net.law.name == "softmax" and net.K > UNROLLED_OUTPUTS:
        with e.loop(block.rows, e.width) as n:
            share, _ = _wide_softmax_sums(block, b, n, with_log=False)
            with e.loop(net.K) as k:
                e.store(bounded_exp(e.load(block.Y, e.plus(e.times(k, block.ld), n)), most=False) * share, to(k, n))
    elif net.law.name == "softmax":
        with e.loop(block.rows, e.width) as n:
            for k, y in enumerate(means(net.law, block.outputs(n))):
                e.store(y, to(k, n))
    else:
        with e.loop(net.K) as k, e.loop(block.rows, e.width) as n:
            a = e.load(block.Y, e.plus(e.times(k, block.ld), n)) + e.spread_from(b, k)
            e.store(means(net.law, [a])[0], to(k, n))


def write_moved(block: Block, T: Any, s: Any, delta: Any, RA: Any, Rdelta: Any) -> None:
    """delta and its derivative along v, from y in ``delta`` and R{a} in ``RA``."""
    e, net = block.e, block.net
    with e.loop(block.rows, e.width) as n:
        weight = e.load(s, n)
        inner = e.variable()
        if net.law.name == "softmax":
            with e.loop(net.K) as k:
                here = e.plus(e.times(k, block.ld), n)
                inner.add(e.load(delta, here) * e.load(RA, here))
        with e.loop(net.K) as k:
            here = e.plus(e.times(k, block.ld), n)
            y, moved = e.load(delta, here), e.load(RA, here)
            if net.law.name == "softmax":
                moved = y * (moved - inner.value)
            else:
                moved = mean_slopes(net.law, [y], [moved])[0]
            e.store(-moved * weight, Rdelta, here)
            e.store((e.load(T, e.plus(e.times(k, e.ldt), n)) - y) * weight, delta, here)
