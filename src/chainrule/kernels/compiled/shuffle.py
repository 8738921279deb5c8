"""The order of the rows in an epoch, in compiled code: the same numbers as `chainrule.training.randomness.order`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from chainrule.kernels.compiled.emit import INDEX, Emitter
from chainrule.kernels.compiled.target import library

GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def shuffled(key: int, out: npt.NDArray[Any]) -> None:
    """Fill ``out`` (int64, contiguous) with 0 .. len(out) - 1 in the order that belongs to a key."""
    assert out.dtype == np.int64
    assert out.flags.c_contiguous
    _function()(out.ctypes.data, len(out), key - (1 << 64) if key >> 63 else key)


@functools.cache
def _function() -> Callable[..., None]:
    return library("shuffle", write_shuffle).function("shuffle", 3)


def write_shuffle(module: ir.Module) -> None:
    """``order[i] = order[j]; order[j] = i`` for i = 0, 1, ..., with j up to i from hash number i + 1 (SplitMix64)."""
    e = Emitter(module, "shuffle", ["order#", "count", "key"], 64, 1)
    b = e.builder
    with e.loop(e.count) as i:
        number = b.add(i, e.index(1))
        x = b.add(b.mul(number, ir.Constant(INDEX, GOLDEN)), e.key)
        for shift, multiplier in _MULTIPLIERS:
            x = b.mul(b.xor(x, b.lshr(x, e.index(shift))), ir.Constant(INDEX, multiplier))
        x = b.xor(x, b.lshr(x, e.index(31)))
        j = b.lshr(b.mul(b.lshr(x, e.index(32)), number), e.index(32))
        to, source = e.address(e.order, i), e.address(e.order, j)
        b.store(b.load(source), to)
        b.store(i, source)
    e.end()
