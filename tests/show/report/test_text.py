"""Small pieces of text."""

from __future__ import annotations

import pytest

from chainrule.show.report.text import percent, plural, quoted, range_words


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.0, 16.0, 5.311, 4.84), "0 to 16, mean 5.31, standard deviation 4.84"),
        ((-0.1072, 0.1107, 0.0004165, 0.04744), "−0.1072 to 0.1107, mean 0.0004, standard deviation 0.0474"),
        ((1e-12, 3e-12, 2e-12, 1e-12), "1e−12 to 3e−12, mean 2e−12, standard deviation 1e−12"),
        ((2.0, 2.0, 2.0, 0.0), "2 to 2, mean 2, standard deviation 0"),
        ((-1e300, 1e300, 0.0, 1e299), "−1e+300 to 1e+300, mean 0, standard deviation 1e+299"),
    ],
)
def test_a_range_has_the_decimals_that_its_spread_asks_for(numbers: tuple[float, ...], text: str) -> None:
    assert range_words(*numbers) == text


def test_shares_plurals_and_lists_of_names() -> None:
    assert percent(0.9666) == "96.7\N{NO-BREAK SPACE}%"
    assert (plural(1, "row"), plural(1200, "row"), plural(2, "class", "classes")) == (
        "1 row",
        "1,200 rows",
        "2 classes",
    )
    assert quoted(["a", "b", "c"], 2) == "“a”, “b” and 1 more"
    assert quoted(["x" * 60]) == f"“{'x' * 39}…”"
