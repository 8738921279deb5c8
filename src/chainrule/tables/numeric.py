"""Text to numbers: which cells are numbers, and their values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

POINT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
COMMA = r"^[+-]?([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?$"
WHOLE = r"^[+-]?[0-9]+$"
LEADING_ZERO = r"^[+-]?0[0-9]+$"
INFINITE = r"(?i)^[+-]?inf(inity)?$"

EXACT = 2.0**53  # float64 counts every whole number up to here


def is_number_text(cell: str) -> bool:
    """Whether a cell of text is a number.

    >>> [is_number_text(cell) for cell in ("1.5", "-2e3", "1,5", "nan", "0x1F", "")]
    [True, True, False, False, False, False]
    """
    return re.match(POINT, cell) is not None


def numbers(column: pl.Series, decimal_comma: bool = False) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Values (N,) float64, NaN where there is none, and which cells hold something that is no number (N,).

    Text is read with a decimal point, or, where ``decimal_comma`` allows it and no cell has a point, with a comma.
    An infinite value is a value here: who needs finite ones must look.
    """
    if column.dtype == pl.Boolean or column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64), np.zeros(len(column), bool)
    if column.dtype != pl.String:
        return np.full(len(column), np.nan), column.is_not_null().to_numpy()
    parsed = column.cast(pl.Float64, strict=False)
    values = parsed.to_numpy()
    if int(np.isfinite(values).sum()) == len(column) - column.null_count():  # all are plain numbers: no more to ask
        return values.astype(np.float64), np.zeros(len(column), bool)
    if decimal_comma and uses_comma(column):
        column = column.str.replace(",", ".", literal=True)
    there = column.is_not_null()
    fits = column.str.contains(POINT).fill_null(False)
    infinite = column.str.contains(INFINITE).fill_null(False)
    parsed = column.set(~(fits | infinite), None).cast(pl.Float64, strict=False)
    return parsed.to_numpy().astype(np.float64), (there & parsed.is_null()).to_numpy()


def uses_comma(column: pl.Series) -> bool:
    """Whether a column of text writes numbers with a decimal comma: some do, and none has a point."""
    return bool(column.str.contains(COMMA).any()) and not column.str.contains(r"^[+-]?[0-9]*\.[0-9]").any()
