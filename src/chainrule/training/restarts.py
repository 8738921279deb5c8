"""Several starts of one training, side by side where that pays; the best is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cores import cores
from chainrule.errors import DivergedError, SettingError
from chainrule.training.climb import Climb
from chainrule.training.history import Record
from chainrule.training.outcome import Outcome
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]

FLOATS_THAT_PAY = 200_000  # numbers an update passes through a layer, above which NumPy's own loops outweigh Python's


@dataclass(frozen=True)
class Restart:
    """How one start ended.

    ``J`` is that of its weights; ``outcome`` is None where it diverged.
    """

    seed: int
    J: float
    outcome: Outcome | None


@dataclass(frozen=True)
class Finished:
    """A start that came to its end."""

    number: int
    climb: Climb
    outcome: Outcome

    @property
    def weights(self) -> Array:
        """The best weights where early stopping keeps them, else the last ones."""
        progress = self.climb.progress
        if self.climb.goals.keep_best and progress.best.weights is not None:
            return progress.best.weights
        return progress.state.weights

    @property
    def record(self) -> Record:
        """The line of the history that belongs to these weights."""
        progress = self.climb.progress
        if self.climb.goals.keep_best and progress.best.weights is not None:
            return next(record for record in progress.history if record.epoch == progress.best.epoch)
        return progress.history[-1]

    @property
    def figure(self) -> float:
        """What starts are compared by: the best figure watched, else the objective of the last record."""
        best = self.climb.progress.best
        return best.value if best.weights is not None else self.record.objective


def run_all(
    count: int, make: Callable[[int], Climb], seeds: list[int], stop: Stop, workers: int = 1
) -> tuple[Finished, tuple[Restart, ...]]:
    """The best of ``count`` starts and how each ended, in the order of the starts.

    Each start depends on its number alone, so the result does not depend on how many run at once.

    Raises
    ------
    DivergedError
        Every start diverged; the error is the first one's.
    """

    def one(number: int) -> Finished | DivergedError | None:
        if number and stop.reason is Outcome.INTERRUPTED:
            return None  # not begun
        turns = -(-(count - number) // workers)
        climb = make(number)
        try:
            return Finished(number, climb, climb.run(stop.sharing_time(turns)))
        except DivergedError as error:
            return error

    if workers == 1:
        ends = [one(number) for number in range(count)]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers, thread_name_prefix="chainrule") as pool:
            pending = [pool.submit(one, number) for number in range(count)]
            try:
                ends = [future.result() for future in pending]
            except KeyboardInterrupt:
                stop.interrupt()
                ends = [future.result() for future in pending]
    done = [end for end in ends if isinstance(end, Finished)]
    if not done:
        raise next(end for end in ends if isinstance(end, DivergedError))
    table = []
    for seed, end in zip(seeds, ends, strict=True):
        if isinstance(end, Finished):
            table.append(Restart(seed, end.record.J, end.outcome))
        elif end is not None:
            table.append(Restart(seed, float("nan"), None))
    return max(done, key=lambda end: (end.figure, -end.number)), tuple(table)


def workers_for(count: int, floats_per_update: int, is_compiled: bool = False) -> int:
    """How many starts to run at once: as many as processors where an update is mostly spent outside Python."""
    pays = is_compiled or floats_per_update >= FLOATS_THAT_PAY
    return min(count, cores()) if pays else 1


def check_restarts(restarts: Any, time_limit: Any, start_is_given: bool) -> None:
    """SettingError for options outside their range, or that contradict each other."""
    if isinstance(restarts, bool) or not isinstance(restarts, int | np.integer) or restarts < 1:
        raise SettingError(f"restarts must be a whole number from 1, not {restarts!r}.")
    if restarts > 1 and start_is_given:
        raise SettingError(
            "Every restart would begin at the same weights.", "Leave out weights, or leave out restarts."
        )
    if time_limit is not None and not (isinstance(time_limit, int | float | np.number) and time_limit > 0):
        raise SettingError(f"time_limit must be a number of seconds above 0, not {time_limit!r}.")
