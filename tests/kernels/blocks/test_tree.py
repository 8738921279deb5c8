from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.kernels.blocks import TreeSum, plus


def by_halves(values):
    """The sum as it is defined: the largest power of two of blocks that fits, and the rest."""
    if len(values) == 1:
        return values[0]
    half = 1 << (len(values) - 1).bit_length() - 1
    return by_halves(values[:half]) + by_halves(values[half:])


numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=70)


@given(numbers, st.randoms())
def test_blocks_in_any_order_give_the_bits_of_the_tree(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    tree = TreeSum()
    for number in order:
        tree.add(number, values[number])
    assert tree.total(len(values)) == by_halves(values)


@given(numbers, st.integers(1, 7), st.randoms())
def test_any_number_of_workers_gives_the_same_bits(values, workers, random):
    owner = [random.randrange(workers) for _ in values]
    whole = TreeSum()
    for worker in random.sample(range(workers), workers):
        part = TreeSum()
        for number, value in enumerate(values):
            if owner[number] == worker:
                part.add(number, value)
        whole.add_nodes(part.nodes())
    assert whole.total(len(values)) == by_halves(values)


def test_neighbouring_blocks_are_sent_as_one_sum():
    part = TreeSum()
    for number in range(4, 8):
        part.add(number, 1.0)
    assert [tuple(node) for node in part.nodes()] == [(2, 1, 4.0)]


def test_in_order_it_holds_no_more_values_than_the_count_has_digits():
    tree, most = TreeSum(), 0
    for number in range(1000):
        tree.add(number, 1)
        most = max(most, len(tree.nodes()))
    assert most <= (1000).bit_length()
    assert tree.total(1000) == 1000


def test_tuples_of_numbers_and_arrays_are_added_entry_by_entry():
    tree = TreeSum()
    for number in range(3):
        tree.add(number, (Fraction(1, 3), np.arange(2) + number))
    J, d = tree.total(3)
    assert J == 1
    assert d.tolist() == [3, 6]
    assert plus((1, (2, 3)), (10, (20, 30))) == (11, (22, 33))


@pytest.mark.parametrize("there", [[0, 1, 3], [1, 2], [0, 1], [], [0, 1, 2, 3, 4]])
def test_a_block_that_is_missing_or_too_much_is_noticed(there):
    tree = TreeSum()
    for number in there:
        tree.add(number, 1.0)
    with pytest.raises(ValueError, match="the sum over 4 blocks"):
        tree.total(4)


@pytest.mark.parametrize("again", [2, 3, 5])
def test_no_block_is_counted_twice(again):
    tree = TreeSum()
    for number in range(6):
        tree.add(number, 1.0)
    with pytest.raises(ValueError, match="twice"):
        tree.add(again, 1.0)
