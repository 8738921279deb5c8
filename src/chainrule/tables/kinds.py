"""What each column of a table is, and why."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError
from chainrule.tables.facts import FEW, Cells, Facts, TableFacts, may_be_identifier
from chainrule.tables.numeric import EXACT
from chainrule.tables.table import Table

WORDS = {"true": 1.0, "yes": 1.0, "t": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "f": 0.0, "n": 0.0}
_PAIRS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_MISSING_WORDS = {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "unknown", "?", "-", "--", ".", "*"}
_UNNAMED = re.compile(
    r"(?i)^(column [0-9]+|unnamed: ?[0-9]+|index)$"
)  # as tables that were written with row numbers have
_MANY = FEW  # levels from which on a column of text is looked at as a possible identifier
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
    """The kind of a column of a table in memory; see `judged`."""
    return judged({key: TableFacts(table, key) for key in table.columns}, name, forced)


def judged(columns: Mapping[str, Facts], name: str, forced: Kind | None = None) -> Judgement:
    """The kind of a column, from what is known of it and the others.

    Parameters
    ----------
    columns : mapping of name to Facts
    name : str
    forced : Kind, optional
        What a person said it is.

    Raises
    ------
    DataError
        It holds dates, nested values, infinite numbers, or numbers with a few cells that are none.
    """
    facts = columns[name]
    if facts.missing.count == facts.rows:
        return Judgement(Kind.EMPTY, f"Column {name!r} has no values: left out.")
    if forced is Kind.CATEGORY:
        _check_flat(facts)
        return Judgement(Kind.CATEGORY)
    if forced is Kind.NUMBER:
        _check_numbers(facts)
        return Judgement(Kind.NUMBER)
    if facts.dtype == pl.Boolean or facts.booleans in _PAIRS:
        return Judgement(Kind.BOOLEAN)
    if facts.dtype.is_numeric() or facts.dtype.is_decimal():
        return _judge_numbers(columns, name)
    if facts.dtype != pl.String:
        _check_flat(facts)
        raise _holds_dates(facts, facts.first)
    return _judge_text(columns, name)


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


def _judge_numbers(columns: Mapping[str, Facts], name: str) -> Judgement:
    """A column of numbers: also an identifier where float64 cannot tell its values apart, or they count the rows."""
    facts = columns[name]
    _check_numbers(facts)
    if facts.only_thousands and any(other.uses_comma for key, other in columns.items() if key != name):
        raise DataError(
            f"Column {name!r} can be read in two ways: {facts.thousands.text[:40]!r} ({facts.thousands.place}).",
            "Other columns have decimal commas: if the points here part thousands, remove them.",
            f"Or say --numbers {_quoted(name)} if they are decimal points.",
        )
    comma = f"Column {name!r} has decimal commas: read as numbers." if facts.uses_comma else ""
    if facts.beyond_exact and facts.is_whole_text:
        note = (
            f"Column {name!r} holds whole numbers above 2^53, which lose digits: taken as an identifier and left out."
        )
        return Judgement(Kind.IDENTIFIER, f"{note} Keep it with --numbers {_quoted(name)}.")
    counts = facts.good >= _MANY and facts.counts_rows
    if counts and _UNNAMED.match(name):
        note = f"Column {name!r} counts the rows: left out. Keep it with --numbers {_quoted(name)}."
        return Judgement(Kind.IDENTIFIER, note)
    is_named = may_be_identifier(name)
    if counts or (is_named and facts.good >= _MANY and facts.are_whole and facts.all_differ):
        what = "counts the rows" if counts else "is different in every row, as an identifier is"
        return Judgement(
            Kind.NUMBER, f"Column {name!r} {what}. If it means nothing, leave it out: --drop {_quoted(name)}."
        )
    return Judgement(Kind.NUMBER, comma)


def _judge_text(columns: Mapping[str, Facts], name: str) -> Judgement:
    """A column of text: numbers, categories, or something to ask about."""
    facts = columns[name]
    if facts.padded.count and facts.is_whole_text:
        example = facts.padded.text
        return _category(
            facts, f"Column {name!r} has leading zeros ({example!r}): kept as text, each value a category."
        )
    if not facts.wrong.count:
        return _judge_numbers(columns, name)
    only_words = all(cell.lower() in _MISSING_WORDS for cell in facts.words)
    if facts.good and (only_words or (facts.good >= _AGREE * facts.there and not facts.has_few)):
        raise _not_all_numbers(facts, only_words)
    for dates in (facts.dates, facts.clocks):
        if dates.count > _AGREE * facts.there:
            raise _holds_dates(facts, dates)
    if facts.dressed.count > _AGREE * facts.there and facts.levels > _MANY:
        raise _not_plain(facts)
    return _category(facts)


def _category(facts: Facts, note: str = "") -> Judgement:
    """A category, or an identifier where nearly every row has its own text."""
    if facts.levels > _MANY and facts.mostly_differ:
        name, levels = facts.name, facts.levels
        what = f"{levels:,} texts in {facts.there:,} rows"
        if levels == facts.there:
            what = "a different text in every row"
        return Judgement(
            Kind.IDENTIFIER,
            f"Column {name!r} has {what} (an identifier?): left out. Keep it with --categories {_quoted(name)}.",
        )
    return Judgement(Kind.CATEGORY, note)


def _check_numbers(facts: Facts) -> None:
    """DataError unless all values of a column are finite numbers, where they are not missing."""
    if facts.wrong.count:
        raise _not_all_numbers(facts, False)
    if facts.infinite.count:
        found = facts.infinite
        raise DataError(
            f"{_count(found.count, 'value')} of column {facts.name!r} {_are(found.count)} infinite or too large"
            f" (first at {found.place}: {found.text[:40]!r}).",
            f"A number must lie within ±{np.finfo(float).max:.1e}.",
            "Correct the cell, or leave the column out with --drop.",
        )


def _not_all_numbers(facts: Facts, only_words: bool) -> DataError:
    wrong = facts.wrong
    advice = f"If it stands for a missing value, say --missing-words {_quoted(wrong.text[:40])}"
    if not only_words:
        advice = "Correct it"
    return DataError(
        f"Column {facts.name!r} holds numbers, except in {_count(wrong.count, 'row')}"
        f" (first at {wrong.place}: {wrong.text!r}).",
        f"{advice}; if the column is text, say --categories {_quoted(facts.name)}.",
    )


def _not_plain(facts: Facts) -> DataError:
    name, first = facts.name, facts.dressed
    return DataError(
        f"Column {name!r} may hold numbers with other signs in them ({first.place}: {first.text[:40]!r}).",
        "Write them as plain numbers, such as 1234.5: no thousands separator, no unit, no currency.",
        f"Or say --categories {_quoted(name)} if it is text, or leave it out with --drop {_quoted(name)}.",
    )


def _holds_dates(facts: Facts, first: Cells) -> DataError:
    return DataError(
        f"Column {facts.name!r} holds dates or times ({first.place}: {first.text[:40]!r}).",
        "A network takes numbers: make columns such as year, month, weekday or days since.",
        f"Or leave it out with --drop {_quoted(facts.name)}.",
    )


def _check_flat(facts: Facts) -> None:
    dtype = facts.dtype
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise DataError(
            f"Column {facts.name!r} holds {str(dtype).lower()} values, not one number or text a cell.",
            f"Leave it out with --drop {_quoted(facts.name)}, or split it into columns.",
        )


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
