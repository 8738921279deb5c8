"""A file to a table: CSV or Parquet, by what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from chainrule.errors import DataError
from chainrule.tables.source import in_memory, opened_source
from chainrule.tables.table import Table


def read(
    source: Any,
    *,
    header: bool | None = None,
    separator: str | None = None,
    missing_words: Sequence[str] = (),
) -> Table:
    """A table in memory, from a CSV or Parquet file, a folder of Parquet files, a data frame or a dict of columns.

    Parameters
    ----------
    source : path, Table, polars or pandas data frame, or mapping of columns
        A CSV file may be UTF-8 or UTF-16, Windows-1252 or Latin-1, packed with gzip; its separator is found.
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
        table = in_memory(opened_source(path, header=header, separator=separator))
    if not table.columns:
        raise DataError(f"{table.source} has no columns.", "Give a table with a column to predict and others.")
    return table.without_words(missing_words) if missing_words else table
