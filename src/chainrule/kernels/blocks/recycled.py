"""Memory for arrays that come and go with each block, used again: asking the system for it costs more than a copy."""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_WORTH = 1 << 17  # bytes: what is smaller comes from memory that the process has


class Recycled:
    """Gives out arrays; the memory of one that nobody has any more, nor a view of it, serves the next.

    Fresh memory is mapped page by page as it is first written to: for a block of 65,536 x 28 numbers that takes
    longer than reading them from the system's file cache.

    Parameters
    ----------
    most : int
        Pieces of memory that are kept while nobody uses them.

    Examples
    --------
    >>> memory = Recycled()
    >>> memory.empty((65_536, 28), np.float64).shape
    (65536, 28)
    """

    def __init__(self, most: int = 3) -> None:
        self.most = most
        self._free: dict[int, list[Array]] = {}

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """An array of any contents."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size < _WORTH:
            return np.empty(shape, dtype)
        free = self._free.setdefault(size, [])
        try:
            memory = free.pop()
        except IndexError:
            memory = np.empty(size, np.uint8)
        # every view of ``given`` has it as its base, because its own base, a memoryview, is no array
        given = np.frombuffer(memory.data, dtype)
        weakref.finalize(given, self._back, free, memory).atexit = False
        return given.reshape(shape)

    def _back(self, free: list[Array], memory: Array) -> None:
        if len(free) < self.most:
            free.append(memory)
