"""When two arrays are the same but for rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def tolerance(array: Array) -> float:
    """How far from the truth counts as right, relative to the largest entry: rounding, not more."""
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        return 3e-2 if array.dtype.itemsize == 2 else 3e-4
    return 2e-6  # float64, with room for float32 on the way and for difference quotients


def is_something(array: Array) -> bool:
    """Whether it is more than zeros and rounding."""
    return bool(np.abs(array).max(initial=0.0) > 1e-12)


def agrees(received: Array, expected: Array) -> bool:
    """Whether they are the same but for rounding."""
    return received.shape == expected.shape and difference(received, expected) <= tolerance(received)


def difference(received: Array, expected: Array) -> float:
    """The largest difference, relative to the largest entry expected."""
    if not expected.size:
        return 0.0
    with np.errstate(all="ignore"):
        scale = max(float(np.abs(expected).max()), 1e-6)
        found = float(np.abs(received.astype(np.float64) - expected).max()) / scale
    return found if found == found else float("inf")
