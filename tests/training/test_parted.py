import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule import ArrayBlocks, Network
from chainrule.errors import DataError
from chainrule.training.parted import is_held_out, parted

F64 = np.dtype(np.float64)


@given(st.integers(0, 2**70), st.floats(0.01, 0.99), st.integers(0, 10**9), st.lists(st.integers(0, 300), max_size=4))
def test_a_row_is_held_out_by_its_own_number(seed, share, first, cuts):
    whole = is_held_out(seed, share, first, first + 300)
    ends = [0, *sorted(cuts), 300]
    parts = [is_held_out(seed, share, first + a, first + b) for a, b in itertools.pairwise(ends)]
    assert (np.concatenate(parts) == whole).all()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_about_the_share_is_held_out_without_a_pattern(share):
    out = is_held_out(3, share, 0, 200_000)
    assert abs(out.mean() - share) < 5 * np.sqrt(share * (1 - share) / 200_000)
    for step in (2, 3, 7, 64):
        assert abs(out[::step].mean() - share) < 6 * np.sqrt(share * (1 - share) / (200_000 / step))
    assert (is_held_out(4, share, 0, 200_000) != out).any()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("share", [0.05, 0.5, 0.97])
@pytest.mark.parametrize("weighted", [True, False])
def test_both_sides_are_the_rows_in_their_order(share, weighted):
    rows = 5 * SMALL + 3
    X, T = np.arange(2.0 * rows).reshape(-1, 2), np.eye(2)[np.arange(rows) % 2]
    weight = np.random.default_rng(0).random(rows) if weighted else None
    out = is_held_out(1, share, 0, rows)
    table = Pieces(X, T, weight, (4000, 4001))
    sides = parted(table, share, 1)
    for side, mask in zip(sides, (~out, out), strict=True):
        assert side.rows == mask.sum()
        assert side.total_weight == pytest.approx(weight[mask].sum() if weighted else mask.sum(), rel=1e-12)
        found = [side.read(number, F64) for number in range(side.count)]
        np.testing.assert_array_equal(np.concatenate([block.X for block in found]), X[mask])
        np.testing.assert_array_equal(np.concatenate([block.T for block in found]), T[mask])
        if weighted:
            np.testing.assert_array_equal(np.concatenate([block.weight for block in found])[:, 0], weight[mask])
        assert all(len(block.X) == side.rows_per_block for block in found[:-1])
        for row in (0, 17, side.rows - 1):
            assert side.place(row) == table.place(int(np.flatnonzero(mask)[row]))


@pytest.mark.usefixtures("small_blocks")
def test_a_pass_over_a_side_reads_each_block_of_the_table_about_once():
    rows = 12 * SMALL
    table = Pieces(np.zeros((rows, 1)), np.zeros((rows, 1)))
    inside, outside = parted(table, 0.2, 0)
    for side in (inside, outside):
        table.reads.clear()
        for number in range(side.count):
            side.read(number, F64)
        assert table.reads == list(range(12))


@pytest.mark.usefixtures("small_blocks")
def test_any_block_can_be_read_in_any_order():
    rows = 6 * SMALL
    X = np.arange(float(rows)).reshape(-1, 1)
    inside, _ = parted(Pieces(X, X), 0.3, 0)
    expected = X[~is_held_out(0, 0.3, 0, rows)]
    for number in (3, 0, 2, 2, 1):
        np.testing.assert_array_equal(inside.read(number, F64).X, expected[number * SMALL : (number + 1) * SMALL])


@pytest.mark.usefixtures("small_blocks")
def test_raw_labels_are_coded_on_both_sides_alike():
    labels = np.array(["b", "a", "c"])[np.arange(3 * SMALL) % 3]
    sides = [side.for_network(Network("1-3")) for side in parted(ArrayBlocks(np.zeros((3 * SMALL, 1)), labels), 0.5, 0)]
    assert all(side.coding.classes.tolist() == ["a", "b", "c"] for side in sides)
    assert all(side.read(0, F64).T.shape == (SMALL, 3) for side in sides if side.rows > SMALL)


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_a_side_without_rows_is_refused(share):
    with pytest.raises(DataError, match="leaves no rows"):
        parted(Pieces(np.zeros((9, 1)), np.zeros((9, 1))), share, 0)


def test_a_block_with_too_few_rows_is_named():
    class Short(Pieces):
        def read(self, number, dtype):
            X, T, _ = super().read(number, dtype)
            return type(super().read(number, dtype))(X[:-1], T[:-1], None)

    inside, _ = parted(Short(np.zeros((9, 1)), np.zeros((9, 1))), 0.5, 0)
    with pytest.raises(DataError, match="from row 0 of piece 0 on, has 8 rows, not 9"):
        inside.read(0, F64)
