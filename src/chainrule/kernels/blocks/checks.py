"""A block as it was read, against what the table says it is; a fault is named by its row."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, counted
from chainrule.kernels.blocks.source import Block, Blocks
from chainrule.kernels.inputs import outside_law
from chainrule.network import Network

Array = npt.NDArray[Any]


def check_blocks(net: Network, blocks: Blocks) -> None:
    """DataError where a table has not the columns of a network, or no rows."""
    if blocks.inputs != net.D:
        raise DataError(
            f"The blocks have {counted(blocks.inputs, 'input column')}, and the network {net.notation} has"
            f" {counted(net.D, 'input')}."
        )
    if blocks.outputs != net.K:
        raise DataError(
            f"The blocks have {counted(blocks.outputs, 'target column')}, and the network {net.notation} has"
            f" {counted(net.K, 'output')}."
        )
    if not blocks.rows:
        raise DataError("The blocks have no rows, so there is nothing to learn from.")
    if not 0 < blocks.total_weight < np.inf:
        what = "All sample weights are zero" if blocks.total_weight == 0 else "The sum of the sample weights overflows"
        raise DataError(f"{what}, so there is nothing to learn from.", "Give at least one row a weight near 1.")


def check_shape(blocks: Blocks, number: int, block: Block, dtype: np.dtype[Any]) -> None:
    """DataError where a block has not the rows or columns that the table has, or numbers of another kind."""
    first, end = blocks.bounds(number)
    expected = ((end - first, blocks.inputs), (end - first, blocks.outputs), (end - first, 1))
    if (block.weight is not None) != blocks.has_weights:
        there = "has sample weights" if block.weight is not None else "has no sample weights"
        _changed(blocks, first, number, f"It {there}, and the table {'has' if blocks.has_weights else 'has none'}.")
    for name, part, shape in zip(("X", "T", "The sample weights"), block, expected, strict=True):
        if part is None:
            continue
        if part.shape != shape:
            verb = "have" if name.startswith("The") else "has"
            _changed(blocks, first, number, f"{name} {verb} the shape {part.shape} there, not {shape}.")
        if part.dtype != dtype:
            _changed(blocks, first, number, f"{name} is {part.dtype} there; {dtype} was asked for.")


def _changed(blocks: Blocks, first: int, number: int, what: str) -> NoReturn:
    raise DataError(
        f"Block {number} of the table, from {blocks.place(first)} on, is not what it should be.",
        what,
        "Did the table change while it was read? Start again with one that stays as it is.",
    )


def check_numbers(net: Network, blocks: Blocks, number: int, block: Block) -> None:
    """DataError where a number is missing or infinite, a target outside the law, or a weight negative."""
    X, T, weight = block
    if not (np.isfinite(X).all() and np.isfinite(T).all()):
        _refuse_cell(blocks, number, block)
    wrong = outside_law(net, T)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"T is outside the {net.law.distribution} law at {_place(blocks, number, row)}"
            f" ({counted(int(wrong.sum()), 'row')} of this block).",
            f"Received {np.array2string(T[row, :6], precision=6)}; allowed: {net.law.targets}.",
        )
    if weight is not None:
        wrong = ~np.isfinite(weight[:, 0]) | (weight[:, 0] < 0)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"A sample weight is negative or not finite: {weight[row, 0]:g}, at {_place(blocks, number, row)}.",
                "A sample weight is a number from 0; drop the row, or give it the weight 0.",
            )


def _refuse_cell(blocks: Blocks, number: int, block: Block) -> NoReturn:
    for name, part in (("X", block.X), ("T", block.T)):
        finite = np.isfinite(part)
        if finite.all():
            continue
        row, column = (int(at) for at in np.unravel_index(int(finite.argmin()), finite.shape))
        kind = "missing (NaN)" if np.isnan(part[row, column]) else f"infinite, or too large for {part.dtype}"
        raise DataError(
            f"A value of {name} is {kind}, at {_place(blocks, number, row)}, column {blocks.column(name, column)}"
            f" ({counted(int((~finite).sum()), 'such value')} in this block).",
            "Fill such cells or drop the rows: a network cannot train on them.",
        )
    raise AssertionError("a value that is not finite")


def _place(blocks: Blocks, number: int, row: int) -> str:
    return blocks.place(blocks.bounds(number)[0] + row)
