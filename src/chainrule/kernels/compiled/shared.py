"""What the kernels of all networks share: compiled once for each precision, known to the others by a name."""

from __future__ import annotations

import functools

import llvmlite.binding as llvm
from llvmlite import ir

from chainrule.kernels.compiled import tiles, transposed
from chainrule.kernels.compiled.emit import Emitter
from chainrule.kernels.compiled.target import Library, library, processor

FUNCTIONS = {
    "product": (tiles.write_product, tiles.ARGUMENTS),
    "transposed": (transposed.write_transposed, transposed.ARGUMENTS),
}


def declared(name: str, e: Emitter) -> ir.Function:
    """One of `FUNCTIONS` as the module of ``e`` calls it."""
    full = _symbol(name, e.bits)
    found = e.module.globals.get(full)
    if found is None:
        types = [e.kind_of(argument) for argument in FUNCTIONS[name][1]]
        found = ir.Function(e.module, ir.FunctionType(ir.VoidType(), types), full)
    return found


@functools.cache
def link(bits: int) -> Library:
    """Compile or load the functions, and tell the linker where they are; before code that calls them is loaded."""
    width = processor().lanes(bits)

    def write(module: ir.Module) -> None:
        for writer, _ in FUNCTIONS.values():
            writer(module, bits, width)

    found = library(f"shared|{bits}|{width}", write)
    for name in FUNCTIONS:
        llvm.add_symbol(_symbol(name, bits), found.address(name))
    return found


def _symbol(name: str, bits: int) -> str:
    return f"chainrule_{name}_{bits}"
