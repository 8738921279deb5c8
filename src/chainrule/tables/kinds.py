"""What each column of a table is, and why."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError
from chainrule.tables.numeric import EXACT, LEADING_ZERO, WHOLE, numbers, uses_comma
from chainrule.tables.table import Table

DATE = r"^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})([T ][0-9]{1,2}:.*)?$"
CLOCK = r"^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"
DRESSED = r"^[^\pL0-9]{0,3}[0-9]{1,3}([.,' ]?[0-9]{3})*([.,][0-9]+)?\s*[^0-9\s]{0,4}$"  # $1,234.50, 12 %, 80kg
POINT_THOUSANDS = r"^[+-]?[0-9]{1,3}(\.[0-9]{3})+$"
WORDS = {"true": 1.0, "yes": 1.0, "t": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "f": 0.0, "n": 0.0}
_PAIRS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_MISSING_WORDS = {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "unknown", "?", "-", "--", ".", "*"}
_IDENTIFIER_NAME = re.compile(
    r"(?i)(^|[_ .-])(id|ids|uuid|guid|index|key|number|nr|no)$|^(id|row)([_ .-]|$)|[a-z]I[dD]$"
)
_UNNAMED = re.compile(
    r"(?i)^(column [0-9]+|unnamed: ?[0-9]+|index)$"
)  # as tables that were written with row numbers have
_MANY = 20  # levels from which on a column of text is looked at as a possible identifier
_AGREE = 0.8  # share of numbers from which on the rest of a column is taken for a slip


class Kind(enum.Enum):
    """What a column is to the model."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    IDENTIFIER = "identifier"
    EMPTY = "empty"


@dataclass(frozen=True)
class Judgement:
    """A column's kind, and a sentence where a person should know why."""

    kind: Kind
    note: str = ""


def judge(table: Table, name: str, forced: Kind | None = None) -> Judgement:
    """The kind of a column.

    Parameters
    ----------
    table : Table
    name : str
    forced : Kind, optional
        What a person said it is.

    Raises
    ------
    DataError
        It holds dates, nested values, infinite numbers, or numbers with a few cells that are none.
    """
    column = table.columns[name]
    if column.null_count() == len(column) or (column.dtype.is_float() and column.is_nan().fill_null(True).all()):
        return Judgement(Kind.EMPTY, f"Column {name!r} has no values: left out.")
    if forced is Kind.CATEGORY:
        _check_flat(table, name)
        return Judgement(Kind.CATEGORY)
    if forced is Kind.NUMBER:
        _check_numbers(table, name)
        return Judgement(Kind.NUMBER)
    if column.dtype == pl.Boolean or _is_words(column):
        return Judgement(Kind.BOOLEAN)
    if column.dtype.is_numeric() or column.dtype.is_decimal():
        return _judge_numbers(table, name)
    if column.dtype != pl.String:
        _check_flat(table, name)
        raise _holds_dates(table, name, 0 if column.null_count() == 0 else int(column.is_not_null().arg_max() or 0))
    return _judge_text(table, name)


def as_text(column: pl.Series) -> pl.Series:
    """A column as the text of its levels: a whole number has no point, a boolean is true or false."""
    if column.dtype == pl.String:
        return column
    if column.dtype == pl.Boolean or column.dtype.is_integer():
        return column.cast(pl.String)
    return pl.Series(column.name, [None if v is None or v != v else _plain(v) for v in column.to_list()], pl.String)


def booleans(column: pl.Series) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """1 and 0 (N,), NaN where a cell is missing, and which cells are neither (N,)."""
    if column.dtype == pl.String:
        mapped = column.str.to_lowercase().replace_strict({**WORDS, "1": 1.0, "0": 0.0}, default=None)
    else:
        mapped = column.cast(pl.Float64, strict=False)
    values = mapped.cast(pl.Float64).fill_null(np.nan).to_numpy()
    wrong = (np.isnan(values) & column.is_not_null().to_numpy()) | ((values != 0) & (values != 1) & ~np.isnan(values))
    return values, wrong


