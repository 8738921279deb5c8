"""Columns to inputs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from chainrule.errors import DataError
from chainrule.tables.contract import Contract
from chainrule.tables.kinds import Kind
from chainrule.tables.moments import location_and_scale
from chainrule.tables.table import Table

KINDS = {"n": Kind.NUMBER, "c": Kind.CATEGORY, "b": Kind.BOOLEAN}


def table(**columns) -> Table:
    return Table.of(columns)


def test_numbers_are_standardised_as_scikit_learn_does():
    x = np.random.default_rng(0).normal(5, 3, size=50)
    contract = Contract.of(table(n=x.tolist()), {"n": Kind.NUMBER})
    assert np.allclose(contract.apply(table(n=x.tolist())).X, StandardScaler().fit_transform(x[:, None]), rtol=1e-13)


def test_columns_may_come_in_any_order_and_with_others():
    first = table(n=[1.0, 2.0, 4.0], c=["x", "y", "x"], b=["yes", "no", "no"])
    contract = Contract.of(first, KINDS)
    other = table(z=[0, 0, 0], b=["yes", "no", "no"], c=["x", "y", "x"], n=[1.0, 2.0, 4.0])
    assert (contract.apply(first).X == contract.apply(other).X).all()
    assert contract.inputs == ["n", "c = x", "c = y", "b"]


def test_a_contract_comes_back_from_json_the_same():
    contract = Contract.of(table(n=[0.1, 0.2, 1e-300], c=["x", "é", None], b=["t", "f", "t"]), KINDS, fills=True)
    assert Contract.from_json(json.loads(json.dumps(contract.to_json()))) == contract


def test_missing_cells_become_the_median_the_commoner_value_and_a_level_of_their_own():
    rows = table(n=[1.0, None, 2.0, 9.0], c=["x", None, "x", "y"], b=["yes", None, "yes", "no"])
    contract = Contract.of(rows, KINDS, fills=True)
    seen = contract.apply(rows)
    full = table(n=[1.0, 2.0, 2.0, 9.0], c=["x", None, "x", "y"], b=["yes", "yes", "yes", "no"])
    assert (seen.X == contract.apply(full).X).all()
    assert contract.inputs == ["n", "c = x", "c = y", "c missing", "b"]
    assert seen.X[1, 1:4].tolist() == [0, 0, 1]
    assert len(seen.notes) == 2


def test_a_missing_cell_is_refused_where_training_had_none():
    contract = Contract.of(table(n=[1.0, 2.0]), {"n": Kind.NUMBER})
    with pytest.raises(DataError, match="1 missing value in column 'n' \\(first at row 2\\)"):
        contract.apply(table(n=[1.0, None]))
    seen = contract.apply(table(n=[1.0, None]), bad_rows="nan")
    assert seen.bad.tolist() == [False, True]
    assert np.isnan(seen.X[1]).all()
    assert np.isfinite(seen.X[0]).all()


def test_a_level_that_another_program_wrote_with_a_point_is_the_same_level():
    contract = Contract.of(table(c=["1", "2", "1"]), {"c": Kind.CATEGORY})
    seen = contract.apply(table(c=["1.0", "2", "2.5"]))
    assert seen.X.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert seen.unseen == ["Column 'c': '2.5' was not seen in training; in 1 row all inputs of the column are 0."]


def test_a_constant_column_has_no_input_and_divides_by_nothing():
    contract = Contract.of(table(n=[3.0, 3.0], c=["x", "x"], b=["yes", "yes"]), KINDS)
    assert contract.inputs == []
    assert contract.apply(table(n=[3.0], c=["x"], b=["yes"])).X.shape == (1, 0)


def test_rows_far_outside_are_flagged_and_stay_finite():
    contract = Contract.of(table(n=[0.0, 10.0]), {"n": Kind.NUMBER})
    seen = contract.apply(table(n=[-9.0, 19.0, -11.0, 21.0, 1e308, -1.7e308]))
    assert seen.outside.tolist() == [False, False, True, True, True, True]
    assert np.isfinite(seen.X).all()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_mean_and_deviation_are_finite_and_true_for_any_finite_numbers(values):
    mean, scale = location_and_scale(np.array(values))
    assert np.isfinite([mean, scale]).all()
    rounding = 1e-9 * max(map(abs, values))
    assert min(values) - rounding <= mean <= max(values) + rounding
    assert (scale == 0) == (len(set(values)) == 1)
    scaled = (np.array(values) / 4 - mean / 4) / (scale / 4 or 1)
    if np.ptp(np.array(values) / 4) > 1e-290 and np.ptp(np.array(values) / 4) > 1e-9 * max(map(abs, values)):
        assert abs(scaled.std() - 1) < 1e-6
