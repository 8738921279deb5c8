"""What is measured for a report: trust in the probabilities, what each column contributes, how the units work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.functions import activation_named
from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate
from chainrule.show.report.subject import Rows, Subject

Array = npt.NDArray[Any]

BINS = 10
DRAWS = 400  # of outcomes, to know what chance alone does to the calibration error
MOST_ROWS = 2000  # for the permutations and the units: enough for two digits
MOST_WORK = 3e9  # multiplications spent on the permutations
MOST_REPEATS, FEWEST_REPEATS = 10, 3


@dataclass(frozen=True)
class Calibration:
    """Probabilities against what happened, in bins of equal width; empty bins are left out.

    ``said`` is the mean probability of a bin's rows, ``happened`` the share of them where the thing happened,
    ``rows`` their number, ``low`` and ``high`` the 90 % interval (Wilson) of the share. ``error`` is the expected
    calibration error, ``by_chance`` what a network with exact probabilities stays below 19 times in 20.
    ``of`` says whose probability it is.
    """

    said: Array
    happened: Array
    rows: Array
    low: Array
    high: Array
    error: float
    by_chance: float
    of: str

    @property
    def is_off(self) -> bool:
        """Whether the error is more than chance explains."""
        return self.error > self.by_chance

    @property
    def lean(self) -> float:
        """How much more probability is given than happens, in the mean over the rows."""
        return float(np.average(self.said - self.happened, weights=self.rows))


def calibration(subject: Subject) -> Calibration | None:
    """Of the rows that the report judges by; None where the outputs are no probabilities or there are no rows.

    Two classes: the probability of the second. More classes: that of the predicted class. Several labels: that of
    each label, all together.

    Source: Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML 2017.
    """
    rows = subject.judged
    if rows is None or not subject.network.law.has_classes or subject.shares:
        return None
    P = subject.probabilities(rows.X)
    if not subject.is_one_label:
        return calibrated(P.ravel(), (rows.T > 0.5).ravel(), "each label")
    codes = subject.codes(rows)
    if P.shape[1] == 2:
        return calibrated(P[:, 1], codes == 1, f"the class {subject.classes[1]}")
    decided = P.argmax(axis=1)
    return calibrated(P.max(axis=1), decided == codes, "the predicted class")


def calibrated(p: Array, happened: Array, of: str) -> Calibration:
    """Probabilities (N,) and whether the thing happened (N,)."""
    bin_of = np.minimum((p * BINS).astype(int), BINS - 1)
    rows = np.bincount(bin_of, minlength=BINS)
    there = rows > 0
    n = rows[there].astype(float)
    said = np.bincount(bin_of, p, BINS)[there] / n
    share = np.bincount(bin_of, happened.astype(float), BINS)[there] / n
    low, high = wilson(share, n)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(min(DRAWS, max(40, 20_000_000 // len(p)))):
        outcome = rng.random(len(p)) < p
        other = np.bincount(bin_of, outcome.astype(float), BINS)[there] / n
        drawn.append(np.abs(said - other) @ n / n.sum())
    error = float(np.abs(said - share) @ n / n.sum())
    return Calibration(said, share, rows[there], low, high, error, float(np.quantile(drawn, 0.95)), of)


def wilson(share: Array, n: Array, z: float = 1.6448536269514722) -> tuple[Array, Array]:
    """The interval in which a probability lies that showed itself as ``share`` of n cases: 90 % unless told.

    Source: Wilson, Probable inference, Journal of the American Statistical Association 22 (1927).
    """
    share, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


@dataclass(frozen=True)
class Contributions:
    """Permutation importance: what a row's log-likelihood loses when a column's cells are dealt out anew.

    ``loss`` (columns, repeats), in nats a row, in the order of ``names``; the largest mean first.
    """

    names: tuple[str, ...]
    loss: Array
    rows: int

    @property
    def mean(self) -> Array:
        """Over the repeats (columns,)."""
        return self.loss.mean(axis=1)

    @property
    def spread(self) -> Array:
        """Standard deviation over the repeats (columns,)."""
        return self.loss.std(axis=1, ddof=1)

    @property
    def idle(self) -> tuple[str, ...]:
        """Columns whose mean is below twice its standard error: as far as these rows tell, they do nothing."""
        error = self.spread / np.sqrt(self.loss.shape[1])
        return tuple(name for name, mean, e in zip(self.names, self.mean, error, strict=True) if mean <= 2 * e)


def contributions(subject: Subject) -> Contributions | None:
    """What each column contributes on the rows the report judges by; None with fewer than two rows.

    The inputs made of one column are permuted together, by the same permutation.

    Source: Breiman, Random forests, Machine Learning 45 (2001).
    """
    if subject.judged is None or len(subject.judged) < 2:
        return None
    rows = subject.judged.some(MOST_ROWS)
    columns = [column for column in subject.columns if column.inputs]
    # A[1] is linear in the inputs, so a column is exchanged there: the other inputs are multiplied once
    work = float(len(rows)) * (subject.network.size - subject.network.D * subject.network.M[1]) * len(columns)
    repeats = int(np.clip(MOST_WORK / max(work, 1.0), FEWEST_REPEATS, MOST_REPEATS))
    W = subject.weights.W[1]
    A1 = rows.X @ W + subject.weights.b[1]
    whole = float(subject.likelihoods_from(A1, rows.T).mean())
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(rows)) for _ in range(repeats)]
    loss = np.empty((len(columns), repeats))
    for at, column in enumerate(columns):
        own = list(column.inputs)
        part = rows.X[:, own] @ W[own]
        for repeat, order in enumerate(orders):
            loss[at, repeat] = whole - float(subject.likelihoods_from(A1 + (part[order] - part), rows.T).mean())
    first = np.argsort(-loss.mean(axis=1), kind="stable")
    return Contributions(tuple(columns[at].name for at in first), loss[first], len(rows))


@dataclass(frozen=True)
class Layer:
    """How one layer works on the rows, at the end of training.

    ``delta`` is the root mean square of dJ/dA[l] over rows and units, ``dW`` that of dJ/dW[l] of single rows,
    ``W`` that of the weights; ``slope`` the mean size of the activation's slope over the largest it can have, None
    for the output. Units, from 1: ``dead`` say the same for every row, ``saturated`` are nearly flat in almost all
    rows, ``idle`` are hardly listened to.
    """

    number: int
    units: int
    function: str
    delta: float
    dW: float
    W: float
    slope: float | None = None
    dead: tuple[int, ...] = ()
    saturated: tuple[int, ...] = ()
    idle: tuple[int, ...] = ()


def layers(subject: Subject) -> list[Layer]:
    """Gradient flow and units, layer by layer, on the training rows (at most 2,000 of them)."""
    given = subject.training or subject.held_out
    if given is None:
        return []
    rows: Rows = given.some(MOST_ROWS)
    net, weights = subject.network, subject.weights
    with np.errstate(over="ignore", invalid="ignore"):
        A, Z = reference.forward(net, weights, rows.X)
        delta = rows.T - Z[net.L]
        found = []
        for l in range(net.L, 0, -1):
            units: dict[str, Any] = {}
            if l < net.L:
                row = net.activations[l]
                assert row is not None
                slope = np.broadcast_to(evaluate(row.slope, a=A[l], z=Z[l]), A[l].shape)
                delta = (delta @ weights.W[l + 1].T) * slope
                units = _units(row.name, slope, Z[l], weights.W[l + 1])
            # the mean over rows of |z|² |delta|² is that of the squares of dJ/dW of single rows
            squares = (Z[l - 1] ** 2).sum(axis=1) * (delta**2).sum(axis=1)
            found.append(
                Layer(
                    l,
                    net.M[l],
                    net.layers[l - 1].function,
                    float(np.sqrt((delta**2).mean())),
                    float(np.sqrt(squares.mean() / weights.W[l].size)),
                    float(np.sqrt((weights.W[l] ** 2).mean())),
                    **units,
                )
            )
    return found[::-1]


def _units(function: str, slope: Array, Z: Array, onward: Array) -> dict[str, Any]:
    """Which units are dead, saturated or idle, from their slopes and outputs (N, M) and the next weights (M, n)."""
    a = np.linspace(-8, 8, 1601)
    row = activation_named(function)
    steepest = float(np.abs(evaluate(row.slope, a=a, z=evaluate(row.value, a=a)) + 0 * a).max()) or 1.0
    steep = np.abs(slope) / steepest
    moved = Z.std(axis=0)
    say = moved * np.sqrt((onward**2).sum(axis=1))
    dead = (moved <= 1e-6 * max(float(np.abs(Z).max()), 1e-300)) & (len(Z) > 1)
    saturated = ~dead & ((steep < 0.05).mean(axis=0) >= 0.95)
    idle = ~dead & ~saturated & (say < 0.01 * float(say.max()))
    names = {"dead": dead, "saturated": saturated, "idle": idle}
    return {
        "slope": float(steep.mean()),
        **{name: tuple(int(at) + 1 for at in np.flatnonzero(which)) for name, which in names.items()},
    }