def _judge_numbers(table: Table, name: str) -> Judgement:
    """A column of numbers: also an identifier where float64 cannot tell its values apart, or they count the rows."""
    column = table.columns[name]
    values = _check_numbers(table, name)
    there = values[~np.isnan(values)]
    if _has_thousands(table, name):
        row = int(column.str.contains(POINT_THOUSANDS).fill_null(False).arg_max() or 0)
        raise DataError(
            f"Column {name!r} can be read in two ways: {str(column[row])[:40]!r} ({table.place(row)}).",
            "Other columns have decimal commas: if the points here part thousands, remove them.",
            f"Or say --numbers {_quoted(name)} if they are decimal points.",
        )
    comma = f"Column {name!r} has decimal commas: read as numbers." if _has_comma(table, column) else ""
    if (np.abs(there) > EXACT).any() and _is_whole(column):
        note = (
            f"Column {name!r} holds whole numbers above 2^53, which lose digits: taken as an identifier and left out."
        )
        return Judgement(Kind.IDENTIFIER, f"{note} Keep it with --numbers {_quoted(name)}.")
    counts = (
        len(there) >= _MANY and len(there) == len(values) and there[0] in (0, 1) and bool((np.diff(there) == 1).all())
    )
    if counts and _UNNAMED.match(name):
        note = f"Column {name!r} counts the rows: left out. Keep it with --numbers {_quoted(name)}."
        return Judgement(Kind.IDENTIFIER, note)
    different = len(there) >= _MANY and len(np.unique(there)) == len(there) and bool((there == np.floor(there)).all())
    if counts or (different and _IDENTIFIER_NAME.search(name)):
        what = "counts the rows" if counts else "is different in every row, as an identifier is"
        return Judgement(
            Kind.NUMBER, f"Column {name!r} {what}. If it means nothing, leave it out: --drop {_quoted(name)}."
        )
    return Judgement(Kind.NUMBER, comma)


def _judge_text(table: Table, name: str) -> Judgement:
    """A column of text: numbers, categories, or something to ask about."""
    column = table.columns[name]
    there = column.drop_nulls()
    padded = there.str.contains(LEADING_ZERO)
    if padded.any() and there.str.contains(WHOLE).all():
        example = there.filter(padded)[0]
        return _category(
            column, name, f"Column {name!r} has leading zeros ({example!r}): kept as text, each value a category."
        )
    values, wrong = numbers(column, table.decimal_comma)
    if not wrong.any():
        return _judge_numbers(table, name)
    good = ~wrong & ~np.isnan(values)
    odd = sorted({str(cell) for cell in column.filter(pl.Series(wrong)).unique(maintain_order=True).head(50)})
    only_words = all(cell.lower() in _MISSING_WORDS for cell in odd)
    if good.any() and (only_words or (good.sum() >= _AGREE * len(there) and len(np.unique(values[good])) > _MANY)):
        raise _not_all_numbers(table, name, wrong, only_words)
    for pattern in (DATE, CLOCK):
        if there.str.contains(pattern).mean() > _AGREE:  # type: ignore[operator]
            raise _holds_dates(table, name, int(column.str.contains(pattern).fill_null(False).arg_max() or 0))
    dressed = there.str.contains(DRESSED)
    if dressed.mean() > _AGREE and there.n_unique() > _MANY:  # type: ignore[operator]
        raise _not_plain(table, name, int(column.str.contains(DRESSED).fill_null(False).arg_max() or 0))
    return _category(column, name)


def _category(column: pl.Series, name: str, note: str = "") -> Judgement:
    """A category, or an identifier where nearly every row has its own text."""
    there = column.drop_nulls()
    levels = there.n_unique()
    if levels > _MANY and levels > 0.9 * len(there):
        what = "a different text in every row" if levels == len(there) else f"{levels:,} texts in {len(there):,} rows"
        return Judgement(
            Kind.IDENTIFIER,
            f"Column {name!r} has {what} (an identifier?): left out. Keep it with --categories {_quoted(name)}.",
        )
    return Judgement(Kind.CATEGORY, note)


