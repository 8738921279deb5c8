"""Kernels for all other networks: fixed blocks of rows, products tile by tile, one pass for all between them.

Inputs come as they are, row by row. A block lies unit by unit: Z[l] is (M[l], block), inputs too, so that a register
holds one unit of several samples at every width of a layer. The working memory is the caller's; nothing is allocated.
The number of rows is a multiple of the width; what fills up the last register has the sample weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from chainrule.kernels.compiled import hidden
from chainrule.kernels.compiled.emit import INDEX, Emitter, Value
from chainrule.kernels.compiled.last_layer import write_delta, write_means, write_moved
from chainrule.kernels.compiled.shared import declared
from chainrule.kernels.compiled.unrolled import ROWS, SPACE
from chainrule.network import Network

BLOCK_ROWS = 128  # all panels of a block in the second-level cache, unless the layers are very wide
CACHE_LINE = 64  # bytes
MOST_LANES = 16  # of a register


def leading(bits: int) -> int:
    """Numbers from one unit of a block to the next: a power of two would leave most sets of a cache unused."""
    return BLOCK_ROWS + CACHE_LINE * 8 // bits


def working_memory(net: Network, bits: int) -> int:
    """Real numbers of working memory that any of the kernels needs."""
    widest = max(net.M[1:])
    panels = net.D + 4 * sum(net.M[1:-1]) + 2 * net.K + 4 * widest + (widest + MOST_LANES)
    return panels * leading(bits) + 64


class Block:
    """The panels of one block, and what is written for each layer."""

    def __init__(self, e: Emitter, net: Network) -> None:
        self.e, self.net = e, net
        self._slices, self._activations, self.M = net.slices, net.activations, net.M  # each is computed when asked for
        self.ld = leading(e.bits)
        self.product, self.transposed = declared("product", e), declared("transposed", e)
        self._used = 0
        layers = range(1, net.L)
        self.Z = {0: self.panel(net.D), **{l: self.panel(net.M[l]) for l in layers}}
        self.A = {l: self.panel(net.M[l]) if self.layer(l).keeps_A else self.Z[l] for l in layers}
        self.Y = self.panel(net.K)
        widest = max(net.M[1:])
        self.delta = [self.panel(widest), self.panel(widest)]
        self.turned = self.panel(widest + MOST_LANES)  # delta sample by sample
        self.rows: Any = 0

    def panel(self, units: int) -> Any:
        """Room for ``units`` rows of one block."""
        at = self._used
        self._used += units * self.ld
        return self.e.address(self.e.space, at)

    def part(self, vector: Any, name: str) -> Any:
        """Where W[l] or b[l] begins in a vector of all weights."""
        return self.e.address(vector, self._slices[name].start)

    def multiply(self, S: tuple[Any, Any, Any], B: tuple[Any, Any], C: tuple[Any, Any], *sizes: Any) -> None:
        """`tiles.write_product`: matrices and their steps, then I, N, K and whether C is added to."""
        self._call(self.product, *S, *B, *C, *sizes)

    def affine(self, l: int, Z: Any, vector: Any, to: Any, keep: Any = False) -> None:
        """``to`` (M[l], block) = Z (M[l-1], block) through W[l], without the bias."""
        M, W = self.M, self.part(vector, f"W{l}")
        self.multiply((W, 1, M[l]), (Z, self.ld), (to, self.ld), M[l], self.rows, M[l - 1], keep)

    def back(self, l: int, delta: Any, vector: Any, to: Any, keep: Any = False) -> None:
        """``to`` (M[l-1], block) = delta (M[l], block) through W[l] transposed."""
        M, W = self.M, self.part(vector, f"W{l}")
        self.multiply((W, M[l], 1), (delta, self.ld), (to, self.ld), M[l - 1], self.rows, M[l], keep)

    def weights_part(self, l: int, Z: Any, delta: Any, keep: Any) -> None:
        """dW[l] = sum over the samples of Z (M[l-1], block) and delta (M[l], block)."""
        M, dW, ld = self.M, self.part(self.e.g, f"W{l}"), -(-self.M[l] // self.e.width) * self.e.width
        self._call(self.transposed, delta, self.ld, self.turned, ld, M[l], self.rows)
        self.multiply((Z, self.ld, 1), (self.turned, ld), (dW, M[l]), M[l - 1], M[l], self.rows, keep)

    def _call(self, function: ir.Function, *arguments: Any) -> None:
        """A call; whole numbers of Python become constants."""
        whole = [self.e.index(int(x)) if isinstance(x, int) else x for x in arguments]
        self.e.builder.call(function, whole)

    def forward(self, X: Any) -> None:
        """A and Z of the hidden layers, and the last A without its bias in Y."""
        e = self.e
        self._call(self.transposed, X, e.ldx, self.Z[0], self.ld, self.rows, self.M[0])
        for l in range(1, self.net.L + 1):
            to = self.A[l] if l < self.net.L else self.Y
            self.affine(l, self.Z[l - 1], e.w, to)
            if l < self.net.L:
                self.apply(hidden.write_value, l, self.part(e.w, f"b{l}"))

    def apply(self, write: Callable[[ir.Module, hidden.Layer], ir.Function], l: int, *panels: Any) -> None:
        """One pass over the panels of hidden layer l."""
        layer = self.layer(l)
        own = (self.A[l], self.Z[l]) if layer.keeps_A else (self.Z[l],)
        function = write(self.e.module, layer)
        self.e.builder.call(function, [*own, *panels, self.e.index(self.M[l]), self.e.index(self.rows)])

    def layer(self, l: int) -> hidden.Layer:
        """The activation of hidden layer l."""
        row = self._activations[l]
        assert row is not None
        return hidden.Layer(row, self.e.bits, self.e.width, self.ld)

    def begin_sums(self) -> None:
        """The sums in g at zero: each db, and each dW where no first block will set it."""
        e = self.e
        for l in range(1, self.net.L + 1):
            e.zero(self.part(e.g, f"b{l}"), self.M[l])
        with e.builder.if_then(e.builder.icmp_signed("<=", e.n, e.index(0))):
            e.zero(e.g, self.net.size)

    def bias_part(self, l: int, delta: Any) -> None:
        """db[l] += sum of delta over the block."""
        e, db = self.e, self.part(self.e.g, f"b{l}")
        with e.loop(self.M[l]) as m:
            total = e.variable()
            with e.loop(self.rows, e.width) as n:
                total.add(e.load(delta, e.plus(e.times(m, self.ld), n)))
            e.add_one(e.sum(total.value), db, m)

    def outputs(self, n: Any) -> list[Value]:
        """The last pre-activations of some samples, all units."""
        e, b = self.e, self.part(self.e.w, f"b{self.net.L}")
        return [e.load(self.Y, e.plus(k * self.ld, n)) + e.spread_from(b, k) for k in range(self.net.K)]


def write_gradient(
    module: ir.Module, net: Network, bits: int, width: int, name: str = "gradient", *, J: bool, internal: bool = False
) -> ir.Function:
    """``gradient(rows, g, J, space)``: g (P,) is set to dJ/dw, and J[0] to J where ``J`` asks for it."""
    e = Emitter(module, name, [*ROWS, "g*", "J@", *SPACE], bits, width, internal)
    block, total = Block(e, net), e.variable()
    block.begin_sums()
    with e.loop(e.n, BLOCK_ROWS) as first:
        X, T, s = _rows(e, block, first)
        later = e.builder.zext(e.builder.icmp_signed(">", first, e.index(0)), INDEX)  # the first block sets dW
        block.forward(X)
        delta, other = block.delta
        write_delta(block, T, s, delta, total if J else None)
        block.bias_part(net.L, delta)
        for l in range(net.L, 0, -1):
            block.weights_part(l, block.Z[l - 1], delta, later)
            if l > 1:
                block.back(l, delta, e.w, other)
                delta, other = other, delta
                block.apply(hidden.write_slope, l - 1, delta, block.part(e.g, f"b{l - 1}"))
    if J:
        e.builder.store(e.to_double(e.sum(total.value)), e.J)
    return e.end()


def write_value(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``value(rows, g, J, space)``: J[0] is set to J; g is not touched."""
    e = Emitter(module, "value", [*ROWS, "g*", "J@", *SPACE], bits, width)
    block, total = Block(e, net), e.variable()
    with e.loop(e.n, BLOCK_ROWS) as first:
        X, T, s = _rows(e, block, first)
        block.forward(X)
        write_delta(block, T, s, block.delta[0], total)
    e.builder.store(e.to_double(e.sum(total.value)), e.J)
    return e.end()


