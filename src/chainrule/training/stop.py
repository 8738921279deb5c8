"""When to stop from outside: Ctrl-C, or the time is up."""

from __future__ import annotations

import threading
import time

from chainrule.training.outcome import Outcome


class Stop:
    """Asked after every update whether to go on. Shared by all threads of a training.

    Parameters
    ----------
    time_limit : float, optional
        Seconds from now, by the monotonic clock: a change of the wall clock alters nothing.
    """

    def __init__(self, time_limit: float | None = None) -> None:
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._interrupted = threading.Event()

    def sharing_time(self, turns: int) -> Stop:
        """One that stops with this one, and after its share where so many trainings follow one another."""
        child = Stop(None if self._deadline is None else max(0.0, self._deadline - time.monotonic()) / turns)
        child._interrupted = self._interrupted
        return child

    def interrupt(self) -> None:
        """Ask everyone to stop at the next boundary between two updates."""
        self._interrupted.set()

    def now(self) -> bool:
        """Whether to stop."""
        return self.reason is not None

    @property
    def reason(self) -> Outcome | None:
        """INTERRUPTED, TIME_LIMIT, or None to go on."""
        if self._interrupted.is_set():
            return Outcome.INTERRUPTED
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return Outcome.TIME_LIMIT
        return None
