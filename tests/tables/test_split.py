"""Rows to train on and rows held out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import SettingError
from chainrule.tables.split import folds, held_out


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0, 0.99), st.integers(0, 5))
def test_every_row_is_on_one_side_and_every_class_is_trained_on_in_proportion(codes, share, seed):
    codes = np.array(codes)
    training, test = held_out(len(codes), share, seed, codes)
    assert sorted([*training, *test]) == [*range(len(codes))]
    assert set(codes[training]) == set(codes)
    assert len(test) <= round(share * len(codes))
    for code in set(codes.tolist()):
        count = int((codes == code).sum())
        assert abs((codes[test] == code).sum() - share * count) <= 1.5 + share * len(set(codes.tolist())) or count < 3


def test_the_seed_fixes_the_split():
    codes = np.repeat([0, 1, 2], 20)
    assert (held_out(60, 0.2, 3, codes)[1] == held_out(60, 0.2, 3, codes)[1]).all()
    assert (held_out(60, 0.2, 3, codes)[1] != held_out(60, 0.2, 4, codes)[1]).any()
    assert np.bincount(codes[held_out(60, 0.2, 3, codes)[1]]).tolist() == [4, 4, 4]


def test_a_share_outside_its_range_is_refused():
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(SettingError, match="from 0 to below 1"):
            held_out(10, share, 0)


@pytest.mark.parametrize("codes", [None, np.repeat([0, 1, 2], [30, 20, 10])], ids=["numbers", "classes"])
def test_folds_check_every_row_once(codes):
    parts = folds(60, 0, codes)
    assert sorted(int(at) for _, check in parts for at in check) == [*range(60)]
    for fit, check in parts:
        assert sorted([*fit, *check]) == [*range(60)]
        if codes is not None:
            assert np.bincount(codes[check]).tolist() == [6, 4, 2]


def test_many_rows_are_checked_with_one_share():
    ((fit, check),) = folds(2000, 0)
    assert (len(fit), len(check)) == (1700, 300)