def write_outputs(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``outputs(rows, Y, ldy, space)``: Y (K, N)."""
    e = Emitter(module, "outputs", ["X*", "ldx", "n", "w*", "Y*", "ldy", *SPACE], bits, width)
    block = Block(e, net)
    with e.loop(e.n, BLOCK_ROWS) as first:
        block.rows = e.smaller(BLOCK_ROWS, e.minus(e.n, first))
        block.forward(e.address(e.X, e.times(first, e.ldx)))
        write_means(block, lambda k, n: e.address(e.Y, e.plus(e.times(e.ldy, k), e.plus(first, n))))
    return e.end()


def write_hessian_product(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``hessian_product(rows, v, g, space)``: g (P,) is set to (d²J/dw²) v, `gradient` differentiated."""
    e = Emitter(module, "hessian_product", [*ROWS, "v*", "g*", *SPACE], bits, width)
    block = Block(e, net)
    RA = {l: block.panel(net.M[l]) for l in range(1, net.L + 1)}
    RZ = {l: block.panel(net.M[l]) for l in range(1, net.L)}
    Rdelta = [block.panel(max(net.M[1:])) for _ in range(2)]
    e.zero(e.g, net.size)
    with e.loop(e.n, BLOCK_ROWS) as first:
        X, T, s = _rows(e, block, first)
        block.forward(X)
        for l in range(1, net.L + 1):
            block.affine(l, block.Z[l - 1], e.v, RA[l])
            if l > 1:
                block.affine(l, RZ[l - 1], e.w, RA[l], True)
            vb = block.part(e.v, f"b{l}")
            if l < net.L:
                block.apply(hidden.write_moved_value, l, RA[l], RZ[l], vb)
            else:
                with e.loop(net.K) as k:
                    bias, at = e.spread_from(vb, k), e.times(k, block.ld)
                    with e.loop(block.rows, width) as n:
                        e.store(e.load(RA[l], e.plus(at, n)) + bias, RA[l], e.plus(at, n))
        delta, other, Rd, Rother = *block.delta, *Rdelta
        write_means(block, lambda k, n: e.address(delta, e.plus(e.times(block.ld, k), n)))  # y, for the moment
        write_moved(block, T, s, delta, RA[net.L], Rd)
        for l in range(net.L, 0, -1):
            block.bias_part(l, Rd)
            block.weights_part(l, block.Z[l - 1], Rd, True)
            if l == 1:
                break
            block.weights_part(l, RZ[l - 1], delta, True)
            block.back(l, Rd, e.w, Rother)
            block.back(l, delta, e.v, Rother, True)
            block.back(l, delta, e.w, other)
            delta, other, Rd, Rother = other, delta, Rother, Rd
            block.apply(hidden.write_moved_slope, l - 1, delta, Rd, RA[l - 1])
    return e.end()


def _rows(e: Emitter, block: Block, first: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and sample weights of a block that begins at row ``first``."""
    block.rows = e.smaller(BLOCK_ROWS, e.minus(e.n, first))
    return e.address(e.X, e.times(first, e.ldx)), e.address(e.T, first), e.address(e.s, first)
