"""A file to a table: CSV or Parquet, by what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from chainrule.errors import DataError
from chainrule.tables.csv_text import read_csv
from chainrule.tables.opening import checked_file
from chainrule.tables.table import Table, stripped

PARQUET = b"PAR1"


def read(
    source: Any,
    *,
    header: bool | None = None,
    separator: str | None = None,
    missing_words: Sequence[str] = (),
) -> Table:
    """A table from a CSV or Parquet file, a data frame or a dict of columns.

    Parameters
    ----------
    source : path, Table, polars or pandas data frame, or mapping of columns
        A file may be UTF-8 or UTF-16, Windows-1252 or Latin-1, packed with gzip; its separator is found.
    header : bool, optional
        Whether the first line of a CSV file names the columns.
    separator : str, optional
        The character between two cells.
    missing_words : sequence of str
        Text that stands for a missing cell, such as "NA". Otherwise only an empty cell is missing.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        The file cannot be read as a table; the message names the line.
    """
    if not isinstance(source, str | PathLike):
        table = Table.of(source)
    else:
        path = Path(source)
        checked_file(path)
        with path.open("rb") as file:
            is_parquet = file.read(4) == PARQUET
        table = _read_parquet(path) if is_parquet else read_csv(path, header=header, separator=separator)
    if not table.columns:
        raise DataError(f"{table.source} has no columns.", "Give a table with a column to predict and others.")
    return _with_missing(table, missing_words) if missing_words else table


def _read_parquet(path: Path) -> Table:
    """A Parquet file, every column as its own type."""
    try:
        frame = pl.read_parquet(path, glob=False)
    except Exception as error:  # polars raises many classes, some of them its own panics
        raise DataError(
            f"{path.name} begins as a Parquet file and cannot be read as one.",
            str(error).splitlines()[0][:120] if str(error) else "",
            "Was it copied whole?",
        ) from None
    columns, categorical = {}, set()
    for series in frame.get_columns():
        dtype = series.dtype
        if isinstance(dtype, pl.Categorical | pl.Enum):
            categorical.add(series.name)
            series = series.cast(pl.String)
        columns[series.name] = stripped(series) if series.dtype == pl.String else series
    return Table(columns, np.arange(1, len(frame) + 1), path.name, categorical=frozenset(categorical))


def _with_missing(table: Table, words: Sequence[str]) -> Table:
    """The table with cells that hold one of the words made missing."""
    columns = {
        name: column.set(column.is_in(list(words)).fill_null(False), None) if column.dtype == pl.String else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)
