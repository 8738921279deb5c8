"""Numbers too small to be normal count as zero inside a run: they cost a processor about a hundred times a usual one.

Where a training fits its rows, gradients become tiny and their squares, which Adam remembers, subnormal. Below
1.2e-38 (float32) or 2.2e-308 (float64) nothing of them reaches a weight.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter

_INT = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
FLUSHED = 1 << 15 | 1 << 6  # of x86's control register: results, and operands


def write_flushed(
    module: ir.Module, name: str, arguments: Sequence[str], work: ir.Function, bits: int, width: int
) -> ir.Function:
    """``name(...)``: ``work(...)`` with subnormal numbers taken as zero, and the thread's own way again after it.

    Only x86 has it so far; elsewhere the call alone is written.
    """
    e = Emitter(module, name, arguments, bits, width)
    b, is_x86 = e.builder, module.triple.startswith(("x86_64", "i386", "i686"))
    if is_x86:
        before, flushed = b.alloca(_INT), b.alloca(_INT)
        access = ir.FunctionType(ir.VoidType(), [_BYTES])
        store, load = (ir.Function(module, access, f"llvm.x86.sse.{kind}mxcsr") for kind in ("st", "ld"))
        b.call(store, [b.bitcast(before, _BYTES)])
        b.store(b.or_(b.load(before), ir.Constant(_INT, FLUSHED)), flushed)
        b.call(load, [b.bitcast(flushed, _BYTES)])
    b.call(work, list(e.function.args))
    if is_x86:
        b.call(load, [b.bitcast(before, _BYTES)])
    return e.end()
