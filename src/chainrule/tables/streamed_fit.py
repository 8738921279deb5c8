"""A streamed plan carried out: decoded into scratch files, trained from them block by block, and scored."""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.tables.bound import readable
from chainrule.tables.decoded import Decoded
from chainrule.tables.fit import Bar, check_budget
from chainrule.tables.model import TableModel
from chainrule.tables.noticed import Noticed
from chainrule.tables.score import Score, ScoreSum
from chainrule.tables.scratch import ScratchBlocks
from chainrule.tables.streamed_plan import StreamedPlan
from chainrule.tables.way import VALIDATION, WHOLE, Way
from chainrule.tables.worker_rows import PlanBlocks, WorkerRows
from chainrule.terminal import ProgressBar, is_interactive

Array = npt.NDArray[Any]

OVERHEAD = 130_000_000  # bytes of the bound for all but blocks: the libraries, compiled code, arrays of a pass


def streamed_fit(
    plan: StreamedPlan,
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
    client: Any = None,
) -> tuple[TableModel, Score | None, Noticed]:
    """Train the network of a streamed plan, as `chainrule.tables.fit.fitted` does with one in memory.

    The rows are decoded once into scratch files, which take 8 bytes a number and 1 byte a level of a category, and
    training reads these, a few blocks at a time. The penalty is not chosen: it is 1 unless it is told. With a client
    of Dask nothing is decoded here: its workers read the files, each its own rows, and hold them.

    Returns
    -------
    (model, score, noticed): the score over the rows held out, None where there are none or training was interrupted,
    and what a person should know of these rows.

    Raises
    ------
    SettingError
        An option is outside its range, or the bound on the memory too small for this table.
    DataError, DivergedError, ModelFileError
        See `fitted`.
    """
    from chainrule.training import Outcome

    began = time.monotonic()
    check_budget(time_budget)
    way = Way.of(
        plan, plan.training_rows, solver=solver, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size
    )
    shows = is_interactive() if progress is None else progress
    with _decoded(plan, way, shows) if client is None else _of_workers(plan, way, client) as rows:
        dtype = _dtype(plan, way, rows.training) if isinstance(rows, Decoded) else "float64"
        left = None if time_budget is None else max(began + time_budget - time.monotonic(), 1e-3)
        chosen = 1.0 if penalty is None else penalty
        apart: dict[str, Any] = (
            {"validation": rows.validation if rows.validation.rows else None} if "validation" in way.options else {}
        )
        with Bar(progress, plan.network.notation, way.options["epochs"], False) as bar:
            run = way.run(
                rows.training,
                None,
                chosen,
                dtype=dtype,
                time_limit=left,
                checkpoint=checkpoint,
                resume=bool(resume),
                callbacks=[bar.training] if bar else (),
                **apart,
            )
        settings = {
            **plan.settings,
            **run.settings,
            "tried": [],
            "folds": 0,
            "seconds": time.monotonic() - began,
            "is_choosing": False,
            "epoch": run.epoch,
            "J": run.J,
            "constant_J": run.constant_J,
            "verdict": run.verdict if run.worse_than_constant else "",
        }
        model = TableModel(plan.network, run.weights, plan.contract, plan.target, run.history, run.outcome, settings)
        if run.outcome is Outcome.INTERRUPTED:
            return model, None, rows.noticed
        if plan.target.task == "regress":
            if isinstance(rows, Decoded):
                spread = _spread(model, rows.training)
            else:  # J of the Gaussian law holds the sum of squares
                mean_square = -2 * run.J / rows.training.rows - math.log(2 * math.pi)
                spread = model.target.scale * math.sqrt(max(mean_square, 0.0))
            model = replace(model, target=replace(model.target, spread=spread))
        return model, score_of(model, rows.test) if rows.test.rows else None, rows.noticed


def score_of(model: TableModel, test: ScratchBlocks | PlanBlocks) -> Score:
    """The figures over rows held out."""
    found, target = ScoreSum(model.target), model.target
    forward = model.forward_for(test.rows)
    for X, t in test.parts():
        with np.errstate(over="ignore"):
            Y = forward(X)
        if target.task == "classify":
            found.add_classes(target.probabilities(Y), t.astype(np.int64))
        else:
            found.add_numbers(target.decode(Y), t)
    return found.total()


def _decoded(plan: StreamedPlan, way: Way, shows: bool) -> Decoded:
    """The rows of the plan, with a bar that counts them where somebody looks."""
    share = VALIDATION if "validation" in way.options else 0.0
    if not shows or plan.origin.rows is None:
        return Decoded(plan, share)
    total = plan.origin.rows
    bar = ProgressBar("Decoding rows", total)
    bar.__enter__()

    def told(done: int) -> None:
        bar.update(done, "")
        if done >= total:
            bar.__exit__(None, None, None)

    return Decoded(plan, share, told)


def _of_workers(plan: StreamedPlan, way: Way, client: Any) -> WorkerRows:
    """The rows of the plan, read by workers."""
    return WorkerRows(plan, client, VALIDATION if "validation" in way.options else 0.0)


def _dtype(plan: StreamedPlan, way: Way, training: ScratchBlocks) -> str:
    """In which precision the blocks that a training holds fit in the bound: double where they do.

    Raises
    ------
    SettingError
        They fit in neither.
    """
    from chainrule.training.memory import block_bytes

    size = None if way.options["solver"] in WHOLE else way.options["batch_size"]
    needed = [block_bytes(training, size, dtype) + OVERHEAD for dtype in ("float64", "float32")]
    if needed[0] <= plan.bound:
        return "float64"
    if needed[1] <= plan.bound:
        return "float32"
    megabytes = -(-needed[1] // 10**7) * 10
    more = " or --solver lbfgs, which holds less" if size is not None else " or leave columns out with --drop"
    raise SettingError(
        f"The table has {training.inputs:,} inputs: its training takes {readable(needed[1])} of memory at least, and"
        f" {readable(plan.bound)} are allowed.",
        f"Say --memory {megabytes}MB,{more}.",
    )


def _spread(model: TableModel, training: ScratchBlocks) -> float:
    """Standard deviation of the rows trained on around their predictions, in the target's unit."""
    forward = model.forward_for(training.rows)
    squares = [float(((t - forward(X)[:, 0]) ** 2).sum()) for X, t in training.parts()]
    return model.target.scale * math.sqrt(math.fsum(squares) / training.rows)
