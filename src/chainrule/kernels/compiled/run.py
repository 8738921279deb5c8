"""A training run in compiled code: weights, the solver's memory, and a call that advances them by whole epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels.compiled import blocked, epochs, team
from chainrule.kernels.compiled.epochs import STEP_NUMBERS, Form
from chainrule.kernels.compiled.kernel import Kernel, aligned, constant_of, filled_up
from chainrule.kernels.compiled.team_size import TeamSize
from chainrule.kernels.compiled.updates import WEIGHTS_FILLED_UP
from chainrule.network import Network

Array = npt.NDArray[Any]
SAVED, SAVED_UNROLLED = 0.15, 0.3  # of `microseconds_of` that several threads save at least
SHORT = 1000  # microseconds of a call that is over before other threads have woken up and paid


class CompiledRun:
    """The state of a run, advanced by compiled code without the interpreter's lock.

    Parameters
    ----------
    kernel : Kernel
    solver : {"ascent", "momentum", "nesterov", "adam", "adamw"}
    X, T : arrays (N, D), (N, K)
        Checked.
    sample_weight : array (N,) or (N, 1), optional
    flat : array (P,)
        Where to start; copied.
    batch : int, optional
        Rows a step; all rows where left out.
    decay, second_decay : float
        Momentum, or Adam's two decay rates.
    free : array (P,), optional
        0 for a weight that does not move, else 1.
    held : array (P,), optional
        1 for a weight that the prior pulls and AdamW shrinks, else 0.
    scale : float
        What the gradient is multiplied with.
    average : bool
        Divide it by the weight of the rows of each step.
    pull : float
        Precision of the Gaussian prior on the weights that are held, times its scale.
    threads : int
        At most so many; the bits do not depend on it.
    """

    def __init__(
        self,
        kernel: Kernel,
        solver: str,
        X: Array,
        T: Array,
        sample_weight: Array | None,
        flat: Array,
        *,
        batch: int | None = None,
        decay: float = 0.9,
        second_decay: float = 0.999,
        free: Array | None = None,
        held: Array | None = None,
        scale: float = 1.0,
        average: bool = False,
        pull: float = 0.0,
        threads: int = 1,
    ) -> None:
        self.kernel, self.solver, self.batch, self.count = kernel, solver, batch, len(X)
        net, dtype, self._size = kernel.net, kernel.dtype, kernel.net.size
        step_rows = len(X) if batch is None else min(batch, max(len(X), 1))
        self.parts = parts_of(net, step_rows, kernel.is_unrolled)
        self.threads = max(1, min(threads, self.parts))
        self._team_size, self._microseconds = TeamSize(self.threads), microseconds_of(net, step_rows)
        self._saved = self._microseconds * (SAVED_UNROLLED if kernel.is_unrolled else SAVED)
        self._w, self._first, self._second, self._free, self._held = (self._padded() for _ in range(5))
        self._w[: self._size] = flat
        self._free[: self._size] = 1 if free is None else free
        self._held[: self._size] = 1 if held is None else held
        self._is_plain = free is None and not pull and solver != "adamw"
        self._hyper = np.array([decay, second_decay, scale, float(average), pull])
        self._g, self._chunk = (self._padded(self.parts) for _ in range(2))
        self._J, self._weight = np.zeros(self.parts), np.zeros(self.parts)
        space = 0 if kernel.is_unrolled else filled_up(blocked.working_memory(net, kernel.bits), 64)
        self._space, self._space_size = aligned(space * self.threads, dtype), space
        s = np.ones(len(X), dtype) if sample_weight is None else np.reshape(sample_weight, -1)
        self._constant = constant_of(net, T, sample_weight)
        if batch is None:
            padded = filled_up(len(X), kernel.width)
            targets, weights = np.zeros((net.K, padded), dtype), np.zeros(padded, dtype)
            targets[:, : len(X)], weights[: len(X)] = T.T, s
            full = padded if kernel.is_unrolled else len(X) // kernel.width * kernel.width
            inputs, ldx = kernel._inputs(X)[:2] if kernel.is_unrolled else (np.ascontiguousarray(X, dtype), net.D)
            tail = np.zeros((padded - full, net.D), dtype)
            tail[: len(X) - full] = X[full:]
            self._data: tuple[Array, ...] = (inputs, targets, weights, tail)
            self._rows = (*_at(inputs), ldx, *_at(targets), padded, *_at(weights), full)
            self._tail = (*_at(tail), padded - full)
            self._weight[0] = s.sum(dtype=np.float64)
        else:
            self._data = tuple(np.ascontiguousarray(a, dtype) for a in (X, T, s))
            part = filled_up(filled_up(step_rows, self.parts) // self.parts, kernel.width)
            self._panel_size = filled_up(part * (net.D + net.K + 1), 64)
            self._panel = aligned(self._panel_size * self.parts, dtype)
            self._data_at, self._panel_at = _at(*self._data), (*_at(self._panel), self._panel_size)
        # where everything lies that stays where it is, in the order in which compiled code takes it
        self._weights_at, self._hyper_at = _at(self._w), _at(self._hyper)
        chunk = _at(self._chunk) if batch is None else ()
        self._sums_at = (*_at(self._g), *chunk, self._g.shape[1], *_at(self._J))
        self._solver_at = _at(self._weight, self._first, self._second, self._free, self._held)
        self._memory_at = (*_at(self._space), self._space_size)

    @property
    def flat(self) -> Array:
        """The weights now, (P,): a view."""
        return self._w[: self._size]

    @property
    def memory(self) -> tuple[Array, Array]:
        """What the solver remembers, two vectors (P,): views."""
        return self._first[: self._size], self._second[: self._size]

    def full_batches(self, steps: Array, *, J: bool = False) -> Array | None:
        """One update with all rows for each row of ``steps`` (n, 3): rate, smallest divisor, shrinkage.

        Returns J before each update where ``J`` asks for it.
        """
        assert self.batch is None
        steps = _steps(steps)
        total, call = np.zeros(len(steps)), self._function("full", J)
        vectors = (*self._weights_at, *self._tail, *self._sums_at, *_at(total), *self._solver_at)
        numbers = (*_at(steps), *self._hyper_at, len(steps), *self._memory_at)
        self._go(call, (*self._rows, *vectors, *numbers), len(steps))
        return total + self._constant if J else None

    def batches(self, order: Array, steps: Array, *, J: bool = False, before: Any = 0.0) -> Any:
        """One update for each batch of rows in ``order`` (int64), with its row of ``steps``.

        Returns ``before`` and J of every batch before its update added to it, without what the targets alone
        contribute. Of an order (epochs, rows) it returns such a sum for each epoch.
        """
        assert self.batch is not None
        steps, order = _steps(steps), np.ascontiguousarray(order, np.int64)
        epochs, count = (1, *order.shape)[-2:]
        if len(steps) < epochs * -(-count // self.batch) or (
            order.size and not 0 <= order.min() <= order.max() < self.count
        ):
            raise IndexError("order or steps reach beyond the rows")
        total, call = np.zeros(max(1, epochs)), self._function("batches", J)
        total[:] = before
        rows = (*self._data_at, *_at(order), count, min(self.batch, max(self.count, 1)), epochs)
        vectors = (*self._weights_at, *self._sums_at, *_at(total), *self._solver_at)
        numbers = (*_at(steps), *self._hyper_at, *self._panel_at, *self._memory_at)
        self._go(call, (*rows, *vectors, *numbers), len(steps))
        if not J:
            return None
        return float(total[0]) if order.ndim == 1 else total

    def _function(self, kind: str, J: bool) -> Callable[..., Any]:
        kernel = self.kernel
        write, arguments = {
            "full": (epochs.write_full_batch, epochs.FULL_BATCH),
            "batches": (epochs.write_batches, epochs.BATCHES),
        }[kind]
        solver = "adam" if self.solver == "adamw" else self.solver
        form = Form(kernel.bits, kernel.width, kernel.is_unrolled, solver, self.parts, self._is_plain, J)
        name = f"{kind} {form}"
        found = kernel._functions.get(name)
        if found is None:
            code = kernel.library(name, lambda module: write(module, kernel.net, form))
            found = kernel._functions[name] = code.function("run", len(arguments))
        return found

    def _go(self, call: Callable[..., Any], arguments: tuple[int, ...], steps: int) -> None:
        """One call, by a team where it pays."""
        if self.threads == 1 or steps * self._microseconds < SHORT:
            team.run(call, arguments, 1)
            return
        members = self._team_size.choose()
        self._team_size.note(members, team.run(call, arguments, members, self._saved))

    def _padded(self, count: int | None = None) -> Array:
        """Zeros for a vector of weights, filled up, or for several."""
        size = filled_up(self._size, WEIGHTS_FILLED_UP)
        found = aligned(size * (count or 1), self.kernel.dtype)
        return found if count is None else found.reshape(count, size)


def parts_of(net: Network, rows: int, is_unrolled: bool) -> int:
    """Parts of a step, by its size alone: 2 where each is worth the waiting for the other, up to 8 for many rows."""
    microseconds, parts = microseconds_of(net, rows), 1
    while parts < 8:
        least_rows = 64 if parts == 1 and not is_unrolled else 512
        if rows // (2 * parts) < least_rows or microseconds / (2 * parts) < 5:
            break
        parts *= 2
    return parts


def microseconds_of(net: Network, rows: int) -> float:
    """What a step takes about, on one core."""
    return rows * (net.size * 1e-4 + sum(net.M[1:]) * 1e-3)


def adam_steps(rates: Array, first: int, decay: float, second_decay: float, smallest: float = 1e-8) -> Array:
    """Rate and smallest divisor of Adam's updates number first, first + 1, ... (from 1), corrected for the start."""
    t = np.arange(first, first + len(rates))
    correction = np.sqrt(1 - second_decay**t)
    return np.stack([rates * correction / (1 - decay**t), smallest * correction, np.zeros(len(rates))], axis=1)


def _steps(steps: Array) -> Array:
    """Rows of rate, smallest divisor and shrinkage; rates alone are filled up."""
    steps = np.asarray(steps, np.float64)
    if steps.ndim == 1:
        steps = np.stack([steps, np.zeros_like(steps), np.zeros_like(steps)], axis=1)
    assert steps.shape[1] == STEP_NUMBERS
    return np.ascontiguousarray(steps)


def _at(*arrays: Array) -> tuple[int, ...]:
    return tuple(array.ctypes.data for array in arrays)
