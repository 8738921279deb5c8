import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.kernels.blocks import WeightSum


@given(st.lists(st.floats(0, 1e6), max_size=60), st.lists(st.integers(0, 60), max_size=6), st.integers(1, 20))
def test_pieces_of_any_size_give_the_same_bits(values, cuts, rows):
    whole, pieces = WeightSum(rows), WeightSum(rows)
    whole.add(np.array(values))
    ends = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for first, end in itertools.pairwise(ends):
        pieces.add(np.array(values[first:end]).reshape(-1, 1))
    assert pieces.total() == whole.total() == pytest.approx(sum(values), rel=1e-12)


def test_the_sum_is_that_of_blocks_in_a_tree():
    values = np.random.default_rng(0).random(10)
    weights = WeightSum(4)
    weights.add(values)
    assert weights.total() == (values[:4].sum() + values[4:8].sum()) + values[8:].sum()
