"""Files as one table that is read block after block, from the first row to the last."""

from __future__ import annotations

import abc
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chainrule.errors import DataError, SettingError
from chainrule.tables.csv_text import CsvText
from chainrule.tables.opening import checked_file
from chainrule.tables.parquet import ParquetFiles, folder_of_parquet
from chainrule.tables.row_groups import MAGIC
from chainrule.tables.table import Table

_CSV_IN_MEMORY = 6  # bytes of memory while a byte of CSV text becomes columns, inputs and targets
_PARQUET_IN_MEMORY = 6  # the same for a byte of Parquet, unpacked; its numbers are 4 or 8 bytes already


class Source(abc.ABC):
    """One or several files that hold the rows of one table.

    Attributes
    ----------
    name : str
        For people.
    files : tuple of Path
    names : list of str
        Of the columns.
    rows : int or None
        None where only reading tells.
    notes : tuple of str
    """

    name: str
    files: tuple[Path, ...]
    names: list[str]
    rows: int | None = None
    notes: tuple[str, ...] = ()

    @abc.abstractmethod
    def blocks(self, names: Sequence[str] | None = None) -> Iterator[Table]:
        """The rows in order, some tens of thousands at a time, with these columns (all where left out).

        Where the table is cut depends on the files alone.
        """

    @abc.abstractmethod
    def size_in_memory(self) -> int:
        """Bytes that it takes, about, to hold the table and to train on it in memory."""

    @property
    def part_rows(self) -> list[int]:
        """Rows of each piece that can be read without those before: Parquet files have such."""
        raise SettingError(
            f"Workers read Parquet files, and {self.name} is another kind of file.", "Write it as Parquet first."
        )

    def part(self, number: int, names: Sequence[str]) -> Table:
        """One of these pieces."""
        raise NotImplementedError

    @property
    def status(self) -> list[tuple[int, int]]:
        """What tells its files from those that they may become."""
        return [status_of(path) for path in self.files]

    def with_words(self, words: Sequence[str]) -> Source:
        """The same with cells that hold one of these words made missing."""
        return _WithWords(self, words) if words else self


class CsvSource(Source):
    """A CSV file."""

    def __init__(self, path: Path, *, header: bool | None = None, separator: str | None = None) -> None:
        self._text = CsvText.opened(path, header=header, separator=separator)
        self.name, self.files, self.names, self.notes = path.name, (path,), self._text.names, self._text.notes
        self._status = status_of(path)

    def blocks(self, names: Sequence[str] | None = None) -> Iterator[Table]:
        """See `Source`."""
        for block in self._text.blocks():
            check_unchanged(self.files[0], self._status)
            yield block if names is None else block.only(names)

    def size_in_memory(self) -> int:
        """See `Source`."""
        size = self.files[0].stat().st_size
        return _CSV_IN_MEMORY * size * (8 if self._text.file.is_gzip else 1)


class ParquetSource(Source):
    """A Parquet file, or several with the same columns."""

    def __init__(self, files: ParquetFiles, name: str) -> None:
        self._parts = files
        self.name, self.files, self.names, self.notes = name, files.paths, files.names, files.notes
        self.rows = files.rows
        self._status = [status_of(path) for path in files.paths]

    def blocks(self, names: Sequence[str] | None = None) -> Iterator[Table]:
        """See `Source`."""
        for number, path in enumerate(self.files):
            for block in self._parts.blocks(number, names):
                check_unchanged(path, self._status[number])
                yield block

    @property
    def part_rows(self) -> list[int]:
        """See `Source`."""
        return [count for _, _, count in self._parts.pieces]

    def part(self, number: int, names: Sequence[str]) -> Table:
        """See `Source`."""
        file, first, count = self._parts.pieces[number]
        check_unchanged(self.files[file], self._status[file])
        return self._parts.piece(file, first, count, names)

    def size_in_memory(self) -> int:
        """See `Source`."""
        return _PARQUET_IN_MEMORY * self._parts.unpacked


class _WithWords(Source):
    """Another source's rows, with words that stand for missing cells."""

    def __init__(self, source: Source, words: Sequence[str]) -> None:
        self._source, self._words = source, words
        self.name, self.files, self.names = source.name, source.files, source.names
        self.rows, self.notes = source.rows, source.notes

    def blocks(self, names: Sequence[str] | None = None) -> Iterator[Table]:
        for block in self._source.blocks(names):
            yield block.without_words(self._words)

    @property
    def part_rows(self) -> list[int]:
        return self._source.part_rows

    def part(self, number: int, names: Sequence[str]) -> Table:
        return self._source.part(number, names).without_words(self._words)

    def size_in_memory(self) -> int:
        return self._source.size_in_memory()


def opened_source(path: Path, *, header: bool | None = None, separator: str | None = None) -> Source:
    """The source that a path names: a CSV or Parquet file, or a folder of Parquet files.

    Raises
    ------
    DataError
        It is none of these, cannot be read, or the files of a folder have different columns.
    """
    if path.is_dir():
        return ParquetSource(ParquetFiles(folder_of_parquet(path)), f"{path.name or path}/")
    checked_file(path)
    with path.open("rb") as file:
        is_parquet = file.read(4) == MAGIC
    if is_parquet:
        return ParquetSource(ParquetFiles((path,)), path.name)
    return CsvSource(path, header=header, separator=separator)


def in_memory(source: Source) -> Table:
    """All rows of a source as one table."""
    return replace(Table.joined(list(source.blocks())), source=source.name, notes=source.notes)


def status_of(path: Path) -> tuple[int, int]:
    """What tells that a file is as it was: its size and when it was written."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, status: tuple[int, int]) -> None:
    """DataError where a file is gone, or is not what it was."""
    try:
        now = status_of(path)
    except OSError:
        raise DataError(
            f"The file {str(path)!r} vanished while it was read.", "Start again when the table is complete."
        ) from None
    if now != status:
        raise DataError(
            f"The file {str(path)!r} changed while it was read ({status[0]:,} bytes, then {now[0]:,}).",
            "What was read so far may not fit the rest.",
            "Start again when nothing writes to it any more.",
        )
