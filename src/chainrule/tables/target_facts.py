"""What the cells of the column to predict are, block after block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError
from chainrule.tables.facts import DATE, Cells
from chainrule.tables.kinds import as_text
from chainrule.tables.moments import Moments
from chainrule.tables.numeric import EXACT, LEADING_ZERO, numbers
from chainrule.tables.table import Table

Array = npt.NDArray[Any]

MOST_CLASSES = 100_000  # different values that are followed


@dataclass
class ClassCells:
    """The rows of one class: how many, how the first one writes it and where it stands, and the files they are in."""

    text: str
    place: str
    row: int
    count: int = 0
    files: tuple[int, int] = (0, 0)  # the first and the last


class TargetFacts:
    """Counts over the rows that have a target.

    Attributes
    ----------
    rows : int
    dtype : polars type
    first, dates, wrong, no_count, padded : Cells
        Any; dates; no finite numbers; no whole numbers from 0; with a leading zero.
    moments : Moments
        Of the numbers, where all cells so far are finite.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source
        self.dtype: Any = None
        self.rows = self._zeros = 0
        self.first = self.dates = self.wrong = self._text = self.padded = self.no_count = Cells()
        self.moments = Moments()
        self.first_row = 0
        self.beyond_exact, self.are_whole = False, True
        self._by_value: dict[float, ClassCells] | None = {}
        self._by_text: dict[str, ClassCells] | None = {}

    def add(self, table: Table, rows: Array | None = None, *, classes: bool = True) -> Array:
        """The rows that follow, all with a target, and their numbers; its values, NaN where there is no number."""
        column = table.columns[self.name]
        if self.dtype is None or (self.dtype.is_integer() and column.dtype.is_float()):
            self.dtype = column.dtype
        values, wrong = numbers(column, table.decimal_comma)
        if not table.rows:
            return values

        def cells(mask: Array) -> Cells:
            return Cells.where(mask, table, self.name)

        if not self.rows:
            self.first, self.first_row = cells(np.ones(table.rows, bool)), 0 if rows is None else int(rows[0])
        self.rows += table.rows
        if column.dtype == pl.String:
            if wrong.any():
                self.dates = self.dates.plus(cells(column.str.contains(DATE).fill_null(False).to_numpy()))
            self.padded = self.padded.plus(cells(column.str.contains(LEADING_ZERO).fill_null(False).to_numpy()))
        self._text = self._text.plus(cells(wrong))
        if column.dtype == pl.Boolean:
            wrong = np.ones(len(wrong), bool)
        wrong = wrong | np.isinf(values)
        self.wrong = self.wrong.plus(cells(wrong))
        with np.errstate(invalid="ignore"):
            broken = (values != np.floor(values)) & ~np.isnan(values)
            self.no_count = self.no_count.plus(cells(wrong | broken | (values < 0)))
            self.beyond_exact |= bool((np.abs(values) > EXACT).any())
        self.are_whole = self.are_whole and not broken.any()
        self._zeros += int((values == 0).sum())
        if not self.wrong.count:
            self.moments = self.moments.plus(Moments.of(values[~np.isnan(values)]))
        if classes and not column.dtype.is_nested() and not column.dtype.is_temporal():
            self._add_classes(table, column, values, np.arange(table.rows) if rows is None else rows)
        return values

    @property
    def is_numeric(self) -> bool:
        """Whether every cell is a number, and none a code with leading zeros."""
        return bool(self.dtype != pl.Boolean) and not self._text.count and not self.padded.count

    @property
    def different(self) -> int:
        """Different values of numbers, as far as they were followed."""
        return MOST_CLASSES + 1 if self._by_value is None else len(self._by_value)

    @property
    def looks_like_counts(self) -> bool:
        """Whether the numbers may be counts: whole, from 0, zeros among them, spread at least as Poisson's."""
        found = self.moments
        some_are_zero = not self.no_count.count and self._zeros > 0.01 * self.rows
        return bool(some_are_zero and found.high < 1e6 and found.scale**2 >= found.mean)

    def seen(self, as_numbers: bool | None = None) -> list[ClassCells]:
        """The classes: by value where they are numbers (or are to be taken so), else by text.

        Raises
        ------
        DataError
            There are more than are followed.
        """
        as_numbers = self.is_numeric if as_numbers is None else as_numbers
        if as_numbers and self._by_value is not None:
            return [self._by_value[value] for value in sorted(self._by_value)]
        if not as_numbers and self._by_text is not None:
            return [self._by_text[text] for text in sorted(self._by_text)]
        raise DataError(
            f"The target {self.name!r} has more than {MOST_CLASSES:,} different values in {self.rows:,} rows: these are"
            " no classes.",
            "Name another column with --target" + (", or say --task regress." if self.is_numeric else "."),
        )

    def classes(self) -> tuple[list[str], list[int]]:
        """How each class is written, and its rows."""
        seen = self.seen()
        return [cells.text for cells in seen], [cells.count for cells in seen]

    def check_numbers(self, task: str) -> None:
        """DataError unless the cells are the numbers that a task takes."""
        found, words = self.wrong, "numbers"
        if task == "count":
            found, words = self.no_count, "counts: whole numbers from 0"
        if found.count:
            raise DataError(
                f"The target {self.name!r} must hold {words}, and {found.count:,}"
                f" row{'s do' if found.count > 1 else ' does'} not (first at {found.place}: {found.text!r}).",
                "Correct the cells, or choose another --task.",
            )

    def _add_classes(self, table: Table, column: pl.Series, values: Array, rows: Array) -> None:
        files = (0, 0) if table.file_of is None else (int(table.file_of[0]), int(table.file_of[-1]))
        if self._by_value is not None and self.is_numeric:
            keys, first, counts = np.unique(values, return_index=True, return_counts=True)
            if len(keys) > MOST_CLASSES:
                self._by_value = None
            else:
                written = as_text(column.gather(first))
                self._by_value = _joined(self._by_value, keys, written, first, counts, table, rows, files)
        if self._by_text is None or (self.is_numeric and column.dtype != pl.String):
            return
        text = as_text(column)
        found = (
            pl.DataFrame({"text": text})
            .with_row_index("row")
            .group_by("text", maintain_order=True)
            .agg(pl.col("row").first(), pl.len().alias("count"))
        )
        if len(found) > MOST_CLASSES:
            self._by_text = None
            return
        texts, first, counts = found["text"].to_list(), found["row"].to_numpy(), found["count"].to_numpy()
        self._by_text = _joined(self._by_text, texts, texts, first, counts, table, rows, files)


def _joined(
    known: dict[Any, ClassCells],
    keys: Any,
    texts: Any,
    first: Array,
    counts: Array,
    table: Table,
    rows: Array,
    files: tuple[int, int],
) -> dict[Any, ClassCells] | None:
    """What is known with the classes of a block, or None where they are too many."""
    for key, text, row, count in zip(keys, texts, first, counts, strict=True):
        cells = known.get(key)
        if cells is None:
            if len(known) == MOST_CLASSES:
                return None
            cells = known[key] = ClassCells(str(text), table.place(row), int(rows[row]), files=files)
        cells.count += int(count)
        cells.files = (cells.files[0], files[1])
    return known
