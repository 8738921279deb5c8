"""CSV text to columns of text: the separator found, the structure checked line by line."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError, counted
from chainrule.tables.numeric import is_number_text
from chainrule.tables.opening import BEGINNING, Place, TextFile, opened
from chainrule.tables.plain_lines import Cells, PlainLines
from chainrule.tables.table import Table, check_names, stripped

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE_LINES = 200
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class CsvText:
    """A CSV file whose first lines were looked at: its separator and columns are known, its rows not yet read.

    Attributes
    ----------
    file : TextFile
    separator : str
    names : list of str
    first : int
        The line that names the columns, or holds the first row.
    has_header : bool
    notes : tuple of str
    """

    file: TextFile
    separator: str
    names: list[str]
    first: int
    has_header: bool
    notes: tuple[str, ...]

    @classmethod
    def opened(cls, path: Path, *, header: bool | None = None, separator: str | None = None) -> Self:
        """Look at the beginning of a file; the arguments and errors are those of `read_csv`."""
        file = opened(path)
        notes = _encoding_note(file)
        if separator is None:
            separator = _sniffed(list(islice(file.lines(), _SAMPLE_LINES)))
        elif len(separator) != 1 or separator in '"\r\n':
            raise DataError(f"The separator must be one character, not {separator!r}.")
        if separator != ",":
            notes.append(f"Columns are separated by {SEPARATORS.get(separator, repr(separator))}.")
        first = next(_records(file, separator), None)
        if first is None:
            raise DataError(f"{file.path.name} holds only blank lines.", "Give a table with a header and rows.")
        names = [cell.strip() for cell in first.cells]
        has_header = _has_header(names, header, file.path.name, first.line)
        if has_header:
            names = _named(names, notes)
            check_names(names, file.path.name)
        else:
            names = [f"column {at}" for at in range(1, len(first.cells) + 1)]
        return cls(file, separator, names, first.line, has_header, tuple(notes))

    def blocks(self) -> Iterator[Table]:
        """The rows, some thousands at a time; at least one block.

        Plain lines are split in bulk; from the first quote or odd line on, Python's ``csv`` reader in strict form
        splits them, because it can tell where each row stands and what is wrong with it.
        """
        plain = PlainLines(self.file, self.separator, len(self.names), self.first + self.has_header)
        found = False
        for cells, lines in plain.blocks():
            found = True
            yield self._table(cells, lines)
        if plain.rest is not None:
            records = _records(self.file, self.separator, plain.rest)
            if plain.rest.line == 1 and self.has_header:
                next(records)
            for cells, lines in _columns(records, len(self.names), self):
                found = True
                yield self._table(cells, lines)
        if not found:
            name = self.file.path.name
            raise DataError(f"{name} has a header and no rows.", "A network learns from rows: give some.")

    def _table(self, cells: list[pl.Series], lines: npt.NDArray[np.int64]) -> Table:
        series = {name: stripped(column.alias(name)) for name, column in zip(self.names, cells, strict=True)}
        return Table(series, lines, self.file.path.name, True, self.separator != ",", self.notes)


def read_csv(path: Path, *, header: bool | None = None, separator: str | None = None) -> Table:
    """A table of text from a CSV file.

    Parameters
    ----------
    path : Path
    header : bool, optional
        Whether the first line names the columns; where left out, it must not be all numbers.
    separator : str, optional
        One character; found where left out.

    Raises
    ------
    DataError
        The file is no text, has no rows, a row of another length, a quote that does not close, two columns of
        one name, or a first line that may be names or numbers.
    """
    return Table.joined(list(CsvText.opened(path, header=header, separator=separator).blocks()))


@dataclass(slots=True)
class _Record:
    cells: list[str]
    line: int  # where it begins


def _records(file: TextFile, separator: str, place: Place = BEGINNING) -> Iterator[_Record]:
    """Rows of cells from a place on, with the line each begins at; blank lines are passed over."""
    lines = file.lines(place)
    head = next(lines, "")
    skipped = place.line == 1 and head.lower().startswith("sep=")  # a hint that Excel writes and reads
    reader = csv.reader(
        lines if skipped else chain([head], lines), delimiter=separator, strict=True, skipinitialspace=True
    )
    before = place.line - 1 + skipped
    begin = before + 1
    try:
        for cells in reader:
            if cells and (len(cells) > 1 or cells[0].strip()):
                yield _Record(cells, begin)
            begin = reader.line_num + 1 + before
    except csv.Error as error:
        raise DataError(
            f"Line {begin:,} of {file.path.name} cannot be split into cells: {_in_words(str(error))}.",
            "A quote inside a quoted cell is written twice, and every opening quote needs its closing one.",
        ) from None


def _in_words(error: str) -> str:
    """What the reader's error means."""
    if "field larger" in error or "unexpected end" in error:
        return "a quote is opened there and never closed"
    if "expected after" in error:
        return "text follows a closing quote"
    return error


