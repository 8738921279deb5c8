"""What a model expects of a table: its columns, their kinds and their scaling; a table to X and back to places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed
from chainrule.tables.columns import Column, Reading, check_finite, fitted_column, read_column, rows_in
from chainrule.tables.kinds import Kind
from chainrule.tables.noticed import Far, Noticed
from chainrule.tables.plain_numbers import PlainNumbers
from chainrule.tables.table import Table

Array = npt.NDArray[Any]


@dataclass
class Applied:
    """A table as a model sees it.

    ``X`` (N, D) float64, finite except in the rows ``bad`` (N,); ``outside`` (N,) says which rows lie far outside
    the training range; ``noticed`` says what was done, and which levels of categories training did not see.
    """

    X: Array
    bad: Array
    outside: Array
    noticed: Noticed

    @property
    def notes(self) -> list[str]:
        """What was done with the table's cells."""
        return self.noticed.notes()

    @property
    def unseen(self) -> list[str]:
        """What is said of levels that training did not see."""
        return self.noticed.not_seen()


@dataclass(frozen=True)
class Contract:
    """The columns a model reads, in the order of its inputs.

    Examples
    --------
    >>> table = Table.of({"size": [1.0, 3.0], "colour": ["red", "blue"]})
    >>> contract = Contract.of(table, {"size": Kind.NUMBER, "colour": Kind.CATEGORY})
    >>> contract.inputs
    ['size', 'colour = blue', 'colour = red']
    >>> contract.apply(Table.of({"colour": ["green"], "size": [2.0]})).X
    array([[0., 0., 0.]])
    """

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, table: Table, kinds: Mapping[str, Kind], fills: bool = False) -> Self:
        """The contract that these rows make.

        Parameters
        ----------
        table : Table
            The training rows, their cells of the kinds told.
        kinds : mapping of column name to Kind
            Columns in the order of the inputs.
        fills : bool
            Whether missing cells are filled, now and at prediction.
        """
        return cls(tuple(fitted_column(table, name, kind, fills) for name, kind in kinds.items()))

    @property
    def inputs(self) -> list[str]:
        """Names of the D inputs."""
        return [name for column in self.columns for name in column.inputs]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    def apply(self, table: Table, *, bad_rows: str = "refuse") -> Applied:
        """X from a table with at least these columns, in any order.

        Parameters
        ----------
        table : Table
        bad_rows : {"refuse", "nan"}
            What to do with a row that has a missing or unreadable cell.

        Raises
        ------
        DataError
            A column is missing; or a cell is missing or of another kind, and bad rows are refused.
        """
        self.check_columns(table.names, table.source)
        plain, rows = self.plain(table), table.rows
        X = None if plain is None else plain.inputs()
        if X is not None:
            return Applied(X, np.zeros(rows, bool), np.zeros(rows, bool), Noticed())
        found = Applied(np.empty((rows, len(self.inputs))), np.zeros(rows, bool), np.zeros(rows, bool), Noticed())
        farthest: tuple[float, str] | None = None
        at = 0
        for column in self.columns:
            reading = read_column(column, table)
            if reading.bad.any() and bad_rows == "refuse":
                raise _bad_cells(column, table, reading)
            found.bad |= reading.bad
            if reading.filled:
                found.noticed.filled[column] = reading.filled
            if reading.unseen[1]:
                found.noticed.unseen[column.name] = reading.unseen
            if reading.outside.any():
                found.outside |= reading.outside
                row = int(np.abs(np.where(reading.outside, reading.raw - column.mean, 0)).argmax())
                distance = abs(float(reading.raw[row]) - column.mean) / max(column.maximum - column.minimum, 1e-300)
                if farthest is None or distance > farthest[0]:
                    farthest = distance, _how_far(column, table, row, float(reading.raw[row]))
            width = len(column.inputs)
            if width:
                found.X[:, at : at + width] = reading.values
            at += width
        found.X[found.bad] = np.nan
        found.outside &= ~found.bad
        if farthest is not None and found.outside.any():
            far = np.flatnonzero(found.outside)
            found.noticed.far = Far(len(far), table.places(far), table.place(far[0]), *farthest)
        return found

    def plain(self, table: Table) -> PlainNumbers | None:
        """The rows of a table whose columns are all numbers without a missing cell; None of any other."""
        return PlainNumbers.of(self.columns, table)

    def check_columns(self, names: Sequence[str], source: str) -> None:
        """DataError where a table with these columns lacks some."""
        gone = [name for name in self.names if name not in names]
        if gone:
            raise DataError(
                f"{source} lacks {len(gone):,} of the {len(self.names):,} columns the model was trained on.",
                f"Missing: {listed(gone)}.",
                f"It has {listed(names)}.",
            )

    def check_types(self) -> None:
        """ValueError where a column that came from a file holds what `of` would never have made."""
        for column in self.columns:
            check_finite(column, ("mean", "scale", "minimum", "maximum"))
            if column.fill is not None:
                check_finite(column, ("fill",))
            if column.kind not in Kind._value2member_map_ or column.scale <= 0 or not isinstance(column.name, str):
                raise ValueError(f"column {str(column.name)[:40]!r}")
            if len(set(column.levels)) < len(column.levels) or not all(isinstance(l, str) for l in column.levels):
                raise ValueError(f"levels of column {column.name[:40]!r}")

    def to_json(self) -> list[dict[str, Any]]:
        """The contract as plain lists and dicts."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_json(cls, columns: Sequence[Mapping[str, Any]]) -> Self:
        """The contract from what `to_json` gave."""
        return cls(tuple(Column(**{**column, "levels": tuple(column["levels"])}) for column in columns))


def _bad_cells(column: Column, table: Table, reading: Reading) -> DataError:
    """The error for the cells of one column that cannot be used."""
    unreadable = reading.bad & ~reading.missing
    if unreadable.any():
        rows = np.flatnonzero(unreadable)
        cell = str(table.columns[column.name][int(rows[0])])[:60]
        return DataError(
            f"Column {column.name!r} must hold {column.kind}s, and {rows_in(unreadable)} of {table.source}"
            f" {'do' if len(rows) > 1 else 'does'} not (first at {table.place(rows[0])}: {cell!r}).",
            "Correct the cell, or get no prediction for such rows with --on-bad-row nan.",
        )
    rows = np.flatnonzero(reading.missing)
    return DataError(
        f"{len(rows):,} missing value{'s' if len(rows) > 1 else ''} in column {column.name!r}"
        f" (first at {table.place(rows[0])}).",
        "The model was trained without missing values in it.",
        "Fill them, or get no prediction for such rows with --on-bad-row nan.",
    )


def _how_far(column: Column, table: Table, row: int, value: float) -> str:
    return (
        f"{column.name!r} is {value:.4g} at {table.place(row)}, in training it was"
        f" {column.minimum:.4g} to {column.maximum:.4g}"
    )
