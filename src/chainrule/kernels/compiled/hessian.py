"""The Hessian of a small network in one pass over the rows: a seed for each unit instead of one for each weight.

With the bias as the weight of a last unit that is always 1, ``dJ/dW[l]_ik = sum_n z_i delta_k`` (z of layer l-1). A
weight W[l]_ik acts through its pre-activation a_k alone, by z_i; so what it does to the gradient of any other weight
is z_i times what a_k does, R{.} = d/da_k. For a weight W[u]_jm of the same layer (u = l) or of a higher one,

    d²J / dW[l]_ik dW[u]_jm = sum_n z_i q,   q = R{z_j} delta_m + z_j R{delta_m}     (z_j of layer u-1)

where R{z_j} = 0 for u = l, since the layers below do not feel a_k. Lower layers follow by symmetry, so that no formula
asks how delta depends on W[u] itself. Above the seed

    R{a} = R{z} W,  R{z} = g'(a) R{a},  R{delta[L]} = -R{y},
    R{delta[u]} = (R{delta[u+1]} W[u+1]ᵀ) g'(a) + (delta[u+1] W[u+1]ᵀ) g''(a) R{a}

with R{a_k} = 1 at the seed. Products with the P unit vectors would run this pass, and the forward pass with all its
exponentials, once a weight; here it runs once a unit, and upwards only, and the rest are products z_i q.

Source: Bishop, Exact calculation of the Hessian matrix for the multilayer perceptron, Neural Computation 4 (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter, Value
from chainrule.kernels.compiled.gram import LEADING, TILE_ROWS, write_strips
from chainrule.kernels.compiled.laws import mean_slopes, means
from chainrule.kernels.compiled.maths import evaluate
from chainrule.kernels.compiled.target import processor
from chainrule.kernels.compiled.unrolled import ROWS, SPACE, Units, WeightsInRegisters, forward
from chainrule.network import Network

ARGUMENTS = [*ROWS, "C*", *SPACE]


class Layout:
    """Where the sums lie: those of layer l as (unit k, z_i of the layer below, q), for each of its P - start[l] q's.

    The q's of the same layer come first, all j of one m side by side, so that those with m >= k are the last ones;
    the others follow in the order of the vector of all weights.
    """

    def __init__(self, net: Network) -> None:
        self.net = net
        self.start = [0, *(net.slices[f"W{l}"].start for l in range(1, net.L + 1)), net.size]
        self.rows = [0, *(m + 1 for m in net.M[:-1])]  # z_i of the layer below, and the 1 of the bias
        self.offset = [0, 0]
        for l in range(1, net.L + 1):
            self.offset.append(self.offset[l] + net.M[l] * self.of_seed(l))

    @property
    def count(self) -> int:
        """Number of sums."""
        return self.offset[-1]

    def features(self, l: int) -> int:
        """Number of q's of a seed in layer l."""
        return self.net.size - self.start[l]

    def of_seed(self, l: int) -> int:
        """Number of sums of a seed in layer l."""
        return self.rows[l] * self.features(l)

    def places(self) -> npt.NDArray[np.int64]:
        """Which sum each entry of the Hessian is, (P, P), symmetric."""
        net, found = self.net, np.empty((self.net.size, self.net.size), np.int64)
        for l in range(1, net.L + 1):
            rows, start, end = self.rows[l], self.start[l], self.start[l + 1]
            i, k = np.arange(rows)[:, None], np.arange(net.M[l])
            seed = (self.offset[l] + k * self.of_seed(l) + i * self.features(l)).reshape(-1, 1)  # in the vector's order
            place = (k * rows + i).reshape(-1)
            own = seed + place
            found[start:end, start:end] = np.where(place >= place[:, None], own, own.T)
            found[start:end, end:] = seed + np.arange(end - start, self.features(l))
            found[end:, start:end] = found[start:end, end:].T
        return found


