"""Sums over samples of products of two units: every row of one panel with every row of another."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter, Value

TILE_ROWS = 128  # samples of a panel, of which all units stay in the second-level cache
LEADING = TILE_ROWS + 8  # numbers from one unit to the next: a power of two would leave most sets of a cache unused
ARGUMENTS = ["Z*", "Q*", "count", "rows", "sums*", "stride"]
MOST_ROWS = 4  # of Z that are taken at once


class Strips:
    """Functions that add ``sum_n Z[i, n] Q[q, n]`` to a register of partial sums for each i and q.

    ``strip(Z, Q, count, rows, sums, stride)``: i runs over as many rows as the function is for, q over ``count``; the
    register of (i, q) lies at number ``i stride + q``. Lanes are samples; they are added up once, at the end.
    """

    def __init__(self, lanes: int, functions: dict[int, ir.Function]) -> None:
        self.lanes, self._functions = lanes, functions

    def write(self, e: Emitter, Z: tuple[Any, int], Q: Any, count: Any, rows: Any, sums: Any, stride: int) -> None:
        """All rows of Z (its address and how many it has) with ``count`` of Q."""
        panel, units = Z
        for first in range(0, units, MOST_ROWS):
            function = self._functions[min(MOST_ROWS, units - first)]
            part, to = e.address(panel, first * LEADING), e.address(sums, first * stride * self.lanes)
            e.builder.call(function, [part, Q, e.index(count), rows, to, e.index(stride)])

    def write_totals(self, e: Emitter, sums: Any, count: int, to: Any) -> None:
        """``to[:count]`` set to each register's lanes added up."""
        kind = ir.VectorType(e.real, self.lanes).as_pointer()
        with e.loop(count) as i:
            register = e.builder.bitcast(e.address(sums, e.times(i, self.lanes)), kind)
            e.store_one(e.sum(Value(e, e.builder.load(register, align=e.bits // 8))), to, i)


def write_strips(module: ir.Module, bits: int, lanes: int) -> Strips:
    """The functions for one to four rows of Z."""
    registers = 32 if lanes * bits == 512 else 16
    at_once = registers // 8  # of Q: with four rows of Z half of the registers hold sums
    return Strips(lanes, {rows: _write_strip(module, bits, lanes, rows, at_once) for rows in range(1, MOST_ROWS + 1)})


def _write_strip(module: ir.Module, bits: int, lanes: int, units: int, at_once: int) -> ir.Function:
    e = Emitter(module, f"strip {units}", ARGUMENTS, bits, lanes, internal=True)
    e.function.attributes.add("noinline")
    full = e.minus(e.count, e.builder.srem(e.count, e.index(at_once)))
    with e.loop(full, at_once) as q:
        _write_block(e, units, at_once, q)
    with e.loop(e.count, 1, full) as q:
        _write_block(e, units, 1, q)
    return e.end()


def _write_block(e: Emitter, units: int, columns: int, q: Any) -> None:
    """Some rows of Z with some of Q, whose sums stay in registers."""
    places = [(i, j) for i in range(units) for j in range(columns)]
    found = {place: e.variable() for place in places}
    Q = e.address(e.Q, e.times(q, LEADING))
    with e.loop(e.rows, e.width) as n:
        Z = [e.load(e.Z, e.plus(i * LEADING, n)) for i in range(units)]
        for j in range(columns):
            value = e.load(Q, e.plus(j * LEADING, n))
            for i in range(units):
                found[i, j].add(Z[i] * value)
    for (i, j), sum_ in found.items():
        to = e.address(e.sums, e.times(e.plus(e.times(e.stride, i), e.plus(q, j)), e.width))
        e.store(e.load(to) + sum_.value, to)
