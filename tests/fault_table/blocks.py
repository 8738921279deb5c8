"""Tables read in blocks: memory maps, and whatever a subclass of `chainrule.Blocks` reads."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np

import chainrule as cr
from blocks import SMALL, Pieces
from chainrule.errors import DataError, SettingError
from chainrule.kernels.blocks import source
from fault_table.entry import entry, refused

NET = cr.Network("3-4-2")
ROWS = 3 * SMALL + 1
X = np.random.default_rng(0).standard_normal((ROWS, 3))
T = np.eye(2)[(X[:, 0] > 0).astype(int)]

in_small_blocks = mock.patch.object(source, "BLOCK_ROWS", SMALL)


def broken(row: int, value: float) -> Pieces:
    """A table of two files, with one number replaced."""
    other = X.copy()
    other[row, 2] = value
    return Pieces(other, T, None, (9000,))


@in_small_blocks
def missing_in_a_late_block(folder: Path) -> None:
    for options in ({}, {"solver": "adam", "batch_size": 100}, {"solver": "newton"}):
        words = "missing (NaN), at row 1000 of piece 1, column 2"
        refused(lambda kw=options: cr.train(NET, broken(10_000, np.nan), **kw), words, error=DataError)
    refused(lambda: cr.train(NET, broken(10_000, np.inf)), "infinite", "row 1000 of piece 1", error=DataError)
    np.save(folder / "x.npy", np.where(np.arange(ROWS)[:, None] == 12_000, np.nan, X))
    mapped = np.load(folder / "x.npy", mmap_mode="r")
    refused(lambda: cr.train(NET, mapped, T), "at row 12,000", error=DataError)


@in_small_blocks
def changing(_: Path) -> None:
    table = Pieces(X, T)
    whole = table.read

    def shorter(number, dtype):
        block = whole(number, dtype)
        return block._replace(X=block.X[:-1]) if len(table.reads) > table.count else block

    with mock.patch.object(table, "read", shorter):
        refused(lambda: cr.train(NET, table), "Block 0 of the table", "Did the table change", error=DataError)


@in_small_blocks
def other_columns(_: Path) -> None:
    refused(lambda: cr.train(NET, Pieces(X[:, :2], T)), "2 input columns", "3 inputs", error=DataError)
    refused(lambda: cr.train(NET, Pieces(X, T[:, :1])), "1 target column", "2 outputs", error=DataError)
    refused(lambda: cr.train(NET, Pieces(X[:0], T[:0])), "no rows", error=DataError)
    refused(lambda: cr.train(NET, Pieces(X, T), T), "Leave out T", error=SettingError)
    refused(lambda: cr.train(NET, Pieces(X, T * 2)), "outside the categorical law at row 0", error=DataError)


@in_small_blocks
def one_block_and_a_last_row(_: Path) -> None:
    for rows in (1, SMALL, SMALL + 1):
        memory = cr.train(NET, X[:rows], T[:rows], epochs=2, record_every=1)
        read = cr.train(NET, Pieces(X[:rows], T[:rows]), epochs=2)
        assert (memory.weights.flat == read.weights.flat).all()


BLOCKS = (
    entry(
        "B1",
        "A missing or infinite number in a late block of a table that does not fit in memory",
        "refuse",
        "Found in the first pass, named by its row (and file) and column.",
        missing_in_a_late_block,
    ),
    entry(
        "B2",
        "A table that changes while it is read",
        "refuse",
        "A block of another shape, or with numbers that went missing, is an error that names its first row.",
        changing,
    ),
    entry(
        "B3",
        "A table in blocks with other columns than the network, without rows, or with targets beside it",
        "refuse",
        "An error before the first block is read, or at the row that is wrong.",
        other_columns,
    ),
    entry(
        "B4",
        "A table of one block, or whose last block is one row",
        "accept",
        "The bits of the same rows in memory.",
        one_block_and_a_last_row,
    ),
)
