"""A plan carried out: the penalty chosen on rows set apart, then the network trained on all training rows."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.tables.model import TableModel
from chainrule.tables.penalty import FEWEST_TO_CHOOSE, Choice, Memory, chosen
from chainrule.tables.plan import Plan
from chainrule.tables.way import Way
from chainrule.terminal import ProgressBar, is_interactive

Array = npt.NDArray[Any]


def fitted(
    plan: Plan,
    *,
    solver: str | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    penalty: float | None = None,
    time_budget: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
) -> TableModel:
    """Train the network of a plan on its training rows.

    ``F = J - penalty/2 sum of W²`` is climbed: by L-BFGS, or by Adam on mini-batches where there are many rows. The
    penalty is chosen from a grid by the log-likelihood of rows set apart (in five folds where there are few), then
    all training rows are trained on with it. It is 1 where there are too few rows to choose, and for mini-batches:
    these stop early instead, when a tenth of the rows, not trained on, has not become likelier for a while.

    Parameters
    ----------
    plan : Plan
    solver : {"lbfgs", "newton", "adam", "adamw", "ascent", "momentum", "nesterov"}, optional
        The first two look at all rows at each step, the others at a mini-batch.
    epochs : int, optional
        At most this many passes.
    learning_rate : float, optional
        Size of a step on the mean. Alone, on few rows: momentum on all of them.
    batch_size : int, optional
        Rows of a mini-batch.
    penalty : float, optional
        From 0; chosen where left out.
    time_budget : float, optional
        Seconds for all of it, above 0; choosing the penalty takes at most half. What is best by then is kept, so the
        result hangs on the machine's speed.
    checkpoint : path, optional
        A file that holds the training so far; the penalty that was chosen stands beside it.
    resume : bool
        Go on from the checkpoint where there is one, to the same bits as without the stop.
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
        An option is outside its range, or the checkpoint is of another training.
    ModelFileError
        The checkpoint cannot be written or read.
    """
    from chainrule.training import Outcome

    began = time.monotonic()
    check_budget(time_budget)
    table = plan.training_table
    X = plan.contract.apply(table).X
    T = plan.target.code(table)
    way = Way.of(plan, len(X), solver=solver, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size)
    chooses = penalty is None and way.chooses and len(X) >= FEWEST_TO_CHOOSE
    with Bar(progress, plan.network.notation, way.options["epochs"], chooses) as bar:
        choice = Choice(penalty=penalty if penalty is not None else 1.0)
        if chooses:
            memory = Memory(checkpoint, way, X, T)
            half = None if time_budget is None else began + time_budget / 2
            choice = (memory.recall() if resume else None) or chosen(plan, way, X, T, half, bar.choosing)
            if choice.interrupted is None:
                memory.keep(choice)
        left = None if time_budget is None else max(began + time_budget - time.monotonic(), 1e-3)
        run = choice.interrupted or way.run(
            X,
            T,
            choice.penalty,
            time_limit=left,
            checkpoint=checkpoint,
            resume=bool(resume),
            callbacks=[bar.training] if bar else (),
        )
    settings = {
        **plan.settings,
        **run.settings,
        "tried": [list(pair) for pair in choice.tried],
        "folds": choice.folds,
        "seconds": time.monotonic() - began,
        "is_choosing": choice.interrupted is not None,
        "epoch": run.epoch,
        "J": run.J,
        "constant_J": run.constant_J,
        "verdict": run.verdict if run.worse_than_constant else "",
    }
    model = TableModel(plan.network, run.weights, plan.contract, plan.target, run.history, run.outcome, settings)
    if plan.target.task == "regress" and run.outcome is not Outcome.INTERRUPTED:
        model = _with_spread(model, plan, choice)
    return model


def check_budget(seconds: float | None) -> None:
    """SettingError unless this is a time."""
    if seconds is not None and not (isinstance(seconds, int | float) and 0 < seconds < math.inf):
        raise SettingError(f"The time budget must be a number of seconds above 0, not {seconds!r}.")


def train_table(
    source: Any,
    target: str,
    *,
    solver: str | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    penalty: float | None = None,
    time_budget: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
    memory: str | None = None,
    **options: Any,
) -> TableModel:
    """Train a network to predict one column of a table from the others.

    Parameters
    ----------
    source : path, data frame or mapping of columns
        A file may be CSV or Parquet; a folder of Parquet files is one table.
    target : str
        The column to predict.
    memory : str, optional
        How much memory to take at most, such as ``"2GB"``; most of what is free where left out. A file that needs more
        is read in blocks, see `chainrule.tables.streamed_fit.streamed_fit`.
    solver, epochs, learning_rate, batch_size, penalty, time_budget, checkpoint, resume, progress
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
    from chainrule.tables.size import plan_for
    from chainrule.tables.streamed_plan import StreamedPlan

    plan = plan_for(source, target, memory=memory, **options)
    training: dict[str, Any] = {
        "solver": solver,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "penalty": penalty,
        "time_budget": time_budget,
        "checkpoint": checkpoint,
        "resume": resume,
        "progress": progress,
    }
    if isinstance(plan, StreamedPlan):
        from chainrule.tables.streamed_fit import streamed_fit

        return streamed_fit(plan, **training)[0]
    return fitted(plan, **training)


class Bar(contextlib.AbstractContextManager["Bar"]):
    """One bar for all of it: the fits while the penalty is chosen, then the training; nothing where nobody looks."""

    def __init__(self, wanted: bool | None, title: str, epochs: int, chooses: bool) -> None:
        shows = is_interactive() if wanted is None else wanted
        total = 100 if chooses else epochs
        self._total, self._before, self._epochs = total, 60 if chooses else 0, epochs
        self._make: Callable[[], ProgressBar] | None = (lambda: ProgressBar(title, total)) if shows else None
        self._bar: ProgressBar | None = None

    def __enter__(self) -> Bar:
        self._bar = self._make().__enter__() if self._make else None
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.__exit__(*exc)

    def __bool__(self) -> bool:
        return self._bar is not None

    def choosing(self, done: int, usual: int, words: str) -> None:
        """A fit with one penalty begins; how many there will be is not known, so the bar slows down."""
        if self._bar:
            share = done / usual if done < usual / 2 else 1 - 0.5 * math.exp(1 - 2 * done / usual)
            self._bar.update(round(self._before * share), words)

    def training(self, record: Any, weights: Any) -> bool:
        """A record of the training itself."""
        if self._bar:
            share = record.epoch / max(self._epochs, 1)
            rate = f"  rate {record.rate:.4f}" if record.rate == record.rate else ""
            self._bar.update(self._before + round((self._total - self._before) * share), f"J {record.J:,.2f}{rate}")
        return False


def _with_spread(model: TableModel, plan: Plan, choice: Choice) -> TableModel:
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
