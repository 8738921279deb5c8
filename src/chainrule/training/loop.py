"""The training loop: advance, record, look whether to stop."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, DivergedError, SettingError, listed
from chainrule.kernels import Objective
from chainrule.network import Network, Scheme, Weights
from chainrule.tables.labels import LabelCoding
from chainrule.terminal import ProgressBar, is_interactive
from chainrule.training.history import History, Record
from chainrule.training.outcome import Outcome
from chainrule.training.rate import rate
from chainrule.training.run import Run
from chainrule.training.solvers import Solver, State, solver_named

Array = npt.NDArray[Any]
Callback = Callable[[Record, Weights], bool | None]

FALL_ALLOWED = 1000.0  # J may fall this many times its own starting size before it counts as run away


def train(
    net: Network,
    X: npt.ArrayLike,
    T: npt.ArrayLike,
    *,
    solver: str = "ascent",
    learning_rate: float = 1e-6,
    momentum: float = 0.9,
    epochs: int = 100_000,
    average: bool = False,
    sample_weight: npt.ArrayLike | None = None,
    weights: Weights | None = None,
    scheme: Scheme | str = "normal",
    freeze: Sequence[str] = (),
    tolerance: float = 0.0,
    record_every: int = 100,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    seed: int | np.random.Generator | None = 0,
) -> Run:
    """Train a network by climbing its log-likelihood, as the post does.

    ``w <- w + learning_rate dJ/dw``, every weight and bias from the same gradient over all rows.

    Parameters
    ----------
    net : Network
    X : array (N, D)
        Inputs, finite.
    T : array (N, K) or labels (N,)
        Targets as the output law takes them, or raw labels: text, whole numbers, booleans.
    solver : {"ascent", "momentum"}
        "ascent" is the post's; "momentum" adds a velocity.
    learning_rate : float
        Above 0. With the gradient of the sum a good rate shrinks with the number of rows.
    momentum : float
        Share of the velocity that is kept, from 0 to below 1; used by "momentum".
    epochs : int
        Full passes over the data, at least 0.
    average : bool
        Climb J divided by the total sample weight instead of J: the rate then fits any number of rows.
    sample_weight : array (N,), optional
        Non-negative.
    weights : Weights, optional
        Where to start; drawn by ``scheme`` and ``seed`` where left out. Not changed.
    scheme : {"normal", "glorot", "he", "lecun"}
    freeze : sequence of str
        Names of weights held fixed: ``("W2", "b2")``.
    tolerance : float
        Converged when no entry of the gradient of J / N is larger, looked at each time a record is made.
    record_every : int
        Epochs between two records, at least 1. The first and the last epoch are always recorded.
    callbacks : iterable of callables (record, weights)
        Called at each record; one that returns True stops the training.
    progress : bool, optional
        A progress bar on standard error; where left out, only when that is a terminal.
    seed : int, Generator or None

    Returns
    -------
    Run : weights, history and outcome. Ctrl-C ends with the outcome INTERRUPTED and the weights so far.

    Raises
    ------
    DivergedError
        J or a weight stopped being finite, or J ran away. It carries the last good weights and a rate to try.
    DataError
        X, T or the sample weights are not what the network takes.
    SettingError
        An option is outside its range.

    Source: the post, "Coding example".

    Examples
    --------
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=50, seed=0)
    >>> run = cr.train(cr.Network("2-3-3"), X, labels, learning_rate=1e-3, epochs=200, seed=1)
    >>> run.outcome.name, bool(run.history.J[-1] > run.history.J[0])
    ('MAX_EPOCHS', True)
    """
    _check_settings(learning_rate, momentum, epochs, tolerance, record_every)
    coding, targets = coded_targets(net, T)
    objective = Objective(net, X, targets, sample_weight)
    if not objective.rows:
        raise DataError("X has no rows, so there is nothing to learn from.")
    start = weights if weights is not None else net.initial_weights(scheme, seed=seed)
    if start.network != net:
        raise DataError(f"The weights belong to {start.network.notation}, not to {net.notation}.")
    method = solver_named(solver, **({"momentum": momentum} if solver == "momentum" else {}))
    climb = _Climb(objective, method, learning_rate, average, _free(net, freeze))
    settings = {
        "solver": solver,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "epochs": epochs,
        "average": average,
        "scheme": scheme,
        "freeze": tuple(freeze),
        "tolerance": tolerance,
        "record_every": record_every,
        "seed": seed if isinstance(seed, int) else None,
    }
    show = is_interactive() if progress is None else progress
    with ProgressBar(net.notation, epochs) if show else contextlib.nullcontext() as bar:
        watchers = [*callbacks, *([_shown_on(bar)] if bar else [])]
        final, history, outcome = _loop(climb, start, epochs, record_every, tolerance, watchers)
    return Run(net, net.weights_from(final), history, outcome, coding, settings)


def coded_targets(net: Network, T: npt.ArrayLike) -> tuple[LabelCoding | None, npt.ArrayLike]:
    """The classes and T as a matrix, from T or from raw labels."""
    shape = np.shape(T)
    if not net.law.has_classes:
        return None, T
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1 and net.K > 1):
        coding = LabelCoding.of(T)
        if len(coding.classes) == 1:
            raise DataError(
                f"All labels are of one class, {str(coding.classes[0])!r}.", "There is nothing to tell apart."
            )
        return coding, coding.indicator(T, net.K)
    classes = np.arange(2 if net.K == 1 else net.K)
    return (LabelCoding(classes) if net.law.name == "softmax" or net.K == 1 else None), T


class _Climb:
    """An objective and a solver: what one epoch does to a state."""

    def __init__(
        self, objective: Objective, solver: Solver, learning_rate: float, average: bool, free: Array | None
    ) -> None:
        self.objective = objective
        self.solver = solver
        self.learning_rate = learning_rate
        self.scale = 1 / objective.total_weight if average else 1.0
        self.free = free

    def epoch(self, state: State, learning_rate: float | None = None) -> State:
        """One full-batch step."""
        return self.solver.step(state, self.gradient(state[0])[1], learning_rate or self.learning_rate)

    def gradient(self, flat: Array) -> tuple[float, Array]:
        """J, and the gradient of what is climbed, zero for frozen weights."""
        J, d = self.objective.gradient(flat)
        d *= self.scale
        if self.free is not None:
            d *= self.free
        return J, d

    def record(self, epoch: int, flat: Array, seconds: float) -> tuple[Record, float]:
        """A line of the history, and the largest entry of the gradient of J / N."""
        J, d = self.gradient(flat)
        objective = self.objective
        share = rate(objective.net.law, objective.outputs(flat), objective.T, objective.weight)
        steepest = float(np.abs(d).max()) / (self.scale * objective.total_weight)
        return Record(epoch, float(J), share, seconds), steepest


def _loop(
    climb: _Climb,
    start: Weights,
    epochs: int,
    record_every: int,
    tolerance: float,
    watchers: Sequence[Callback],
) -> tuple[Array, History, Outcome]:
    """Final weights, history and outcome."""
    net, history, began = start.network, History(), time.monotonic()
    state = climb.solver.start(start.flat.astype(np.float64))
    epoch, good, outcome = 0, state[0], Outcome.MAX_EPOCHS
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what overflows is seen in J and raised
        try:
            while True:
                record, steepest = climb.record(epoch, state[0], time.monotonic() - began)
                if _ran_away(record, state[0], history):
                    raise _diverged(climb, start, record, good)
                good = state[0]
                history.append(record)
                stop = [watch(record, net.weights_from(good)) for watch in watchers]
                if steepest <= tolerance:
                    outcome = Outcome.CONVERGED
                elif any(stop):
                    outcome = Outcome.STOPPED
                elif epoch < epochs:
                    for _ in range(min(record_every, epochs - epoch)):
                        state = climb.epoch(state)
                        epoch += 1
                    continue
                break
        except KeyboardInterrupt:
            outcome = Outcome.INTERRUPTED
            record, _ = climb.record(epoch, state[0], time.monotonic() - began)
            if _ran_away(record, state[0], history):
                state = (good, *state[1:])
            elif not len(history) or history[-1].epoch != epoch:
                history.append(record)
    return state[0], history, outcome


def _ran_away(record: Record, flat: Array, history: History) -> bool:
    """Whether J or a weight is not finite, or J fell far below where it began."""
    if not (math.isfinite(record.J) and np.isfinite(flat).all()):
        return True
    return bool(len(history)) and record.J < history[0].J - FALL_ALLOWED * (1 + abs(history[0].J))


def _diverged(climb: _Climb, start: Weights, record: Record, good: Array) -> DivergedError:
    """The error, with a learning rate that climbs from the same start when tried."""
    suggestion = climb.learning_rate
    for _ in range(30):
        suggestion /= 10
        if _climbs(climb, start.flat, suggestion):
            break
    return DivergedError(
        f"Training diverged by epoch {record.epoch}: J is {record.J:.4g}.",
        f"The learning rate {climb.learning_rate:g} is too large for this network and data.",
        f"Try learning_rate={suggestion:.0e}; the last good weights are in the error's .weights.",
        weights=start.network.weights_from(good),
        epoch=record.epoch,
        learning_rate=suggestion,
    )


def _climbs(climb: _Climb, flat: Array, learning_rate: float) -> bool:
    """Whether J rises over thirty epochs with this rate."""
    state = climb.solver.start(flat.astype(np.float64))
    before = climb.objective.value(state[0])
    for _ in range(30):
        state = climb.epoch(state, learning_rate)
    after = climb.objective.value(state[0])
    return bool(np.isfinite(after) and after >= before)


def _free(net: Network, freeze: Sequence[str]) -> Array | None:
    """1 where a weight moves, 0 where it is held fixed; None where all move."""
    if isinstance(freeze, str):
        freeze = (freeze,)
    free = np.ones(net.size)
    for name in freeze:
        if name not in net.slices:
            raise SettingError(
                f"freeze names {name!r}, which {net.notation} does not have.",
                f"Its weights are {listed(net.names)}.",
            )
        free[net.slices[name]] = 0.0
    return free if len(freeze) else None


def _check_settings(learning_rate: float, momentum: float, epochs: int, tolerance: float, record_every: int) -> None:
    """SettingError for the first option outside its range."""
    allowed = (
        ("learning_rate", learning_rate, 0 < learning_rate < math.inf, "a finite number above 0"),
        ("momentum", momentum, 0 <= momentum < 1, "a number from 0 to below 1"),
        ("epochs", epochs, epochs >= 0 and int(epochs) == epochs, "a whole number from 0"),
        ("tolerance", tolerance, 0 <= tolerance < math.inf, "a finite number from 0"),
        (
            "record_every",
            record_every,
            record_every >= 1 and int(record_every) == record_every,
            "a whole number from 1",
        ),
    )
    for name, value, fits, words in allowed:
        if not fits:
            raise SettingError(f"{name} must be {words}, not {value!r}.")


def _shown_on(bar: ProgressBar) -> Callback:
    """A callback that moves the bar."""

    def show(record: Record, weights: Weights) -> None:
        bar.update(record.epoch, f"J {record.J:,.2f}  rate {record.rate:.4f}")

    return show
