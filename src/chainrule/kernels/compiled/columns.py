"""Columns of the Hessian: a product with each unit vector, one after another in one call."""

from __future__ import annotations

from llvmlite import ir

from chainrule.kernels.compiled import blocked, unrolled
from chainrule.kernels.compiled.emit import Emitter
from chainrule.network import Network

ARGUMENTS = [*unrolled.ROWS, "v*", "g*", "stride", "begin", "end_", *unrolled.SPACE]


def write_columns(module: ir.Module, net: Network, bits: int, width: int, *, is_unrolled: bool) -> ir.Function:
    """``columns(rows, v, g, stride, begin, end, space)``: ``g + i stride`` is set to (d²J/dw²) (v + i stride)."""
    writer = unrolled if is_unrolled else blocked
    product = writer.write_hessian_product(module, net, bits, width)
    e = Emitter(module, "columns", ARGUMENTS, bits, width)
    rows = [getattr(e, name.rstrip("*@#")) for name in unrolled.ROWS]
    with e.loop(e.end_, 1, e.begin) as i:
        at = e.times(i, e.stride)
        e.builder.call(product, [*rows, e.address(e.v, at), e.address(e.g, at), e.space])
    return e.end()
