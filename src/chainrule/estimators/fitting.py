"""A fit: what scikit-learn's parameters ask for, handed to the training of chainrule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.blas import one_blas_thread
from chainrule.errors import DivergedError
from chainrule.estimators.course import Course, Rule, Standing
from chainrule.estimators.loss import Loss
from chainrule.estimators.meter import EpochMeter
from chainrule.estimators.sparse import SparseObjective
from chainrule.kernels import Objective
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.training.climb import Climb, Goals
from chainrule.training.engine import Engine, ReferenceEngine, engine_for
from chainrule.training.history import History
from chainrule.training.measure import best_constant_of, constant_log_likelihood
from chainrule.training.memory import check_memory
from chainrule.training.outcome import Outcome
from chainrule.training.posterior import Posterior
from chainrule.training.progress import Progress
from chainrule.training.restarts import Restart, run_all
from chainrule.training.settings import Settings
from chainrule.training.solvers import FirstOrder
from chainrule.training.state import State
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]
Score = Callable[[Array, Array], float]  # of weights (P,) and the outputs Y of the validation rows
OnEpoch = Callable[[int, Array], bool]


class CountingPosterior(Posterior):
    """A `Posterior` that counts how often its gradient was asked for: ``max_fun`` limits that."""

    calls = 0

    def gradient(self, flat: Array) -> tuple[float, Array]:
        """F and dF/dw."""
        self.calls += 1
        return super().gradient(flat)


@dataclass(frozen=True)
class Job:
    """What is to be trained, on what, and how.

    Attributes
    ----------
    training : Objective or BlockedObjective
    validation : Objective, BlockedObjective or None
    settings : Settings
    rule : Rule
    max_fun : int
        Evaluations of the gradient allowed to L-BFGS, in each start.
    """

    training: Objective | BlockedObjective
    validation: Objective | BlockedObjective | None
    settings: Settings
    rule: Rule
    max_fun: int

    @property
    def second_order(self) -> bool:
        """Whether the solver looks at all rows and finds its own steps."""
        return not isinstance(self.settings.method, FirstOrder)

    def posterior(self) -> CountingPosterior:
        """What is climbed, for one start."""
        s = self.settings
        return CountingPosterior(self.training, s.penalty, s.penalise_biases, s.climbs_mean, s.freeze)

    def engine(self, posterior: Posterior, seed: int) -> Engine:
        """What takes the steps, for one start."""
        recipe = self.settings.recipe(seed)
        if isinstance(self.training, SparseObjective):
            return ReferenceEngine(posterior, self.settings.method, recipe)
        return engine_for(posterior, self.settings.method, recipe)

    def meter(self, posterior: Posterior, score: Score | None) -> EpochMeter:
        """What measures, for one start."""
        return EpochMeter(posterior, self.second_order, self.validation, score)


@dataclass(frozen=True)
class Start:
    """Where a start begins: at given weights, or where an earlier training stood.

    Attributes
    ----------
    weights : array (P,)
    seed : int
    state : State or None
        Of the earlier training, whose memory goes on.
    standing : Standing
    epoch : int
        Epochs of earlier calls.
    """

    weights: Array
    seed: int
    state: State | None
    standing: Standing
    epoch: int = 0

    def begin(self, engine: Engine) -> State:
        """The state before the first update of this call."""
        if self.state is not None:
            return replace(self.state, batch=0, running=0.0, last_running=float("nan"), exhausted=False)
        with np.errstate(all="ignore"):  # a start from where nothing is finite is told by the first record
            return replace(engine.start(self.weights), epoch=self.epoch)


@dataclass(frozen=True)
class Fitted:
    """What came of it.

    ``diverged`` is the error of a training that early stopping has saved; ``improved`` tells of one epoch of
    ``partial_fit`` whether it was the best so far.
    """

    weights: Array
    state: State
    outcome: Outcome
    standing: Standing
    history: History
    epochs: int
    J: float
    constant_J: float
    restarts: tuple[Restart, ...] = ()
    diverged: DivergedError | None = None
    improved: bool = False

    def with_weights(self, weights: Array) -> Fitted:
        """The same with other weights kept."""
        return replace(self, weights=weights)

    @property
    def is_worse_than_constant(self) -> bool:
        """Whether the network does not reach the best constant prediction, where there is something to predict."""
        return self.J < self.constant_J - 1e-9 * abs(self.constant_J)


def fit(
    job: Job,
    starts: Sequence[Start],
    *,
    score: Score | None = None,
    on_epoch: Sequence[OnEpoch | None] = (None,),
    say: Callable[[str], None] | None = None,
    time_limit: float | None = None,
    workers: int = 1,
) -> Fitted:
    """Train from each start until the epochs are over or the rule says stop, and keep the best.

    Raises
    ------
    DivergedError
        Every start ran away, and no good weights were kept.
    SettingError
        There is not enough memory.
    """
    settings, net = job.settings, job.training.net
    check_memory(net, settings.rows_per_update(job.training.rows), settings.vectors, settings.dtype, workers)
    courses: dict[int, Course] = {}

    def make(number: int) -> Climb:
        start, posterior = starts[number], job.posterior()
        engine = job.engine(posterior, start.seed)
        progress, meter = Progress(start.begin(engine)), job.meter(posterior, score)
        courses[number] = Course(
            start.standing,
            job.rule,
            Loss(posterior),
            progress,
            score=(lambda: meter.latest_score) if score else None,
            on_epoch=on_epoch[number],
            exhausted=(lambda: posterior.calls >= job.max_fun) if job.settings.solver == "lbfgs" else None,
            say=say,
        )
        goals = Goals(progress.state.epoch + job.settings.epochs, 1, job.settings.tolerance)
        return Climb(engine, meter, goals, progress, [courses[number]])

    seeds = [start.seed for start in starts]
    with one_blas_thread():
        try:
            best, ends = run_all(len(starts), make, seeds, Stop(time_limit), workers)
        except DivergedError as error:
            saved = max(courses.values(), key=lambda course: course.progress.best.value)
            if saved.progress.best.weights is None:
                raise
            saved.standing.losses.append(float("nan"))
            saved.standing.scores.append(float("nan"))
            found = _fitted(job, saved, saved.progress.best.weights, Outcome.EARLY_STOPPED, ())
            return replace(found, diverged=error, epochs=found.epochs + 1)
        course = courses[best.number]
        outcome = best.outcome
        if course.reason is not None and outcome in (Outcome.STOPPED, Outcome.CONVERGED):
            outcome = course.reason  # as in SciPy, a budget that is spent goes before convergence
        return _fitted(job, course, best.weights, outcome, ends)


def _fitted(job: Job, course: Course, weights: Array, outcome: Outcome, ends: tuple[Restart, ...]) -> Fitted:
    progress = course.progress
    return Fitted(
        weights,
        progress.state,
        outcome,
        course.standing,
        progress.history,
        progress.state.epoch - course.first,
        float(job.training.value(weights)),
        best_constant(job.training),
        ends,
    )


def one_epoch(
    job: Job, start: Start, *, score: Score | None = None, say: Callable[[str], None] | None = None
) -> Fitted:
    """One pass over these rows, for ``partial_fit``: no look at them before or after it."""
    posterior = job.posterior()
    engine, stop, began = job.engine(posterior, start.seed), Stop(), time.monotonic()
    state = start.begin(engine)
    progress = Progress(state)
    meter = job.meter(posterior, score)
    latest = (lambda: meter.latest_score) if score else None
    course = Course(start.standing, job.rule, Loss(posterior), progress, score=latest, say=say)
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        progress.state = engine.advance(state, 1, stop)
        weights = job.training.net.weights_from(progress.state.weights.copy())
        record, _ = meter.record(progress.state, engine.rate_at(progress.state), time.monotonic() - began)
        progress.history.append(record)
        stopped = course(record, weights)
    outcome = stop.reason or (course.reason if stopped and course.reason else Outcome.MAX_EPOCHS)
    return Fitted(
        weights.flat,
        progress.state,
        outcome,
        course.standing,
        progress.history,
        progress.state.epoch - state.epoch,
        J=float("nan"),
        constant_J=float("nan"),
        improved=progress.best.weights is not None,
    )


def best_constant(objective: Objective | BlockedObjective) -> float:
    """J of the best constant prediction, NaN where the targets are constant: there is nothing to predict."""
    if not isinstance(objective, Objective):
        return best_constant_of(objective)
    if (objective.T == objective.T[:1]).all():
        return float("nan")
    weight = None if objective.weight is None else objective.weight[:, 0]
    return constant_log_likelihood(objective.net, objective.T, weight)
