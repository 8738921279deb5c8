"""A plan carried out: the penalty chosen on rows set apart, then the network trained on all training rows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective
from chainrule.network import Network, Weights
from chainrule.tables.model import TableModel
from chainrule.tables.plan import Plan, planned
from chainrule.tables.split import folds

Array = npt.NDArray[Any]

EPOCHS = 500  # iterations of L-BFGS
MINI_BATCH_ROWS = 10_000_000  # rows seen in all by mini-batches, in 10 to 100 epochs
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_TOLERANCE = 1e-4  # of the gradient a row; what is left to gain there is far below the noise of the data
_CHOOSING_EPOCHS = 150
_FEWEST_TO_CHOOSE = 20  # training rows; below this the penalty is 1
_MANY_ROWS = 50_000  # from here on mini-batches climb faster than whole passes, and the penalty hardly matters


def fitted(
    plan: Plan,
    *,
    epochs: int | None = None,
    learning_rate: float | None = None,
    penalty: float | None = None,
    progress: bool | None = None,
) -> TableModel:
    """Train the network of a plan on its training rows.

    ``F = J - penalty/2 sum of W²`` is climbed: by L-BFGS, or by Adam on mini-batches where there are many rows, or
    by momentum where a learning rate is given. The penalty is chosen from a grid by the log-likelihood of rows set
    apart (in five folds where there are few), then all training rows are trained on with it. It is 1 where there are
    too few rows to choose, or so many that it hardly matters.

    Parameters
    ----------
    plan : Plan
    epochs : int, optional
        At most this many passes.
    learning_rate : float, optional
        Train by momentum on the mean with this rate.
    penalty : float, optional
        From 0; chosen where left out.
    progress : bool, optional
        A progress bar on standard error; where left out, only on a terminal.

    Returns
    -------
    TableModel. Ctrl-C ends the training with the outcome INTERRUPTED and the weights so far.

    Raises
    ------
    DivergedError
        The learning rate is too large; the error suggests another.
    SettingError
        An option is outside its range.
    """
    from chainrule.training import Outcome

    began = time.monotonic()
    table = plan.training_table
    X = plan.contract.apply(table).X
    T = plan.target.code(table)
    way = _Way.of(plan, len(X), epochs, learning_rate)
    choice = _Choice(penalty=penalty if penalty is not None else 1.0)
    if penalty is None and _FEWEST_TO_CHOOSE <= len(X) < _MANY_ROWS:
        choice = _chosen(plan, way, X, T, progress)
    if choice.interrupted is not None:
        run = choice.interrupted
    else:
        run = way.run(X, T, choice.penalty, progress)
    settings = {
        **plan.settings,
        **run.settings,
        "tried": [list(pair) for pair in choice.tried],
        "folds": choice.folds,
        "seconds": time.monotonic() - began,
    }
    model = TableModel(plan.network, run.weights, plan.contract, plan.target, run.history, run.outcome, settings)
    if plan.target.task == "regress" and run.outcome is not Outcome.INTERRUPTED:
        model = _with_spread(model, plan, choice)
    return model


def train_table(
    source: Any,
    target: str,
    *,
    epochs: int | None = None,
    learning_rate: float | None = None,
    penalty: float | None = None,
    progress: bool | None = None,
    **options: Any,
) -> TableModel:
    """Train a network to predict one column of a table from the others.

    Parameters
    ----------
    source : path, data frame or mapping of columns
    target : str
        The column to predict.
    epochs, learning_rate, penalty, progress
        See `chainrule.tables.fit.fitted`.
    **options
        See `chainrule.tables.plan.planned`: task, hidden, drop, categories, missing, missing_words, test_share, seed.

    Returns
    -------
    TableModel

    Raises
    ------
    DataError, SettingError, DivergedError

    Examples
    --------
    >>> import chainrule as cr
    >>> table = {"x": [i / 50 for i in range(100)], "y": [3 * i / 50 - 1 for i in range(100)]}
    >>> model = cr.train_table(table, "y")
    >>> bool(abs(model.predict({"x": [1.0]})[0] - 2) < 0.1)
    True
    """
    plan = planned(source, target, **options)
    return fitted(plan, epochs=epochs, learning_rate=learning_rate, penalty=penalty, progress=progress)


@dataclass(frozen=True)
class _Way:
    """How this table is climbed: the options of `train` that do not hang on the penalty."""

    net: Network
    options: dict[str, Any]
    choosing: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, rows: int, epochs: int | None, learning_rate: float | None) -> _Way:
        common = {"scheme": _scheme(plan.network), "seed": plan.settings["seed"]}
        if learning_rate is not None:
            most = 2000 if epochs is None else epochs
            own: dict[str, Any] = {"solver": "momentum", "learning_rate": learning_rate, "average": True}
            return cls(plan.network, {**common, **own, "epochs": most, "record_every": 10}, {"epochs": min(most, 500)})
        if rows >= _MANY_ROWS:
            most = min(100, max(10, MINI_BATCH_ROWS // rows)) if epochs is None else epochs
            own = {"solver": "adam", "batch_size": 256, "average": True, "schedule": "cosine"}
            return cls(plan.network, {**common, **own, "epochs": most}, {})
        most = EPOCHS if epochs is None else epochs
        own = {"solver": "lbfgs", "tolerance": _TOLERANCE}
        return cls(plan.network, {**common, **own, "epochs": most}, {"epochs": min(most, _CHOOSING_EPOCHS)})

    def run(
        self, X: Array, T: Array, penalty: float, progress: bool | None, is_choosing: bool = False, **more: Any
    ) -> Any:
        from chainrule.training import train

        options = {**self.options, **(self.choosing if is_choosing else {}), **more}
        return train(self.net, X, T, penalty=penalty, progress=progress, **options)


@dataclass(frozen=True)
class _Choice:
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


def _chosen(plan: Plan, way: _Way, X: Array, T: Array, progress: bool | None) -> _Choice:
    """The penalty with the highest log-likelihood of rows set apart, found by walking uphill on the grid."""
    table = plan.training_table
    codes = plan.target.codes(table) if plan.target.task == "classify" else None
    parts = folds(len(X), plan.settings["seed"] + 1, codes)
    starts: list[Weights | None] = [None] * len(parts)

    def figure(penalty: float) -> float:
        """Log-likelihood a row of the rows set apart."""
        from chainrule.training import Outcome

        total = 0.0
        for number, (fit, check) in enumerate(parts):
            run = way.run(X[fit], T[fit], penalty, progress, is_choosing=True, weights=starts[number])
            if run.outcome is Outcome.INTERRUPTED:
                raise _Interrupted(run)
            starts[number] = run.weights  # the next penalty is near: its maximum is, too
            total += float(Objective(way.net, X[check], T[check], evaluations=1).value(run.weights.flat))
        return total / sum(len(check) for _, check in parts)

    try:
        best, tried = _uphill(figure)
    except _Interrupted as stopped:
        return _Choice(1.0, interrupted=stopped.run)
    return _Choice(best, tried, len(parts))


def _uphill(figure: Callable[[float], float]) -> tuple[float, tuple[tuple[float, float], ...]]:
    """The best penalty on the grid near 1: upwards while that helps, else downwards while that helps."""
    at = PENALTIES.index(1.0)
    seen = {at: figure(1.0)}
    for step in (1, -1):
        while 0 <= at + step < len(PENALTIES):
            seen[at + step] = found = figure(PENALTIES[at + step])
            if not found > seen[at] + 1e-6 * abs(seen[at]):
                break
            at += step
        if at != PENALTIES.index(1.0):
            break
    tried = tuple((PENALTIES[place], value) for place, value in sorted(seen.items()) if math.isfinite(value))
    return PENALTIES[at], tried


def _scheme(net: Network) -> str:
    """He's initial weights where the first activation cuts off half of its inputs, else Glorot's."""
    rectified = {"relu", "leaky_relu", "elu", "selu", "gelu", "swish", "mish"}
    return "he" if net.L > 1 and net.layers[0].function in rectified else "glorot"


def _with_spread(model: TableModel, plan: Plan, choice: _Choice) -> TableModel:
    """The model with the spread of rows around its predictions: of rows set apart where there were, else of its own."""
    if choice.tried:
        # J a row of a Gaussian with unit variance is -(mean squared error)/2 - log(2 pi)/2, in units of the scale
        squared = -2 * max(figure for _, figure in choice.tried) - math.log(2 * math.pi)
        spread = plan.target.scale * math.sqrt(max(squared, 0.0))
    else:
        table = plan.training_table
        residual = (model.target.numbers(table) - model.predict(table)) / (plan.target.scale or 1.0)
        spread = plan.target.scale * float(np.sqrt(np.mean(residual**2)))
    return replace(model, target=replace(model.target, spread=spread))
