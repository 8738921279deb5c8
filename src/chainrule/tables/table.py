"""A table as it was read: columns by name, and where each row stood in its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError, listed, nearest


@dataclass(frozen=True, repr=False)
class Table:
    """Columns of one length by name, in the file's order.

    A column read from text holds text, stripped, with null where a cell was empty; other columns keep the type
    they came with.

    Attributes
    ----------
    columns : dict of str to polars Series
    lines : array (N,) of int64
        Where each row begins: the line of a text file, else the row counted from 1.
    source : str
        The file's name, or words for what it was.
    in_lines : bool
        Whether ``lines`` are lines of a file.
    decimal_comma : bool
        Whether "1,5" may be a number: the separator is not the comma.
    notes : tuple of str
        What was done while reading that a person should know.
    categorical : frozenset of str
        Columns whose type says that they are categories, whatever stands in them.
    files : tuple of str
        Names of the files that it was read from, where there are several.
    file_of : array (N,) of int32, or None
        Which of them each row is in.

    Examples
    --------
    >>> table = Table.of({"age": [31, 45], "name": ["Ann", None]})
    >>> table.rows, list(table.columns), table.place(1)
    (2, ['age', 'name'], 'row 2')
    """

    columns: dict[str, pl.Series]
    lines: npt.NDArray[np.int64]
    source: str = "the table"
    in_lines: bool = False
    decimal_comma: bool = False
    notes: tuple[str, ...] = field(default=())
    categorical: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    file_of: npt.NDArray[np.int32] | None = None

    @classmethod
    def of(cls, data: Any, source: str = "the table") -> Table:
        """A table from a mapping of columns, or from a polars or pandas data frame.

        Raises
        ------
        DataError
            The columns differ in length, two have one name, or a column cannot be read.
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, pl.DataFrame):
            named: list[tuple[Any, Any]] = [(series.name, series) for series in data.get_columns()]
        elif isinstance(data, Mapping):
            named = list(data.items())
        elif hasattr(data, "columns") and hasattr(data, "iloc"):  # pandas, without importing it
            if getattr(data.columns, "nlevels", 1) > 1:
                raise DataError(
                    "The columns of the data frame have several levels.",
                    'Flatten them: frame.columns = [" ".join(c) for c in frame.columns].',
                )
            named = [(name, data.iloc[:, at]) for at, name in enumerate(data.columns)]
        else:
            raise DataError(
                f"A table cannot be made of {type(data).__name__}.",
                "Give the path of a CSV or Parquet file, a data frame, or a dict of columns.",
            )
        check_names([str(name) for name, _ in named], source)
        columns = {str(name): _series(str(name), values) for name, values in named}
        lengths = {len(series) for series in columns.values()}
        if len(lengths) > 1:
            long = ", ".join(f"{name!r} {len(series)}" for name, series in list(columns.items())[:6])
            raise DataError(f"The columns differ in length: {long}.")
        rows = lengths.pop() if lengths else 0
        said = frozenset(str(name) for name, values in named if is_categorical(values))
        return cls(columns, np.arange(1, rows + 1), source, categorical=said)

    def __repr__(self) -> str:
        return f"Table of {self.rows:,} rows from {self.source}: {listed(self.columns)}"

    @property
    def rows(self) -> int:
        """Number of rows N."""
        return len(self.lines)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def place(self, row: int | np.integer[Any]) -> str:
        """Where a row stands, for a message: ``line 118``, ``row 117`` or ``row 17 of part-3.parquet``."""
        of = "" if self.file_of is None else f" of {self.files[self.file_of[row]]}"
        return f"{'line' if self.in_lines else 'row'} {self.lines[row]:,}{of}"

    def places(self, rows: npt.NDArray[Any], most: int = 3) -> str:
        """Where several rows stand: ``lines 3, 7, 9 and 12 more``."""
        if len(rows) == 1:
            return self.place(rows[0])
        if self.file_of is not None:
            return f"{self.place(rows[0])} and {len(rows) - 1:,} more"
        shown = ", ".join(f"{self.lines[row]:,}" for row in rows[:most])
        more = f" and {len(rows) - most:,} more" if len(rows) > most else ""
        return f"{'lines' if self.in_lines else 'rows'} {shown}{more}"

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """The table of some of its rows, by position."""
        columns = {name: series.gather(rows) for name, series in self.columns.items()}
        files = None if self.file_of is None else self.file_of[rows]
        return replace(self, columns=columns, lines=self.lines[rows], file_of=files)

    def rows_from(self, first: int, end: int) -> Table:
        """The table of the rows from one to before another, which shares its memory."""
        columns = {name: series.slice(first, end - first) for name, series in self.columns.items()}
        files = None if self.file_of is None else self.file_of[first:end]
        return replace(self, columns=columns, lines=self.lines[first:end], file_of=files)

    @classmethod
    def joined(cls, parts: Sequence[Table]) -> Table:
        """One table of the rows of several that have the same columns; at least one."""
        first = parts[0]
        if len(parts) == 1:
            return first
        columns = {name: _appended([part.columns[name] for part in parts]) for name in first.columns}
        files = [part.file_of for part in parts if part.file_of is not None]
        return replace(
            first,
            columns=columns,
            lines=np.concatenate([part.lines for part in parts]),
            file_of=np.concatenate(files) if files else None,
        )

    def without(self, names: Iterable[str]) -> Table:
        """The table without some columns."""
        gone = set(names)
        columns = {name: series for name, series in self.columns.items() if name not in gone}
        return replace(self, columns=columns)

    def only(self, names: Iterable[str]) -> Table:
        """The table of some of its columns."""
        return replace(self, columns={name: self.columns[name] for name in names})

    def without_words(self, words: Sequence[str]) -> Table:
        """The table with cells that hold one of these words made missing."""
        columns = {
            name: column.set(column.is_in(list(words)).fill_null(False), None) if column.dtype == pl.String else column
            for name, column in self.columns.items()
        }
        return replace(self, columns=columns)


