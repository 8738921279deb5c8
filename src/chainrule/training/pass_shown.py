"""How far a pass over a table in blocks is, for a progress bar."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_UNSEEN = 1.0  # of a pass, before its rows are counted on the bar
SECONDS_BETWEEN = 0.2


class PassShown:
    """Counts the rows of each pass and tells how far it is, where a pass takes longer than about a second.

    Parameters
    ----------
    rows : int
        Of the table.
    show : callable (share of the pass, words)
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self, rows: int, show: Callable[[float, str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rows, self.show, self.clock = rows, show, clock
        self._done = 0
        self._began = self._shown = clock()

    def __call__(self, rows: int) -> None:
        """So many more rows are done."""
        now = self.clock()
        if self._done == 0:
            self._began = now
        self._done += rows
        if now - self._began > SECONDS_UNSEEN and now - self._shown > SECONDS_BETWEEN:
            self._shown = now
            self.show(self._done / self.rows, f"{in_short(self._done)} of {in_short(self.rows)} rows")
        if self._done >= self.rows:
            self._done = 0


def in_short(rows: int) -> str:
    """``960``, ``52k``, ``2.36M``, ``1.20G``."""
    for size, letter in ((10**9, "G"), (10**6, "M")):
        if rows >= size:
            return f"{rows / size:.2f}{letter}"
    return f"{rows // 1000}k" if rows >= 10_000 else str(rows)
