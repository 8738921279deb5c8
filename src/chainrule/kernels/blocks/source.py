"""What a table in blocks is: so many rows, cut at fixed bounds, each block read whenever it is asked for."""

from __future__ import annotations

import abc
import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]

BLOCK_ROWS = 65_536  # of a block, at most
LEAST_ROWS = 4_096  # of a block of a table with very many columns
NUMBERS_A_BLOCK = 1 << 22  # 34 MB of float64


def rows_per_block(columns: int) -> int:
    """Rows of a block of a table with so many columns, inputs and outputs together: 65,536 up to 64 columns.

    A power of two, from 4,096; it depends on nothing else, so that every sum over blocks has the same order.

    Examples
    --------
    >>> rows_per_block(30), rows_per_block(794)
    (65536, 4096)
    """
    rows = BLOCK_ROWS
    while rows > LEAST_ROWS and rows * columns > NUMBERS_A_BLOCK:
        rows //= 2
    return rows


def bounds_of(rows: int, columns: int) -> list[tuple[int, int]]:
    """First row and end of each block."""
    step = rows_per_block(columns)
    return [(first, min(first + step, rows)) for first in range(0, rows, step)]


class Block(NamedTuple):
    """Rows of a table.

    Attributes
    ----------
    X : array (n, D)
    T : array (n, K)
        As the output law takes them.
    weight : array (n, 1) or None
        Sample weights.
    """

    X: Array
    T: Array
    weight: Array | None


def block_digest(block: Block) -> bytes:
    """SHA-256 over the numbers of a block, the same for single and double precision of the same numbers."""
    digest = hashlib.sha256()
    for part in block:
        if part is not None:
            digest.update(np.ascontiguousarray(part, dtype="<f8").data.cast("B"))
    return digest.digest()


class Blocks(abc.ABC):
    """A table that is read in blocks, again and again: what `chainrule.train` takes in place of arrays.

    Block k holds the rows from ``k rows_per_block`` on, `bounds` tells which. A subclass sets the attributes and
    writes `read`; the rest has an answer.

    Attributes
    ----------
    rows : int
    inputs, outputs : int
        Columns of X and of T.
    has_weights : bool
        Whether rows have sample weights.
    total_weight : float
        Their sum, as `WeightSum` adds them up; the number of rows where there are none.
    coding : LabelCoding or None
        The classes, in the order of T's columns, where the table knows them.
    """

    rows: int
    inputs: int
    outputs: int
    has_weights: bool = False
    total_weight: float
    coding: LabelCoding | None = None

    @abc.abstractmethod
    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """A block: arrays of ``dtype``, C-contiguous, which nobody changes.

        Called from a thread of its own, never twice at once for one reader, and again in every pass: each time with
        the same result. Training checks what it gets: shapes always, every number at the first reading and wherever a
        sum is not finite.
        """

    def targets_of(self, number: int, dtype: np.dtype[Any]) -> tuple[Array, Array | None]:
        """T and the weights of a block alone: for less than `read`, where a table has X somewhere else."""
        block = self.read(number, dtype)
        return block.T, block.weight

    def place(self, row: int) -> str:
        """Where a row lies, for messages: a file and a row in it, where there are files."""
        return f"row {row:,}"

    def column(self, part: str, number: int) -> str:
        """What a column of "X" or "T" is called in messages."""
        return str(number)

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> Blocks:
        """The same table as a network takes it, where that is open: raw labels become columns, in a coding's order."""
        return self

    @property
    def rows_per_block(self) -> int:
        """Rows of every block but the last."""
        return rows_per_block(self.inputs + self.outputs)

    @property
    def count(self) -> int:
        """Number of blocks."""
        return -(-self.rows // self.rows_per_block)

    def bounds(self, number: int) -> tuple[int, int]:
        """First row of a block, and the row after its last."""
        first = number * self.rows_per_block
        return first, min(first + self.rows_per_block, self.rows)


class SameRows(Blocks):
    """A table made of another one row for row: what each row holds is changed, where it lies is not.

    Attributes
    ----------
    source : Blocks
    """

    def __init__(self, source: Blocks) -> None:
        self.source = source
        self.rows, self.inputs, self.outputs, self.coding = source.rows, source.inputs, source.outputs, source.coding
        self.has_weights, self.total_weight = source.has_weights, source.total_weight

    def needs(self, number: int) -> range:
        """The block of the source with the same number."""
        return range(number, number + 1)

    def place(self, row: int) -> str:
        """As in the source."""
        return self.source.place(row)

    def column(self, part: str, number: int) -> str:
        """As in the source."""
        return self.source.column(part, number)
