import pytest

from chainrule.training.pass_shown import PassShown, in_short


def shown(seconds_a_block, blocks=10, rows=100, passes=1):
    """What is told over some passes, where a block takes so long."""
    now, found = [0.0], []
    told = PassShown(rows * blocks, lambda share, words: found.append((share, words)), clock=lambda: now[0])
    for _ in range(passes * blocks):
        told(rows)
        now[0] += seconds_a_block
    return found


def test_a_pass_of_less_than_a_second_is_not_counted():
    assert shown(0.09, passes=5) == []


def test_a_long_pass_tells_how_many_rows_are_done():
    found = shown(0.5)
    assert found[0] == (0.4, "400 of 1000 rows")
    assert found[-1] == (1.0, "1000 of 1000 rows")


def test_each_pass_begins_anew_and_short_blocks_are_not_all_told():
    found = shown(0.06, blocks=50, passes=2)
    shares = [share for share, _ in found]
    assert max(shares) <= 1
    assert shares != sorted(shares)
    assert len(shares) < 2 * 50 / 3


@pytest.mark.parametrize(
    ("rows", "words"), [(960, "960"), (52_300, "52k"), (2_359_296, "2.36M"), (999_999, "999k"), (12 * 10**8, "1.20G")]
)
def test_numbers_of_rows_are_short(rows, words):
    assert in_short(rows) == words
