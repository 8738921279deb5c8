"""Kernels for tiny networks: all of one sample in registers, as many samples side by side as a register has lanes.

Inputs and targets come with samples along the contiguous axis (X is (D, N), T is (K, N)); the number of samples is a
multiple of the width, and what fills up the last register has the sample weight 0. Weights are read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter, Value, Variable
from chainrule.kernels.compiled.laws import mean_slopes, means, means_and_density
from chainrule.kernels.compiled.maths import evaluate
from chainrule.kernels.compiled.target import processor
from chainrule.network import Network

ROWS = ["X*", "ldx", "T*", "ldt", "s*", "n", "w*"]  # ld: elements from one unit's samples to the next one's
SPACE = ["space*"]  # the blocked kernels' working memory, unused here

Units = list[Value]


class WeightsInRegisters:
    """Weights in registers, in the order of ``Weights.flat``."""

    def __init__(self, e: Emitter, net: Network, vector: Any) -> None:
        self.e, self.net = e, net
        self.W: list[list[Units]] = [[]]
        self.b: list[Units] = [[]]
        for l in range(1, net.L + 1):
            at, to = net.slices[f"W{l}"].start, net.M[l]
            self.W.append([[e.spread_from(vector, at + m * to + k) for k in range(to)] for m in range(net.M[l - 1])])
            at = net.slices[f"b{l}"].start
            self.b.append([e.spread_from(vector, at + k) for k in range(to)])

    def affine(self, l: int, Z: Sequence[Value], *, bias: bool = True) -> Units:
        """Z W[l] + b[l]."""
        found = []
        for k in range(self.net.M[l]):
            a = self.b[l][k] if bias else None
            for m, z in enumerate(Z):
                a = z * self.W[l][m][k] if a is None else a + z * self.W[l][m][k]
            assert a is not None
            found.append(a)
        return found

    def back(self, l: int, delta: Sequence[Value]) -> Units:
        """delta W[l] transposed."""
        found = []
        for m in range(self.net.M[l - 1]):
            d = delta[0] * self.W[l][m][0]
            for k in range(1, len(delta)):
                d = d + delta[k] * self.W[l][m][k]
            found.append(d)
        return found


class Sums:
    """Running sums for the derivative of each weight, a register each: two registers of samples add to the same."""

    def __init__(self, e: Emitter, count: int) -> None:
        self.e = e
        self.pieces = max(1, e.width // processor().lanes(e.bits))
        zero = e.pieces(e.constant(0.0), self.pieces)[0]
        self._sums = [Variable(e, zero) for _ in range(count)]

    def add(self, at: int, value: Value, factor: Value | None = None) -> None:
        """Add value times factor to sum number ``at``."""
        values = self.e.pieces(value, self.pieces)
        factors = [None] * self.pieces if factor is None else self.e.pieces(factor, self.pieces)
        for v, f in zip(values, factors, strict=True):
            self._sums[at].add(v if f is None else v * f)

    def store(self, pointer: Any) -> None:
        """All sums over their lanes, to memory."""
        for at, each in enumerate(self._sums):
            self.e.store_one(self.e.sum(each.value), pointer, at)


def forward(p: WeightsInRegisters, X: Units) -> tuple[list[Units], list[Units]]:
    """A[l] of every layer and Z[l] of every layer but the last; slot 0 of A is unused, Z[0] = X."""
    A: list[Units] = [[]]
    Z: list[Units] = [X]
    for l in range(1, p.net.L + 1):
        A.append(p.affine(l, Z[l - 1]))
        row = p.net.activations[l] if l < p.net.L else None
        if row:
            Z.append([evaluate(row.value, a=a) for a in A[l]])
    return A, Z


def write_gradient(
    module: ir.Module, net: Network, bits: int, width: int, name: str = "gradient", *, J: bool, internal: bool = False
) -> ir.Function:
    """``gradient(rows, g, J, space)``: g (P,) is set to dJ/dw, and J[0] to J where ``J`` asks for it."""
    e = Emitter(module, name, [*ROWS, "g*", "J@", *SPACE], bits, width, internal)
    p = WeightsInRegisters(e, net, e.w)
    sums = Sums(e, net.size)
    total = e.variable()
    with e.loop(e.n, width) as i:
        X, T, s = samples(e, net, i)
        A, Z = forward(p, X)
        if J:
            Y, density = means_and_density(net.law, A[net.L], T)
            total.add(density * s)
        else:
            Y = means(net.law, A[net.L])
        delta = [(t - y) * s for t, y in zip(T, Y, strict=True)]
        for l in range(net.L, 0, -1):
            _collect(net, sums, l, [(Z[l - 1], delta)], delta)
            if l > 1:
                row = net.activations[l - 1]
                assert row is not None
                back = p.back(l, delta)
                delta = [d * evaluate(row.slope, a=a, z=z) for d, a, z in zip(back, A[l - 1], Z[l - 1], strict=True)]
    sums.store(e.g)
    if J:
        e.builder.store(e.to_double(e.sum(total.value)), e.J)
    return e.end()


def write_value(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``value(rows, g, J, space)``: J[0] is set to J; g is not touched."""
    e = Emitter(module, "value", [*ROWS, "g*", "J@", *SPACE], bits, width)
    p = WeightsInRegisters(e, net, e.w)
    total = e.variable()
    with e.loop(e.n, width) as i:
        X, T, s = samples(e, net, i)
        A, _ = forward(p, X)
        total.add(means_and_density(net.law, A[net.L], T)[1] * s)
    e.builder.store(e.to_double(e.sum(total.value)), e.J)
    return e.end()


