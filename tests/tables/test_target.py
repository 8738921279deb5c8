"""The column to predict."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from chainrule.errors import DataError
from chainrule.tables.table import Table
from chainrule.tables.target import Target, guessed, scaled


def guess(values, task=None):
    return guessed(Table.of({"y": values}), "y", task)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 9, "classify"),
        ([True, False] * 9, "classify"),
        ([0, 1] * 9, "classify"),
        ([0.0, 1.0] * 9, "classify"),
        (["0", "2", "5"] * 9, "classify"),
        (list(range(100)), "regress"),
        ([0.5, 1.5] * 9, "regress"),
        (["1.5", "2"] * 9, "regress"),
        (["01", "02"] * 9, "classify"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "regress"),
        ([3.0] * 9, "regress"),
    ],
)
def test_the_task_is_guessed_from_the_cells(values, task):
    assert guess(values).target.task == task


def test_classes_keep_their_text_their_order_and_their_type():
    assert guess(["10", "9", "10", "9"] * 5).target.classes == ("9", "10")
    assert guess(["10", "9"] * 9).target.values.dtype.kind == "i"
    assert guess(["b", "a", "é"] * 9).target.classes == ("a", "b", "é")
    assert guess([True, False] * 9).target.values.tolist() == [False, True]
    assert guess(["007", "010"] * 9).target.values.tolist() == ["007", "010"]
    assert guess([0.5, 1.5] * 9, "classify").target.values.tolist() == [0.5, 1.5]


def test_two_spellings_of_a_number_are_one_class():
    found = guess(["1", "1.0", "2"] * 9)
    assert found.target.classes == ("1", "2")
    assert found.counts == (18, 9)
    assert found.target.codes(Table.of({"y": ["1.00", "2", "3", None]})).tolist() == [0, 1, -1, -1]


def test_classes_are_coded_as_the_output_law_takes_them():
    two = guess(["a", "b"] * 5).target
    assert two.outputs == "1 sigmoid"
    assert two.code(Table.of({"y": ["b", "a"]})).tolist() == [[1.0], [0.0]]
    assert two.probabilities(np.array([[0.25]])).tolist() == [[0.75, 0.25]]
    three = guess(["a", "b", "c"] * 5).target
    assert three.outputs == "3 softmax"
    assert three.code(Table.of({"y": ["c", "a"]})).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_quantity_is_scaled_inside_and_back_outside():
    rows = Table.of({"y": [5e5, 7e5, 6e5, 5.5e5]})
    target = scaled(guess(rows.columns["y"]).target, rows)
    T = target.code(rows)
    assert abs(T.mean()) < 1e-12
    assert T.std() == pytest.approx(1)
    assert np.allclose(target.decode(T), rows.columns["y"], rtol=1e-15)


def test_a_constant_quantity_is_predicted_exactly():
    rows = Table.of({"y": [0.1] * 9})
    target = scaled(guess([0.1] * 9).target, rows)
    assert target.decode(np.array([[5.0], [-1.0]])).tolist() == [0.1, 0.1]


def test_a_coding_comes_back_from_json_the_same():
    for values in (["a", "é"] * 9, list(range(100)), [0.1, 0.7] * 9):
        rows = Table.of({"y": values})
        target = scaled(guess(values).target, rows)
        assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target


@pytest.mark.parametrize(
    ("values", "task", "words"),
    [
        (["a"] * 9, None, "nothing to tell apart"),
        ([f"name {at}" for at in range(40)], None, "no classes"),
        (["a", "b"] * 9, "regress", "must hold numbers"),
        ([True, False] * 9, "regress", "must hold numbers"),
        ([1.5, 2] * 9, "count", "whole numbers from 0"),
        ([-1, 2] * 9, "count", "whole numbers from 0"),
        (["1e999", "2.5", "3.5"], None, "must hold numbers"),
        (["2024-01-01", "2024-01-02"] * 4, None, "dates"),
        (pl.Series([[1], [2]]), None, "list"),
    ],
)
def test_a_target_that_cannot_serve_is_refused(values, task, words):
    with pytest.raises(DataError, match=words):
        guess(values, task)


def test_counts_are_suggested_and_not_guessed():
    found = guess(np.random.default_rng(0).negative_binomial(1, 0.1, size=300).tolist())
    assert found.target.task == "regress"
    assert any("--task count" in note for note in found.notes)
