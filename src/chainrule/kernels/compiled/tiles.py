"""Matrix products of small layers, written out: a tile of sums stays in registers, nothing is packed or copied.

``C (I, N) = sum over k of S(i, k) B[k, :]``, where a number of S is spread over a register and multiplies registers of
B, whose lanes lie side by side as those of C do. BLAS first copies both matrices into an order of its own, which costs
a third of the time where the sums are over some dozens to hundreds of terms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from chainrule.kernels.compiled.emit import INDEX, Emitter, Value

# S(i, k) is S[i si + k sk]; B (K, N) and C (I, N) lie row by row, B readable up to full registers; keep: C is added to
ARGUMENTS = ["S*", "si", "sk", "B*", "ldb", "C*", "ldc", "I", "N", "K", "keep"]
TERMS = 128  # of a sum before it is put aside: so much of a panel of B stays in the first cache


class Shape(NamedTuple):
    """A tile of sums: rows of C, and registers of each."""

    rows: int
    registers: int


def shapes(register_bytes: int) -> dict[int, tuple[int, ...]]:
    """Registers of a row of C to the numbers of rows that are taken at once, most first."""
    if register_bytes == 64:  # 32 registers
        return {4: (6, 4, 2, 1), 3: (8, 4, 2, 1), 2: (8, 4, 2, 1), 1: (8, 4, 2, 1)}
    return {2: (6, 4, 2, 1), 1: (6, 4, 2, 1)}


def write_product(module: ir.Module, bits: int, width: int) -> ir.Function:
    """``product(S, si, sk, B, ldb, C, ldc, I, N, K, keep)``, of any sizes."""
    tiles = {
        (registers, rows): _write_tile(module, bits, width, Shape(rows, registers))
        for registers, sizes in shapes(bits // 8 * width).items()
        for rows in sizes
    }
    e = Emitter(module, "product", ARGUMENTS, bits, width)
    b, most = e.builder, max(registers for registers, _ in tiles)
    with e.loop(e.K, TERMS) as k:
        terms = e.smaller(TERMS, e.minus(e.K, k))
        keep = b.or_(e.keep, b.zext(b.icmp_signed(">", k, e.index(0)), INDEX))
        S, B = e.address(e.S, e.times(k, e.sk)), e.address(e.B, e.times(k, e.ldb))
        with e.loop(e.N, most * width) as n:
            left = e.minus(e.N, n)
            needed = b.sdiv(e.plus(left, width - 1), e.index(width))
            for registers in sorted({registers for registers, _ in tiles}):
                fits = b.icmp_signed(">=" if registers == most else "==", needed, e.index(registers))
                with b.if_then(fits):
                    columns = e.smaller(left, registers * width)
                    panel, first = e.address(B, n), e.address(e.C, n)
                    _rows(e, tiles, registers, S, panel, first, terms, columns, keep)
    return e.end()


def _rows(
    e: Emitter, tiles: dict[tuple[int, int], ir.Function], registers: int, S: Any, B: Any, C: Any, terms: Any,
    columns: Any, keep: Any,
) -> None:  # fmt: skip
    """All rows of C for a panel of B: the largest tiles, then what is left."""
    b = e.builder
    done: Any = e.index(0)
    for rows in sorted((rows for r, rows in tiles if r == registers), reverse=True):
        count = b.sdiv(e.minus(e.I, done), e.index(rows))
        last = e.plus(done, e.times(count, rows))
        with e.loop(last, rows, done) as i:
            here = e.address(S, e.times(i, e.si))
            to = e.address(C, e.times(i, e.ldc))
            b.call(tiles[registers, rows], [here, e.si, e.sk, B, e.ldb, to, e.ldc, terms, columns, keep])
        done = last


def _write_tile(module: ir.Module, bits: int, width: int, shape: Shape) -> ir.Function:
    """``tile(S, si, sk, B, ldb, C, ldc, K, N, keep)``: the sums of one tile, N at most its columns."""
    arguments = ["S*", "si", "sk", "B*", "ldb", "C*", "ldc", "K", "N", "keep"]
    e = Emitter(module, f"tile {shape.rows}x{shape.registers}", arguments, bits, width, internal=True)
    e.function.attributes.add("noinline")
    b = e.builder
    places = [(i, j) for i in range(shape.rows) for j in range(shape.registers)]
    sums = {place: e.variable() for place in places}
    at = [e.address(e.S, e.times(e.si, i)) for i in range(shape.rows)]
    with e.loop(e.K) as k:
        row = e.address(e.B, e.times(k, e.ldb))
        panel = [e.load(row, j * width) for j in range(shape.registers)]
        term = e.times(k, e.sk)
        for i in range(shape.rows):
            factor = e.spread_from(at[i], term)
            for j in range(shape.registers):
                sums[i, j].add(factor * panel[j])
    found = {place: sums[place].value for place in places}
    is_full = b.icmp_signed(">=", e.N, e.index(shape.registers * width))
    with b.if_else(is_full) as (full, part):
        with full:
            _store_full(e, shape, found)
        with part:
            _store_part(e, shape, found)
    return e.end()


def _store_full(e: Emitter, shape: Shape, found: dict[tuple[int, int], Value]) -> None:
    """A whole tile to C, which it is added to where ``keep`` is not 0."""
    b = e.builder
    with b.if_else(b.icmp_signed("!=", e.keep, e.index(0))) as (added, set_):
        for branch, is_added in ((added, True), (set_, False)):
            with branch:
                for (i, j), value in found.items():
                    to = e.address(e.C, e.plus(e.times(e.ldc, i), j * e.width))
                    e.store(e.load(to) + value if is_added else value, to)


def _store_part(e: Emitter, shape: Shape, found: dict[tuple[int, int], Value]) -> None:
    """A tile whose last register is only begun: the last of a matrix whose width fills no register."""
    b, last = e.builder, shape.registers - 1
    with b.goto_entry_block():
        scratch = b.bitcast(b.alloca(e.vector, shape.rows), e.real.as_pointer())
    with b.if_else(b.icmp_signed("!=", e.keep, e.index(0))) as (added, set_):
        for branch, is_added in ((added, True), (set_, False)):
            with branch:
                for (i, j), value in found.items():
                    if j < last:
                        to = e.address(e.C, e.plus(e.times(e.ldc, i), j * e.width))
                        e.store(e.load(to) + value if is_added else value, to)
                    else:
                        e.store(value, scratch, i * e.width)
                for i in range(shape.rows):
                    row = e.address(e.C, e.plus(e.times(e.ldc, i), last * e.width))
                    with e.loop(e.minus(e.N, last * e.width)) as n:
                        one = e.load_one(scratch, e.plus(i * e.width, n))
                        e.store_one(b.fadd(e.load_one(row, n), one) if is_added else one, row, n)
