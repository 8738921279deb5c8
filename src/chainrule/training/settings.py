"""The options of a training: their defaults for each solver, their ranges, and which belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, listed
from chainrule.kernels.select import reference_seconds
from chainrule.network import Network
from chainrule.training.climb import Goals
from chainrule.training.dropout import checked_shares
from chainrule.training.engine import Recipe
from chainrule.training.schedules import Adaptive, Schedule, WarmUp, described, schedule_from
from chainrule.training.solvers import FirstOrder, Newton, Solver, own_settings, solver_named

SECONDS_A_STEP = 6e-5  # what NumPy takes to gather a mini-batch and to move the weights, roughly


@dataclass(frozen=True)
class Settings:
    """Options of a training, checked, every default filled in; see `chainrule.train` for each."""

    solver: str
    method: Solver
    learning_rate: float
    schedule: Schedule
    epochs: int
    average: bool
    penalty: float
    penalise_biases: bool
    batch_size: int | None
    shuffle: bool
    dropout: tuple[float, ...]
    freeze: tuple[str, ...]
    tolerance: float
    patience: int | None
    improvement: float
    keep_best: bool
    record_every: int
    record: Literal["full", "running"]
    seed: int
    dtype: str = "float64"

    @property
    def climbs_mean(self) -> bool:
        """Whether F is divided by the total sample weight; a second-order solver takes the same steps either way."""
        return self.average or not isinstance(self.method, FirstOrder)

    @property
    def needs_gradient(self) -> bool:
        """Whether the size of the gradient is looked at: for a mini-batch only where a tolerance is asked for."""
        return self.batch_size is None or self.tolerance > 0

    @property
    def vectors(self) -> int:
        """Vectors of the weights' length that the solver remembers."""
        if isinstance(self.method, FirstOrder):
            return self.method.vectors
        return 2 * getattr(self.method, "pairs", 4)

    def rows_per_update(self, rows: int) -> int:
        """Rows that one update looks at."""
        return rows if self.batch_size is None else self.batch_size

    def evaluations(self, net: Network, rows: int | None = None) -> int:
        """How often J or a derivative will be asked for over all rows, at most: the choice of a kernel hangs on it.

        An epoch of mini-batches counts as so many passes over all rows as take NumPy the same time; where ``rows`` is
        left out, as one.
        """
        records = self.epochs // self.record_every + 2
        if self.record == "running" and self.batch_size is not None:
            records = 1
        if self.dropout:
            return 2 * records
        an_epoch: float = 1
        if self.batch_size is not None and rows:
            update = reference_seconds(net, self.batch_size) + SECONDS_A_STEP
            an_epoch = -(-rows // self.batch_size) * update / reference_seconds(net, rows)
        if isinstance(self.method, Newton):
            an_epoch += net.size if net.size <= self.method.dense else 10
        return math.ceil(self.epochs * an_epoch) + 2 * records

    def recipe(self, seed: int) -> Recipe:
        """How epochs are made, for a start with this seed."""
        keep = tuple(1 - share for share in self.dropout)
        sums = self.record == "running"
        return Recipe(self.learning_rate, self.schedule, self.epochs, self.batch_size, self.shuffle, seed, keep, sums)

    def goals(self) -> Goals:
        """When to record and when to stop."""
        inner = self.schedule.then if isinstance(self.schedule, WarmUp) else self.schedule
        return Goals(
            epochs=self.epochs,
            record_every=self.record_every,
            tolerance=self.tolerance,
            patience=self.patience,
            improvement=self.improvement,
            keep_best=self.keep_best,
            adaptive=inner if isinstance(inner, Adaptive) else None,
        )

    def course(self) -> dict[str, Any]:
        """What fixes the course of the training; the number of epochs only where rates hang on it."""
        found = self.told()
        for name in ("epochs", "tolerance", "patience"):
            del found[name]
        if self.schedule.depends_on_length:
            found["epochs"] = self.epochs
        return found

    def told(self) -> dict[str, Any]:
        """The options for people and for files: numbers, text, tuples."""
        rate = self.learning_rate
        return {
            "solver": self.solver,
            **{name: getattr(self.method, name) for name in own_settings(self.solver)},
            "learning_rate": None if math.isnan(rate) else rate,
            "schedule": described(self.schedule),
            "epochs": self.epochs,
            "average": self.average,
            "penalty": self.penalty,
            "penalise_biases": self.penalise_biases,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "dropout": self.dropout,
            "freeze": self.freeze,
            "tolerance": self.tolerance,
            "patience": self.patience,
            "improvement": self.improvement,
            "keep": "best" if self.keep_best else "last",
            "record_every": self.record_every,
            "record": self.record,
            "seed": self.seed,
            "dtype": self.dtype,
        }


def checked_settings(
    net: Network,
    rows: int,
    *,
    solver: str,
    own: dict[str, Any],
    learning_rate: float | None,
    schedule: str | Schedule,
    warm_up: int,
    epochs: int | None,
    average: bool,
    penalty: float,
    penalise_biases: bool,
    batch_size: int | None,
    shuffle: bool,
    dropout: float | Sequence[float],
    freeze: Sequence[str],
    tolerance: float | None,
    patience: int | None,
    improvement: float,
    keep: str,
    record_every: int | None,
    record: str,
    seed: int,
    dtype: npt.DTypeLike = "float64",
    is_streamed: bool = False,
) -> Settings:
    """The options with the solver's defaults filled in.

    Raises
    ------
    SettingError
        An option is outside its range, or does not apply to the solver.
    """
    _number("learning_rate", learning_rate, "a finite number above 0", lambda v: 0 < v < math.inf)
    _whole("epochs", epochs, 0)
    _whole("record_every", record_every, 1)
    _whole("batch_size", batch_size, 1)
    _whole("patience", patience, 1)
    _whole("warm_up", warm_up, 0)
    _number("tolerance", tolerance, "a finite number from 0", lambda v: 0 <= v < math.inf)
    _number("penalty", penalty, "a finite number from 0", lambda v: 0 <= v < math.inf)
    _number("improvement", improvement, "a finite number", lambda v: -math.inf < v < math.inf)
    _one_of("keep", keep, ("best", "last"))
    _one_of("record", record, ("full", "running"))
    method, kind = solver_named(solver, **own), floating(dtype)
    plan = schedule_from(schedule, warm_up)
    shares = checked_shares(net, dropout)
    dropped = any(shares)
    small = batch_size is not None and batch_size < rows
    if isinstance(method, FirstOrder):
        default_rate = method.mean_learning_rate if average else method.learning_rate
        rate = default_rate if learning_rate is None else float(learning_rate)
        default_tolerance = 0.0
    else:
        _refuse_for_whole_batches(
            solver, learning_rate=learning_rate, schedule=schedule != "constant", warm_up=warm_up,
            batch_size=batch_size, dropout=dropped, record=record == "running",
            dtype=kind == "float32",
        )  # fmt: skip
        rate, default_tolerance = math.nan, method.tolerance
    if patience is None and isinstance(plan, Adaptive):
        raise SettingError('The schedule "adaptive" needs patience: the epochs without improvement before a cut.')
    if patience is None and improvement:
        raise SettingError("improvement needs patience: the epochs without one before the training stops.")
    if record_every is None:
        record_every = 1 if small or is_streamed or not isinstance(method, FirstOrder) else 100
        record_every = record_every if patience is None else min(record_every, patience)
    return Settings(
        solver=solver,
        method=method,
        learning_rate=rate,
        schedule=plan,
        epochs=method.epochs if epochs is None else int(epochs),
        average=bool(average),
        penalty=float(penalty),
        penalise_biases=bool(penalise_biases),
        batch_size=int(batch_size) if small and batch_size is not None else None,
        shuffle=bool(shuffle),
        dropout=shares if dropped else (),
        freeze=(freeze,) if isinstance(freeze, str) else tuple(freeze),
        tolerance=default_tolerance if tolerance is None else float(tolerance),
        patience=patience if patience is None else int(patience),
        improvement=float(improvement),
        keep_best=keep == "best",
        record_every=int(record_every),
        record="running" if record == "running" else "full",
        seed=seed,
        dtype=kind,
    )


def _refuse_for_whole_batches(solver: str, **given: Any) -> None:
    """SettingError for the first option that only makes sense with a learning rate or with batches."""
    for name, value in given.items():
        if value:
            why = {
                "learning_rate": "it finds the length of each step by itself",
                "schedule": "it has no learning rate",
                "warm_up": "it has no learning rate",
                "batch_size": "it needs J of all rows to compare steps",
                "dropout": "it needs the same J at every step to compare them",
                "record": "it measures all rows in each iteration anyway",
                "dtype": "it compares values of J that float32 cannot tell apart",
            }[name]
            raise SettingError(
                f"{name} does not apply to the solver {solver!r}: {why}.",
                f"Leave {name} out, or choose ascent, momentum, nesterov, adam or adamw.",
            )


def floating(dtype: Any) -> str:
    """ "float64" or "float32"; SettingError for anything else."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if dtype is None or name not in ("float32", "float64"):
        raise SettingError(f"dtype must be one of 'float64', 'float32', not {dtype!r}.")
    return name


def _number(name: str, value: Any, words: str, fits: Any) -> None:
    """SettingError unless the value is None or a number inside its range."""
    try:
        inside = value is None or (not isinstance(value, str | bool) and bool(fits(float(value))))
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise SettingError(f"{name} must be {words}, not {value!r}.")


def _whole(name: str, value: Any, least: int) -> None:
    _number(name, value, f"a whole number from {least}", lambda v: v >= least and v == int(v))


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingError(f"{name} must be one of {listed(allowed)}, not {value!r}.")
