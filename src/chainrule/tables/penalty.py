"""The penalty chosen: the one with which rows set apart are most likely."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective
from chainrule.network import Weights
from chainrule.tables.plan import Plan
from chainrule.tables.split import folds
from chainrule.tables.way import Way

Array = npt.NDArray[Any]

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
FEWEST_TO_CHOOSE = 20  # training rows; below this the penalty is 1
USUAL = 4  # penalties tried before the walk turns back, mostly


@dataclass(frozen=True)
class Choice:
    """The penalty, log-likelihood a row of the rows set apart for each that was tried, and how many folds."""

    penalty: float
    tried: tuple[tuple[float, float], ...] = ()
    folds: int = 0
    interrupted: Any = None  # a Run


class _Interrupted(Exception):
    """Ctrl-C while choosing, with the run so far."""

    def __init__(self, run: Any) -> None:
        super().__init__()
        self.run = run


class TimeUp(Exception):
    """The time for choosing is over."""


def chosen(
    plan: Plan,
    way: Way,
    X: Array,
    T: Array,
    deadline: float | None = None,
    tell: Callable[[int, int, str], None] = lambda done, total, words: None,
) -> Choice:
    """The penalty with the highest log-likelihood of rows set apart, found by walking uphill on the grid.

    Parameters
    ----------
    deadline : float, optional
        By the monotonic clock: the best of what was tried till then is taken.
    tell : callable (fits done, fits expected, words)
    """
    from chainrule.training import Outcome

    table = plan.training_table
    codes = plan.target.codes(table) if plan.target.task == "classify" else None
    parts = folds(len(X), plan.settings["seed"] + 1, codes)
    starts: list[Weights | None] = [None] * len(parts)
    done = 0

    def figure(penalty: float) -> float:
        """Log-likelihood a row of the rows set apart."""
        nonlocal done
        total = 0.0
        for number, (fit, check) in enumerate(parts):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeUp
            tell(done, USUAL * len(parts), f"penalty {penalty:g}, fold {number + 1} of {len(parts)}")
            run = way.run(X[fit], T[fit], penalty, is_choosing=True, weights=starts[number], time_limit=left)
            if run.outcome is Outcome.INTERRUPTED:
                raise _Interrupted(run)
            if run.outcome is Outcome.TIME_LIMIT:
                raise TimeUp
            starts[number] = run.weights  # the next penalty is near: its maximum is, too
            total += float(Objective(way.net, X[check], T[check], evaluations=1).value(run.weights.flat))
            done += 1
        return total / sum(len(check) for _, check in parts)

    try:
        best, tried = uphill(figure)
    except _Interrupted as stopped:
        return Choice(1.0, interrupted=stopped.run)
    return Choice(best, tried, len(parts))


def uphill(figure: Callable[[float], float]) -> tuple[float, tuple[tuple[float, float], ...]]:
    """The best penalty on the grid near 1: upwards while that helps, else downwards while that helps.

    ``figure`` may raise `TimeUp`: what is known then decides.
    """
    start = at = PENALTIES.index(1.0)
    seen: dict[int, float] = {}
    try:
        seen[at] = figure(1.0)
        for step in (1, -1):
            while 0 <= at + step < len(PENALTIES):
                seen[at + step] = found = figure(PENALTIES[at + step])
                if not found > seen[at] + 1e-6 * abs(seen[at]):
                    break
                at += step
            if at != start:
                break
    except TimeUp:
        pass
    tried = tuple((PENALTIES[place], value) for place, value in sorted(seen.items()) if math.isfinite(value))
    return PENALTIES[at], tried


def penalty_beside(checkpoint: str | os.PathLike[str]) -> Path:
    """Where the choice is kept beside a checkpoint."""
    return Path(f"{os.fspath(checkpoint)}.penalty")


class Memory:
    """The choice kept beside a checkpoint, so that a training that goes on need not choose again.

    Parameters
    ----------
    checkpoint : path or None
        The choice is at this path with ``.penalty`` behind it.
    way, X, T
        What the choice is for: one for anything else does not count.
    """

    def __init__(self, checkpoint: str | os.PathLike[str] | None, way: Way, X: Array, T: Array) -> None:
        self._path = None if checkpoint is None else penalty_beside(checkpoint)
        options = {
            name: value for name, value in way.options.items() if name != "epochs"
        }  # more of them may be asked for
        digest = hashlib.sha256(repr((way.net.notation, options)).encode())
        for part in () if checkpoint is None else (X, T):
            digest.update(repr(part.shape).encode() + np.ascontiguousarray(part).tobytes())
        self._of = digest.hexdigest()

    def recall(self) -> Choice | None:
        """The choice that was kept, if it is there and whole."""
        try:
            found = json.loads(self._path.read_text("utf-8")) if self._path else {}
            if found.get("of") != self._of:
                return None
            tried = tuple((float(penalty), float(value)) for penalty, value in found["tried"])
            return Choice(float(found["penalty"]), tried, int(found["folds"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # to choose again is always right
            return None

    def keep(self, choice: Choice) -> None:
        """Write the choice down."""
        from chainrule.atomic import write_atomically

        if self._path is not None:
            facts = {"of": self._of, "penalty": choice.penalty, "tried": choice.tried, "folds": choice.folds}
            write_atomically(self._path, json.dumps(facts).encode())