def write_outputs(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``outputs(rows, Y, ldy, space)``: Y (K, N)."""
    e = Emitter(module, "outputs", ["X*", "ldx", "n", "w*", "Y*", "ldy", *SPACE], bits, width)
    p = WeightsInRegisters(e, net, e.w)
    with e.loop(e.n, width) as i:
        X = [e.load(e.X, e.plus(e.times(e.ldx, d), i)) for d in range(net.D)]
        A, _ = forward(p, X)
        for k, y in enumerate(means(net.law, A[net.L])):
            e.store(y, e.Y, e.plus(e.times(e.ldy, k), i))
    return e.end()


def write_hessian_product(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``hessian_product(rows, v, g, space)``: g (P,) is set to (d²J/dw²) v, `gradient` differentiated."""
    e = Emitter(module, "hessian_product", [*ROWS, "v*", "g*", *SPACE], bits, width)
    p, v = WeightsInRegisters(e, net, e.w), WeightsInRegisters(e, net, e.v)
    sums = Sums(e, net.size)
    with e.loop(e.n, width) as i:
        X, T, s = samples(e, net, i)
        A, Z = forward(p, X)
        RA: list[Units] = [[]]
        RZ: list[Units] = [[]]
        for l in range(1, net.L + 1):
            moved = v.affine(l, Z[l - 1])
            if l > 1:
                moved = _added(moved, p.affine(l, RZ[l - 1], bias=False))
            RA.append(moved)
            row = net.activations[l] if l < net.L else None
            if row:
                RZ.append([evaluate(row.slope, a=a, z=z) * r for a, z, r in zip(A[l], Z[l], moved, strict=True)])
        Y = means(net.law, A[net.L])
        delta = [(t - y) * s for t, y in zip(T, Y, strict=True)]
        Rdelta = [-r * s for r in mean_slopes(net.law, Y, RA[net.L])]
        for l in range(net.L, 0, -1):
            pairs = [(Z[l - 1], Rdelta)] + ([(RZ[l - 1], delta)] if l > 1 else [])
            _collect(net, sums, l, pairs, Rdelta)
            if l > 1:
                row = net.activations[l - 1]
                assert row is not None
                back, Rback = p.back(l, delta), _added(p.back(l, Rdelta), v.back(l, delta))
                slope = [evaluate(row.slope, a=a, z=z) for a, z in zip(A[l - 1], Z[l - 1], strict=True)]
                bend = [evaluate(row.curvature, a=a, z=z) for a, z in zip(A[l - 1], Z[l - 1], strict=True)]
                delta = [d * g for d, g in zip(back, slope, strict=True)]
                bent = [d * c * r for d, c, r in zip(back, bend, RA[l - 1], strict=True)]
                Rdelta = [d * g + x for d, g, x in zip(Rback, slope, bent, strict=True)]
    sums.store(e.g)
    return e.end()


def samples(e: Emitter, net: Network, i: Any) -> tuple[Units, Units, Value]:
    """Inputs, targets and sample weights from sample i on."""
    X = [e.load(e.X, e.plus(e.times(e.ldx, d), i)) for d in range(net.D)]
    T = [e.load(e.T, e.plus(e.times(e.ldt, k), i)) for k in range(net.K)]
    return X, T, e.load(e.s, i)


def _collect(net: Network, sums: Sums, l: int, pairs: list[tuple[Units, Units]], bias: Units) -> None:
    """Add this register's part of dW[l] = sum of Z' delta over the pairs, and of db[l]."""
    at = net.slices[f"W{l}"].start
    for m in range(net.M[l - 1]):
        for k in range(net.M[l]):
            for Z, delta in pairs:
                sums.add(at + m * net.M[l] + k, delta[k], Z[m])
    at = net.slices[f"b{l}"].start
    for k, d in enumerate(bias):
        sums.add(at + k, d)


def _added(P: Units, Q: Units) -> Units:
    return [p + q for p, q in zip(P, Q, strict=True)]
