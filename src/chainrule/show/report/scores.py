"""How well the network predicts: the same figures for training and held-out rows, beside the best constant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from chainrule.show.report.measures import wilson
from chainrule.show.report.subject import Rows, Subject

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Figures:
    """Over some rows.

    ``rate`` is the share classified rightly, or of the deviance explained; ``plain_rate`` that of the best constant.
    ``low`` and ``high`` are the rate's 90 % interval, of classes only. ``likelihood`` is the mean log-likelihood in
    nats a row, ``likelihood_error`` its standard error. ``confusion`` (C, C) counts rows of true class i taken for j.
    ``error`` (K,) is the root mean squared error in the target's unit.
    """

    rows: int
    rate: float
    plain_rate: float
    likelihood: float
    likelihood_error: float
    plain_likelihood: float
    low: float = float("nan")
    high: float = float("nan")
    balanced: float = float("nan")
    confusion: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    error: Array = field(default_factory=lambda: np.zeros(0))
    plain_error: Array = field(default_factory=lambda: np.zeros(0))
    label_rates: Array = field(default_factory=lambda: np.zeros(0))


def figures(subject: Subject, rows: Rows | None) -> Figures | None:
    """Of these rows; None where there are none."""
    if rows is None or not len(rows):
        return None
    likelihoods = subject.likelihoods(rows.X, rows.T)
    plain = subject.constant_likelihoods(rows.T)
    common: dict[str, Any] = {
        "rows": len(rows),
        "likelihood": float(likelihoods.mean()),
        "likelihood_error": float(likelihoods.std(ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else float("inf"),
        "plain_likelihood": float("nan") if plain is None else float(plain.mean()),
    }
    if subject.is_one_label:
        return _of_classes(subject, rows, common)
    if subject.is_labels:
        return _of_labels(subject, rows, common)
    return _of_numbers(subject, rows, common)


def _of_classes(subject: Subject, rows: Rows, common: dict[str, Any]) -> Figures:
    codes, C = subject.codes(rows), len(subject.classes)
    decided = subject.probabilities(rows.X).argmax(axis=1)
    confusion = np.zeros((C, C), dtype=np.int64)
    np.add.at(confusion, (codes, decided), 1)
    right = float((codes == decided).mean())
    low, high = wilson(np.array(right), np.array(len(rows)))
    sizes = confusion.sum(axis=1)
    commonest = int(np.argmax(subject.counts or sizes))
    return Figures(
        rate=right,
        plain_rate=float((codes == commonest).mean()),
        low=float(low),
        high=float(high),
        balanced=float((np.diag(confusion)[sizes > 0] / sizes[sizes > 0]).mean()),
        confusion=confusion,
        **common,
    )


def _of_labels(subject: Subject, rows: Rows, common: dict[str, Any]) -> Figures:
    true = rows.T > 0.5
    right = (subject.means(rows.X) > 0.5) == true
    mean = subject.mean_target
    plain = np.nan if mean is None else float(((mean > 0.5) == true).mean())
    return Figures(rate=float(right.mean()), plain_rate=float(plain), label_rates=right.mean(axis=0), **common)


def _of_numbers(subject: Subject, rows: Rows, common: dict[str, Any]) -> Figures:
    y, t = subject.in_unit(subject.means(rows.X)), subject.in_unit(rows.T)
    mean = t.mean(axis=0) if subject.mean_target is None else subject.in_unit(subject.mean_target)
    if subject.law == "exp":
        deviance, plain = poisson_deviance(t, y), poisson_deviance(t, np.broadcast_to(t.mean(axis=0), t.shape))
    else:
        deviance, plain = ((t - y) ** 2).sum(axis=0), ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = float(np.mean(1 - deviance / plain))
    return Figures(
        rate=explained,
        plain_rate=0.0,
        error=np.sqrt(((t - y) ** 2).mean(axis=0)),
        plain_error=np.sqrt(((t - mean) ** 2).mean(axis=0)),
        **common,
    )


def poisson_deviance(t: Array, y: Array) -> Array:
    """Twice what the log-likelihood lacks to that of a mean equal to each count (K,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * (special.xlogy(t, t) - special.xlogy(t, y) - t + y).sum(axis=0))