def check_has(wanted: Sequence[str], names: Sequence[str], source: str, option: str) -> None:
    """DataError where an option names a column that is not there."""
    for name in wanted:
        if name not in names:
            raise DataError(
                f"{option} names {name!r}, and {source} has no such column.",
                f"Its columns are {listed(names)}.",
                nearest(name, names),
            )


def check_names(names: Sequence[str], source: str) -> None:
    """DataError where two columns have one name."""
    seen: dict[str, list[int]] = {}
    for at, name in enumerate(names, 1):
        seen.setdefault(name, []).append(at)
    twice = {name: at for name, at in seen.items() if len(at) > 1}
    if twice:
        words = ", ".join(f"{name!r} ({', '.join(map(str, at))})" for name, at in list(twice.items())[:6])
        raise DataError(
            f"{len(twice)} column name{'s occur' if len(twice) > 1 else ' occurs'} more than once in {source}.",
            f"Names and positions: {words}{' ...' if len(twice) > 6 else ''}.",
            "Give every column a name of its own.",
        )


def _series(name: str, values: Any) -> pl.Series:
    """A polars column; text is stripped and empty text is missing."""
    try:
        if hasattr(values, "isna") and hasattr(values, "tolist"):  # pandas: its NA, NaT and nullable types as None
            gone = values.isna().to_numpy()
            values = [None if missing else value for value, missing in zip(values.tolist(), gone, strict=True)]
        series = values if isinstance(values, pl.Series) else pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        raise DataError(
            f"Column {name!r} holds values of mixed types{_two_of(values)}.", "Make them all text, or all numbers."
        ) from None
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    return stripped(series) if series.dtype == pl.String else series


def is_categorical(values: Any) -> bool:
    """Whether a column's type says that it holds categories: pandas' and polars' own types do."""
    dtype = getattr(values, "dtype", None)
    return isinstance(dtype, pl.Categorical | pl.Enum) or str(dtype) == "category"


def _two_of(values: Any) -> str:
    """Two cells of different types, and their rows."""
    cells = [(row, cell) for row, cell in enumerate(values, 1) if cell is not None and cell == cell]
    for row, cell in cells[1:]:
        if type(cell) is not type(cells[0][1]):
            first = f"row {cells[0][0]} holds {str(cells[0][1])[:30]!r} ({type(cells[0][1]).__name__})"
            return f": {first}, row {row} holds {str(cell)[:30]!r} ({type(cell).__name__})"
    return ""


def _appended(parts: list[pl.Series]) -> pl.Series:
    """One column, of the wider type where the parts' types differ: whole numbers of two widths, say."""
    if len({part.dtype for part in parts}) == 1:
        return pl.concat(parts)
    return pl.concat([part.to_frame() for part in parts], how="vertical_relaxed").to_series()


def stripped(series: pl.Series) -> pl.Series:
    """Text without space around it, null where nothing is left."""
    bare = series.str.strip_chars()
    return bare.set(bare == "", None)
