"""Outputs from the raw columns of a table, as they lie in memory: standardised on their way into the network.

An input is ``(x - mean) / scale``. The quotient is made by a product with ``1 / scale`` and one correction, which
gives the bits of a division (Markstein, Computation of elementary functions on the IBM RISC System/6000 processor,
1990) in less than half of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.kernels.compiled import hidden, unrolled
from chainrule.kernels.compiled.blocked import BLOCK_ROWS, Block
from chainrule.kernels.compiled.emit import Emitter, Value
from chainrule.kernels.compiled.last_layer import write_means
from chainrule.kernels.compiled.laws import means
from chainrule.network import Network

Array = npt.NDArray[Any]

ARGUMENTS = ["columns#", "first", "n", "scaling*", "w*", "Y*", "ldy", "outside*", *unrolled.SPACE]
SCALES = (1e-200, 1e200)  # within which no part of the quotient is too large or too small
_PARTS = ("mean", "scale", "inverse", "low", "high")  # of the scaling


class Columns:
    """Columns of numbers, and what makes inputs of them.

    Parameters
    ----------
    arrays : sequence of array (N,)
        The D columns; those that are not float64 are converted unless all are float32.
    mean, scale : array (D,)
        Scales within `SCALES`.
    low, high : array (D,)
        A row with a value that is not within these, or NaN, is outside.
    """

    def __init__(self, arrays: Sequence[Array], mean: Array, scale: Array, low: Array, high: Array) -> None:
        self.rows = len(arrays[0])
        self.bits = 32 if all(array.dtype == np.float32 for array in arrays) else 64
        self._arrays = [np.ascontiguousarray(array, f"f{self.bits // 8}") for array in arrays]
        self._mean = mean
        self.addresses = _addresses(self._arrays)
        self.scaling = np.array([mean, scale, 1 / scale, low, high])

    def filled_up(self, first: int, count: int) -> tuple[Array, Array]:
        """A panel of the rows from one to the last and then means, (D, count), and the addresses of its parts."""
        panel = np.empty((len(self._arrays), count), self._arrays[0].dtype)
        panel[:] = self._mean[:, None]
        for part, array in zip(panel, self._arrays, strict=True):
            part[: self.rows - first] = array[first:]
        return panel, _addresses(list(panel))


def fill(call: Callable[..., Any], columns: Columns, first: int, end: int, w: Array, Y: Array, width: int) -> bool:
    """Fill Y (K, N) with the outputs of some rows; False where one of them is outside.

    ``call`` is what `write_outputs` wrote; ``end`` lies a multiple of ``width`` after ``first``, or is the last row's.
    """
    whole = (end - first) // width * width
    outside, strays = np.zeros(1), 0.0
    at = (columns.scaling.ctypes.data, w.ctypes.data)
    if whole:
        to = Y[:, first:].__array_interface__["data"][0]
        call(columns.addresses.ctypes.data, first, whole, *at, to, Y.shape[1], outside.ctypes.data)
        strays = outside[0]
    if first + whole < end:
        panel, addresses = columns.filled_up(first + whole, width)
        rest = np.empty((len(Y), width))
        call(addresses.ctypes.data, 0, width, *at, rest.ctypes.data, width, outside.ctypes.data)
        Y[:, first + whole : end] = rest[:, : end - first - whole]
        strays += outside[0]
        del panel  # not before it was read
    return not strays


def write_outputs(module: ir.Module, net: Network, width: int, *, is_unrolled: bool, column_bits: int) -> ir.Function:
    """``outputs(columns, first, n, scaling, w, Y, ldy, outside, space)``: Y (K, n) in float64, from the rows
    ``first`` to ``first + n`` of D columns at these addresses; outside[0] is set to how many values are outside.
    """  # fmt: skip
    e = Emitter(module, "outputs", ARGUMENTS, 64, width)
    inputs = _Inputs(e, net.D, column_bits)
    if is_unrolled:
        weights = unrolled.WeightsInRegisters(e, net, e.w)
        with e.loop(e.n, width) as i:
            X = [inputs.standardised(d, i) for d in range(net.D)]
            for k, y in enumerate(means(net.law, unrolled.forward(weights, X)[0][net.L])):
                e.store(y, e.Y, e.plus(e.times(e.ldy, k), i))
    else:
        block = _Block(e, net)
        with e.loop(e.n, BLOCK_ROWS) as i:
            block.rows = e.smaller(BLOCK_ROWS, e.minus(e.n, i))
            block.forward_from(inputs, i)
            write_means(block, lambda k, n: e.address(e.Y, e.plus(e.times(e.ldy, k), e.plus(i, n))))
    e.store_one(e.sum(inputs.outside.value), e.outside)
    return e.end()


class _Inputs:
    """The columns, a register of samples at a time."""

    def __init__(self, e: Emitter, D: int, bits: int) -> None:
        self._e, self.D = e, D
        self._kind: ir.Type = ir.DoubleType() if bits == 64 else ir.FloatType()
        self._bytes = bits // 8
        self.outside = e.variable()

    def standardised(self, d: Any, i: Any) -> Value:
        """``(x - mean) / scale`` of column d, some samples from i on."""
        e = self._e
        x = self._value(d, e.plus(e.first, i))
        mean, scale, inverse, low, high = (
            e.spread_from(e.scaling, e.plus(self.D * part, d)) for part in range(len(_PARTS))
        )
        is_inside = e.builder.and_((x >= low).ir, (x <= high).ir)  # NaN is not
        self.outside.add(e.select(Value(e, is_inside), 0.0, 1.0))
        distance = x - mean
        quotient = distance * inverse
        lost = e.call("fma", -quotient, scale, distance)
        return e.call("fma", lost, inverse, quotient)

    def _value(self, d: Any, at: Any) -> Value:
        """A register of column d from ``at`` on, in float64."""
        e, b = self._e, self._e.builder
        column = b.inttoptr(e.load_one(e.columns, d), self._kind.as_pointer())
        vector = self._kind if e.width == 1 else ir.VectorType(self._kind, e.width)
        x = b.load(b.bitcast(b.gep(column, [e.index(at)]), vector.as_pointer()), align=self._bytes)
        return Value(e, x if self._bytes == 8 else b.fpext(x, e.vector))


class _Block(Block):
    """A block of samples whose inputs come from columns."""

    def forward_from(self, inputs: _Inputs, first: Any) -> None:
        """See `Block.forward`; the samples begin ``first`` rows on."""
        e = self.e
        with e.loop(self.M[0]) as d, e.loop(self.rows, e.width) as n:
            x = inputs.standardised(d, e.plus(first, n))
            e.store(x, self.Z[0], e.plus(e.times(d, self.ld), n))
        for l in range(1, self.net.L + 1):
            to = self.A[l] if l < self.net.L else self.Y
            self.affine(l, self.Z[l - 1], e.w, to)
            if l < self.net.L:
                self.apply(hidden.write_value, l, self.part(e.w, f"b{l}"))


def _addresses(arrays: Sequence[Array]) -> Array:
    return np.array([array.__array_interface__["data"][0] for array in arrays], np.int64)