def _columns(records: Iterator[_Record], width: int, text: CsvText) -> Iterator[Cells]:
    """The cells of the rows as columns of text, and the line of each row, some thousands at a time."""
    name, first = text.file.path.name, text.first
    while block := list(islice(records, _ROWS_AT_ONCE)):
        for record in block:
            if len(record.cells) != width:
                raise _wrong_width(record, width, name, first)
        cells = zip(*(record.cells for record in block), strict=True)
        yield (
            [pl.Series(column, dtype=pl.String) for column in cells],
            np.array([record.line for record in block], dtype=np.int64),
        )


def _wrong_width(record: _Record, width: int, name: str, first: int) -> DataError:
    found = len(record.cells)
    more = found > width
    advice = "Is a cell missing, or a separator?"
    if more:
        advice = "Put quotes around cells that contain the separator."
        if found == width + 1 and not record.cells[-1].strip():
            advice = "The line ends with a separator: remove it, or name one more column in the first line."
    return DataError(
        f"Line {record.line:,} of {name} has {counted(found, 'cell')}, but line {first:,} has {width}.",
        f"The line: {','.join(record.cells)[:80]!r}",
        advice,
    )


def _has_header(names: list[str], header: bool | None, name: str, line: int) -> bool:
    """Whether the first line names the columns: a line of numbers is asked about."""
    if header is not None:
        return header
    if all(is_number_text(cell) for cell in names):
        raise DataError(
            f"Line {line:,} of {name} holds only numbers: are they names, or the first row?",
            f"It reads {', '.join(names)[:80]!r}.",
            "Say --header if they are names, or --no-header if not: the columns become 'column 1', ...",
        )
    return True


def _named(names: list[str], notes: list[str]) -> list[str]:
    """Names, with one made up for each column that has none."""
    found = [name or f"column {at}" for at, name in enumerate(names, 1)]
    made = [new for new, old in zip(found, names, strict=True) if not old]
    if made:
        notes.append(f"{len(made)} column{'s have' if len(made) > 1 else ' has'} no name: {', '.join(made[:5])}.")
    return found


def _sniffed(lines: list[str]) -> str:
    """The separator with which most of the first rows have the first row's number of cells."""
    best, separator = (0.0, 0), ","
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0][4]
    for candidate in SEPARATORS:
        widths: list[int] = []
        reader = csv.reader(lines, delimiter=candidate, strict=True, skipinitialspace=True)
        with contextlib.suppress(csv.Error):  # the sample may end within a quoted cell: what came before counts
            widths += (len(row) for row in reader if row)
        if widths and widths[0] > 1:
            unread = len(lines) - reader.line_num  # by a wrong separator quotes stand where none may
            score = (sum(width == widths[0] for width in widths) / (len(widths) + unread), widths[0])
            if score > best:
                best, separator = score, candidate
    return separator


def _encoding_note(file: TextFile) -> list[str]:
    if file.encoding in ("cp1252", "latin-1"):
        return [f"The text is not UTF-8: read as {'Windows-1252' if file.encoding == 'cp1252' else 'Latin-1'}."]
    return []
