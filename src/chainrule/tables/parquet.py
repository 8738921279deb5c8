"""Parquet files as one table: the same columns in each, read a slice of rows at a time."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from chainrule.errors import DataError, counted, listed
from chainrule.kernels.blocks import rows_per_block
from chainrule.kernels.blocks.source import LEAST_ROWS
from chainrule.tables.opening import checked_file
from chainrule.tables.row_groups import MAGIC, RowGroup, row_groups
from chainrule.tables.table import Table, check_names, stripped

AT_ONCE = 64 << 20  # bytes, packed, of row groups that are read in one go; of larger ones a few columns at a time
UNPACKED_AT_ONCE = 16 << 20  # bytes, unpacked; the reader's own buffers are as large again
_SUFFIXES = (".parquet", ".pq")


class ParquetFiles:
    """Parquet files with the same columns, whose order within a file does not matter.

    Attributes
    ----------
    paths : tuple of Path
    names : list of str
        The columns, as the first file has them.
    rows, unpacked : int
        Rows and bytes of all files together.
    notes : tuple of str

    Raises
    ------
    DataError
        A file is cut off or damaged, the files differ in their columns, or there is no row.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._groups = [row_groups(path) for path in self.paths]
        schemas = [_schema(path) for path in self.paths]
        self.names = list(schemas[0])
        for path, schema in zip(self.paths, schemas, strict=True):
            check_names(list(schema), path.name)
            _check_same(self.paths[0], schemas[0], path, schema)
        self.categorical = frozenset(
            name for schema in schemas for name, dtype in schema.items() if isinstance(dtype, pl.Categorical | pl.Enum)
        )
        counts = [sum(group.rows for group in groups) for groups in self._groups]
        self.rows = sum(counts)
        self.unpacked = sum(group.unpacked for groups in self._groups for group in groups)
        if not self.rows:
            raise DataError(
                f"{self.paths[0].name} has no rows." if len(self.paths) == 1 else "The files have no rows.",
                "A network learns from rows: give some.",
            )
        empty = [path.name for path, count in zip(self.paths, counts, strict=True) if not count]
        self.notes: tuple[str, ...] = ()
        if empty:
            self.notes = (f"{counted(len(empty), 'file')} without rows passed over: {listed(empty, most=4)}.",)
        self._counts = counts

    def blocks(self, number: int, names: Sequence[str] | None = None) -> Iterator[Table]:
        """The rows of one file, block after block."""
        step = rows_per_block(len(self.names))
        for first, count in _pieces([group.rows for group in self._groups[number]], self._most):
            piece = self._block(number, first, count, names or self.names)
            parts = -(-2 * count // step)  # half a block each: what is made of them is as large again
            for at in range(parts):
                yield piece.rows_from(at * count // parts, (at + 1) * count // parts)

    @property
    def pieces(self) -> list[tuple[int, int, int]]:
        """(number of the file, first row, rows) of what can be read at once, in the order of the rows."""
        return [
            (number, *piece)
            for number, groups in enumerate(self._groups)
            for piece in _pieces([group.rows for group in groups], self._most)
        ]

    @property
    def _most(self) -> int:
        """Rows that are read at once, at most: of narrow numbers a whole row group of the usual size."""
        fit = int(UNPACKED_AT_ONCE * self.rows / max(self.unpacked, 1))
        return min(2 * rows_per_block(len(self.names)), max(fit, LEAST_ROWS))

    def piece(self, number: int, first: int, count: int, names: Sequence[str]) -> Table:
        """One of these."""
        return self._block(number, first, count, names)

    def _block(self, number: int, first: int, count: int, names: Sequence[str]) -> Table:
        path = self.paths[number]
        try:
            frame = self._frame(number, first, count, names)
        except Exception as error:  # polars raises many classes, some of them its own panics
            if isinstance(error, FileNotFoundError) or not path.exists():
                raise DataError(
                    f"The file {str(path)!r} vanished while it was read.", "Start again when the table is complete."
                ) from None
            raise DataError(
                f"Rows {first + 1:,} to {first + count:,} of {path.name} cannot be read.",
                str(error).splitlines()[0][:120] if str(error) else "",
                "Was it copied whole?",
            ) from None
        if len(frame) != count:
            raise DataError(f"{path.name} has fewer rows than its footer says.", "Copy it again, whole.")
        several = len(self.paths) > 1
        return Table(
            {series.name: _plain(series) for series in frame.get_columns()},
            np.arange(first + 1, first + count + 1),
            path.name,
            categorical=self.categorical,
            files=tuple(path.name for path in self.paths) if several else (),
            file_of=np.full(count, number, np.int32) if several else None,
        )

    def _frame(self, number: int, first: int, count: int, names: Sequence[str]) -> pl.DataFrame:
        scan = pl.scan_parquet(self.paths[number], glob=False)
        packed = _packed(self._groups[number], first, count) * len(names) / max(len(self.names), 1)
        parts = int(min(len(names), -(-packed // AT_ONCE))) or 1
        if parts == 1:
            return scan.select(names).slice(first, count).collect()
        frames = [
            scan.select([names[at] for at in part]).slice(first, count).collect()
            for part in np.array_split(np.arange(len(names)), parts)
        ]
        return pl.concat(frames, how="horizontal")


def folder_of_parquet(folder: Path) -> tuple[Path, ...]:
    """The Parquet files of a folder, by name.

    Raises
    ------
    DataError
        It has none, or one of them is not what its name says.
    """
    try:
        found = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith((".", "_")))
    except OSError as error:
        raise DataError(f"The folder {str(folder)!r} cannot be read: {error.strerror}.") from None
    paths = tuple(folder / name for name in found if name.lower().endswith(_SUFFIXES))
    if not paths:
        below = [name for name in found if (folder / name).is_dir()]
        there = f"It holds {listed(found, most=5)}." if found else "It is empty."
        advice = "Give a CSV or Parquet file, or a folder whose files end in .parquet."
        if below:
            advice = f"Folders in folders are not looked into: give one of them, such as {str(folder / below[0])!r}."
        raise DataError(f"The folder {str(folder)!r} has no Parquet file.", there, advice)
    for path in paths:
        checked_file(path)
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                raise DataError(f"{path.name} in {str(folder)!r} is no Parquet file.", "Write it again, or remove it.")
    return paths


def _pieces(groups: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of what is read at once: whole row groups, as long as these are few enough rows.

    A part of a row group costs as much to unpack as all of it.

    >>> list(_pieces([3, 4, 0, 10, 2], 8))
    [(0, 7), (7, 5), (12, 5), (17, 2)]
    """
    first = begin = 0
    for rows in groups:
        if begin + rows - first > most and begin > first:
            yield first, begin - first
            first = begin
        begin += rows
        if begin - first > most:
            parts = -(-(begin - first) // most)
            bounds = [first + (begin - first) * at // parts for at in range(parts + 1)]
            yield from ((low, high - low) for low, high in itertools.pairwise(bounds))
            first = begin
    if begin > first:
        yield first, begin - first


def _packed(groups: Sequence[RowGroup], first: int, count: int) -> int:
    """Bytes, packed, of the row groups that hold these rows."""
    begin = found = 0
    for group in groups:
        if begin < first + count and begin + group.rows > first:
            found += group.packed
        begin += group.rows
    return found


def _schema(path: Path) -> dict[str, Any]:
    try:
        return dict(pl.read_parquet_schema(path))
    except Exception as error:  # polars raises many classes, some of them its own panics
        raise DataError(
            f"{path.name} begins as a Parquet file and cannot be read as one.",
            str(error).splitlines()[0][:120] if str(error) else "",
            "Was it copied whole?",
        ) from None


def _check_same(first: Path, expected: dict[str, Any], path: Path, schema: dict[str, Any]) -> None:
    """DataError where a file has not the columns of the first one, or others of its types."""
    lacks = [name for name in expected if name not in schema]
    more = [name for name in schema if name not in expected]
    if lacks or more:
        words = [f"lacks {listed(lacks, most=4)}"] * bool(lacks) + [f"has {listed(more, most=4)} besides"] * bool(more)
        raise DataError(
            f"{path.name} has not the columns of {first.name}.",
            f"It {' and '.join(words)}.",
            "All files of a folder need the same columns.",
        )
    for name, dtype in expected.items():
        if _family(dtype) != _family(schema[name]):
            raise DataError(
                f"Column {name!r} holds {_family(schema[name])} in {path.name} and {_family(dtype)} in {first.name}.",
                "All files of a folder need the same types.",
                "Write one of them again with the type of the other.",
            )


def _family(dtype: Any) -> str:
    """What a type holds, in words; numbers of all widths are one family."""
    if dtype.is_numeric() or dtype.is_decimal():
        return "numbers"
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return "text"
    if dtype == pl.Boolean:
        return "true and false"
    return f"{str(dtype).lower()} values"


def _plain(series: pl.Series) -> pl.Series:
    """A column as a table holds it: categories as text, text without space around it."""
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    return stripped(series) if series.dtype == pl.String else series
