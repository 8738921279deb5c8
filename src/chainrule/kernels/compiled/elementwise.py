"""One function of the vocabulary over an array: for measuring, and for whoever needs many exponentials."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.kernels.compiled import maths
from chainrule.kernels.compiled.emit import Emitter
from chainrule.kernels.compiled.target import library, processor

Array = npt.NDArray[Any]

REGISTERS = 2  # at a time, so that one's exp need not wait for the other's


def array_function(name: str, dtype: npt.DTypeLike = np.float64) -> Callable[[Array, Array], None]:
    """``f(x, out)`` for contiguous arrays of that dtype whose length is a multiple of `lanes`: ``out[i] = name(x[i])``.

    Parameters
    ----------
    name : {"exp", "expm1", "log", "log1p", "sigmoid", "tanh", "softplus", "erf", ...}
        Of `chainrule.kernels.compiled.maths`.
    dtype : float64 or float32
    """
    kind = np.dtype(dtype)
    call, width = _function(name, kind.itemsize * 8), lanes(kind)

    def apply(x: Array, out: Array) -> None:
        if not x.dtype == out.dtype == kind or x.size % width or x.size != out.size:
            raise ValueError(f"x and out must be {kind}, of the same length, a multiple of {width}.")
        if not (x.flags.c_contiguous and out.flags.c_contiguous):
            raise ValueError("x and out must be contiguous.")
        call(x.ctypes.data, out.ctypes.data, x.size)

    return apply


def lanes(dtype: npt.DTypeLike) -> int:
    """Numbers that are worked on at a time."""
    return REGISTERS * processor().lanes(np.dtype(dtype).itemsize * 8)


@functools.cache
def _function(name: str, bits: int) -> Callable[..., None]:
    width = REGISTERS * processor().lanes(bits)

    def write(module: ir.Module) -> None:
        e = Emitter(module, "elementwise", ["x*", "out*", "count"], bits, width)
        with e.loop(e.count, width) as i:
            e.store(getattr(maths, name)(e.load(e.x, i)), e.out, i)
        e.end()

    return library(f"elementwise {name} {bits} {width}", write).function("elementwise", 3)
