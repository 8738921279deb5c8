"""Exact medians of columns that are read block after block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_BINS = 1 << 16
_TOP = np.uint64(1 << 63)
FEW = 1 << 18  # values that are kept and sorted; more of them are parted further


class _Rank:
    """The value of one rank in a column, narrowed to keys from ``first`` to ``last``."""

    def __init__(self, count: int, rank: int) -> None:
        self.rank, self.inside = rank, count
        self.first, self.last = 0, (1 << 64) - 1
        self._counts = np.zeros(_BINS, np.int64)
        self._kept: list[Array] = []
        self.found: float | None = None

    def add(self, keys: Array) -> None:
        """Keys of a block."""
        if self.found is not None:
            return
        keys = keys[(keys >= np.uint64(self.first)) & (keys <= np.uint64(self.last))]
        if self.inside <= FEW:
            self._kept.append(keys)
        else:
            bins = (keys - np.uint64(self.first)) // np.uint64(self._width)
            self._counts += np.bincount(bins.astype(np.int64), minlength=_BINS)

    def narrow(self) -> None:
        """After a pass: the value, where those that were left are few; else a bin that holds it."""
        if self.found is not None:
            return
        if self.inside <= FEW:
            keys = np.partition(np.concatenate(self._kept), self.rank)
            self.found = float(values_of(keys[self.rank : self.rank + 1])[0])
            return
        up_to = np.cumsum(self._counts)
        at = int(np.searchsorted(up_to, self.rank, side="right"))
        self.rank, self.inside = self.rank - int(up_to[at] - self._counts[at]), int(self._counts[at])
        width = self._width
        self.first, self.last = self.first + at * width, min(self.first + (at + 1) * width - 1, self.last)
        self._counts[:] = 0
        if self.first == self.last:  # so many equal values
            self.found = float(values_of(np.array([self.first], np.uint64))[0])

    @property
    def _width(self) -> int:
        """Keys a bin."""
        return -(-(self.last - self.first + 1) // _BINS)


def medians(counts: Mapping[str, int], read: Callable[[list[str]], Iterable[Mapping[str, Array]]]) -> dict[str, float]:
    """The median of each column.

    Values are counted in 65,536 bins of their binary form, then those in the bin that holds the median, until they are
    few enough to be sorted: two passes, mostly, and at most five.

    Parameters
    ----------
    counts : mapping of name to int
        How many values each column has; those with none have no median.
    read : callable
        A pass over some columns: arrays of values, block by block.

    Examples
    --------
    >>> medians({"a": 4}, lambda names: [{"a": np.array([3.0, -1.0])}, {"a": np.array([10.0, 2.0])}])
    {'a': 2.5}
    """
    ranks = {name: (_Rank(n, (n - 1) // 2), _Rank(n, n // 2)) for name, n in counts.items() if n}
    while names := [name for name, pair in ranks.items() if any(rank.found is None for rank in pair)]:
        for block in read(names):
            for name, values in block.items():
                keys = keys_of(values)
                for rank in ranks[name]:
                    rank.add(keys)
        for pair in ranks.values():
            for rank in pair:
                rank.narrow()
    return {name: float(np.mean([low.found, high.found])) for name, (low, high) in ranks.items()}


def keys_of(values: Array) -> Array:
    """Whole numbers in the order of the floats."""
    bits = np.ascontiguousarray(values + 0.0, np.float64).view(np.uint64)  # + 0.0: -0 is 0
    return np.where(bits & _TOP, ~bits, bits | _TOP)


def values_of(keys: Array) -> Array:
    """The floats with these keys."""
    return np.where(keys & _TOP, keys & ~_TOP, ~keys).view(np.float64)
