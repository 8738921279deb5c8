"""Schedules: the learning rate of each update as a share of the one that was asked for.

A schedule is a pure function of the update's number, so nothing of it need be remembered. The one exception says so:
`Adaptive` looks at how the training goes, and the loop keeps its factor in the state.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, listed, nearest

Array = npt.NDArray[Any]


class Span(NamedTuple):
    """What a schedule may need to know of the run: epochs in all, updates an epoch, rows an epoch."""

    epochs: int
    updates_per_epoch: int
    rows: int

    @property
    def updates(self) -> int:
        """Updates in all."""
        return self.epochs * self.updates_per_epoch


class Schedule:
    """Base of the schedules: ``factors(t, span)`` gives the share of the learning rate at the updates t = 0, 1, ..."""

    depends_on_length = False  # whether another number of epochs changes the rates of the first ones

    def factors(self, t: Array, span: Span) -> Array:
        """Shares of the learning rate, float64, shape of t."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """``1``."""

    def factors(self, t: Array, span: Span) -> Array:
        """Always 1."""
        return np.ones(np.shape(t))


@dataclass(frozen=True)
class Step(Schedule):
    """``factor ** floor(epoch / every)``: a cut every so many epochs; left out, three times in a run."""

    every: int | None = None
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check("Step", every=self.every is None or self.every >= 1, factor=0 < self.factor <= 1)

    @property
    def depends_on_length(self) -> bool:  # type: ignore[override]
        """Only where ``every`` was left out."""
        return self.every is None

    def factors(self, t: Array, span: Span) -> Array:
        """A staircase down."""
        every = self.every or max(1, span.epochs // 3)
        return self.factor ** (t // span.updates_per_epoch // every).astype(np.float64)


@dataclass(frozen=True)
class Cosine(Schedule):
    """``floor + (1 - floor) (1 + cos(pi t / updates)) / 2`` (Loshchilov, Hutter 2017, without restarts)."""

    floor: float = 0.0
    depends_on_length = True

    def __post_init__(self) -> None:
        _check("Cosine", floor=0 <= self.floor <= 1)

    def factors(self, t: Array, span: Span) -> Array:
        """Half a wave down."""
        share = np.minimum(t / max(1, span.updates), 1.0)
        return self.floor + (1 - self.floor) * (1 + np.cos(np.pi * share)) / 2


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from 1/start to 1 by a half cosine, then down to 1/end by another (Smith, Topin 2018)."""

    peak: float = 0.3
    start: float = 25.0
    end: float = 1e4
    depends_on_length = True

    def __post_init__(self) -> None:
        _check("OneCycle", peak=0 < self.peak < 1, start=self.start >= 1, end=self.end >= 1)

    def factors(self, t: Array, span: Span) -> Array:
        """A wave up and a wave down."""
        last = max(1, span.updates - 1)
        top = self.peak * last
        up = np.clip(t / top, 0.0, 1.0)
        down = np.clip((t - top) / (last - top), 0.0, 1.0)
        low, high = 1 / self.start, 1 / self.end
        rising = low + (1 - low) * (1 - np.cos(np.pi * up)) / 2
        falling = high + (1 - high) * (1 + np.cos(np.pi * down)) / 2
        return np.where(t < top, rising, falling)


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """``1 / (samples + 1) ** power``, samples seen by the start of the epoch: scikit-learn's "invscaling"."""

    power: float = 0.5

    def __post_init__(self) -> None:
        _check("InverseScaling", power=self.power >= 0)

    def factors(self, t: Array, span: Span) -> Array:
        """A staircase whose steps are epochs."""
        samples = (t // span.updates_per_epoch) * float(span.rows)
        return (samples + 1.0) ** -self.power


@dataclass(frozen=True)
class Adaptive(Schedule):
    """The rate is multiplied by ``factor`` whenever ``patience`` runs out, until it is at or below ``floor``.

    scikit-learn's "adaptive": not a function of the update, so the loop keeps its share in ``State.rate_factor``.
    """

    factor: float = 0.2
    floor: float = 1e-6

    def __post_init__(self) -> None:
        _check("Adaptive", factor=0 < self.factor < 1, floor=self.floor > 0)

    def factors(self, t: Array, span: Span) -> Array:
        """1: the cuts come from the state."""
        return np.ones(np.shape(t))


@dataclass(frozen=True)
class WarmUp(Schedule):
    """``min(1, (t + 1) / (updates + 1))`` times another schedule: a straight rise over the first updates."""

    updates: int
    then: Schedule = Constant()

    def __post_init__(self) -> None:
        _check("WarmUp", updates=self.updates >= 0)

    @property
    def depends_on_length(self) -> bool:  # type: ignore[override]
        """As the schedule that follows."""
        return self.then.depends_on_length

    def factors(self, t: Array, span: Span) -> Array:
        """The rise, then what follows."""
        return np.minimum(1.0, (t + 1) / (self.updates + 1)) * self.then.factors(t, span)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one-cycle": OneCycle,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
}


def schedule_from(schedule: str | Schedule, warm_up: int = 0) -> Schedule:
    """A schedule from its name, or as it is, behind ``warm_up`` updates of rising rate.

    Raises
    ------
    SettingError
        There is no schedule of this name.
    """
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise SettingError(
                f"There is no schedule named {schedule!r}.",
                f"Known: {listed(SCHEDULES)}.",
                nearest(schedule, SCHEDULES),
            )
        schedule = SCHEDULES[schedule]()
    if not isinstance(schedule, Schedule):
        raise SettingError(
            f"A schedule is a name or a Schedule, not {type(schedule).__name__}.", f"Names: {listed(SCHEDULES)}."
        )
    return WarmUp(warm_up, schedule) if warm_up else schedule


def described(schedule: Schedule) -> str:
    """Name and numbers in one line, the same for equal schedules: ``Step(every=10, factor=0.1)``."""
    if not is_dataclass(schedule):
        return repr(schedule)
    own = [f"{field.name}={_shown(getattr(schedule, field.name))}" for field in fields(schedule)]
    return f"{type(schedule).__name__}({', '.join(own)})"


def _shown(value: object) -> str:
    return described(value) if isinstance(value, Schedule) else repr(value)


def _check(name: str, **fits: bool) -> None:
    """SettingError for the first number of a schedule that is outside its range."""
    for setting, inside in fits.items():
        if not inside:
            raise SettingError(
                f"{setting} of {name} is outside its range; see help(chainrule.training.schedules.{name})."
            )
