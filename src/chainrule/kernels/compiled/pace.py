"""How many threads a team should have, learnt from what its calls took."""

from __future__ import annotations


class Pace:
    """How many threads a team should have: what was faster lately, all or one. The bits do not depend on it.

    Two threads that wait for each other at every step are slower than one where another program has the second core.
    A way's time is the better of its last two calls, since any call may be disturbed; the slower way is tried again
    after 2 calls, then after 4, 8, ..., and less often where it is clearly slower.
    """

    AGAIN = 2, 32  # calls after which the slower way is tried again: at first, and at most
    CLEARLY = 1.3  # times the other's time
    ENOUGH = 0.008  # seconds of a call that tells something: threads take up to some milliseconds to wake up

    def __init__(self, members: int) -> None:
        self.members = members
        self.is_trying = members > 1  # whether the next call is of a way that is not known to be the faster one
        self._next = members
        self._seen: dict[int, list[float]] = {members: [], 1: []}  # seconds a step in the last calls of each way
        self._is_cold = True  # the first call fills caches and starts threads: its time says nothing
        self._again = self._left = self.AGAIN[0]

    def choose(self) -> int:
        """Threads of the next call."""
        return self._next

    def note(self, members: int, seconds: float, steps: int) -> None:
        """What a call took."""
        if self._is_cold:
            self._is_cold = False
        elif steps and seconds >= self.ENOUGH:
            self._seen[members] = [*self._seen[members][-1:], seconds / steps]
        self._next = self._decide()

    def _decide(self) -> int:
        for members, seen in self._seen.items():
            if not seen:
                return members
        faster, slower = sorted(self._seen, key=lambda members: min(self._seen[members]))
        self._left -= 1
        self.is_trying = self._left < 0
        if not self.is_trying:
            return faster
        is_clear = min(self._seen[slower]) > self.CLEARLY * min(self._seen[faster])
        self._again = self._left = min((4 if is_clear else 2) * self._again, self.AGAIN[1])
        return slower
