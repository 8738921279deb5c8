"""Gradients of many chunks of rows in one call, and their sums: a block of rows chunk by chunk, blocks in a tree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.kernels.blocks.tree import TreeSum
from chainrule.kernels.compiled import blocked, unrolled
from chainrule.kernels.compiled.emit import Emitter
from chainrule.kernels.compiled.threads import MOST_BYTES, in_order
from chainrule.network import Network

Array = npt.NDArray[Any]

TILE = 1 << 14  # numbers that are transposed at once: they stay in the processor's cache
TABLE = 6  # numbers that describe a chunk: address of X, ldx, address of T, ldt, address of s, rows
ARGUMENTS = ["table#", "count", "w*", "g*", "stride", "J@", *unrolled.SPACE]


def write_gradients(
    module: ir.Module, net: Network, bits: int, width: int, *, is_unrolled: bool, J: bool
) -> ir.Function:
    """``gradient(table, count, w, g, stride, J, space)``: dJ/dw (P,) of each chunk from ``g + i stride`` on, J[i]."""
    writer = unrolled if is_unrolled else blocked
    gradient = writer.write_gradient(module, net, bits, width, "chunk", J=J, internal=True)
    e = Emitter(module, "gradient", ARGUMENTS, bits, width)
    b, real = e.builder, e.real.as_pointer()
    with e.loop(e.count) as i:
        chunk = e.address(e.table, e.times(i, TABLE))
        X, ldx, T, ldt, s, n = (b.load(e.address(chunk, at)) for at in range(TABLE))
        where = (b.inttoptr(X, real), ldx, b.inttoptr(T, real), ldt, b.inttoptr(s, real), n)
        into = (e.address(e.g, e.times(i, e.stride)), e.address(e.J, i))
        b.call(gradient, [*where, e.w, *into, e.space])
    return e.end()


def gradient_sum(
    call: Callable[[Array, Array, Array], None],
    table: Array,
    constants: Sequence[float],
    chunks_per_block: int,
    size: int,
    dtype: np.dtype[Any],
    threads: int,
) -> tuple[float, Array]:
    """J and dJ/dw (P,) over all chunks, in an order that no number of threads changes.

    Parameters
    ----------
    call : callable (table, g, J)
        Fills g (chunks, P) and J (chunks,).
    table : array (chunks, 6), int64
    constants : sequence of float
        What the targets alone contribute to J of each block.
    chunks_per_block : int
    size : int
        P.
    """
    sums, found, J = TreeSum(), np.zeros(size, dtype), 0.0
    at_once = max(1, MOST_BYTES // max(size * dtype.itemsize, 1))
    if at_once > chunks_per_block:
        at_once -= at_once % chunks_per_block  # whole blocks
    for first in range(0, len(table), at_once):
        part = table[first : first + at_once]
        g, values = np.zeros((len(part), size), dtype), np.zeros(len(part))
        _share(call, part, g, values, threads)
        whole = len(part) // chunks_per_block if first % chunks_per_block == 0 else 0
        for number, block in enumerate(_whole_blocks(g, values, constants, first, whole, chunks_per_block)):
            sums.add(first // chunks_per_block + number, block)
        for i in range(whole * chunks_per_block, len(part)):
            number, place = divmod(first + i, chunks_per_block)
            if place == 0:
                found, J = np.zeros(size, dtype), constants[number]
            found += g[i]
            J += float(values[i])
            if place == chunks_per_block - 1 or first + i == len(table) - 1:
                sums.add(number, (J, found))
    if not len(table):
        return constants[0], found
    total, gradient = sums.total(len(constants))
    return float(total), gradient


def _share(call: Callable[[Array, Array, Array], None], table: Array, g: Array, values: Array, threads: int) -> None:
    """The chunks, by several threads."""
    threads = max(1, min(threads, len(table)))
    bounds = [len(table) * at // threads for at in range(threads + 1)]
    parts = [slice(a, b) for a, b in itertools.pairwise(bounds)]
    for _ in in_order(lambda part: call(table[part], g[part], values[part]), parts, threads, 0):
        pass


def _whole_blocks(
    g: Array, values: Array, constants: Sequence[float], first: int, count: int, chunks: int
) -> Iterator[tuple[float, Array]]:
    """J and gradient of each whole block, chunk by chunk, of all blocks at once."""
    if not count:
        return
    of_chunk = g[: count * chunks].reshape(count, chunks, -1)
    J = np.array(constants[first // chunks : first // chunks + count])
    found = np.zeros_like(of_chunk[:, 0])
    for i in range(chunks):
        found += of_chunk[:, i]
        J += values[: count * chunks].reshape(count, chunks)[:, i]
    yield from zip(J.tolist(), found, strict=True)


def transposed(rows: Array, panel: Array) -> Array:
    """The panel (columns, at least n) filled with rows (n, columns), and with zeros after them."""
    count = len(rows)
    tile = max(64, TILE // max(1, rows.shape[1]))
    for first in range(0, count, tile):
        panel[:, first : min(first + tile, count)] = rows[first : first + tile].T
    panel[:, count:] = 0
    return panel


def tree_of_blocks(parts: Iterator[Any], constants: Sequence[Any], chunks_per_block: int, count: int) -> Any:
    """The sum of what each chunk contributes, added to what each block begins with."""
    sums, total = TreeSum(), constants[0]
    for i, part in enumerate(parts):
        number, place = divmod(i, chunks_per_block)
        total = constants[number] + part if place == 0 else total + part
        if place == chunks_per_block - 1 or i == count - 1:
            sums.add(number, total)
    return sums.total(len(constants)) if count else total
