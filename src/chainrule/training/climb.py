"""The loop: record, look whether to stop, save, advance."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.network import Weights
from chainrule.training.divergence import diverged, ran_away
from chainrule.training.engine import Engine
from chainrule.training.history import Record
from chainrule.training.measure import Meter
from chainrule.training.outcome import Outcome
from chainrule.training.progress import Progress
from chainrule.training.schedules import Adaptive
from chainrule.training.stop import Stop

Callback = Callable[[Record, Weights], bool | None]


@dataclass(frozen=True)
class Goals:
    """When to record, and when enough is enough; see `chainrule.train`."""

    epochs: int
    record_every: int
    tolerance: float = 0.0
    patience: int | None = None
    improvement: float = 0.0
    keep_best: bool = True
    adaptive: Adaptive | None = None


class Climb:
    """A training under way: an engine, a meter, goals, and the progress so far.

    Parameters
    ----------
    engine : Engine
    meter : Meter
    goals : Goals
    progress : Progress
        Changed as the training goes on; holds all that came of it.
    watchers : sequence of callables (record, weights)
        Called at each record; one that returns True stops the training.
    save : callable (progress, whether this is the end), optional
        Called at each record, or every ``save_every`` epochs where that is given, and at the end.
    """

    def __init__(
        self,
        engine: Engine,
        meter: Meter,
        goals: Goals,
        progress: Progress,
        watchers: Sequence[Callback] = (),
        save: Callable[[Progress, bool], None] | None = None,
        save_every: int | None = None,
    ) -> None:
        self.engine = engine
        self.meter = meter
        self.goals = goals
        self.progress = progress
        self.watchers = watchers
        self.save = save
        self.save_every = save_every
        self.first = progress.state.weights if progress.good is None else progress.good
        self.began = time.monotonic() - progress.seconds

    def run(self, stop: Stop) -> Outcome:
        """Climb until a goal is reached or something says stop.

        Raises
        ------
        DivergedError
            J or a weight stopped being finite, or J ran away.
        """
        progress, outcome = self.progress, None
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what overflows is seen in J and raised
            try:
                while outcome is None:
                    asked = self._record_is_due(stop) and self._look(stop, self.watchers)
                    outcome = self._reached(asked) or stop.reason
                    if outcome is None:
                        if self.save and (self.save_every is None or progress.state.epoch % self.save_every == 0):
                            self.save(progress, False)
                        progress.state = self.engine.advance(progress.state, self._epochs_ahead(), stop)
            except KeyboardInterrupt:  # in a callback, or while measuring; an engine returns what it has
                outcome = Outcome.INTERRUPTED
                self._interrupted(stop)
        progress.seconds = time.monotonic() - self.began
        if self.save:
            self.save(progress, True)
        return outcome

    def _interrupted(self, stop: Stop) -> None:
        """Measure what there is, which takes a pass over the rows; who cannot wait for it says so once more."""
        is_first = stop.reason is not Outcome.INTERRUPTED
        stop.interrupt()
        try:
            if not is_first:
                raise KeyboardInterrupt
            if not self.progress.recorded:
                self._look(stop, ())
        except KeyboardInterrupt:
            if self.save:
                self.save(self.progress, True)
            raise

    def _record_is_due(self, stop: Stop) -> bool:
        """At the first and the last epoch, at multiples of ``record_every``, and wherever it comes to a stop."""
        state = self.progress.state
        if self.progress.recorded:
            return False
        return self._on_schedule() or state.exhausted or stop.now() or not state.is_finite()

    def _on_schedule(self) -> bool:
        state = self.progress.state
        at_end = state.epoch >= self.goals.epochs
        return state.batch == 0 and (state.epoch % self.goals.record_every == 0 or at_end)

    def _look(self, stop: Stop, watchers: Sequence[Callback]) -> bool:
        """Add a line to the history; whether a callback asks to stop."""
        progress, state, net = self.progress, self.progress.state, self.engine.posterior.net
        progress.seconds = time.monotonic() - self.began
        record, steepest = self.meter.record(state, self.engine.rate_at(state), progress.seconds)
        if ran_away(record, state.weights, progress.history):
            if stop.reason is Outcome.INTERRUPTED and progress.good is not None:
                progress.state = replace(state, weights=progress.good)
                return False
            raise diverged(self.engine, self.first, record, self.first if progress.good is None else progress.good)
        on_grid = state.batch == 0 and state.epoch % self.goals.record_every == 0
        progress.undo = None if on_grid else progress.best
        progress.history.append(record)
        progress.good, progress.steepest = state.weights, steepest
        if self.goals.patience is not None:
            value = self.meter.watched(record, net.weights_from(state.weights.copy()))
            progress.best = progress.best.after(value, state.weights, state.epoch, self.goals.improvement)
        stops = [watch(record, net.weights_from(state.weights.copy())) for watch in watchers]
        return any(stops)

    def _reached(self, asked_to_stop: bool) -> Outcome | None:
        """The outcome where this is the end."""
        progress, goals, state = self.progress, self.goals, self.progress.state
        if progress.recorded and progress.steepest <= goals.tolerance:
            return Outcome.CONVERGED
        if asked_to_stop:
            return Outcome.STOPPED
        if state.exhausted:
            return Outcome.EXHAUSTED
        if goals.patience is not None and state.epoch - progress.best.improved >= goals.patience:
            adaptive = goals.adaptive
            if adaptive is None or self.engine.recipe.learning_rate * state.rate_factor <= adaptive.floor:
                return Outcome.EARLY_STOPPED if goals.keep_best else Outcome.NO_IMPROVEMENT
            progress.state = replace(state, rate_factor=state.rate_factor * adaptive.factor)
            progress.best = replace(progress.best, improved=state.epoch)
        return Outcome.MAX_EPOCHS if state.epoch >= goals.epochs else None

    def _epochs_ahead(self) -> int:
        """Epochs until there is something to do again."""
        epoch, every = self.progress.state.epoch, self.goals.record_every
        next_save = (epoch // self.save_every + 1) * self.save_every if self.save_every else self.goals.epochs
        return min((epoch // every + 1) * every, next_save, self.goals.epochs) - epoch
