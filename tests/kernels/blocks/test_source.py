import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.kernels.blocks import BLOCK_ROWS, Block, block_digest, bounds_of, rows_per_block


@given(st.integers(0, 2_000_000), st.integers(2, 5_000))
def test_blocks_cover_every_row_once_and_only_the_last_is_short(rows, columns):
    bounds = bounds_of(rows, columns)
    assert list(itertools.chain.from_iterable(bounds)) == sorted([*(a for a, _ in bounds), *(b for _, b in bounds)])
    assert sum(b - a for a, b in bounds) == rows
    assert all(b - a == rows_per_block(columns) for a, b in bounds[:-1])


@given(st.integers(1, 100_000))
def test_a_block_of_a_wide_table_has_fewer_rows(columns):
    rows = rows_per_block(columns)
    assert rows & (rows - 1) == 0
    assert 4096 <= rows <= BLOCK_ROWS
    assert rows == 4096 or rows * columns <= 1 << 22


@pytest.mark.parametrize("change", ["x", "t", "weight", "no weight", "nothing"])
def test_a_digest_tells_blocks_apart(change):
    rng = np.random.default_rng(0)
    X, T, w = rng.standard_normal((50, 3)), rng.standard_normal((50, 1)), rng.random((50, 1))
    first = block_digest(Block(X, T, w))
    if change == "x":
        X[49, 2] = np.nextafter(X[49, 2], 9)
    elif change == "t":
        T[0, 0] += 1
    elif change == "weight":
        w[7] /= 2
    elif change == "no weight":
        w = None
    assert (block_digest(Block(np.asfortranarray(X), T, w)) == first) == (change == "nothing")
