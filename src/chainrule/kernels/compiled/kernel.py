"""One network's compiled kernel, as Python calls it: J, gradient, outputs and Hessian products over arrays."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.functions import Activation
from chainrule.kernels.blocks import Recycled, rows_per_block
from chainrule.kernels.compiled import blocked, chunks, columns, from_columns, hessian, score, shared, unrolled
from chainrule.kernels.compiled.epochs import CHUNK_ROWS
from chainrule.kernels.compiled.last_layer import UNROLLED_OUTPUTS
from chainrule.kernels.compiled.laws import constant_part
from chainrule.kernels.compiled.target import Library, library, processor
from chainrule.kernels.compiled.threads import in_order
from chainrule.network import Network

Array = npt.NDArray[Any]

UNROLLED_WEIGHTS = {64: 100, 32: 150}  # above, the sums no longer fit the registers and blocks win
ONE_PASS_WEIGHTS = 300  # above, the Hessian's code would take long to compile
PAIRED_WEIGHTS = 75  # up to here two registers of samples at once hide the waiting for each other's exp


@dataclass(frozen=True)
class Rows:
    """Inputs, targets and sample weights as a kernel reads them.

    Attributes
    ----------
    count : int
        Number of samples.
    chunks : list of (X, ldx, T, ldt, s, rows)
        Addresses and sizes, each at most `CHUNK_ROWS` samples; the last is filled up with samples of weight 0.
    constants : list of float
        What the targets alone contribute to J of each block.
    arrays : tuple of arrays
        Kept alive.
    chunks_per_block : int
        A block is summed chunk by chunk, blocks in a tree (`chainrule.kernels.blocks.TreeSum`).
    """

    count: int
    chunks: list[tuple[int, ...]]
    constants: list[float]
    arrays: tuple[Array, ...]
    chunks_per_block: int

    @functools.cached_property
    def address(self) -> int:
        """Of the table."""
        return int(self.table.ctypes.data)

    @functools.cached_property
    def table(self) -> Array:
        """The chunks as compiled code reads them, int64 (chunks, 6)."""
        return np.array(self.chunks, np.int64).reshape(-1, chunks.TABLE)


class Kernel:
    """The compiled kernel of one network in one precision.

    Parts are compiled when first asked for. Every method may be called by several threads at once.

    Parameters
    ----------
    net : Network
    dtype : float64 or float32
    is_unrolled : bool, optional
        Whether all of a sample is to stay in registers; by the number of weights where left out.
    """

    def __init__(self, net: Network, dtype: npt.DTypeLike = np.float64, *, is_unrolled: bool | None = None) -> None:
        self.net, self.dtype = net, np.dtype(dtype)
        self.bits = self.dtype.itemsize * 8
        fits = net.size <= UNROLLED_WEIGHTS[self.bits] and net.K <= UNROLLED_OUTPUTS
        self.is_unrolled = fits if is_unrolled is None else is_unrolled
        self.width = processor().lanes(self.bits) * (2 if self.is_unrolled and net.size <= PAIRED_WEIGHTS else 1)
        self.description = described(net)
        self._libraries: dict[str, Library] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._own = threading.local()

    # what is called

    def gradient(self, flat: Array, rows: Rows, *, J: bool = True, threads: int = 1) -> tuple[float, Array]:
        """J and dJ/dw (P,): sums over chunks of rows, added in a fixed order whatever the number of threads."""
        call = self._part("gradient" if J else "gradient alone", 7)
        if len(rows.chunks) == 1:
            own = self._vectors
            own.w[:] = flat
            call(rows.address, 1, own.at_w, own.at_g, self.net.size, own.at_J, self._space())
            return rows.constants[0] + float(own.J[0]), own.g + 0.0  # as a sum that begins with 0: no -0
        w = self._vector(flat)

        def part(table: Array, g: Array, values: Array, rows: Rows = rows) -> None:  # which keeps its arrays alive
            at_w, at_g, at_values = self._pointers(w, g, values)
            call(table.ctypes.data, len(table), at_w, at_g, self.net.size, at_values, self._space())

        return chunks.gradient_sum(
            part, rows.table, rows.constants, rows.chunks_per_block, self.net.size, self.dtype, threads
        )

    def value(self, flat: Array, rows: Rows, *, threads: int = 1) -> float:
        """J."""
        call, w = self._part("value", 10), self._vector(flat)

        def part(chunk: tuple[int, ...], rows: Rows = rows) -> float:
            value = np.zeros(1)
            call(*chunk, *self._pointers(w), 0, *self._pointers(value), self._space())
            return float(value[0])

        return float(self._summed(part, rows, threads, 8, rows.constants))

    def score(self, flat: Array, rows: Rows, *, threads: int = 1) -> float | None:
        """The weight of rows (labels) right, or the sum of squares of t - y; None where no pass is written for it."""
        if not (self.is_unrolled and score.is_scored(self.net.law)):
            return None
        call = self._part("score", 9)

        def part(chunk: tuple[int, ...], rows: Rows = rows) -> float:
            own = self._vectors
            own.w[:] = flat
            call(*chunk, own.at_w, own.at_J, 0)
            return float(own.J[0])

        return float(self._summed(part, rows, threads, 8, [0.0] * len(rows.constants)))

    def hessian_product(self, flat: Array, rows: Rows, v: Array, *, threads: int = 1) -> Array:
        """(d²J/dw²) v, (P,)."""
        call, w, moved = self._part("hessian_product", 10), self._vector(flat), self._vector(v)

        def part(chunk: tuple[int, ...], rows: Rows = rows) -> Array:
            g = np.empty(self.net.size, self.dtype)
            call(*chunk, *self._pointers(w, moved, g), self._space())
            return g

        nothing = np.zeros(self.net.size, self.dtype)
        product: Array = self._summed(part, rows, threads, nothing.nbytes, [nothing] * len(rows.constants))
        return product

    def hessian(self, flat: Array, rows: Rows, *, threads: int = 1) -> Array:
        """d²J/dw² (P, P), symmetric; of a large network a product a column, the columns shared between threads."""
        if self.net.size > ONE_PASS_WEIGHTS:
            return self._columns(flat, rows, threads)
        call = self._part("hessian", 9)
        count, places = self._places

        def part(chunk: tuple[int, ...], rows: Rows = rows) -> Array:
            own, C = self._vectors, np.empty(count, self.dtype)
            own.w[:] = flat
            call(*chunk, own.at_w, C.ctypes.data, self._space("hessian"))
            return C

        nothing = np.zeros(count, self.dtype)
        sums: Array = self._summed(part, rows, threads, nothing.nbytes, [nothing] * len(rows.constants))
        return sums.take(places)

    def _columns(self, flat: Array, rows: Rows, threads: int) -> Array:
        call, w, P = self._part("columns", 13), self._vector(flat), self.net.size
        units, part = np.eye(P, dtype=self.dtype), np.empty((P, P), self.dtype)
        where = (*self._pointers(w, units, part), P)
        bounds = [P * at // max(1, threads) for at in range(max(1, threads) + 1)]

        def products() -> Iterator[Array]:
            for chunk in rows.chunks:

                def some(share: tuple[int, int], chunk: tuple[int, ...] = chunk) -> None:
                    call(*chunk, *where, *share, self._space())

                for _ in in_order(some, list(itertools.pairwise(bounds)), threads, 0):
                    pass
                yield part

        nothing = [np.zeros((P, P), self.dtype)] * len(rows.constants)
        found: Array = chunks.tree_of_blocks(products(), nothing, rows.chunks_per_block, len(rows.chunks))
        return found

    def outputs(self, flat: Array, X: Array, *, rows: Rows | None = None, threads: int = 1) -> Array:
        """Y (N, K); of ``rows``, where X was prepared as these before."""
        call, w = self._part("outputs", 7), self._vector(flat)
        count, K = len(X), self.net.K
        Y = np.empty((count, K), self.dtype)

        def part(first: int) -> None:
            block = X[first : first + CHUNK_ROWS]
            if rows is None:
                panel, ldx, padded = self._inputs(block)
                address = panel.ctypes.data
            else:
                address, ldx, *_, padded = rows.chunks[first // CHUNK_ROWS]
            to = np.empty((K, padded), self.dtype)
            call(address, ldx, padded, w.ctypes.data, to.ctypes.data, padded, self._space())
            Y[first : first + CHUNK_ROWS] = to[:, : len(block)].T

        for _ in in_order(part, list(range(0, count, CHUNK_ROWS)), threads, 0):
            pass
        return Y

    def fill_outputs(self, flat: Array, columns: from_columns.Columns, first: int, end: int, Y: Array) -> bool:
        """Y[:, first:end] from these rows of raw columns; False where one is outside. See `from_columns.fill`."""
        call, space = self._part(f"outputs of {columns.bits}-bit columns", 9), self._space()
        w = self._vector(flat)
        return from_columns.fill(lambda *where: call(*where, space), columns, first, end, w, Y, self.width)

    def rows(self, X: Array, T: Array, sample_weight: Array | None = None, memory: Recycled | None = None) -> Rows:
        """Arrays (N, D), (N, K) and (N,) or (N, 1) prepared for this kernel; X is not copied where it need not be."""
        count, K = len(X), self.net.K
        block_rows = rows_per_block(self.net.D + K)
        padded = filled_up(count, self.width)
        memory = memory or Recycled()
        panel = chunks.transposed(T, memory.empty((K, padded), self.dtype))
        s = memory.empty((padded,), self.dtype)
        s[:count], s[count:] = 1 if sample_weight is None else sample_weight.reshape(-1), 0
        kept: list[Array] = [panel, s]
        if self.is_unrolled:
            kept.append(chunks.transposed(X, memory.empty((self.net.D, padded), self.dtype)))
        table: list[tuple[int, ...]] = []
        for first in range(0, count, CHUNK_ROWS):
            at = first * self.dtype.itemsize
            if self.is_unrolled:
                address, ldx, size = kept[2].ctypes.data + at, padded, min(CHUNK_ROWS, padded - first)
            else:
                inputs, ldx, size = self._inputs(X[first : first + CHUNK_ROWS])
                kept.append(inputs)
                address = inputs.ctypes.data
            table.append((address, ldx, panel.ctypes.data + at, padded, s.ctypes.data + at, size))
        own = None if sample_weight is None else sample_weight.reshape(-1)
        blocks = [slice(at, at + block_rows) for at in range(0, max(count, 1), block_rows)]
        constants = [constant_of(self.net, T[part], None if own is None else own[part]) for part in blocks]
        return Rows(count, table, constants, tuple(kept), block_rows // CHUNK_ROWS)

    def prepare(self) -> None:
        """Compile the gradient now, so that what cannot be compiled is known before it is needed."""
        self._part("gradient", 7)

    def library(self, name: str, write: Callable[[ir.Module], Any]) -> Library:
        """The machine code of one part, compiled or loaded when first asked for."""
        found = self._libraries.get(name)
        if found is None:
            if not self.is_unrolled:
                shared.link(self.bits)
            key = f"{name}|{self.is_unrolled}|{self.bits}|{self.width}|{self.description}"
            found = self._libraries[name] = library(key, write)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Kernel, is_unrolled=self.is_unrolled), (self.net, self.dtype.str)

    # how it is called

    def _part(self, name: str, arguments: int) -> Callable[..., Any]:
        found = self._functions.get(name)
        if found is None:
            writer = unrolled if self.is_unrolled else blocked
            size = (self.net, self.bits, self.width)
            write: dict[str, Callable[[ir.Module], Any]] = {
                "gradient": lambda m: chunks.write_gradients(m, *size, is_unrolled=self.is_unrolled, J=True),
                "gradient alone": lambda m: chunks.write_gradients(m, *size, is_unrolled=self.is_unrolled, J=False),
                "value": lambda m: writer.write_value(m, *size),
                "outputs": lambda m: writer.write_outputs(m, *size),
                "outputs of 32-bit columns": lambda m: self._write_outputs_of_columns(m, 32),
                "outputs of 64-bit columns": lambda m: self._write_outputs_of_columns(m, 64),
                "hessian_product": lambda m: writer.write_hessian_product(m, *size),
                "score": lambda m: score.write_score(m, *size),
                "hessian": lambda m: hessian.write_hessian(m, *size, is_unrolled=self.is_unrolled),
                "columns": lambda m: columns.write_columns(m, *size, is_unrolled=self.is_unrolled),
            }
            found = self.library(name, write[name]).function(name.split()[0], arguments)
            self._functions[name] = found
        return found

    def _summed(
        self, part: Callable[[tuple[int, ...]], Any], rows: Rows, threads: int, result_bytes: int, begins: Sequence[Any]
    ) -> Any:
        """What each chunk contributes, added in a fixed order to what each block begins with."""
        if len(rows.chunks) == 1:
            return begins[0] + part(rows.chunks[0])
        found = in_order(part, rows.chunks, threads, result_bytes)
        return chunks.tree_of_blocks(found, begins, rows.chunks_per_block, len(rows.chunks))

    def _write_outputs_of_columns(self, module: ir.Module, bits: int) -> ir.Function:
        return from_columns.write_outputs(module, self.net, self.width, is_unrolled=self.is_unrolled, column_bits=bits)

    def _inputs(self, X: Array) -> tuple[Array, int, int]:
        """X as the kernel reads it, the distance of two units or samples, and the number of samples filled up."""
        count = len(X)
        padded = filled_up(count, self.width)
        if self.is_unrolled:
            panel = np.zeros((self.net.D, padded), self.dtype)
            panel[:, :count] = X.T
            return panel, padded, padded
        if padded == count:
            return np.ascontiguousarray(X, self.dtype), self.net.D, padded
        panel = np.zeros((padded, self.net.D), self.dtype)
        panel[:count] = X
        return panel, self.net.D, padded

    @property
    def _vectors(self) -> _Vectors:
        """This thread's own, whose addresses need not be asked for at each call."""
        found: _Vectors | None = getattr(self._own, "vectors", None)
        if found is None:
            found = self._own.vectors = _Vectors(self.net.size, self.dtype)
        return found

    def _vector(self, flat: Array) -> Array:
        return np.ascontiguousarray(flat, self.dtype)

    def _pointers(self, *arrays: Array) -> tuple[int, ...]:
        return tuple(array.ctypes.data for array in arrays)

    def _space(self, purpose: str = "") -> int:
        """This thread's working memory."""
        if self.is_unrolled and not purpose:
            return 0
        found = getattr(self._own, f"space {purpose}", None)
        if found is None:
            lanes = processor().lanes(self.bits)
            count = hessian.working_memory(self.net, lanes) if purpose else blocked.working_memory(self.net, self.bits)
            found = aligned(count, self.dtype)
            setattr(self._own, f"space {purpose}", found)
        return int(found.ctypes.data)

    @functools.cached_property
    def _places(self) -> tuple[int, Array]:
        """How many sums the Hessian is made of, and which each entry is."""
        layout = hessian.Layout(self.net)
        return layout.count, layout.places()


