"""How a training stands by scikit-learn's reckoning, epoch by epoch, and when that says stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy.typing as npt

from chainrule.estimators.loss import Loss
from chainrule.network import Weights
from chainrule.training.early_stopping import Best
from chainrule.training.history import Record
from chainrule.training.outcome import Outcome
from chainrule.training.progress import Progress
from chainrule.training.schedules import Adaptive

Array = npt.NDArray[Any]


@dataclass
class Standing:
    """What goes on from one call of ``fit`` or ``partial_fit`` to the next.

    Attributes
    ----------
    losses, scores : list of float
        One an epoch; scores only where there are validation rows.
    best_loss, best_score : float
    waited : int
        Epochs in a row without an improvement of ``tol``.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    waited: int = 0

    def copy(self) -> Standing:
        """One whose lists grow by themselves."""
        return replace(self, losses=[*self.losses], scores=[*self.scores])

    def take(self, loss: float, score: float | None, tol: float, by_score: bool) -> bool:
        """One more epoch; whether its weights are the best so far by the figure that is watched."""
        self.losses.append(loss)
        if score is not None:
            self.scores.append(score)
        better_loss, better_score = loss < self.best_loss, score is not None and score > self.best_score
        if by_score:
            missed = score is None or score < self.best_score + tol
        else:
            missed = loss > self.best_loss - tol
        self.waited = self.waited + 1 if missed else 0
        if better_loss:
            self.best_loss = loss
        if better_score and score is not None:
            self.best_score = score
        return better_score if by_score else better_loss


@dataclass(frozen=True)
class Rule:
    """When to stop.

    Attributes
    ----------
    tol : float
    patience : float
        Epochs without an improvement of ``tol`` that are borne; infinite for solvers that know their maximum.
    by_score : bool
        Whether the score of the validation rows is watched, and the best weights kept, or the loss.
    adaptive : Adaptive or None
        Cut the rate instead, until it is at its floor.
    learning_rate : float
    least_fall : float
        Enough when the loss falls by a smaller share of itself: SciPy's ``ftol``, for L-BFGS.
    """

    tol: float
    patience: float
    by_score: bool = False
    adaptive: Adaptive | None = None
    learning_rate: float = math.nan
    least_fall: float = 0.0


class Course:
    """Called by the loop at each record: keeps the curves, prints, and says when it is enough.

    Parameters
    ----------
    standing : Standing
        Changed.
    rule : Rule
    loss : Loss
    progress : Progress
        Of the loop: the best weights go there, and the cuts of the rate.
    score : callable, optional
        The score of the validation rows at the last record.
    on_epoch : callable (epoch, weights), optional
        Called before the first epoch and after each; True stops.
    exhausted : callable, optional
        True when as many evaluations were spent as are allowed.
    say : callable, optional
        Takes each line meant for people.
    """

    def __init__(
        self,
        standing: Standing,
        rule: Rule,
        loss: Loss,
        progress: Progress,
        *,
        score: Callable[[], float] | None = None,
        on_epoch: Callable[[int, Array], bool] | None = None,
        exhausted: Callable[[], bool] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.standing = standing
        self.rule = rule
        self.loss = loss
        self.progress = progress
        self.score = score
        self.on_epoch = on_epoch
        self.exhausted = exhausted
        self.say = say or (lambda line: None)
        self.first = self.seen = progress.state.epoch
        self.reason: Outcome | None = None
        self._before = math.inf

    def __call__(self, record: Record, weights: Weights) -> bool:
        """Whether to stop, with the ``reason``."""
        if record.epoch <= self.seen:  # the start, or the middle of an epoch in which the training was stopped
            if record.epoch == self.first:
                self._before = self.loss(record.J, weights.flat)
                if self.on_epoch and self.on_epoch(0, weights.flat):
                    self.reason = Outcome.STOPPED
            return self.reason is not None
        self.seen = record.epoch
        loss = self.loss(record.J, weights.flat)
        score = float(self.score()) if self.score else None
        if self.standing.take(loss, score, self.rule.tol, self.rule.by_score) and self.rule.by_score:
            self.progress.best = Best(self.standing.best_score, weights.flat, record.epoch, record.epoch)
        self.say(f"Iteration {record.epoch - self.first}, loss = {loss:.8f}")
        if score is not None:
            self.say(f"Validation score: {score:f}")
        asked = self.on_epoch is not None and self.on_epoch(record.epoch - self.first, weights.flat)
        self.reason = Outcome.STOPPED if asked else self._enough(loss)
        return self.reason is not None

    def _enough(self, loss: float) -> Outcome | None:
        before, self._before = self._before, loss
        if before - loss <= self.rule.least_fall * max(abs(before), abs(loss), 1.0) and self.rule.least_fall:
            return Outcome.NO_IMPROVEMENT
        if self.exhausted is not None and self.exhausted():
            return Outcome.MAX_EPOCHS
        if self.standing.waited <= self.rule.patience:
            return None
        what = "Validation score" if self.rule.by_score else "Training loss"
        line = f"{what} did not improve more than tol={self.rule.tol:f} for {self.rule.patience} consecutive epochs."
        adaptive, state = self.rule.adaptive, self.progress.state
        if adaptive is not None and self.rule.learning_rate * state.rate_factor > adaptive.floor:
            self.progress.state = replace(state, rate_factor=state.rate_factor * adaptive.factor)
            self.standing.waited = 0
            self.say(f"{line} Setting learning rate to {self.rule.learning_rate * state.rate_factor:f}")
            return None
        self.say(f"{line}{' Learning rate too small.' if adaptive else ''} Stopping.")
        return Outcome.EARLY_STOPPED if self.rule.by_score else Outcome.NO_IMPROVEMENT