class _Tile:
    """The panels of a tile of rows, (units, rows) each, in the working memory."""

    def __init__(self, e: Emitter, net: Network, layout: Layout) -> None:
        self.e, self.net, self._used = e, net, 0
        hidden = range(1, net.L)
        self.Z = [self.panel(m + 1) for m in net.M[:-1]]
        self.slope = {l: self.panel(net.M[l]) for l in hidden}
        self.bend = {l: self.panel(net.M[l]) for l in hidden}  # times what comes back from above
        self.delta = {l: self.panel(net.M[l]) for l in range(2, net.L + 1)}
        self.Y, self.s = self.panel(net.K), self.panel(1)
        self.q = self.panel(layout.features(1))
        self.sums = e.address(e.space, self._used)

    def panel(self, units: int) -> Any:
        """Room for so many units of a tile."""
        at = self._used
        self._used += units * LEADING
        return self.e.address(self.e.space, at)

    def at(self, panel: Any, unit: Any, n: Any) -> Any:
        """Where some samples of a unit lie."""
        return self.e.address(panel, self.e.plus(self.e.times(unit, LEADING), n))

    def load(self, panel: Any, units: int, n: Any) -> Units:
        """Some samples of all units."""
        return [self.e.load(self.at(panel, unit, n)) for unit in range(units)]

    def store(self, values: Sequence[Value], panel: Any, n: Any) -> None:
        """The same to memory."""
        for unit, value in enumerate(values):
            self.e.store(value, self.at(panel, unit, n))


def working_memory(net: Network, lanes: int) -> int:
    """Real numbers of working memory."""
    layout, hidden = Layout(net), sum(net.M[1:-1])
    panels = net.D + hidden + net.L + 2 * hidden + sum(net.M[2:]) + net.K + 1 + layout.features(1)
    return panels * LEADING + layout.count * lanes


def write_hessian(module: ir.Module, net: Network, bits: int, width: int, *, is_unrolled: bool) -> ir.Function:
    """``hessian(rows, C, space)``: C is set to the sums over the rows, as `Layout` has them."""
    lanes, layout = processor().lanes(bits), Layout(net)
    strips = write_strips(module, bits, lanes)
    e = Emitter(module, "hessian", ARGUMENTS, bits, width)
    tile, weights = _Tile(e, net, layout), WeightsInRegisters(e, net, e.w)
    e.zero(tile.sums, layout.count * lanes)
    with e.loop(e.n, TILE_ROWS) as first:
        rows = e.smaller(TILE_ROWS, e.minus(e.n, first))
        with e.loop(rows, width) as n:
            _write_gradient(tile, weights, n, e.plus(first, n), is_unrolled)
        for l in range(net.L, 0, -1):
            with e.loop(net.M[l]) as k:
                with e.loop(rows, width) as n:
                    _write_seed(tile, weights, layout, l, k, n)
                skipped = e.times(k, layout.rows[l])  # q's of units before k: known from those units' own seeds
                sums = e.plus(e.times(k, layout.of_seed(l)), e.plus(skipped, layout.offset[l]))
                strips.write(
                    e, (tile.Z[l - 1], layout.rows[l]), tile.at(tile.q, skipped, 0),
                    e.minus(layout.features(l), skipped), rows, e.address(tile.sums, e.times(sums, lanes)),
                    layout.features(l),
                )  # fmt: skip
    strips.write_totals(e, tile.sums, layout.count, e.C)
    return e.end()


