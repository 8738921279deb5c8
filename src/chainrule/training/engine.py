"""An engine runs updates: from a state to the state some epochs later. The reference engine is NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.kernels.reference import Masks
from chainrule.training import randomness
from chainrule.training.dropout import masks_of_update
from chainrule.training.posterior import Posterior
from chainrule.training.schedules import Constant, Schedule, Span
from chainrule.training.solvers import FirstOrder, SecondOrder, Solver
from chainrule.training.state import State
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]


class Engine(Protocol):
    """What the loop needs. Any engine takes the same samples in the same order and drops the same units."""

    posterior: Posterior
    recipe: Recipe
    batches: int  # updates an epoch

    @property
    def solver(self) -> Solver:
        """What takes the steps."""
        ...

    def with_learning_rate(self, learning_rate: float) -> Engine:
        """The same with another rate."""
        ...

    def start(self, weights: Array) -> State:
        """The state before the first update; the weights are copied."""
        ...

    def advance(self, state: State, epochs: int, stop: Stop) -> State:
        """The state so many epochs later, or earlier where told to stop, exhausted, or J is not finite.

        An epoch that was begun is finished first and counts as one. Nothing of the state given is changed.
        """
        ...

    def rate_at(self, state: State) -> float:
        """The learning rate of the last update done; NaN where the solver has none."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How epochs are made of updates: all that an engine must follow beside the objective and the solver.

    ``batch_size`` None means all rows in one update, in their own order. A mini-batch takes the next ``batch_size``
    rows of the epoch's order (`randomness.order`; their own order without ``shuffle``); the last batch is what is
    left. ``keep`` is the share of units kept in each layer 0..L-1, masks from `randomness.keep_mask`. ``sums`` tells
    whether `State.last_running` is wanted; an engine that would have to work for it leaves it NaN otherwise.
    """

    learning_rate: float = math.nan
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 1
    batch_size: int | None = None
    shuffle: bool = True
    seed: int = 0
    keep: Sequence[float] = ()
    sums: bool = True

    def updates_per_epoch(self, rows: int) -> int:
        """Number of batches."""
        return 1 if self.batch_size is None else -(-rows // self.batch_size)

    def rates(self, state: State, rows: int, count: int) -> Array:
        """Learning rates of the next ``count`` updates, float64."""
        span = Span(self.epochs, self.updates_per_epoch(rows), rows)
        t = np.arange(state.update, state.update + count)
        return self.learning_rate * state.rate_factor * self.schedule.factors(t, span)


def steps_are_compiled(objective: Objective | BlockedObjective, solver: Solver, recipe: Recipe) -> bool:
    """Whether updates run in compiled code; with dropout, and with solvers that compare steps, they do not.

    Nor where an update sums over several blocks of rows: it then adds up what compiled code gives for each, so that
    rows in memory and rows read block by block give the same bits.
    """
    if not isinstance(solver, FirstOrder) or any(share < 1 for share in recipe.keep):
        return False
    if recipe.batch_size is None and not objective.has_one_block:
        return False
    return objective.choice.kernel is not None


def engine_for(posterior: Posterior, solver: Solver, recipe: Recipe) -> Engine:
    """The engine that serves this training: compiled where the objective's kernel is, and there is no dropout."""
    if posterior.objective.is_streamed and isinstance(solver, FirstOrder) and recipe.batch_size is not None:
        from chainrule.training.streamed import StreamedEngine

        return StreamedEngine(posterior, solver, recipe)
    if isinstance(solver, FirstOrder) and steps_are_compiled(posterior.objective, solver, recipe):
        from chainrule.training.compiled import CompiledEngine

        return CompiledEngine(posterior, solver, recipe)
    return ReferenceEngine(posterior, solver, recipe)


