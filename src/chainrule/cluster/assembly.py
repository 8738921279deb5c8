"""A block put together from slices of the pieces that Dask has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster.aligned import aligned
from chainrule.cluster.pieces import Pieces, Span, rows_of
from chainrule.errors import ChainruleError, DataError
from chainrule.kernels.blocks import Block
from chainrule.kernels.inputs import as_matrix

Array = npt.NDArray[Any]


def assembled(known: dict[str, Any], X: Any, T: Any, weight: Any = None) -> Block:
    """A block from slices of pieces, as a network takes it; without X where that is None."""
    dtype, coding, first = known["dtype"], known["coding"], known["first"]
    inputs = np.empty((0, 0), dtype)
    if X is not None:
        inputs = _joined(X, lambda rows: as_matrix(rows, "X", dtype), first)
    if coding is None:
        targets = _joined(T, lambda rows: as_matrix(rows, "T", dtype).reshape(len(rows), -1), first)
    else:
        targets = _joined(T, lambda rows: coding.indicator(np.asarray(rows), known["outputs"]).astype(dtype), first)
    if weight is not None:
        weight = _joined(weight, lambda rows: as_matrix(rows, "sample_weight", dtype).reshape(-1, 1), first)
    return Block(inputs, targets, weight)


def _joined(slices: Sequence[Any], rows_as: Any, first: int) -> Array:
    """The rows of several slices in one array; a fault tells where its rows are counted from."""
    found = []
    for piece, number, a, b in slices:
        rows = rows_of(piece, a, b)
        try:
            found.append(rows_as(rows))
        except ChainruleError as error:
            raise DataError(
                *str(error).splitlines()[:3],
                f"Rows are counted from row {first:,} of the table, in partition {number}.",
            ) from None
        first += b - a
    whole: Array = aligned(found[0]) if len(found) == 1 else np.concatenate(found)
    return whole


def slices_of(part: Pieces, first: int, end: int, piece_at: Any) -> list[list[Any]]:
    """[piece, its number, first row, end] of each slice that these rows lie in."""

    def one(span: Span) -> list[Any]:
        return [piece_at(part, span.piece), span.piece, span.first, span.end]

    return [one(span) for span in part.spans(first, end)]


def sum_of(slices: Sequence[Any]) -> float:
    """The sum of the sample weights in these slices."""
    weight = _joined(slices, lambda rows: as_matrix(rows, "sample_weight", np.float64).reshape(-1), 0)
    return float(weight.sum())
