"""The engine of mini-batches over a table in blocks."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.kernels.select import reference_seconds
from chainrule.training.dropout import masks_of_update
from chainrule.training.engine import Recipe, epoch_done, rate_of_last_update, steps_are_compiled, updated
from chainrule.training.groups import Groups, Window
from chainrule.training.posterior import Posterior
from chainrule.training.solvers.first_order import FirstOrder
from chainrule.training.state import State
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]

SECONDS_A_CALL = 0.1  # of compiled code, after which Ctrl-C and the time limit are looked at


class StreamedEngine:
    """Updates with mini-batches of a table that is read in blocks, in the order of `Groups`.

    A group of blocks is computed with in memory, in compiled code where that pays, while the next one is read. At most
    ``2 SHUFFLE_BLOCKS + 1`` blocks and a batch are in memory.

    Parameters
    ----------
    posterior : Posterior
        Its objective is a `BlockedObjective` of more than one block.
    solver : FirstOrder
    recipe : Recipe
        With a batch size.
    """

    def __init__(self, posterior: Posterior, solver: FirstOrder, recipe: Recipe) -> None:
        assert isinstance(posterior.objective, BlockedObjective)
        assert recipe.batch_size is not None
        self.posterior, self.solver, self.recipe = posterior, solver, recipe
        self.objective, self.size = posterior.objective, recipe.batch_size
        self.rows = self.objective.rows
        self.batches = recipe.updates_per_epoch(self.rows)
        self._groups: Groups | None = None
        self._run: Any = None
        self._pace = reference_seconds(posterior.net, self.size)  # seconds an update, at first

    def with_learning_rate(self, learning_rate: float) -> StreamedEngine:
        """The same with another rate."""
        return StreamedEngine(self.posterior, self.solver, replace(self.recipe, learning_rate=learning_rate))

    def start(self, weights: Array) -> State:
        """Before the first update."""
        w = np.array(weights, dtype=self.objective.dtype)
        return State(w, self.solver.start(w))

    def rate_at(self, state: State) -> float:
        """Of the last update done, or the first one to come."""
        return rate_of_last_update(self.recipe, state, self.rows)

    def advance(self, state: State, epochs: int, stop: Stop) -> State:
        """Some epochs later, or at the end of the call that saw it stopped or not finite."""
        if self._groups is None:
            self._groups = Groups(self.objective, self.size, self.recipe.shuffle, self.recipe.seed)
        try:
            windows = self._groups.windows(state.epoch, state.epoch + epochs, state.batch)
            with contextlib.closing(windows):
                for window in windows:
                    at = 0
                    while at < len(window.order):
                        if stop.now() or not state.is_finite():
                            return state
                        updates = max(1, int(SECONDS_A_CALL / self._pace))
                        part = window.order[at : at + updates * self.size]
                        state = self._call(state, Window(window.epoch, part))
                        at += len(part)
                        if self.objective.passed:
                            self.objective.passed(len(part))
        except KeyboardInterrupt:  # what ran did not touch the state, so it is that before the last call
            stop.interrupt()
        return state

    def _call(self, state: State, window: Window) -> State:
        """The state after the updates with these rows."""
        began, before = time.perf_counter(), state.update
        is_compiled = steps_are_compiled(self.objective, self.solver, self.recipe)
        state = self._compiled(state, window.order) if is_compiled else self._in_numpy(state, window.order)
        pace = (time.perf_counter() - began) / max(1, state.update - before)
        self._pace = min(max(pace, self._pace / 4, 1e-9), self._pace * 4)
        return epoch_done(state) if state.batch == self.batches else state

    def _in_numpy(self, state: State, order: Array) -> State:
        assert self._groups is not None
        groups, recipe, net = self._groups, self.recipe, self.posterior.net
        rates = recipe.rates(state, self.rows, -(-len(order) // self.size))
        for number, eta in enumerate(rates.tolist()):
            rows = order[number * self.size : (number + 1) * self.size]
            masks = None
            if recipe.keep:
                masks = masks_of_update(net, recipe.keep, recipe.seed, state.update, len(rows))
            weight = None if groups.weight is None else groups.weight[rows]
            J, g = self.posterior.gradient_of(state.weights, groups.X[rows], groups.T[rows], weight, masks)
            state = updated(self.solver, self.posterior, state, J, g, eta)
            if not math.isfinite(J):
                break
        return state

    def _compiled(self, state: State, order: Array) -> State:
        from chainrule.training.compiled import new_run, steps_of

        if self._run is None:
            assert self._groups is not None
            groups = self._groups
            self._run = new_run(self.posterior, self.solver, self.size, groups.X, groups.T, groups.weight)
        run, count = self._run, -(-len(order) // self.size)
        run.flat[:] = state.weights
        for vector, remembered in zip(run.memory, state.memory, strict=False):
            vector[:] = remembered
        before = state.running if state.batch else self._constant
        steps = steps_of(self.solver, self.recipe.rates(state, self.rows, count), state.update)
        running = run.batches(order, steps, J=True, before=before)
        memory = tuple(vector.copy() for vector in run.memory[: self.solver.vectors])
        return replace(
            state,
            weights=run.flat.copy(),
            memory=memory,
            update=state.update + count,
            batch=state.batch + count,
            running=running,
        )

    @property
    def _constant(self) -> float:
        """What the targets alone contribute to J of an epoch, which compiled code leaves out."""
        law = self.posterior.net.law
        if law.has_classes:
            return 0.0
        targets = self.objective.targets
        if law.name == "exp":
            return -float(targets.log_factorial.sum())
        return -0.5 * math.log(2 * math.pi) * targets.weight * self.posterior.net.K
