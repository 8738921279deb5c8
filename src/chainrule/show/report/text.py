"""Small pieces of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.show.style import number, short


def percent(share: float, digits: int = 1) -> str:
    """``96.7 %``, with a space at which no line is broken."""
    return f"{number(100 * share, digits)}\N{NO-BREAK SPACE}%"


def quoted(names: Sequence[str], most: int = 8) -> str:
    """``“a”, “b” and 3 more``."""
    shown = [f"“{name if len(name) <= 40 else name[:39] + '…'}”" for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def plural(many: int, noun: str, more: str = "") -> str:
    """``1 row``, ``1,200 rows``."""
    return f"{number(many)} {noun if many == 1 else more or noun + 's'}"


def range_words(low: float, high: float, mean: float, deviation: float) -> str:
    """The range of a column with as many decimals as its spread asks for.

    >>> range_words(999_990.25, 1_000_008.5, 1_000_000.123, 2.939)
    '999,990.25 to 1,000,008.50, mean 1,000,000.12, standard deviation 2.94'
    """
    places = 2 - math.floor(math.log10(deviation)) if 0 < deviation < math.inf else 2
    largest = max(abs(low), abs(high))
    if places > 6 or largest >= 1e9:

        def said(value: float) -> str:
            return short(value, 4)
    elif low == math.floor(low) and high == math.floor(high):

        def said(value: float) -> str:
            return number(value, 0 if value == math.floor(value) else max(0, places))
    else:

        def said(value: float) -> str:
            return number(value, max(0, places))

    return f"{said(low)} to {said(high)}, mean {said(mean)}, standard deviation {said(deviation)}"
