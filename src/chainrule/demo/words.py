"""What the experiment says: the table with the published figures beside it, and the conclusion from it."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np

from chainrule.demo.experiment import EPOCHS, LEARNING_RATE, Experiment
from chainrule.demo.published import TABLE, Published
from chainrule.training import Record


@dataclass(frozen=True)
class Line:
    """One line of the table: what the post printed (where it did), and both runs."""

    epoch: int
    published: Published | None
    fixed: Record
    trained: Record


@dataclass(frozen=True)
class Compared:
    """One published reward, and what the other seeds gave at that epoch, lowest and highest."""

    epoch: int
    published: float
    fixed: tuple[float, float]
    trained: tuple[float, float]

    @property
    def in_fixed(self) -> bool:
        """Whether runs with V held fixed give such a reward."""
        return self.fixed[0] <= self.published <= self.fixed[1]

    @property
    def in_trained(self) -> bool:
        """Whether runs with V trained give such a reward."""
        return self.trained[0] <= self.published <= self.trained[1]


class Verdict(enum.Enum):
    """Which way of training the published figures fit."""

    TOO_SHORT = "too few epochs to tell"
    FIXED = "V held fixed"
    TRAINED = "V trained"
    UNDECIDED = "not settled"


def lines(experiment: Experiment) -> list[Line]:
    """The table: about every tenth part of the run, its last epoch, and those that were published."""
    published = {line.epoch: line for line in TABLE}
    pairs = zip(experiment.fixed.history, experiment.trained.history, strict=True)
    return [
        Line(fixed.epoch, published.get(fixed.epoch), fixed, trained)
        for fixed, trained in pairs
        if fixed.epoch % experiment.table_every == 0 or fixed.epoch == experiment.epochs or fixed.epoch in published
    ]


def compared(experiment: Experiment) -> list[Compared]:
    """The published rewards after the start, at the epochs that this experiment reached."""
    found, spread = [], experiment.spread
    for line in TABLE[1:]:
        at = np.flatnonzero(spread.epochs == line.epoch)
        if at.size:
            fixed, trained = spread.fixed[:, at[0]], spread.trained[:, at[0]]
            found.append(
                Compared(
                    line.epoch,
                    line.J,
                    (float(fixed.min()), float(fixed.max())),
                    (float(trained.min()), float(trained.max())),
                )
            )
    return found


def verdict(rows: list[Compared]) -> Verdict:
    """What the comparison says: the last lines count most, for there the two ways are furthest apart."""
    if not rows:
        return Verdict.TOO_SHORT
    fixed, trained = all(row.in_fixed for row in rows), all(row.in_trained for row in rows)
    if fixed and not rows[-1].in_trained:
        return Verdict.FIXED
    if trained and not rows[-1].in_fixed:
        return Verdict.TRAINED
    return Verdict.UNDECIDED


def conclusion(experiment: Experiment) -> list[str]:
    """The comparison in words, a paragraph an entry; every figure comes from the runs."""
    rows = compared(experiment)
    found = verdict(rows)
    if found is Verdict.TOO_SHORT:
        return [
            f"Whether the published figures fit cannot be told from {experiment.epochs:,} epochs: after its start the "
            f"post prints epochs {TABLE[1].epoch:,}, {TABLE[2].epoch:,} and so on, and none of them is in this table. "
            f"Run the demo with {EPOCHS:,} epochs to compare."
        ]
    last = rows[-1]
    evidence = (
        f"At epoch {last.epoch:,} the post prints a reward of {last.published:,.1f}. From {experiment.spread.seeds} "
        f"other seeds, runs that hold V fixed are then between {last.fixed[0]:,.1f} and {last.fixed[1]:,.1f}, and runs "
        f"that train V between {last.trained[0]:,.1f} and {last.trained[1]:,.1f}."
    )
    inside = sum(row.in_trained for row in rows)
    if found is Verdict.TRAINED:
        return ["The published figures fit runs that train V, and none here that holds V fixed.", evidence]
    if found is Verdict.UNDECIDED:
        in_fixed = sum(row.in_fixed for row in rows)
        return [
            f"These runs do not settle how the published figures came about: of the {len(rows)} published rewards that "
            f"can be compared, {in_fixed or 'none'} lie inside the range of the runs with V held fixed, and "
            f"{inside or 'none'} inside the range of the runs with V trained.",
            evidence,
        ]
    return [
        "The published figures fit a network whose V was never trained, and no run here that trains V.",
        f"{evidence} Of the {len(rows)} published rewards that can be compared, each lies inside the range of the runs "
        f"with V held fixed, and {inside or 'none'} inside the range of the runs with V trained.",
        "This is an inference: the post does not say so. But its code agrees. Its loop adds the gradient of V to a "
        "variable named W2, and its forward function reads V. Run from the top, the loop would stop at its first "
        "epoch, because nothing defines W2; in a notebook where an earlier cell has left a W2 of that shape behind, it "
        "runs, and V keeps the values it was drawn with.",
    ]


def how_the_seeds_ran(experiment: Experiment) -> str:
    """How exact the runs from other seeds are."""
    spread = experiment.spread
    if spread.stride == 1:
        return f"The {spread.seeds} other seeds ran exactly as the two runs above did."
    return (
        f"To be quick, the {spread.seeds} other seeds took steps {spread.stride} times as large and {spread.stride} "
        f"times fewer (rate {LEARNING_RATE * spread.stride:g}). Run that way, seed {experiment.seed} comes within "
        f"{math.ceil(10 * spread.error) / 10:.1f} nats of its exact runs at every line of the table."
    )


def best_possible(experiment: Experiment) -> str:
    """The best any classifier can do, beside what the two runs did."""
    ends = experiment.trained.history[-1], experiment.fixed.history[-1]
    return (
        f"The best rate that any classifier can have on these three densities is {best_rate_text(experiment)}: the "
        f"rate of Bayes' rule, from an integral enclosed between two bounds. On these "
        f"{len(experiment.X):,} points Bayes' rule is right on {experiment.best_rate_here:.4f}, with a reward of "
        f"{experiment.best_J_here:,.1f}. The run with V trained ends at {ends[0].rate:.4f} and {ends[0].J:,.1f}, the "
        f"run with V held fixed at {ends[1].rate:.4f} and {ends[1].J:,.1f}."
    )


def best_rate_text(experiment: Experiment) -> str:
    """The rate of Bayes' rule and a bound of its error, rounding included: 0.970270 (to within 0.000001)."""
    rate = experiment.best_rate
    digits = next(digits for digits in range(12, 0, -1) if rate.bound + 0.5 * 10.0**-digits <= 10.0**-digits)
    return f"{rate.value:.{digits}f} (to within {10.0**-digits:.{digits}f})"
