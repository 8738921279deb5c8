"""A table in blocks cut in two by a hash of the row's number: rows to train on, and rows held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.kernels.blocks import Block, Blocks, WeightSum
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding
from chainrule.training import randomness

Array = npt.NDArray[Any]


def is_held_out(seed: int, share: float, first: int, end: int) -> Array:
    """Which of the rows from ``first`` to before ``end`` are held out, bool: each with the probability ``share``.

    A function of the seed and the row's own number: no row need be looked up, and more rows at the end of a table
    change nothing for those before.
    """
    raw = randomness.bits(seed, randomness.HELD_OUT, 0, end - first, first)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53 < share


def parted(blocks: Blocks, share: float, seed: int) -> tuple[Blocks, Blocks]:
    """The rows to train on and the rows held out, each a table in blocks of its own.

    Raises
    ------
    DataError
        One side is left without rows.
    """
    bounds = [blocks.bounds(number) for number in range(blocks.count)]
    out = np.array([is_held_out(seed, share, *b).sum() for b in bounds], np.int64)
    rows = np.array([end - first for first, end in bounds], np.int64)
    if not out.sum() or out.sum() == blocks.rows:
        left = "hold out" if not out.sum() else "train on"
        raise DataError(
            f"A share of {share:g} of {blocks.rows:,} rows leaves no rows to {left}.",
            "Give more rows, another share, or validation=(X, T).",
        )
    weights = _weights(blocks, share, seed) if blocks.has_weights else (None, None)
    return (
        PartedBlocks(blocks, share, seed, False, rows - out, weights[0]),
        PartedBlocks(blocks, share, seed, True, out, weights[1]),
    )


def _weights(blocks: Blocks, share: float, seed: int) -> tuple[float, float]:
    """The sums of the sample weights of both sides, in a pass over the table."""
    inside, outside = WeightSum(blocks.rows_per_block), WeightSum(blocks.rows_per_block)
    for number in range(blocks.count):
        _, weight = blocks.targets_of(number, np.dtype(np.float64))
        assert weight is not None
        out = is_held_out(seed, share, *blocks.bounds(number))
        inside.add(weight[~out])
        outside.add(weight[out])
    return inside.total(), outside.total()


class PartedBlocks(Blocks):
    """One side of a table that was cut in two; its blocks are read from those of the table that hold its rows.

    Parameters
    ----------
    source : Blocks
    share, seed : float, int
    wants_held_out : bool
        Which side.
    kept : array of int64
        How many of its rows each block of the source holds.
    total_weight : float, optional
        The number of rows where left out.
    """

    def __init__(
        self, source: Blocks, share: float, seed: int, wants_held_out: bool, kept: Array, total_weight: float | None
    ) -> None:
        self.source, self.share, self.seed, self.wants_held_out = source, share, seed, wants_held_out
        self.inputs, self.outputs, self.coding = source.inputs, source.outputs, source.coding
        self.has_weights = source.has_weights
        self._kept = kept
        self._ends = np.cumsum(kept)  # its rows up to the end of each block of the source
        self.rows = int(self._ends[-1])
        self.total_weight = float(self.rows) if total_weight is None else total_weight
        self._last: tuple[int, Any, Block] | None = None  # the block of the source that the next one begins in

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """Its rows out of one or several blocks of the source."""
        first, end = self.bounds(number)
        X, T = np.empty((end - first, self.inputs), dtype), np.empty((end - first, self.outputs), dtype)
        weight = np.empty((end - first, 1), dtype) if self.has_weights else None
        at = first
        while at < end:
            holder, offset = self._holder(at)
            block = self._rows_of(holder, dtype)
            take = min(len(block.X) - offset, end - at)
            here, there = slice(at - first, at - first + take), slice(offset, offset + take)
            X[here], T[here] = block.X[there], block.T[there]
            if weight is not None and block.weight is not None:
                weight[here] = block.weight[there]
            at += take
        return Block(X, T, weight)

    def needs(self, number: int) -> range:
        """Blocks of the source that hold its rows."""
        first, end = self.bounds(number)
        return range(self._holder(first)[0], self._holder(end - 1)[0] + 1)

    def place(self, row: int) -> str:
        """Where the row lies in the source."""
        holder, offset = self._holder(row)
        first, end = self.source.bounds(holder)
        return self.source.place(first + int(np.flatnonzero(self._mask(first, end))[offset]))

    def column(self, part: str, number: int) -> str:
        """As in the source."""
        return self.source.column(part, number)

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> Blocks:
        """This side of the source as the network takes it."""
        source = self.source.for_network(net, coding)
        if source is self.source:
            return self
        return PartedBlocks(source, self.share, self.seed, self.wants_held_out, self._kept, self.total_weight)

    def _holder(self, row: int) -> tuple[int, int]:
        """Which block of the source holds a row, and the row's place among those kept of it."""
        holder = int(np.searchsorted(self._ends, row, side="right"))
        return holder, int(row - (self._ends[holder] - self._kept[holder]))

    def _mask(self, first: int, end: int) -> Array:
        return is_held_out(self.seed, self.share, first, end) == self.wants_held_out

    def _rows_of(self, holder: int, dtype: np.dtype[Any]) -> Block:
        """The rows kept of a block of the source."""
        last = self._last
        if last is not None and last[:2] == (holder, dtype):
            return last[2]
        X, T, weight = self.source.read(holder, dtype)
        first, end = self.source.bounds(holder)
        if len(X) != end - first:
            raise DataError(
                f"Block {holder} of the table, from {self.source.place(first)} on, has {len(X):,} rows, not"
                f" {end - first:,}.",
                "Did the table change while it was read? Start again with one that stays as it is.",
            )
        mask = self._mask(first, end)
        block = Block(X[mask], T[mask], None if weight is None else weight[mask])
        self._last = (holder, dtype, block)
        return block
