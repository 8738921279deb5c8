"""How many threads the next call of a run should have."""

from __future__ import annotations

MOST_ALONE = 32  # calls


class TeamSize:
    """All threads; after a team that disbanded (`chainrule.kernels.compiled.team`), one alone for some calls.

    After 1 call a team is tried again; where that one disbands too, after 2, then 4, ... up to `MOST_ALONE`. The bits
    of a result do not depend on it.
    """

    def __init__(self, members: int) -> None:
        self.members = members
        self._alone, self._next = 0, 1  # calls alone: still to come, and after the next team that disbands

    def choose(self) -> int:
        """Threads of the next call."""
        return 1 if self._alone else self.members

    def note(self, members: int, has_held: bool) -> None:
        """How a call of so many threads went: whether the team held to its end."""
        if members == 1:
            self._alone = max(0, self._alone - 1)
        elif has_held:
            self._next = 1
        else:
            self._alone, self._next = self._next, min(2 * self._next, MOST_ALONE)
