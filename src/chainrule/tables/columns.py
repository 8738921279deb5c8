"""One column: what the training rows make of it, and how it is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.tables.kinds import Kind, as_text, booleans
from chainrule.tables.moments import Moments
from chainrule.tables.numeric import numbers
from chainrule.tables.table import Table

Array = npt.NDArray[Any]

MOST_LEVELS = 100  # of one category; rarer ones are all zeros
_CLIP = 1e100  # a standardised value beyond this is the same to every network, and products of it stay finite


@dataclass(frozen=True)
class Column:
    """One column the model reads.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "category"}
    mean, scale : float
        Of the training rows; an input is ``(value - mean) / scale``. Scale 1 and mean 0 for a category.
    minimum, maximum : float
        Of the training rows.
    fill : float or None
        What a missing cell becomes: the median (a boolean: the commoner value). None where it is refused.
    levels : tuple of str
        Of a category, the commonest first; each is an input of its own, 1 where the row has it.
    has_missing_level : bool
        Whether the last input of a category says that the cell is missing.
    is_constant : bool
        Whether all training rows agree, so that the column has no input.
    """

    name: str
    kind: str
    mean: float = 0.0
    scale: float = 1.0
    minimum: float = 0.0
    maximum: float = 0.0
    fill: float | None = None
    levels: tuple[str, ...] = ()
    has_missing_level: bool = False
    is_constant: bool = False

    @property
    def near(self) -> tuple[float, float]:
        """The least and the greatest value that are not far outside: beyond the training rows' by their own width."""
        low, high, largest = float(self.minimum), float(self.maximum), np.finfo(float).max
        span = min(high - low, largest)
        return max(low - span, -largest), min(high + span, largest)

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs made of it."""
        if self.is_constant:
            return []
        if self.kind != Kind.CATEGORY.value:
            return [self.name]
        return [
            *(f"{self.name} = {level}" for level in self.levels),
            *([f"{self.name} missing"] if self.has_missing_level else []),
        ]


@dataclass
class Reading:
    """One column of a table: standardised values or indicators, raw values, and what is wrong with which cell.

    ``filled`` counts cells that were filled, ``unseen`` says which levels training did not see and in how many rows.
    """

    values: Array
    raw: Array
    missing: Array
    bad: Array
    outside: Array
    filled: int = 0
    unseen: tuple[list[str], int] = field(default_factory=lambda: ([], 0))


def check_finite(part: Any, names: tuple[str, ...]) -> None:
    """ValueError unless these attributes are finite numbers: a file may have been made by hand."""
    for name in names:
        value = getattr(part, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(float(value)):
            raise ValueError(f"{name} is {str(value)[:40]!r}")


def fitted_column(table: Table, name: str, kind: Kind, fills: bool) -> Column:
    """A column's part of the contract, from the training rows of a table in memory."""
    if kind is Kind.CATEGORY:
        text = as_text(table.columns[name])
        counts = text.drop_nulls().value_counts()
        return category(name, dict(counts.iter_rows()), text.null_count() if fills else 0)
    read = booleans if kind is Kind.BOOLEAN else lambda series: numbers(series, table.decimal_comma)
    values, _ = read(table.columns[name])
    there = values[~np.isnan(values)]
    if not len(there):
        return scaled_column(name, kind, Moments(), 0.0 if fills else None)
    if not fills:
        return scaled_column(name, kind, Moments.of(there), None)
    middle = float(np.median(there)) if kind is Kind.NUMBER else float(there.mean() > 0.5)
    return scaled_column(name, kind, Moments.of(np.where(np.isnan(values), middle, values)), middle)


def category(name: str, counts: Mapping[str, int], missing: int) -> Column:
    """A category, from the training rows of each level and those without one that are to have a level of their own."""
    ranked = sorted(counts.items(), key=lambda level: (-level[1], level[0]))
    levels = tuple(level for level, _ in ranked[:MOST_LEVELS])
    return Column(
        name,
        Kind.CATEGORY.value,
        levels=levels,
        has_missing_level=missing > 0,
        is_constant=len(ranked) == 1 and not missing,
    )


def scaled_column(name: str, kind: Kind, moments: Moments, fill: float | None) -> Column:
    """A number or boolean, from the training rows' moments, missing cells filled."""
    if not moments.count:
        return Column(name, kind.value, is_constant=True, fill=fill)
    low, high = moments.low, moments.high
    return Column(name, kind.value, moments.mean, moments.scale or 1.0, low, high, fill, is_constant=low == high)


def read_column(column: Column, table: Table) -> Reading:
    series = table.columns[column.name]
    rows = table.rows
    nothing = np.zeros(rows, bool)
    if column.kind == Kind.CATEGORY.value:
        text = as_text(series)
        missing = text.is_null().to_numpy()
        levels = {level: at for at, level in enumerate(column.levels)}
        code = np.array([_level(levels, cell) for cell in text.to_list()], dtype=np.int64).reshape(rows)
        values = np.zeros((rows, len(column.inputs)))
        if not column.is_constant:
            known = np.flatnonzero(code >= 0)
            values[known, code[known]] = 1.0
            if column.has_missing_level:
                values[missing, -1] = 1.0
        unseen = (code < 0) & ~missing
        new = text.filter(unseen).unique(maintain_order=True).to_list() if unseen.any() else []
        bad = nothing if column.has_missing_level else missing
        return Reading(values, np.zeros(rows), missing, bad, nothing, unseen=(new, int(unseen.sum())))
    if column.kind == Kind.BOOLEAN.value:
        raw, wrong = booleans(series)
    else:
        raw, wrong = numbers(series, table.decimal_comma)
        wrong = wrong | np.isinf(raw)
    missing = np.isnan(raw) & ~wrong
    filled = 0
    if column.fill is not None and missing.any():
        filled = int(missing.sum())
        raw = np.where(missing, column.fill, raw)
        bad = wrong
    else:
        bad = wrong | missing
    low, high = column.near
    with np.errstate(invalid="ignore", over="ignore"):
        outside = ~bad & ((raw < low) | (raw > high))
        scaled = np.clip((raw - column.mean) / column.scale, -_CLIP, _CLIP)
    values = scaled.reshape(-1, 1) if not column.is_constant else np.empty((rows, 0))
    return Reading(values, raw, missing, bad, outside, filled)


def _level(levels: dict[str, int], cell: str | None) -> int:
    """Which level a cell is, -1 for none; "3.0" is the level "3": other programs write whole numbers so beside gaps."""
    at = levels.get(cell, -1) if cell is not None else -1
    if at < 0 and cell is not None and cell.endswith(".0"):
        at = levels.get(cell[:-2], -1)
    return at


def rows_in(mask: Array) -> str:
    number = int(mask.sum())
    return f"{number:,} row{'s' if number != 1 else ''}"