def _write_gradient(tile: _Tile, weights: WeightsInRegisters, n: Any, row: Any, is_unrolled: bool) -> None:
    """What every seed needs of some samples: z, slopes, delta, y."""
    e, net = tile.e, tile.net
    if is_unrolled:
        X = [e.load(e.X, e.plus(e.times(e.ldx, d), row)) for d in range(net.D)]
    else:  # row by row: each lane's number lies ldx further on
        with e.loop(e.width) as lane, e.loop(net.D) as d:
            number = e.load_one(e.X, e.plus(e.times(e.plus(row, lane), e.ldx), d))
            e.store_one(number, tile.at(tile.Z[0], d, e.plus(n, lane)))
        X = tile.load(tile.Z[0], net.D, n)
    T = [e.load(e.T, e.plus(e.times(e.ldt, k), row)) for k in range(net.K)]
    s = e.load(e.s, row)
    A, Z = forward(weights, X)
    Y = means(net.law, A[net.L])
    delta = [(t - y) * s for t, y in zip(T, Y, strict=True)]
    for l in range(net.L):
        tile.store([*Z[l], e.constant(1.0)], tile.Z[l], n)
    tile.store(Y, tile.Y, n)
    tile.store([s], tile.s, n)
    for l in range(net.L, 1, -1):
        tile.store(delta, tile.delta[l], n)
        row_ = net.activations[l - 1]
        assert row_ is not None
        back, hidden = weights.back(l, delta), list(zip(A[l - 1], Z[l - 1], strict=True))
        slope = [evaluate(row_.slope, a=a, z=z) for a, z in hidden]
        bend = [evaluate(row_.curvature, a=a, z=z) for a, z in hidden]
        tile.store(slope, tile.slope[l - 1], n)
        tile.store([d * c for d, c in zip(back, bend, strict=True)], tile.bend[l - 1], n)
        delta = [d * g for d, g in zip(back, slope, strict=True)]


def _write_seed(tile: _Tile, weights: WeightsInRegisters, layout: Layout, l: int, k: Any, n: Any) -> None:
    """The q's of unit k of layer l, for some samples."""
    e, net, M = tile.e, tile.net, tile.net.M
    Y, s = tile.load(tile.Y, net.K, n), tile.load(tile.s, 1, n)[0]
    RA: dict[int, Units] = {l: [_indicator(e, k, j, e.constant(1.0)) for j in range(M[l])]}
    RZ: dict[int, Units] = {}
    if l < net.L:
        slope_k = e.load(tile.at(tile.slope[l], k, n))
        row = e.address(e.w, e.plus(e.times(k, M[l + 1]), layout.start[l + 1]))
        RA[l + 1] = [slope_k * e.spread_from(row, j) for j in range(M[l + 1])]
    for u in range(l + 1, net.L):
        RZ[u] = [g * r for g, r in zip(tile.load(tile.slope[u], M[u], n), RA[u], strict=True)]
        RA[u + 1] = weights.affine(u + 1, RZ[u], bias=False)
    Rdelta = [-r * s for r in mean_slopes(net.law, Y, RA[net.L])]
    for u in range(net.L, l, -1):
        Z, to = tile.load(tile.Z[u - 1], M[u - 1], n), layout.start[u] - layout.start[l]
        for j in range(M[u - 1]):
            for m in range(M[u]):
                q = Z[j] * Rdelta[m]
                if u > l + 1:
                    q = q + RZ[u - 1][j] * e.load(tile.at(tile.delta[u], m, n))
                e.store(q, tile.at(tile.q, to + j * M[u] + m, n))
        tile.store(Rdelta, tile.at(tile.q, to + M[u - 1] * M[u], 0), n)
        if u == l + 1:  # R{z} of the layer of the seed is that of its unit k alone
            own = tile.at(tile.q, e.plus(e.times(k, M[u]), to), 0)
            for m, d in enumerate(tile.load(tile.delta[u], M[u], n)):
                e.store(e.load(tile.at(own, m, n)) + slope_k * d, tile.at(own, m, n))
        slope, bend = (tile.load(panel[u - 1], M[u - 1], n) for panel in (tile.slope, tile.bend))
        back = [d * g for d, g in zip(weights.back(u, Rdelta), slope, strict=True)]
        if u == l + 1:
            Rdelta = [d + _indicator(e, k, j, c) for j, (d, c) in enumerate(zip(back, bend, strict=True))]
        else:
            Rdelta = [d + c * r for d, c, r in zip(back, bend, RA[u - 1], strict=True)]
    Z = tile.load(tile.Z[l - 1], M[l - 1], n)
    for m, d in enumerate(Rdelta):
        tile.store([*(z * d for z in Z), d], tile.at(tile.q, m * layout.rows[l], 0), n)


def _indicator(e: Emitter, k: Any, j: int, value: Value) -> Value:
    """The value where k is j, else 0."""
    return Value(e, e.builder.select(e.builder.icmp_signed("==", k, e.index(j)), value.ir, e.constant(0.0).ir))
