"""Tables in blocks for tests: small blocks, and tables that are slow, cut otherwise, or go wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.kernels.blocks import Block, Blocks, WeightSum, source

SMALL = 4096  # rows of a block in tests


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 4,096 rows, so that a table of some thousands has several."""
    monkeypatch.setattr(source, "BLOCK_ROWS", SMALL)


class Pieces(Blocks):
    """A table whose rows come in pieces of any size, as those of files do, put together for each block."""

    def __init__(self, X: Any, T: Any, weight: Any = None, cuts: tuple[int, ...] = (), coding: Any = None) -> None:
        ends = [0, *cuts, len(X)]
        self._at = list(itertools.pairwise(ends))
        self._pieces = [
            (X[a:b].copy(), T[a:b].copy(), None if weight is None else np.reshape(weight[a:b], (-1, 1)).copy())
            for a, b in self._at
        ]
        self.rows, self.inputs, self.outputs = len(X), X.shape[1], T.shape[1]
        self.has_weights, self.coding = weight is not None, coding
        weights = WeightSum(self.rows_per_block)
        weights.add(np.ones(len(X)) if weight is None else weight)
        self.total_weight = weights.total()
        self.reads: list[int] = []
        self.before: Callable[[int], object] | None = None

    def read(self, number: int, dtype: Any) -> Block:
        self.reads.append(number)
        if self.before:
            self.before(number)
        first, end = self.bounds(number)
        parts = [
            [part[max(first - a, 0) : max(end - a, 0)] for part in piece if part is not None]
            for piece, (a, _) in zip(self._pieces, self._at, strict=True)
        ]
        X, T, *weight = (np.concatenate(column).astype(dtype) for column in zip(*parts, strict=True))
        return Block(X, T, weight[0] if weight else None)

    def place(self, row: int) -> str:
        at = next(number for number, (a, b) in enumerate(self._at) if a <= row < b)
        return f"row {row - self._at[at][0]} of piece {at}"
