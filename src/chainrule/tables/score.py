"""How well predictions of a table's rows are: each figure beside that of a model that knows no inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from chainrule.tables.moments import Moments
from chainrule.tables.target import Target

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Score:
    """Figures over rows whose target is known.

    Attributes
    ----------
    task : str
    rows : int
        Rows scored: those of classes seen in training.
    log_likelihood : float
        Mean log p(t given x) in nats a row. For a quantity it is that of a Gaussian in the target's own unit with
        the spread measured in training.
    plain_log_likelihood : float
        The same for a model without inputs: the training rows' share of each class, or their mean (and spread).
    rate : float
        Share of rows classified rightly; or R²; or, for counts, the share of the deviance explained.
    plain_rate : float
        Share of rows right when always saying the class commonest in training; 0 elsewhere.
    balanced_rate : float
        Mean over the classes present of the share of their rows classified rightly.
    confusion : int array (C, C)
        Rows of true class i predicted as class j.
    error : float
        Root mean squared error, in the target's unit.
    plain_error : float
        The same when always predicting the training mean.
    unseen : dict of str to int
        Labels that training did not see, and their rows: these are in no other figure.
    deviance, plain_deviance : float
        A row, of numbers; the second without inputs.
    """

    task: str
    rows: int
    log_likelihood: float
    plain_log_likelihood: float
    rate: float
    plain_rate: float = 0.0
    balanced_rate: float = float("nan")
    confusion: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    error: float = float("nan")
    plain_error: float = float("nan")
    unseen: dict[str, int] = field(default_factory=dict)
    deviance: float = float("nan")
    plain_deviance: float = float("nan")


def scored_classes(target: Target, P: Array, codes: Array, unseen: dict[str, int] | None = None) -> Score:
    """Figures from probabilities P (N, C) and the position of each row's class (N,)."""
    rows, C = len(codes), len(target.classes)
    decided = P.argmax(axis=1)
    confusion = np.zeros((C, C), dtype=np.int64)
    np.add.at(confusion, (codes, decided), 1)
    present = confusion.sum(axis=1) > 0
    shares = np.diag(confusion)[present] / confusion.sum(axis=1)[present]
    counts = np.asarray(target.counts, dtype=np.float64)
    with np.errstate(divide="ignore"):
        of_truth = np.log(P[np.arange(rows), codes])
        plain = np.log(counts / counts.sum())[codes]
    return Score(
        "classify",
        rows,
        _mean(of_truth),
        _mean(plain),
        _mean(decided == codes),
        _mean(codes == int(counts.argmax())),
        _mean(shares),
        confusion,
        unseen=unseen or {},
    )


def scored_numbers(target: Target, predicted: Array, true: Array) -> Score:
    """Figures from predictions and true values (N,), both in the target's unit."""
    if target.task == "count":
        nothing = np.full(len(true), target.mean)
        deviance, plain = _poisson_deviance(true, predicted), _poisson_deviance(true, nothing)
        likelihood, plain_likelihood = _poisson(true, predicted), _poisson(true, nothing)
    else:
        nothing = np.full(len(true), target.mean)
        center = float(true.mean()) if len(true) else 0.0
        deviance, plain = float(((true - predicted) ** 2).sum()), float(((true - center) ** 2).sum())
        likelihood, plain_likelihood = (
            _gaussian(true, predicted, target.spread),
            _gaussian(true, nothing, target.scale),
        )
    return Score(
        target.task,
        len(true),
        likelihood,
        plain_likelihood,
        1 - deviance / plain if plain > 0 else float("nan"),
        error=_root_mean_square(true - predicted),
        plain_error=_root_mean_square(true - nothing),
        deviance=deviance / max(len(true), 1),
        plain_deviance=plain / max(len(true), 1),
    )


class ScoreSum:
    """The figures over rows that come block after block."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._parts: list[Score] = []
        self._true = Moments()

    def add_classes(self, P: Array, codes: Array, unseen: dict[str, int] | None = None) -> Score:
        """See `scored_classes`: the figures of these rows."""
        self._parts.append(scored_classes(self._target, P, codes, unseen))
        return self._parts[-1]

    def add_numbers(self, predicted: Array, true: Array) -> Score:
        """See `scored_numbers`: the figures of these rows."""
        self._parts.append(scored_numbers(self._target, predicted, true))
        self._true = self._true.plus(Moments.of(true))
        return self._parts[-1]

    def join(self, later: ScoreSum) -> None:
        """Add the rows of another, which follow."""
        self._parts += later._parts
        self._true = self._true.plus(later._true)

    def total(self) -> Score:
        """The figures over all rows."""
        parts = [part for part in self._parts if part.rows]
        rows = sum(part.rows for part in parts)
        unseen: dict[str, int] = {}
        for part in self._parts:
            for label, count in part.unseen.items():
                unseen[label] = unseen.get(label, 0) + count
        if not rows:
            return (
                replace(self._parts[0], unseen=unseen)
                if self._parts
                else Score(self._target.task, 0, math.nan, math.nan, math.nan)
            )

        def mean(name: str, power: int = 1) -> float:
            return math.fsum(part.rows / rows * getattr(part, name) ** power for part in parts)

        likelihood, plain = mean("log_likelihood"), mean("plain_log_likelihood")
        if self._target.task == "classify":
            confusion = np.sum([part.confusion for part in parts], axis=0)
            present = confusion.sum(axis=1) > 0
            shares = np.diag(confusion)[present] / confusion.sum(axis=1)[present]
            rate = float(np.diag(confusion).sum() / rows)
            plain_rate = mean("plain_rate")
            return Score(
                "classify", rows, likelihood, plain, rate, plain_rate, float(shares.mean()), confusion, unseen=unseen
            )
        error, plain_error = (math.sqrt(mean(name, 2)) for name in ("error", "plain_error"))
        if self._target.task == "count":
            deviance, nothing = mean("deviance"), mean("plain_deviance")
        else:
            deviance, nothing = error**2, self._true.scale**2
        explained = 1 - deviance / nothing if nothing > 0 else math.nan
        return Score(self._target.task, rows, likelihood, plain, explained, error=error, plain_error=plain_error)


def _gaussian(true: Array, mean: Array, spread: float) -> float:
    if spread <= 0:
        return float("nan")
    return _mean(-0.5 * ((true - mean) / spread) ** 2) - float(np.log(spread)) - 0.5 * float(np.log(2 * np.pi))


def _poisson(true: Array, mean: Array) -> float:
    return _mean(special.xlogy(true, mean) - mean - special.gammaln(true + 1))


def _poisson_deviance(true: Array, mean: Array) -> float:
    return float(2 * (special.xlogy(true, true) - special.xlogy(true, mean) - true + mean).sum())


def _root_mean_square(values: Array) -> float:
    largest = float(np.abs(values).max()) if len(values) else float("nan")
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest > 0 else largest


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")