def _check_numbers(table: Table, name: str) -> npt.NDArray[Any]:
    """Values of a column that must be finite numbers, NaN where missing."""
    values, wrong = numbers(table.columns[name], table.decimal_comma)
    if wrong.any():
        raise _not_all_numbers(table, name, wrong, False)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        cell = str(table.columns[name][int(infinite[0])])[:40]
        raise DataError(
            f"{_count(len(infinite), 'value')} of column {name!r} {_are(len(infinite))} infinite or too large"
            f" (first at {table.place(infinite[0])}: {cell!r}).",
            f"A number must lie within ±{np.finfo(float).max:.1e}.",
            "Correct the cell, or leave the column out with --drop.",
        )
    return values


def _not_all_numbers(table: Table, name: str, wrong: npt.NDArray[Any], only_words: bool) -> DataError:
    rows = np.flatnonzero(wrong)
    cell = str(table.columns[name][int(rows[0])])
    advice = f"If it stands for a missing value, say --missing-words {_quoted(cell[:40])}"
    if not only_words:
        advice = "Correct it"
    return DataError(
        f"Column {name!r} holds numbers, except in {_count(len(rows), 'row')}"
        f" (first at {table.place(rows[0])}: {cell[:60]!r}).",
        f"{advice}; if the column is text, say --categories {_quoted(name)}.",
    )


def _has_thousands(table: Table, name: str) -> bool:
    """Whether 1.234 in a column may mean 1234: every point is before three digits, and others have decimal commas."""
    column = table.columns[name]
    if not table.decimal_comma or column.dtype != pl.String:
        return False
    points = column.drop_nulls().filter(column.drop_nulls().str.contains(".", literal=True))
    if not len(points) or not points.str.contains(POINT_THOUSANDS).all():
        return False
    return any(_has_comma(table, other) for key, other in table.columns.items() if key != name)


def _not_plain(table: Table, name: str, row: int) -> DataError:
    return DataError(
        f"Column {name!r} may hold numbers with other signs in them"
        f" ({table.place(row)}: {str(table.columns[name][row])[:40]!r}).",
        "Write them as plain numbers, such as 1234.5: no thousands separator, no unit, no currency.",
        f"Or say --categories {_quoted(name)} if it is text, or leave it out with --drop {_quoted(name)}.",
    )


def _holds_dates(table: Table, name: str, row: int) -> DataError:
    return DataError(
        f"Column {name!r} holds dates or times ({table.place(row)}: {str(table.columns[name][row])[:40]!r}).",
        "A network takes numbers: make columns such as year, month, weekday or days since.",
        f"Or leave it out with --drop {_quoted(name)}.",
    )


def _check_flat(table: Table, name: str) -> None:
    dtype = table.columns[name].dtype
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise DataError(
            f"Column {name!r} holds {str(dtype).lower()} values, not one number or text a cell.",
            f"Leave it out with --drop {_quoted(name)}, or split it into columns.",
        )


def _is_words(column: pl.Series) -> bool:
    """Whether a column of text says only true and false, yes and no, and both."""
    if column.dtype != pl.String:
        return False
    head = {str(cell).lower() for cell in column.drop_nulls().head(100)}
    return head <= WORDS.keys() and set(column.drop_nulls().str.to_lowercase().unique()) in _PAIRS


def _is_whole(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return bool(column.drop_nulls().str.contains(WHOLE).all())
    return column.dtype.is_integer()


def _has_comma(table: Table, column: pl.Series) -> bool:
    return table.decimal_comma and column.dtype == pl.String and uses_comma(column)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else str(value)


def _quoted(text: str) -> str:
    """A word for a shell's command line."""
    import shlex

    return shlex.quote(text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def _are(number: int) -> str:
    return "are" if number != 1 else "is"
