"""A table without its rows, which travels to the workers; and some of its rows, once they are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.kernels.blocks import Block, Blocks


class Outline(Blocks):
    """What is known of a table of Dask pieces without its rows: it travels to the workers."""

    def __init__(self) -> None:
        self.codes_labels = False
        self.lengths: Sequence[int] = ()  # of the pieces of X
        self.first_piece = self.first_row = 0  # where these lengths begin
        self.columns: tuple[str, ...] | None = None

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """No rows are here."""
        raise AssertionError("an outline has no rows")

    def place(self, row: int) -> str:
        """A row, and where it is in a partition."""
        begin = self.first_row
        for number, length in enumerate(self.lengths, self.first_piece):
            if row < begin + length:
                return f"row {row:,} (row {row - begin:,} of partition {number})"
            begin += length
        return f"row {row:,}"

    def column(self, part: str, number: int) -> str:
        """The name of a column of X where it has one."""
        return repr(self.columns[number]) if part == "X" and self.columns else str(number)

    def within(self, first: int, end: int) -> Outline:
        """The same with the lengths of only those pieces that hold these rows: a worker need not know all others."""
        found = Outline()
        vars(found).update({name: value for name, value in vars(self).items() if name in _OUTLINE})
        begin, number = self.first_row, 0
        while number < len(self.lengths) and begin + self.lengths[number] <= first:
            begin += self.lengths[number]
            number += 1
        stop, last = begin, number
        while last < len(self.lengths) and stop < end:
            stop += self.lengths[last]
            last += 1
        found.lengths = tuple(self.lengths[number:last])
        found.first_piece, found.first_row = self.first_piece + number, begin
        return found


_OUTLINE = {
    "codes_labels", "columns", "coding", "rows", "inputs", "outputs", "has_weights", "total_weight",
}  # fmt: skip


class HeldBlocks(Blocks):
    """Some blocks of a table, which are here."""

    def __init__(self, outline: Outline, blocks: dict[int, Block]) -> None:
        self.outline, self.blocks = outline, blocks
        self.rows, self.inputs, self.outputs = outline.rows, outline.inputs, outline.outputs
        self.has_weights, self.total_weight, self.coding = outline.has_weights, outline.total_weight, outline.coding

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """A block that is here."""
        found = self.blocks[number]
        if found.X.dtype == dtype:
            return found
        return Block(*(None if part is None else part.astype(dtype) for part in found))  # type: ignore[arg-type]

    def place(self, row: int) -> str:
        """As in the whole table."""
        return self.outline.place(row)

    def column(self, part: str, number: int) -> str:
        """As in the whole table."""
        return self.outline.column(part, number)