class _Vectors:
    """Weights, gradient and J in memory that stays."""

    def __init__(self, size: int, dtype: np.dtype[Any]) -> None:
        self.w, self.g, self.J = np.zeros(size, dtype), np.zeros(size, dtype), np.zeros(1)
        self.at_w, self.at_g, self.at_J = (int(array.ctypes.data) for array in (self.w, self.g, self.J))


def filled_up(count: int, to: int) -> int:
    """The next multiple of ``to``."""
    return -(-count // to) * to


def aligned(count: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin at a cache line."""
    raw = np.zeros(count * dtype.itemsize + 64, np.uint8)
    skip = -raw.ctypes.data % 64
    return raw[skip : skip + count * dtype.itemsize].view(dtype)


def constant_of(net: Network, T: Array, sample_weight: Array | None) -> float:
    """What the targets alone contribute to J: log t! of the Poisson law, log 2 pi of the Gaussian one."""
    source = constant_part(net.law.log_density)
    if source is None or not len(T):
        return 0.0
    from chainrule.kernels.primitives import evaluate

    terms = np.broadcast_to(evaluate(source, t=np.asarray(T, np.float64)), T.shape)
    return float(terms.sum() if sample_weight is None else (terms.sum(axis=1) * sample_weight.reshape(-1)).sum())


def described(net: Network) -> str:
    """Everything of a network that its machine code depends on: sizes and formulas, not names."""
    parts: list[str] = [str(net.M)]
    for row in net.activations:
        if isinstance(row, Activation):
            parts += [row.value, row.slope, row.curvature]
    law = net.law
    return ";".join([*parts, law.name, law.mean, law.log_density])
