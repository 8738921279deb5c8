"""`train`: from a network and data to a run; the climbing itself is in `climb`."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.blas import one_blas_thread
from chainrule.errors import DataError, SettingError
from chainrule.kernels.blocks import Blocks
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.kernels.inputs import check_network
from chainrule.network import Network, Scheme, Weights
from chainrule.terminal import ProgressBar, is_interactive
from chainrule.training.checkpoint import Checkpoints, check_paths, evaluations_before
from chainrule.training.class_weights import class_weighted
from chainrule.training.climb import Callback, Climb
from chainrule.training.engine import Engine, engine_for, steps_are_compiled
from chainrule.training.given import coded_targets, given_data
from chainrule.training.history import Record
from chainrule.training.measure import Meter, Watched, best_constant_of, figure_of
from chainrule.training.memory import block_bytes, check_memory
from chainrule.training.pass_shown import PassShown
from chainrule.training.posterior import Posterior
from chainrule.training.progress import Progress
from chainrule.training.randomness import derived_seed, whole_seed
from chainrule.training.restarts import check_restarts, run_all, workers_for
from chainrule.training.run import Run
from chainrule.training.schedules import Schedule
from chainrule.training.settings import checked_settings, floating
from chainrule.training.solvers import SecondOrder
from chainrule.training.state import State
from chainrule.training.stop import Stop
from chainrule.training.validation import Validation, held_out

__all__ = ["Callback", "coded_targets", "train"]


def train(
    net: Network,
    X: npt.ArrayLike | Blocks,
    T: npt.ArrayLike | None = None,
    *,
    solver: str = "ascent",
    learning_rate: float | None = None,
    epochs: int | None = None,
    average: bool = False,
    sample_weight: npt.ArrayLike | None = None,
    class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
    weights: Weights | None = None,
    scheme: Scheme | str = "normal",
    freeze: Sequence[str] = (),
    penalty: float = 0.0,
    penalise_biases: bool = False,
    batch_size: int | None = None,
    shuffle: bool = True,
    dropout: float | Sequence[float] = 0.0,
    schedule: str | Schedule = "constant",
    warm_up: int = 0,
    validation: Validation = None,
    patience: int | None = None,
    improvement: float = 0.0,
    keep: Literal["best", "last"] = "best",
    watch: Watched | None = None,
    tolerance: float | None = None,
    record_every: int | None = None,
    record: Literal["full", "running"] = "full",
    time_limit: float | None = None,
    restarts: int = 1,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: str | os.PathLike[str] | bool = False,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    seed: int | np.random.Generator | None = 0,
    dtype: npt.DTypeLike = "float64",
    momentum: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    epsilon: float | None = None,
    weight_decay: float | None = None,
    pairs: int | None = None,
    dense: int | None = None,
) -> Run:
    """Train a network by climbing its log-likelihood.

    ``F = J - penalty/2 sum of W²`` rises; "ascent" is the post's ``w <- w + learning_rate dF/dw``, every weight and
    bias from the same gradient over all rows.

    Parameters
    ----------
    net : Network
    X : array (N, D) or Blocks
        Inputs, finite. A memory map larger than a block is never copied as a whole; a table in blocks
        (`chainrule.Blocks`) brings its targets and sample weights and is read once a pass.
    T : array (N, K) or labels (N,)
        Targets as the output law takes them, or raw labels: text, whole numbers, booleans.
    solver : {"ascent", "momentum", "nesterov", "adam", "adamw", "lbfgs", "newton"}
        The first five take the gradient of all rows or of a mini-batch; "lbfgs" and "newton" look at all rows, find
        the length of each step by themselves and never go down.
    learning_rate : float, optional
        Above 0. Left out: 1e-6 climbing J, 0.1 climbing the mean, 1e-3 for "adam" and "adamw".
    epochs : int, optional
        Full passes over the data (iterations of "lbfgs" and "newton"), at least 0. Left out: 100,000; 1,000 for
        "adam", "adamw" and "lbfgs"; 500 for "newton". A solver that converges ends sooner.
    average : bool
        Climb F divided by the total sample weight instead of F: the rate then fits any number of rows.
    sample_weight : array (N,), optional
        Non-negative.
    class_weight : "balanced" or mapping of class to weight, optional
        Each row counts as its class does, times its sample weight.
    weights : Weights, optional
        Where to start; drawn by ``scheme`` and ``seed`` where left out. Not changed.
    scheme : {"normal", "glorot", "he", "lecun"}
    freeze : sequence of str
        Names of weights held fixed: ``("W2", "b2")``.
    penalty : float
        Precision of a Gaussian prior on every W, from 0; on every b too with ``penalise_biases``. scikit-learn's
        ``alpha`` for all rows at once; for mini-batches its alpha is ``penalty batch_size / N``.
    batch_size : int, optional
        Rows of a mini-batch; left out, or from N up: all rows in one update.
    shuffle : bool
        A new order of the rows in each epoch, a function of (seed, epoch); only for mini-batches. Of a table in
        blocks: a new order of the blocks, and the rows of each four blocks mixed (`chainrule.training.groups`).
    dropout : float or sequence of float
        Share of the hidden units left out in each update, or one share for the inputs and each hidden layer.
    schedule : {"constant", "step", "cosine", "one-cycle", "invscaling", "adaptive"} or Schedule
        How the learning rate goes on; "adaptive" cuts it when ``patience`` runs out.
    warm_up : int
        Updates over which the learning rate rises from near 0.
    validation : float or (X, T) or (X, T, sample_weight) or Blocks, optional
        Rows that are measured and not trained on: a share of these (of each class; of a table in blocks, chosen by a
        hash of each row's number), or others.
    patience : int, optional
        Stop after so many epochs without improvement of the mean log-likelihood of the validation rows, or without
        such rows of F.
    improvement : float
        What counts as one: by more than this, in nats a row.
    keep : {"best", "last"}
        With ``patience``: which weights the run holds.
    watch : callable (weights) -> float, optional
        Another figure for early stopping to look at; larger is better.
    tolerance : float, optional
        Converged when no entry of the gradient of F / N is larger, looked at each time a record is made. Left out:
        0, 1e-6 for "lbfgs", 1e-8 for "newton".
    record_every : int, optional
        Epochs between two records, at least 1. The first and the last epoch are always recorded. Left out: 100; 1
        for mini-batches, "lbfgs", "newton" and a table in blocks; at most ``patience``.
    record : {"full", "running"}
        "running" takes J as the sum over an epoch's batches, each just before its update, instead of measuring all
        rows: no cost, and no rate.
    time_limit : float, optional
        Seconds after which training stops, in all restarts together.
    restarts : int
        So many starts, drawn from seeds derived from ``seed``; the best is kept, `Run.restarts` tells of all.
    checkpoint : path, optional
        A file that holds all of the training so far, written whole or not at all; with restarts one each,
        ``path.0``, ``path.1``, ...
    checkpoint_every : int, optional
        Epochs between two checkpoints; left out: at records, at most every ten seconds. Always at the end.
    resume : path or bool
        Go on from a checkpoint, to the same bits as without the stop; True: from ``checkpoint``, if it is there.
    callbacks : iterable of callables (record, weights)
        Called at each record; one that returns True stops the training.
    progress : bool, optional
        A progress bar on standard error; where left out, only when that is a terminal.
    seed : int, Generator or None
        None draws one, found in ``run.settings["seed"]``, so that the run can be repeated.
    dtype : {"float64", "float32"}
        Of the arithmetic, of X and T while training, and of the weights that come back. float32 takes half the memory
        and up to half the time, and carries 7 digits instead of 16; not for "lbfgs" and "newton".
    momentum, beta1, beta2, epsilon, weight_decay, pairs, dense : optional
        Of one solver each: see `chainrule.training.solvers`. 0.9 (momentum, nesterov); 0.9, 0.999, 1e-8 (adam, adamw);
        0.01 (adamw); 10 (lbfgs); 200 (newton).

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
        An option is outside its range, or does not apply to the solver.
    ModelFileError
        The checkpoint cannot be written (found out before the first epoch) or read.

    Source: the post, "Coding example".

    Examples
    --------
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=50, seed=0)
    >>> run = cr.train(cr.Network("2-3-3"), X, labels, learning_rate=1e-3, epochs=200, seed=1)
    >>> run.outcome.name, bool(run.history.J[-1] > run.history.J[0])
    ('MAX_EPOCHS', True)
    """
    check_network(net)
    seed, kind = whole_seed(seed), floating(dtype)
    own = {
        "momentum": momentum, "beta1": beta1, "beta2": beta2, "epsilon": epsilon,
        "weight_decay": weight_decay, "pairs": pairs, "dense": dense,
    }  # fmt: skip
    objective, coding = given_data(net, X, T, sample_weight, kind)
    if not objective.rows:
        raise DataError("X has no rows, so there is nothing to learn from.")
    training, validated = held_out(class_weighted(objective, class_weight, coding), validation, coding, seed)
    settings = checked_settings(
        net, training.rows, solver=solver, own=own, learning_rate=learning_rate, schedule=schedule, warm_up=warm_up,
        epochs=epochs, average=average, penalty=penalty, penalise_biases=penalise_biases, batch_size=batch_size,
        shuffle=shuffle, dropout=dropout, freeze=freeze, tolerance=tolerance, patience=patience,
        improvement=improvement, keep=keep, record_every=record_every, record=record, seed=seed, dtype=kind,
        is_streamed=training.is_streamed,
    )  # fmt: skip
    check_restarts(restarts, time_limit, weights is not None)
    if watch is not None and patience is None:
        raise SettingError("watch needs patience: the epochs without a better figure before the training stops.")
    check_paths(checkpoint, checkpoint_every, resume)
    if weights is not None and weights.network != net:
        raise DataError(f"The weights belong to {weights.network.notation}, not to {net.notation}.")
    # a training that goes on must go on with the kernel it began with, however many epochs are asked for now
    evaluations = evaluations_before(checkpoint, resume, restarts) or settings.evaluations(net, training.rows)
    rows_per_update = settings.rows_per_update(training.rows)
    of_rows = 0
    if isinstance(training, BlockedObjective):
        of_rows = block_bytes(training.blocks, settings.batch_size, kind)
    check_memory(net, rows_per_update, settings.vectors, kind, of_rows=of_rows)
    training = training.prepared(evaluations)
    recipe = settings.recipe(seed)
    is_compiled = restarts > 1 and steps_are_compiled(training, settings.method, recipe)
    workers = 1 if training.is_streamed else workers_for(restarts, rows_per_update * sum(net.M), is_compiled)
    check_memory(net, rows_per_update, settings.vectors, kind, workers, of_rows)
    validated = validated.prepared(evaluations) if validated else None
    if isinstance(training, BlockedObjective) and settings.record_every == 1 and not settings.batch_size:
        training.beside = figure_of  # each pass for the gradient serves the record as well
    posterior = Posterior(training, settings.penalty, settings.penalise_biases, settings.climbs_mean, settings.freeze)
    is_solved = isinstance(settings.method, SecondOrder)
    meter = Meter(posterior, validated, watch, settings.record, settings.needs_gradient, is_solved)
    seeds = [derived_seed(seed, number) for number in range(restarts)]
    start = "given" if weights is not None else str(scheme)
    course = {"network": net.notation, **settings.course(), "start": start, "evaluations": evaluations}
    files = Checkpoints(course, seeds, (training, validated), checkpoint, checkpoint_every, resume)

    show = is_interactive() if progress is None else progress
    with ProgressBar(net.notation, settings.epochs * restarts) if show else contextlib.nullcontext() as bar:
        calls = [*callbacks]
        lock, done, newest = threading.Lock(), [0] * restarts, ""
        if bar and isinstance(training, BlockedObjective):
            training.passed = PassShown(  # the first pass only looks: no epoch goes by with it
                training.rows,
                lambda share, rows: bar.update(sum(done) + min(share, 0.999) * bool(newest), f"{newest}  {rows}"),
            )

        def watcher(number: int) -> Callback:
            """The callbacks of one start: one at a time, and the bar moves with all of them."""

            def call(record: Record, weights: Weights) -> bool:
                with lock:
                    done[number] = record.epoch
                    nonlocal newest
                    newest = f"J {record.J:,.0f}"
                    if bar:
                        bar.update(sum(done), f"J {record.J:,.2f}  rate {record.rate:.4f}")
                    answers = [callback(record, weights) for callback in calls]  # every one is called
                    return any(answers)

            return call

        stop = Stop(time_limit)

        def make(number: int) -> Climb:
            engine = engine_for(posterior, settings.method, settings.recipe(seeds[number]))
            so_far = files.progress(number)
            if so_far is None:
                drawn = weights if weights is not None else net.initial_weights(scheme, seed=seeds[number])
                with np.errstate(all="ignore"):  # a start from where nothing is finite is told by the first record
                    so_far = Progress(_first(engine, drawn.flat, stop))
            save = files.saver(number)
            return Climb(engine, meter, settings.goals(), so_far, [watcher(number)], save, checkpoint_every)

        with files.held(), one_blas_thread():
            best, ends = run_all(restarts, make, seeds, stop, workers)
            constant_J = best_constant_of(training)  # here too: threads of BLAS would spin on for 0.1 s after it
    told = {**settings.told(), "scheme": str(scheme), "restarts": restarts}
    return Run(
        network=net,
        weights=net.weights_from(best.weights),
        history=best.climb.progress.history,
        outcome=best.outcome,
        coding=coding,
        settings=told,
        epoch=best.record.epoch,
        J=best.record.J,
        constant_J=constant_J,
        restarts=ends,
        state=best.climb.progress.state,
    )


def _first(engine: Engine, weights: npt.NDArray[np.floating[Any]], stop: Stop) -> State:
    """The state before the first update, for which some solvers take a pass over the rows.

    After Ctrl-C that pass is made anew, for a run has the J of its weights; who cannot wait for it says so once more.
    """
    try:
        return engine.start(weights)
    except KeyboardInterrupt:
        stop.interrupt()
    return engine.start(weights)
