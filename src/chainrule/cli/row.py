"""A row of a table in the numbers of the model of such tables: for commands that follow one row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError, SettingError

if TYPE_CHECKING:
    from chainrule.tables.model import TableModel
    from chainrule.tables.table import Table


@dataclass(frozen=True)
class Row:
    """One row as the network sees it.

    Attributes
    ----------
    model : TableModel
    rows : Table
        All rows of the table.
    X, T : arrays (1, D), (1, K)
    words : str
        Which row it is, with its cells as the table has them.
    """

    model: TableModel
    rows: Table
    X: Any
    T: Any
    words: str


def row_of_model(
    model: Path, table: Path, row: int, *, header: bool | None = None, separator: str | None = None
) -> Row:
    """The row of a table, counted from 1, that a model is to be followed at.

    Raises
    ------
    SettingError
        The table has no such row.
    DataError
        The row cannot be read, or has no target that the model knows.
    """
    import numpy as np

    from chainrule.cli.options import character
    from chainrule.files.table_model import load_table_model
    from chainrule.tables.kinds import as_text

    found = load_table_model(model)
    rows = found.read(table, header=header, separator=character(separator))
    if not 1 <= row <= rows.rows:
        raise SettingError(f"{rows.source} has the rows 1 to {rows.rows:,}, not {row}.")
    target = found.target
    if target.name not in rows.columns:
        raise DataError(
            f"{rows.source} has no column {target.name!r}, which the model predicts.",
            "The way back begins at the target: without it nothing can be said of the gradient.",
        )
    one = rows.take(np.array([row - 1]))
    if as_text(one.columns[target.name]).is_null().any():
        raise DataError(f"Row {row} ({one.place(0)}) has no {target.name!r}.", "Take a row that has its target.")
    if target.task == "classify" and target.codes(one)[0] < 0:
        label = as_text(one.columns[target.name])[0]
        raise DataError(f"Row {row} ({one.place(0)}) is of the class {label!r}, which the model does not know.")
    return Row(found, rows, found.contract.apply(one).X, target.code(one), _words(found, one, row))


def _words(model: TableModel, one: Table, row: int) -> str:
    """Row 71 of iris.csv (line 72): sepal length = 5.9, ..., species = versicolor."""
    from chainrule.tables.kinds import as_text

    names = [*model.contract.names[:8], *(["…"] if len(model.contract.names) > 8 else []), model.target.name]
    cells = [name if name == "…" else f"{name} = {as_text(one.columns[name])[0]}" for name in names]
    place = one.place(0)
    where = "" if place == f"row {row}" else f" ({place})"
    return f"Row {row} of {Path(one.source).name}{where}: {', '.join(cells)}."
