"""A matrix with its rows as columns, a square of registers at a time."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter, Value

# ``to`` (columns, rows) with its rows ``ldt`` apart
ARGUMENTS = ["source*", "lds", "to*", "ldt", "rows", "columns"]


def write_transposed(module: ir.Module, bits: int, width: int) -> ir.Function:
    """``transposed(source, lds, to, ldt, rows, columns)``, of any sizes."""
    e = Emitter(module, "transposed", ARGUMENTS, bits, width)
    b = e.builder
    rows, columns = (b.and_(count, e.index(-width)) for count in (e.rows, e.columns))
    with e.loop(rows, width) as n:
        with e.loop(columns, width) as m:
            _square(e, e.address(e.source, e.plus(e.times(n, e.lds), m)), e.address(e.to, e.plus(e.times(m, e.ldt), n)))
        with e.loop(e.columns, 1, columns) as m, e.loop(width) as i:
            _one(e, e.plus(n, i), m)
    with e.loop(e.rows, 1, rows) as n, e.loop(e.columns) as m:
        _one(e, n, m)
    return e.end()


def _one(e: Emitter, n: Any, m: Any) -> None:
    value = e.load_one(e.source, e.plus(e.times(n, e.lds), m))
    e.store_one(value, e.to, e.plus(e.times(m, e.ldt), n))


def _square(e: Emitter, source: Any, to: Any) -> None:
    """width x width numbers: for each power of two, pairs of registers exchange what lies off their diagonal."""
    rows = [e.load(e.address(source, e.times(e.lds, i))) for i in range(e.width)]
    step = 1
    while step < e.width:
        for i in (i for i in range(e.width) if not i & step):
            rows[i], rows[i + step] = _exchanged(e, rows[i], rows[i + step], step)
        step *= 2
    for i, row in enumerate(rows):
        e.store(row, e.address(to, e.times(e.ldt, i)))


def _exchanged(e: Emitter, a: Value, b: Value, step: int) -> tuple[Value, Value]:
    """The lanes of a whose number has the bit ``step`` change places with those of b that have not."""
    lanes = range(e.width)
    first = [lane if not lane & step else e.width + lane - step for lane in lanes]
    second = [lane + step if not lane & step else e.width + lane for lane in lanes]
    kind = ir.VectorType(ir.IntType(32), e.width)
    low, high = (e.builder.shuffle_vector(a.ir, b.ir, ir.Constant(kind, mask)) for mask in (first, second))
    return Value(e, low), Value(e, high)
