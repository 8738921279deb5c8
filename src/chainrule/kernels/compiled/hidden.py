"""What is done to a hidden layer between two products: one pass over its panels, one function for each activation.

All layers of an activation share the function, so that the code of a deep network does not grow with its depth. A
panel is (units, ld) with ``rows`` samples in use; ``A`` is left out where nothing needs the pre-activation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from llvmlite import ir

from chainrule.functions import Activation
from chainrule.kernels.compiled.emit import Emitter, Value
from chainrule.kernels.compiled.maths import evaluate


class Layer(NamedTuple):
    """The activation of a layer, and the form of the code."""

    row: Activation
    bits: int
    width: int
    ld: int

    @property
    def keeps_A(self) -> bool:
        """Whether the way back needs the pre-activation beside z."""
        return self.row.slope_needs_preactivation or self.row.curvature_needs_preactivation

    def begin(self, module: ir.Module, purpose: str, panels: list[str]) -> Emitter | ir.Function:
        """The function for a purpose: as it is, or to be written."""
        name = f"{purpose} {self.row.name}"
        if name in module.globals:
            return module.globals[name]
        arguments = [*(["A*"] if self.keeps_A else []), "Z*", *panels, "units", "rows"]
        e = Emitter(module, name, arguments, self.bits, self.width, internal=True)
        e.function.attributes.add("noinline")
        return e


def write_value(module: ir.Module, layer: Layer) -> ir.Function:
    """``(A, Z, b)``: adds the bias to A, which may lie in Z, and sets Z to g(A)."""
    e = layer.begin(module, "value", ["b*"])
    if isinstance(e, ir.Function):
        return e
    with e.loop(e.units) as m:
        bias = e.spread_from(e.b, m)
        with _samples(e, layer, m) as here:
            a = e.load(e.A if layer.keeps_A else e.Z, here) + bias
            if layer.keeps_A:
                e.store(a, e.A, here)
            e.store(evaluate(layer.row.value, a=a), e.Z, here)
    return e.end()


def write_slope(module: ir.Module, layer: Layer) -> ir.Function:
    """``(A, Z, delta, db)``: multiplies delta with the slope and adds its sum over the samples to db."""
    e = layer.begin(module, "slope", ["delta*", "db*"])
    if isinstance(e, ir.Function):
        return e
    with e.loop(e.units) as m:
        bias = e.variable()
        with _samples(e, layer, m) as here:
            a, z = _hidden(e, layer, here)
            d = e.load(e.delta, here) * evaluate(layer.row.slope, a=a, z=z)
            e.store(d, e.delta, here)
            bias.add(d)
        e.add_one(e.sum(bias.value), e.db, m)
    return e.end()


def write_moved_value(module: ir.Module, layer: Layer) -> ir.Function:
    """``(A, Z, RA, RZ, vb)``: adds the bias to RA, and sets RZ to the slope times RA."""
    e = layer.begin(module, "moved value", ["RA*", "RZ*", "vb*"])
    if isinstance(e, ir.Function):
        return e
    with e.loop(e.units) as m:
        bias = e.spread_from(e.vb, m)
        with _samples(e, layer, m) as here:
            a, z = _hidden(e, layer, here)
            moved = e.load(e.RA, here) + bias
            e.store(moved, e.RA, here)
            e.store(evaluate(layer.row.slope, a=a, z=z) * moved, e.RZ, here)
    return e.end()


def write_moved_slope(module: ir.Module, layer: Layer) -> ir.Function:
    """``(A, Z, delta, Rdelta, RA)``: multiplies delta with the slope, and Rdelta by the product rule."""
    e = layer.begin(module, "moved slope", ["delta*", "Rdelta*", "RA*"])
    if isinstance(e, ir.Function):
        return e
    with e.loop(e.units) as m, _samples(e, layer, m) as here:
        a, z = _hidden(e, layer, here)
        slope, bend = evaluate(layer.row.slope, a=a, z=z), evaluate(layer.row.curvature, a=a, z=z)
        d = e.load(e.delta, here)
        e.store(e.load(e.Rdelta, here) * slope + d * bend * e.load(e.RA, here), e.Rdelta, here)
        e.store(d * slope, e.delta, here)
    return e.end()


@contextmanager
def _samples(e: Emitter, layer: Layer, m: Any) -> Iterator[Any]:
    """Where each register of samples of unit m lies."""
    at = e.times(m, layer.ld)
    with e.loop(e.rows, layer.width) as n:
        yield e.plus(at, n)


def _hidden(e: Emitter, layer: Layer, here: Any) -> tuple[Value, Value]:
    """a and z of some samples; z twice where a is not kept, since nothing asks for it."""
    z = e.load(e.Z, here)
    return (e.load(e.A, here) if layer.keeps_A else z), z
