"""What each column is."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from chainrule.errors import DataError
from chainrule.tables.kinds import Kind, as_text, booleans, judge
from chainrule.tables.numeric import numbers
from chainrule.tables.table import Table


def kind(values, name="x", forced=None, decimal_comma=False) -> Kind:
    table = Table.of({name: values})
    object.__setattr__(table, "decimal_comma", decimal_comma)
    return judge(table, name, forced).kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5", "-3e4", ".5", "5.", "+1"], Kind.NUMBER),
        (["1", None, "2"], Kind.NUMBER),
        (["yes", "No", "YES"], Kind.BOOLEAN),
        (["true", "false"], Kind.BOOLEAN),
        (["yes", "yes"], Kind.CATEGORY),
        (["yes", "false"], Kind.CATEGORY),
        ([True, False, None], Kind.BOOLEAN),
        (["a", "b", "a"], Kind.CATEGORY),
        (["NA", "DE", "FR"], Kind.CATEGORY),
        (["01", "02", "10"], Kind.CATEGORY),
        (["0", "1", "10"], Kind.NUMBER),
        (["0.5", "00.7"], Kind.NUMBER),
        (["1,5", "2,5"], Kind.CATEGORY),
        ([None, None], Kind.EMPTY),
        ([float("nan"), None], Kind.EMPTY),
        ([f"name {at}" for at in range(30)], Kind.IDENTIFIER),
        ([f"name {at}" for at in range(10)], Kind.CATEGORY),
        ([2**60 + at for at in range(30)], Kind.IDENTIFIER),
        ([1.5, 2.5], Kind.NUMBER),
        (["3a", "1", "2", "1", "2"], Kind.CATEGORY),
    ],
)
def test_a_column_is_what_its_cells_say(values, expected):
    assert kind(values) is expected


def test_decimal_commas_are_numbers_only_where_the_separator_allows_it():
    assert kind(["1,5", "2", "-,5"], decimal_comma=True) is Kind.NUMBER
    assert kind(["1,5", "2.5"], decimal_comma=True) is Kind.CATEGORY
    values, wrong = numbers(pl.Series(["1,5", "2", None]), decimal_comma=True)
    assert not wrong.any()
    assert values.tolist()[:2] == [1.5, 2.0]


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-31", "2024-02-29"],
        ["31.12.2024", "1.1.2025"],
        ["12/31/24", "1/1/25"],
        ["2024-01-31T12:00:00Z", "2024-02-29 01:02:03"],
        ["12:30", "9:45:10"],
        [datetime.date(2024, 1, 31), None],
        [datetime.datetime(2024, 1, 31), None],
        [datetime.timedelta(days=1), None],
    ],
    ids=str,
)
def test_dates_and_times_are_refused(values):
    with pytest.raises(DataError, match="dates or times"):
        kind(values)


def test_lists_are_refused():
    with pytest.raises(DataError, match="not one number or text a cell"):
        kind([[1, 2], [3]])


def test_a_number_column_with_a_few_words_asks():
    with pytest.raises(DataError, match="except in 1 row \\(first at row 31: 'x'\\)"):
        kind([*(str(at / 7) for at in range(30)), "x"])
    with pytest.raises(DataError, match="--missing-words '\\?'"):
        kind(["1", "0", "?", "1"])


def test_what_a_person_says_wins():
    assert kind(["1", "2"], forced=Kind.CATEGORY) is Kind.CATEGORY
    assert kind(["01", "02"], forced=Kind.NUMBER) is Kind.NUMBER
    with pytest.raises(DataError, match="row 2"):
        kind(["1", "b"], forced=Kind.NUMBER)


def test_levels_are_text_as_a_person_writes_it():
    assert as_text(pl.Series([1.0, 2.5, None])).to_list() == ["1", "2.5", None]
    assert as_text(pl.Series([1, 20])).to_list() == ["1", "20"]
    assert as_text(pl.Series([True, None])).to_list() == ["true", None]


def test_booleans_are_read_in_their_usual_words():
    values, wrong = booleans(pl.Series(["Yes", "n", "T", "0", "maybe", None]))
    assert np.nan_to_num(values, nan=-1).tolist() == [1, 0, 1, 0, -1, -1]
    assert wrong.tolist() == [False, False, False, False, True, False]


@pytest.mark.parametrize(
    "cell", ["0.1", "1e-310", "123456789.123456789", "-0", "9007199254740993", "1.7976931348623157e308"]
)
def test_numbers_are_read_to_the_last_bit(cell):
    assert numbers(pl.Series([cell]))[0][0] == float(cell)
