import itertools

import numpy as np
import pytest

from chainrule.errors import SettingError
from chainrule.training import randomness
from chainrule.training.randomness import MASK, ORDER, RESTART, bits, derived_seed, keep_mask, order, whole_seed

WORD = (1 << 64) - 1


def splitmix(state: int) -> int:
    """One output of SplitMix64, as in its authors' C code, in Python's whole numbers."""
    z = (state + 0x9E3779B97F4A7C15) & WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


def test_the_mixing_is_that_of_splitmix64():
    # the generator's published first outputs from the state 1234567
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    states = [(1234567 + i * 0x9E3779B97F4A7C15) & WORD for i in range(1, 5)]
    assert [randomness._mix_one(state) for state in states] == published
    assert randomness._mix(np.array(states, dtype=np.uint64)).tolist() == published


def test_bits_are_splitmix64_from_a_key_made_of_seed_purpose_and_position():
    mix = lambda x: splitmix((x - 0x9E3779B97F4A7C15) & WORD)  # noqa: E731
    key = 11
    for part in (0, ORDER, 7):
        key = mix(key ^ mix(part))
    expected = [splitmix((key + i * 0x9E3779B97F4A7C15) & WORD) for i in range(5)]
    assert bits(11, ORDER, 7, 5).tolist() == expected


def test_an_order_holds_every_row_once():
    for rows in (0, 1, 2, 1000):
        assert sorted(order(3, 5, rows).tolist()) == list(range(rows))


def test_orders_of_other_seeds_and_epochs_differ():
    orders = {tuple(order(seed, epoch, 20).tolist()) for seed, epoch in itertools.product(range(5), range(5))}
    assert len(orders) == 25


def test_every_row_comes_first_about_equally_often():
    firsts = np.bincount([order(0, epoch, 10)[0] for epoch in range(5000)], minlength=10)
    chi_square = ((firsts - 500) ** 2 / 500).sum()
    assert chi_square < 27.9  # exceeded once in 1000 with 9 degrees of freedom


def test_neighbours_in_an_order_are_not_correlated():
    positions = np.concatenate([order(1, epoch, 200) for epoch in range(50)]).reshape(50, 200)
    correlations = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in positions]
    assert abs(np.mean(correlations)) < 0.04


def test_a_mask_keeps_the_share_asked_for_and_differs_by_update_and_layer():
    masks = [keep_mask(0, update, layer, (200, 50), 0.7) for update in range(4) for layer in range(3)]
    for mask in masks:
        assert abs(mask.mean() - 0.7) < 4 * np.sqrt(0.7 * 0.3 / mask.size)
    for a, b in itertools.combinations(masks, 2):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


def test_the_first_rows_of_a_mask_do_not_depend_on_the_number_of_rows():
    assert (keep_mask(0, 1, 1, (9, 5), 0.5)[:4] == keep_mask(0, 1, 1, (4, 5), 0.5)).all()


def test_purposes_do_not_share_numbers():
    found = [bits(0, purpose, 0, 1000) for purpose in (ORDER, MASK, MASK + 256, RESTART)]
    assert len(np.unique(np.concatenate(found))) == 4000


def test_seeds_above_64_bits_keep_their_high_digits():
    assert (order(1 << 70, 0, 50) != order(1 << 71, 0, 50)).any()


def test_the_first_restart_has_the_seed_itself_and_the_others_differ():
    seeds = [derived_seed(5, number) for number in range(100)]
    assert seeds[0] == 5
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 1 << 63 for seed in seeds)


def test_a_seed_is_drawn_where_none_is_given():
    drawn = {whole_seed(None) for _ in range(20)}
    assert len(drawn) == 20
    assert whole_seed(np.random.default_rng(0)) == whole_seed(np.random.default_rng(0))
    assert whole_seed(np.int64(3)) == 3


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(SettingError, match="seed must be a whole number"):
        whole_seed(seed)
