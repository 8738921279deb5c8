"""Missing cells: refused with their place, filled, or their rows left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed
from chainrule.tables.kinds import booleans
from chainrule.tables.numeric import numbers
from chainrule.tables.table import Table

Array = npt.NDArray[Any]


def with_target(table: Table, target: str, missing: str) -> tuple[Table, list[str]]:
    """The rows that have a target, and what was done about the others."""
    column = table.columns[target]
    gone = is_missing(column)
    if gone.all():
        raise DataError(f"The target {target!r} has no values.", "Name another column with --target.")
    if not gone.any():
        return table, []
    rows = np.flatnonzero(gone)
    if missing == "refuse":
        raise DataError(
            f"{len(rows):,} missing value{'s' if len(rows) > 1 else ''} in the target {target!r}"
            f" (first at {table.place(rows[0])}).",
            "A row without a target teaches nothing.",
            "Leave such rows out with --missing drop (or median, which fills the other columns).",
        )
    note = f"{len(rows):,} row{'s' if len(rows) > 1 else ''} without a target left out ({table.places(rows)})."
    return table.take(np.flatnonzero(~gone)), [note]


def with_cells(table: Table, names: list[str], missing: str) -> tuple[Table, list[str]]:
    """The rows that can be used, and what was done about missing cells."""
    gone = {name: is_missing(table.columns[name]) for name in names}
    gone = {name: mask for name, mask in gone.items() if mask.any()}
    if not gone:
        return table, []
    if missing == "refuse":
        raise _has_missing(table, gone)
    if missing == "median":
        return table, [
            f"Column {name!r}: {int(mask.sum()):,} missing, {_filled_with(table, name)}." for name, mask in gone.items()
        ]
    bad = np.logical_or.reduce(list(gone.values()))
    if bad.all():
        raise DataError(
            "Every row has a missing value, so dropping them leaves none.",
            f"Most are missing in {max(gone, key=lambda name: int(gone[name].sum()))!r}.",
            "Leave such columns out with --drop, or fill the cells with --missing median.",
        )
    note = (
        f"{int(bad.sum()):,} of {table.rows:,} rows have missing values and are left out (in {listed(gone, most=4)})."
    )
    return table.take(np.flatnonzero(~bad)), [note]


def _filled_with(table: Table, name: str) -> str:
    column = table.columns[name]
    if column.dtype.is_numeric() or not numbers(column, table.decimal_comma)[1].any():
        return "filled with the median"
    if not booleans(column)[1].any():
        return "filled with the commoner value"
    return "a level of its own"


def _has_missing(table: Table, gone: dict[str, Array]) -> DataError:
    name, mask = max(gone.items(), key=lambda item: int(item[1].sum()))
    rows = np.flatnonzero(mask)
    others = [other for other in gone if other != name]
    more = f", and in {len(others)} more: {listed(others, most=4)}" if others else ""
    plural = "s" if len(rows) > 1 else ""
    return DataError(
        f"{len(rows):,} missing value{plural} in column {name!r} (first at {table.place(rows[0])}){more}.",
        "A network cannot train on missing values.",
        "Fill them with --missing median, or drop the rows with --missing drop.",
    )


def is_missing(column: Any) -> Array:
    gone = column.is_null().to_numpy()
    return gone | column.is_nan().fill_null(False).to_numpy() if column.dtype.is_float() else gone
