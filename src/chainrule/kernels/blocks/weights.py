"""The sum of sample weights, block by block: its bits depend on the rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels.blocks.tree import TreeSum

Array = npt.NDArray[Any]


class WeightSum:
    """The sum of sample weights that come in the order of their rows, in pieces of any size.

    Parameters
    ----------
    rows_per_block : int
        Of the table that the rows make up.

    Examples
    --------
    >>> weights = WeightSum(rows_per_block=65_536)
    >>> weights.add([0.5, 2.0])
    >>> weights.add([1.0])
    >>> weights.total()
    3.5
    """

    def __init__(self, rows_per_block: int) -> None:
        self.rows_per_block = rows_per_block
        self._sums, self._blocks = TreeSum(), 0
        self._pieces: list[Array] = []
        self._rows = 0

    def add(self, weight: npt.ArrayLike) -> None:
        """The weights of the next rows, (n,) or (n, 1)."""
        values = np.asarray(weight).reshape(-1)
        while len(values):
            piece = values[: self.rows_per_block - self._rows]
            self._pieces.append(piece.copy())
            self._rows += len(piece)
            values = values[len(piece) :]
            if self._rows == self.rows_per_block:
                self._close()

    def total(self) -> float:
        """The sum, once all rows have come; 0 of none."""
        if self._rows:
            self._close()
        return float(self._sums.total(self._blocks)) if self._blocks else 0.0

    def _close(self) -> None:
        self._sums.add(self._blocks, float(np.concatenate(self._pieces).sum(dtype=np.float64)))
        self._pieces, self._rows, self._blocks = [], 0, self._blocks + 1
