"""One number people understand, from outputs and targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from chainrule.functions import OutputLaw
from chainrule.kernels.blocks import TargetMoments

Array = npt.NDArray[Any]


def rate(law: OutputLaw, Y: Array, T: Array, weight: Array | None = None) -> float:
    """Share of rows right (softmax), of labels right (sigmoid), or of the deviance explained (others).

    ``1 - deviance(Y) / deviance(mean of T)``; for the Gaussian law this is R². At most 1. NaN where the
    targets are constant, so that there is nothing to explain.
    """
    w = np.ones((len(T), 1)) if weight is None else weight
    if law.name == "softmax":
        return float(np.average(Y.argmax(axis=1) == T.argmax(axis=1), weights=w[:, 0]))
    if law.name == "sigmoid":
        return float(np.average(((Y > 0.5) == (T > 0.5)).mean(axis=1), weights=w[:, 0]))
    constant = np.broadcast_to(np.average(T, axis=0, weights=w[:, 0]), T.shape)
    nothing = deviance(law, constant, T, w)
    return 1 - deviance(law, Y, T, w) / nothing if nothing > 0 else float("nan")


def figure(law: OutputLaw, Y: Array, T: Array, weight: Array | None) -> float:
    """What a block of rows contributes to the rate: the weight of those right, or the deviance of the outputs."""
    w = np.ones((len(T), 1)) if weight is None else weight.astype(np.float64, copy=False)
    if law.name == "softmax":
        return float((w[:, 0] * (Y.argmax(axis=1) == T.argmax(axis=1))).sum())
    if law.name == "sigmoid":
        return float((w[:, 0] * ((Y > 0.5) == (T > 0.5)).mean(axis=1)).sum())
    return deviance(law, Y.astype(np.float64, copy=False), T.astype(np.float64, copy=False), w)


def rate_from(law: OutputLaw, total: float, targets: TargetMoments) -> float:
    """The rate, from the sum of `figure` over all blocks."""
    if law.has_classes:
        return total / targets.weight
    nothing = float(targets.spread.sum())
    if law.name == "exp":
        nothing = 2 * float((targets.entropy - targets.weight * special.xlogy(targets.mean, targets.mean)).sum())
    return 1 - total / nothing if nothing > 0 else float("nan")


def deviance(law: OutputLaw, Y: Array, T: Array, weight: Array) -> float:
    """Twice the log-likelihood lost against outputs equal to the targets, at least 0."""
    if law.name == "exp":
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rows = 2 * (special.xlogy(T, T) - special.xlogy(T, Y) - T + Y)
    else:
        with np.errstate(over="ignore"):
            rows = (T - Y) ** 2
    return float((rows * weight).sum())
