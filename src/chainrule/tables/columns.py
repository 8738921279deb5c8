"""One column: what the training rows make of it, and how it is read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import listed
from chainrule.tables.kinds import Kind, as_text, booleans
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
    """One column of a table: standardised values or indicators, raw values, and what is wrong with which cell."""

    values: Array
    raw: Array
    missing: Array
    bad: Array
    outside: Array
    notes: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def check_finite(part: Any, names: tuple[str, ...]) -> None:
    """ValueError unless these attributes are finite numbers: a file may have been made by hand."""
    for name in names:
        value = getattr(part, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(float(value)):
            raise ValueError(f"{name} is {str(value)[:40]!r}")


def fitted_column(table: Table, name: str, kind: Kind, fills: bool) -> Column:
    """A column's part of the contract, from the training rows."""
    if kind is Kind.CATEGORY:
        text = as_text(table.columns[name])
        counts = text.drop_nulls().value_counts(sort=True)
        ranked = sorted(
            zip(counts[name].to_list(), counts["count"].to_list(), strict=True), key=lambda l: (-l[1], l[0])
        )
        levels = tuple(level for level, _ in ranked[:MOST_LEVELS])
        missing = fills and text.null_count() > 0
        return Column(
            name, kind.value, levels=levels, has_missing_level=missing, is_constant=len(ranked) == 1 and not missing
        )
    read = booleans if kind is Kind.BOOLEAN else lambda series: numbers(series, table.decimal_comma)
    values, _ = read(table.columns[name])
    there = values[~np.isnan(values)]
    if not len(there):
        return Column(name, kind.value, is_constant=True, fill=0.0 if fills else None)
    middle = float(np.median(there)) if kind is Kind.NUMBER else float(there.mean() > 0.5)
    if fills:
        values = np.where(np.isnan(values), middle, values)
        there = values
    mean, scale = location_and_scale(there)
    low, high = float(there.min()), float(there.max())
    return Column(name, kind.value, mean, scale or 1.0, low, high, middle if fills else None, is_constant=low == high)


def location_and_scale(values: Array) -> tuple[float, float]:
    """Mean and standard deviation without overflow or underflow; the deviation is 0 only for equal values."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low, 0.0
    largest = max(abs(low), abs(high))
    mean = float((values / largest).mean()) * largest
    deviation = values / 2 - mean / 2  # halves: a difference of two finite numbers can overflow
    widest = float(np.abs(deviation).max())
    spread = widest * float(np.sqrt(np.mean((deviation / widest) ** 2)))
    return mean, float(np.clip(2 * min(spread, np.finfo(float).max / 2), 5e-324, None))


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
        said = []
        if unseen.any():
            new = text.filter(unseen).unique(maintain_order=True).to_list()
            said.append(
                f"Column {column.name!r}: {listed(new, most=4)} {'was' if len(new) == 1 else 'were'} not seen in"
                f" training; in {rows_in(unseen)} all inputs of the column are 0."
            )
        bad = nothing if column.has_missing_level else missing
        return Reading(values, np.zeros(rows), missing, bad, nothing, unseen=said)
    if column.kind == Kind.BOOLEAN.value:
        raw, wrong = booleans(series)
    else:
        raw, wrong = numbers(series, table.decimal_comma)
        wrong = wrong | np.isinf(raw)
    missing = np.isnan(raw) & ~wrong
    notes = []
    if column.fill is not None and missing.any():
        filled = f"{column.fill:.6g}" if column.kind == Kind.NUMBER.value else ("no", "yes")[int(column.fill)]
        word = "median" if column.kind == Kind.NUMBER.value else "commoner value"
        notes.append(f"Column {column.name!r}: {rows_in(missing)} without a value filled with the {word}, {filled}.")
        raw = np.where(missing, column.fill, raw)
        bad = wrong
    else:
        bad = wrong | missing
    span = min(column.maximum - column.minimum, np.finfo(float).max)
    with np.errstate(invalid="ignore", over="ignore"):
        outside = ~bad & ((raw < column.minimum - span) | (raw > column.maximum + span))
        scaled = np.clip((raw - column.mean) / column.scale, -_CLIP, _CLIP)
    values = scaled.reshape(-1, 1) if not column.is_constant else np.empty((rows, 0))
    return Reading(values, raw, missing, bad, outside, notes)


def _level(levels: dict[str, int], cell: str | None) -> int:
    """Which level a cell is, -1 for none; "3.0" is the level "3": other programs write whole numbers so beside gaps."""
    at = levels.get(cell, -1) if cell is not None else -1
    if at < 0 and cell is not None and cell.endswith(".0"):
        at = levels.get(cell[:-2], -1)
    return at


def rows_in(mask: Array) -> str:
    number = int(mask.sum())
    return f"{number:,} row{'s' if number != 1 else ''}"
