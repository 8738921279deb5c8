"""How many different values a long column has, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

EXACT_UP_TO = 1 << 16  # different values; beyond it a part of them is followed


class Distinct:
    """Number of different values, from their hashes: exact up to 65,536, beyond it estimated to within about 1 %.

    Values are followed whose hash lies below a bound, and every one of their cells; where too many are, the bound is
    halved. So of the values followed the number of cells is exact, and ``rows / values`` is that of the column.

    Source: Flajolet, On adaptive sampling, Computing 43 (1990), after Wegman.

    Examples
    --------
    >>> found = Distinct()
    >>> found.add(np.arange(10, dtype=np.uint64) % np.uint64(7))
    >>> found.values(), found.all_differ()
    (7, False)
    """

    def __init__(self) -> None:
        self._halvings = 0
        self._hashes = np.empty(0, np.uint64)
        self._counts = np.empty(0, np.int64)

    def add(self, hashes: Hashes) -> None:
        """The hash of each cell (n,)."""
        if self._halvings:
            hashes = hashes[hashes < self._bound]
        found, counts = np.unique(hashes, return_counts=True)
        at = np.searchsorted(self._hashes, found)
        known = np.zeros(len(found), bool)
        inside = at < len(self._hashes)
        known[inside] = self._hashes[at[inside]] == found[inside]
        self._counts[at[known]] += counts[known]
        if not known.all():
            self._hashes = np.insert(self._hashes, at[~known], found[~known])
            self._counts = np.insert(self._counts, at[~known], counts[~known])
        while len(self._hashes) > EXACT_UP_TO:
            self._halvings += 1
            keep = self._hashes < self._bound
            self._hashes, self._counts = self._hashes[keep], self._counts[keep]

    @property
    def is_exact(self) -> bool:
        """Whether every value is followed."""
        return not self._halvings

    def values(self) -> int:
        """Different values."""
        return len(self._hashes) << self._halvings

    def share(self) -> float:
        """Different values by cells, from 0 to 1."""
        cells = int(self._counts.sum())
        return len(self._hashes) / cells if cells else 0.0

    def all_differ(self) -> bool:
        """Whether no value that is followed occurs twice."""
        return bool((self._counts == 1).all())

    @property
    def _bound(self) -> Any:
        return np.uint64((1 << (64 - self._halvings)) - 1)
