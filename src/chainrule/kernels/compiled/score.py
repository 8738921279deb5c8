"""What rows contribute to the rate, in one pass and without outputs in memory: for networks that are unrolled."""

from __future__ import annotations

import functools

from llvmlite import ir

from chainrule.functions import OutputLaw
from chainrule.kernels.compiled.emit import Emitter, Value
from chainrule.kernels.compiled.laws import means
from chainrule.kernels.compiled.unrolled import ROWS, SPACE, Units, WeightsInRegisters, forward, samples
from chainrule.network import Network


def is_scored(law: OutputLaw) -> bool:
    """Whether there is such a pass for the law."""
    return law.has_classes or law.name == "identity"


def write_score(module: ir.Module, net: Network, bits: int, width: int) -> ir.Function:
    """``score(rows, total, space)``: the weight of the rows (labels) right, or the sum of squares of t - y."""
    e = Emitter(module, "score", [*ROWS, "total@", *SPACE], bits, width)
    p, total = WeightsInRegisters(e, net, e.w), e.variable()
    with e.loop(e.n, width) as i:
        X, T, s = samples(e, net, i)
        A, _ = forward(p, X)
        total.add(_of_rows(net.law, means(net.law, A[net.L]), T) * s)
    e.builder.store(e.to_double(e.sum(total.value)), e.total)
    return e.end()


def _of_rows(law: OutputLaw, Y: Units, T: Units) -> Value:
    """As `chainrule.training.rate.figure` counts it, for rows of weight 1."""
    e = Y[0].at
    if law.name == "softmax":
        return e.select(_first_largest(Y).equals(_first_largest(T)), 1.0, 0.0)
    if law.name == "sigmoid":
        right = [
            e.select(y > 0.5, e.select(t > 0.5, 1.0, 0.0), e.select(t > 0.5, 0.0, 1.0))
            for y, t in zip(Y, T, strict=True)
        ]
        return functools.reduce(lambda x, y: x + y, right) / float(len(Y))
    return functools.reduce(lambda x, y: x + y, [(t - y) * (t - y) for y, t in zip(Y, T, strict=True)])


def _first_largest(units: Units) -> Value:
    """The number of the largest unit, of the first one where several are: as NumPy's argmax."""
    top, at = units[0], units[0].at.constant(0.0)
    for k, value in enumerate(units[1:], start=1):
        at, top = top.at.select(value > top, float(k), at), top.at.select(value > top, value, top)
    return at
