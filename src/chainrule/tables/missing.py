"""Missing cells: refused with their place, filled, or their rows left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.errors import DataError, listed
from chainrule.tables.facts import Cells, is_missing
from chainrule.tables.kinds import Kind
from chainrule.tables.table import Table


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
        raise target_is_missing(target, Cells.where(gone, table, target))
    note = f"{len(rows):,} row{'s' if len(rows) > 1 else ''} without a target left out ({table.places(rows)})."
    return table.take(np.flatnonzero(~gone)), [note]


def target_is_missing(target: str, gone: Cells) -> DataError:
    """The error for rows without a target."""
    return DataError(
        f"{gone.count:,} missing value{'s' if gone.count > 1 else ''} in the target {target!r}"
        f" (first at {gone.place}).",
        "A row without a target teaches nothing.",
        "Leave such rows out with --missing drop (or median, which fills the other columns).",
    )


def with_cells(table: Table, kinds: Mapping[str, Kind], missing: str) -> tuple[Table, list[str]]:
    """The rows that can be used, and what was done about missing cells."""
    masks = {name: is_missing(table.columns[name]) for name in kinds}
    gone = {name: Cells.where(mask, table, name) for name, mask in masks.items() if mask.any()}
    if not gone:
        return table, []
    if missing == "refuse":
        raise has_missing(gone)
    if missing == "median":
        return table, filled(gone, kinds)
    bad = np.logical_or.reduce([masks[name] for name in gone])
    note = dropped(int(bad.sum()), table.rows, gone)
    return table.take(np.flatnonzero(~bad)), [note]


def filled(gone: Mapping[str, Cells], kinds: Mapping[str, Kind]) -> list[str]:
    """What is said of columns whose missing cells are filled."""
    how = {
        Kind.NUMBER: "filled with the median",
        Kind.BOOLEAN: "filled with the commoner value",
        Kind.CATEGORY: "a level of its own",
    }
    return [f"Column {name!r}: {cells.count:,} missing, {how[kinds[name]]}." for name, cells in gone.items()]


def dropped(bad: int, rows: int, gone: Mapping[str, Cells]) -> str:
    """What is said of rows that are left out; DataError where all are."""
    if bad == rows:
        raise DataError(
            "Every row has a missing value, so dropping them leaves none.",
            f"Most are missing in {max(gone, key=lambda name: gone[name].count)!r}.",
            "Leave such columns out with --drop, or fill the cells with --missing median.",
        )
    return f"{bad:,} of {rows:,} rows have missing values and are left out (in {listed(gone, most=4)})."


def has_missing(gone: Mapping[str, Cells]) -> DataError:
    """The error for missing cells, by the column that has most."""
    name = max(gone, key=lambda name: gone[name].count)
    cells = gone[name]
    others = [other for other in gone if other != name]
    more = f", and in {len(others)} more: {listed(others, most=4)}" if others else ""
    plural = "s" if cells.count > 1 else ""
    return DataError(
        f"{cells.count:,} missing value{plural} in column {name!r} (first at {cells.place}){more}.",
        "A network cannot train on missing values.",
        "Fill them with --missing median, or drop the rows with --missing drop.",
    )
