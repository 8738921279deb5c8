"""Columns that are numbers and nothing else: standardised without a look at single cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.tables.columns import Column
from chainrule.tables.kinds import Kind
from chainrule.tables.table import Table

Array = npt.NDArray[Any]

_IN_CACHE = 4096  # rows that are filled column by column while they are in the processor's cache


class PlainNumbers:
    """The rows of a table whose columns are all numbers with a value in every cell.

    Attributes
    ----------
    rows : int
    arrays : list of array (N,)
        The columns of the D inputs, as the table has them.
    mean, scale : array (D,)
    low, high : array (D,)
        A value that is not within these is NaN, infinite or far outside the training range.
    """

    def __init__(self, columns: Sequence[Column], arrays: list[Array], rows: int) -> None:
        self.rows, self.arrays = rows, arrays
        self.mean, self.scale = (
            np.array([getattr(column, name) for column in columns], np.float64) for name in ("mean", "scale")
        )
        self.low, self.high = np.array([column.near for column in columns], np.float64).reshape(-1, 2).T

    @classmethod
    def of(cls, columns: Sequence[Column], table: Table) -> Self | None:
        """Those of a table with these columns; None where they are something else."""
        series = [table.columns[column.name] for column in columns]
        if not table.rows or any(column.kind != Kind.NUMBER.value for column in columns):
            return None
        if not all(_is_plain(values) for values in series):
            return None
        pairs = [(column, values.to_numpy()) for column, values in zip(columns, series, strict=True)]
        if not all(_is_inside(values, *column.near) for column, values in pairs if not column.inputs):
            return None
        used = [(column, values) for column, values in pairs if column.inputs]
        return cls([column for column, _ in used], [values for _, values in used], table.rows)

    def inputs(self) -> Array | None:
        """X (N, D), ``(x - mean) / scale``; None where a value wants to be looked at."""
        if not all(map(_is_inside, self.arrays, self.low, self.high)):
            return None
        X = np.empty((self.rows, len(self.arrays)))
        for first in range(0, self.rows, _IN_CACHE):
            part = X[first : first + _IN_CACHE]
            for at, array in enumerate(self.arrays):
                part[:, at] = array[first : first + _IN_CACHE]
            part -= self.mean
            part /= self.scale
        return X


def _is_plain(values: pl.Series) -> bool:
    """Whether these are numbers that NumPy has too, none missing."""
    return (values.dtype.is_float() or values.dtype.is_integer()) and not values.null_count()


def _is_inside(values: Array, low: float, high: float) -> bool:
    """Whether all values are within bounds; NumPy's least and greatest are NaN where one is."""
    return bool(values.min() >= low and values.max() <= high)
