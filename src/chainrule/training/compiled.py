"""The engine in compiled code: whole epochs in one call, outside the interpreter."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective
from chainrule.kernels.compiled.kernel import constant_of
from chainrule.kernels.compiled.run import CompiledRun, adam_steps, microseconds_of
from chainrule.kernels.compiled.shuffle import shuffled
from chainrule.kernels.compiled.threads import available
from chainrule.training import randomness
from chainrule.training.engine import Recipe, epoch_done, rate_of_last_update
from chainrule.training.posterior import Posterior
from chainrule.training.solvers.first_order import Adam, AdamW, FirstOrder, Momentum
from chainrule.training.state import State
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]

_idle: weakref.WeakKeyDictionary[Objective, dict[Any, list[CompiledRun]]] = weakref.WeakKeyDictionary()
SECONDS_A_CALL = 0.1  # after which Ctrl-C and the time limit are looked at
MOST_ROWS_ORDERED = 1 << 17  # of several epochs in one call: their orders are made before it


class CompiledEngine:
    """The engine on `CompiledRun`: the updates of the reference engine in the same order, to about 1e-11.

    The same state gives the same bits however many updates go into a call, for any number of threads. A step of a run
    is pure, as the reference's: arrays of a state are copied in and out.

    Parameters
    ----------
    posterior : Posterior
        Its objective has a compiled kernel.
    solver : FirstOrder
    recipe : Recipe
        Without dropout.
    """

    def __init__(self, posterior: Posterior, solver: FirstOrder, recipe: Recipe) -> None:
        assert posterior.objective.choice.kernel is not None
        assert not any(share < 1 for share in recipe.keep)
        self.posterior = posterior
        self.solver = solver
        self.recipe = recipe
        self.rows = posterior.objective.rows
        self.batches = recipe.updates_per_epoch(self.rows)
        o = posterior.objective
        assert isinstance(o, Objective)
        self._constant = constant_of(o.net, o.T, o.weight) if recipe.batch_size is not None else 0.0
        self._order: tuple[int, Array] | None = None  # that of an epoch which takes several calls
        # seconds an update: at first a guess that is rather too long, since a call cannot be cut short
        self._pace = 2e-6 * microseconds_of(posterior.net, recipe.batch_size or self.rows)

    def with_learning_rate(self, learning_rate: float) -> CompiledEngine:
        """The same with another rate."""
        return CompiledEngine(self.posterior, self.solver, replace(self.recipe, learning_rate=learning_rate))

    def start(self, weights: Array) -> State:
        """Before the first update."""
        w = np.array(weights, dtype=self.posterior.objective.dtype)
        return State(w, self.solver.start(w))

    def rate_at(self, state: State) -> float:
        """Of the last update done, or the first one to come."""
        return rate_of_last_update(self.recipe, state, self.rows)

    def advance(self, state: State, epochs: int, stop: Stop) -> State:
        """Some epochs later, or at the end of the call that saw it stopped or not finite."""
        last = state.epoch + epochs
        try:
            with self._workspace(state) as run:
                while state.epoch < last and state.is_finite() and not stop.now():
                    began = time.perf_counter()
                    later = self._call(run, state, last)
                    self._note(time.perf_counter() - began, later.update - state.update)
                    state = later
        except KeyboardInterrupt:  # what ran did not touch the state, so it is that before the last call
            stop.interrupt()
        return state

    def _call(self, run: CompiledRun, state: State, last: int) -> State:
        """The state after one call of about `SECONDS_A_CALL`."""
        updates = max(1, int(SECONDS_A_CALL / self._pace))
        if self.recipe.batch_size is None:
            return self._full_batches(run, state, min(updates, last - state.epoch), last)
        whole = min(updates // self.batches, max(1, MOST_ROWS_ORDERED // self.rows), last - state.epoch)
        if state.batch or not whole:
            return self._part_of_epoch(run, state, min(updates, self.batches - state.batch))
        return self._epochs(run, state, whole)

    def _full_batches(self, run: CompiledRun, state: State, count: int, last: int) -> State:
        """So many updates with all rows; J is only asked for before the very last of the advance, where wanted."""
        at_end = self.recipe.sums and state.epoch + count == last
        steps = self._steps(state, count)
        if count > at_end:
            run.full_batches(steps[: count - at_end])
        J = float("nan")
        if at_end:
            values = run.full_batches(steps[count - 1 :], J=True)
            assert values is not None
            J = float(values[0])
        return replace(
            self._held(run, state),
            epoch=state.epoch + count,
            update=state.update + count,
            last_running=J,
        )

    def _part_of_epoch(self, run: CompiledRun, state: State, count: int) -> State:
        """So many updates of an epoch that is too long for one call, or was begun before."""
        order = self._orders(state.epoch, 1)[0]
        size = self.recipe.batch_size or self.rows
        part = order[state.batch * size : (state.batch + count) * size]
        before = state.running if state.batch else self._constant
        running = run.batches(part, self._steps(state, count), J=True, before=before)
        later = replace(self._held(run, state), batch=state.batch + count, update=state.update + count, running=running)
        return epoch_done(later) if later.batch == self.batches else later

    def _epochs(self, run: CompiledRun, state: State, count: int) -> State:
        """So many whole epochs."""
        updates = count * self.batches
        orders = self._orders(state.epoch, count)
        sums = run.batches(orders, self._steps(state, updates), J=True, before=np.full(count, self._constant))
        if not np.isfinite(sums).all():  # seen where it happens, whatever the epochs after it make of the weights
            sums[-1] = np.nan
        running = float(sums[-1])
        return epoch_done(
            replace(
                self._held(run, state), epoch=state.epoch + count - 1, update=state.update + updates, running=running
            )
        )

    def _orders(self, epoch: int, count: int) -> Array:
        """The orders of the rows in so many epochs, (count, rows)."""
        if self._order is not None and self._order[0] == epoch and count == 1:
            return self._order[1]
        found = np.empty((count, self.rows), np.int64)
        for at in range(count):
            if self.recipe.shuffle:
                shuffled(randomness.key_of(self.recipe.seed, randomness.ORDER, epoch + at), found[at])
            else:
                found[at] = np.arange(self.rows)
        self._order = (epoch, found) if count == 1 else None
        return found

    def _steps(self, state: State, count: int) -> Array:
        """What each update's length is made of."""
        return steps_of(self.solver, self.recipe.rates(state, self.rows, count), state.update)

    def _note(self, seconds: float, updates: int) -> None:
        """How fast it goes; a call that was disturbed must not make the next ones tiny, nor a lucky one huge."""
        if updates:
            self._pace = min(max(seconds / updates, self._pace / 4, 1e-9), self._pace * 4)

    def _held(self, run: CompiledRun, state: State) -> State:
        """The state with the weights and the memory that the run now has."""
        memory = tuple(vector.copy() for vector in run.memory[: self.solver.vectors])
        return replace(state, weights=run.flat.copy(), memory=memory)

    @property
    def _key(self) -> Any:
        """What a run is made for, beside the objective."""
        p = self.posterior
        free = None if p.free is None else p.free.tobytes()
        return self.solver, self.recipe.batch_size, p.scale, p.penalty, p.held.tobytes() if p.penalty else "", free

    @contextlib.contextmanager
    def _workspace(self, state: State) -> Iterator[CompiledRun]:
        """A `CompiledRun` at a state: one that is idle, else a new one."""
        assert isinstance(self.posterior.objective, Objective)
        idle = _idle.setdefault(self.posterior.objective, {}).setdefault(self._key, [])
        try:
            run = idle.pop()
        except IndexError:
            run = self._new_run()
        run.flat[:] = state.weights
        for vector, remembered in zip(run.memory, state.memory, strict=False):
            vector[:] = remembered
        try:
            yield run
        finally:
            idle.append(run)

    def _new_run(self) -> CompiledRun:
        o = self.posterior.objective
        assert isinstance(o, Objective)
        return new_run(self.posterior, self.solver, self.recipe.batch_size, o.X, o.T, o.weight)


def new_run(
    p: Posterior, solver: FirstOrder, batch: int | None, X: Array, T: Array, weight: Array | None
) -> CompiledRun:
    """A run of a solver over these rows."""
    o, decays = p.objective, {}
    if isinstance(solver, Adam):
        decays = {"decay": solver.beta1, "second_decay": solver.beta2}
    elif isinstance(solver, Momentum):
        decays = {"decay": solver.momentum}
    assert o.choice.kernel is not None
    return CompiledRun(
        o.choice.kernel, type(solver).__name__.lower(), X, T, weight, np.zeros(p.net.size, o.dtype),
        batch=batch, average=batch is not None, scale=p.scale * (o.total_weight if batch else 1.0),
        pull=p.scale * p.penalty, held=p.held, free=p.free, threads=available(), **decays,
    )  # fmt: skip


def steps_of(solver: FirstOrder, rates: Array, update: int) -> Array:
    """What the length of each update is made of, from their rates; ``update`` are done before."""
    if not isinstance(solver, Adam):
        return rates
    steps = adam_steps(rates, update + 1, solver.beta1, solver.beta2, solver.epsilon)
    if isinstance(solver, AdamW):
        steps[:, 2] = rates * solver.weight_decay
    return steps