class ReferenceEngine:
    """The engine in NumPy: one update after the other, each a line per step."""

    def __init__(self, posterior: Posterior, solver: Solver, recipe: Recipe) -> None:
        self.posterior = posterior
        self.solver = solver
        self.recipe = recipe
        self.rows = posterior.objective.rows
        self.batches = recipe.updates_per_epoch(self.rows) if isinstance(solver, FirstOrder) else 1

    def with_learning_rate(self, learning_rate: float) -> ReferenceEngine:
        """The same with another rate."""
        return ReferenceEngine(self.posterior, self.solver, replace(self.recipe, learning_rate=learning_rate))

    def start(self, weights: Array) -> State:
        """Before the first update."""
        w = np.array(weights, dtype=self.posterior.objective.dtype)
        if isinstance(self.solver, FirstOrder):
            return State(w, self.solver.start(w))
        return State(w, self.solver.start(self.posterior, w))

    def advance(self, state: State, epochs: int, stop: Stop) -> State:
        """Some epochs later, or at the last full update before what stopped it."""
        last = state.epoch + epochs
        try:
            while state.epoch < last and not stop.now():
                if isinstance(self.solver, FirstOrder):
                    for later in self._updates(self.solver, state, stop):
                        state = later
                else:
                    state = self._iteration(self.solver, state)
                if state.exhausted or not state.is_finite():
                    break
        except KeyboardInterrupt:  # what ran was a pure step, so the state is that of the last full update
            stop.interrupt()
        return state

    def rate_at(self, state: State) -> float:
        """Of the last update done, or the first one to come."""
        if not isinstance(self.solver, FirstOrder):
            return math.nan
        return rate_of_last_update(self.recipe, state, self.rows)

    def _updates(self, solver: FirstOrder, state: State, stop: Stop) -> Iterator[State]:
        """The states of the rest of an epoch, one an update."""
        recipe, first = self.recipe, state.batch
        rates = recipe.rates(state, self.rows, self.batches - first)
        order = None
        if recipe.batch_size is not None and recipe.shuffle:
            order = randomness.order(recipe.seed, state.epoch, self.rows)
        for batch, eta in enumerate(rates.tolist(), start=first):
            J, g = self._gradient(state, order, batch)
            state = updated(solver, self.posterior, state, 0.0 if J is None else J, g, eta)
            if batch + 1 == self.batches:
                state = epoch_done(state)
                if J is None:
                    state = replace(state, last_running=math.nan)
            yield state
            if (J is not None and not math.isfinite(J)) or stop.now():
                return

    def _gradient(self, state: State, order: Array | None, batch: int) -> tuple[float | None, Array]:
        """J of the next batch's rows at the present weights, and the estimate of the whole gradient.

        J is None where nobody asks for it and it would cost something.
        """
        recipe, net, size = self.recipe, self.posterior.net, self.recipe.batch_size

        def masks(first: int, count: int) -> Masks | None:
            return masks_of_update(net, recipe.keep, recipe.seed, state.update, count, first)

        if size is None:
            if recipe.keep:
                return self.posterior.dropped_gradient(state.weights, masks)
            if not recipe.sums and self.posterior.objective.choice.kernel is not None:
                return None, self.posterior.gradient_alone(state.weights)
            F, g = self.posterior.gradient(state.weights)
            return F / self.posterior.scale - self.posterior.log_prior(state.weights), g
        part = slice(batch * size, min((batch + 1) * size, self.rows))
        own = masks(0, part.stop - part.start) if recipe.keep else None
        return self.posterior.batch_gradient(state.weights, part if order is None else order[part], own)

    def _iteration(self, solver: SecondOrder, state: State) -> State:
        """One iteration of a solver that looks at all rows; it counts as an epoch."""
        found = solver.iterate(self.posterior, state.weights, state.memory)
        if found is None:
            return replace(state, exhausted=True)
        before = float(state.memory[0][0]) / self.posterior.scale - self.posterior.log_prior(state.weights)
        weights, memory = found
        return State(weights, memory, state.epoch + 1, 0, state.update + 1, 0.0, before, state.rate_factor)


def updated(solver: FirstOrder, posterior: Posterior, state: State, J: float, g: Array, eta: float) -> State:
    """The state after an update with the gradient g of F; J is that of the batch before it.

    AdamW's decay acts on the weights that a penalty would hold, as far as they are free.
    """
    weights, decay = state.weights, getattr(solver, "weight_decay", 0.0)
    if decay:
        decaying = posterior.held if posterior.free is None else posterior.held * posterior.free
        weights = weights * (1 - eta * decay * decaying)
    weights, memory = solver.step(weights, state.memory, g, eta, state.update + 1)
    return replace(
        state,
        weights=weights,
        memory=memory,
        update=state.update + 1,
        batch=state.batch + 1,
        running=state.running + J,
    )


def rate_of_last_update(recipe: Recipe, state: State, rows: int) -> float:
    """The learning rate of the last update done, or of the first one to come."""
    return float(recipe.rates(replace(state, update=max(0, state.update - 1)), rows, 1)[0])


def epoch_done(state: State) -> State:
    """The state once its last batch is through."""
    return replace(state, epoch=state.epoch + 1, batch=0, running=0.0, last_running=state.running)
