"""Which rows of a streamed table are used, which of them are trained on, and which are held out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.kernels.blocks.ahead import read_ahead
from chainrule.tables.facts import is_missing
from chainrule.tables.table import Table

Array = npt.NDArray[Any]


class Chosen(NamedTuple):
    """The usable rows of a block: the rows, their numbers in the whole table, and which are held out."""

    table: Table
    rows: Array
    is_test: Array
    unusable: int

    @property
    def training(self) -> Table:
        """The rows trained on."""
        return self.table.take(np.flatnonzero(~self.is_test))

    @property
    def test(self) -> Table:
        """The rows held out."""
        return self.table.take(np.flatnonzero(self.is_test))


@dataclass(frozen=True)
class Selection:
    """A row is held out by a hash of the seed and its own number, so that no other row need be known.

    Attributes
    ----------
    target : str
        Rows without it are not used.
    share : float
        Of the rows held out.
    seed : int
    trained : frozenset of int
        Numbers of rows that are trained on whatever their hash: the first of each class that would have none.
    complete : tuple of str
        Columns that must have no missing cell in a row that is used.
    """

    target: str
    share: float
    seed: int
    trained: frozenset[int] = frozenset()
    complete: tuple[str, ...] = ()

    def of(self, block: Table, first: int) -> Chosen:
        """The usable rows of a block that begins with this row of the whole table."""
        gone = is_missing(block.columns[self.target])
        for name in self.complete:
            gone = gone | is_missing(block.columns[name])
        rows = np.arange(first, first + block.rows, dtype=np.int64)
        is_test = chance(self.seed, self.share, first, block.rows)
        for row in self.trained:
            if first <= row < first + block.rows:
                is_test[row - first] = False
        if not gone.any():
            return Chosen(block, rows, is_test, 0)
        keep = np.flatnonzero(~gone)
        return Chosen(block.take(keep), rows[keep], is_test[keep], int(gone.sum()))


def chance(seed: int, share: float, first: int, rows: int) -> Array:
    """For each of some rows, whether it is among those of a share, bool (rows,)."""
    from chainrule.training.parted import is_held_out

    if share <= 0:
        return np.zeros(rows, bool)
    return is_held_out(seed, share, first, first + rows)


def ahead(blocks: Iterable[Table], most: int = 1) -> Iterator[Table]:
    """The same blocks, so many read ahead while one is used."""
    found = iter(blocks)
    for block in read_ahead(lambda _: next(found, None), count(), most):
        if block is None:
            return
        yield block
        del block  # before the one after is asked for
