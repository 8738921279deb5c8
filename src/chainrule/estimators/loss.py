"""scikit-learn's loss from our J: what a mean row loses against outputs equal to its targets, and the penalty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from chainrule.functions import OutputLaw
from chainrule.kernels import Objective
from chainrule.training.posterior import Posterior

Array = npt.NDArray[Any]


class Loss:
    """``loss = (J* - J) / (N c) + penalty/2 sum of W² / N``: J* of outputs equal to the targets, N the total weight.

    c is the number of outputs of a Gaussian law and 1 elsewhere, as in scikit-learn. So J = 0 for classes, half the
    mean squared error for numbers, half the mean deviance for counts.
    """

    def __init__(self, posterior: Posterior) -> None:
        o = posterior.objective
        self._posterior = posterior
        self._best = saturated_of(0, o) if isinstance(o, Objective) else float(o.sum(saturated_of))
        self._rows = o.total_weight * (o.net.K if o.net.law.name == "identity" else 1)

    def __call__(self, J: float, weights: Array) -> float:
        """The loss of these weights (P,), whose log-likelihood is J."""
        prior = self._posterior.log_prior(weights) / self._posterior.objective.total_weight
        return (self._best - J) / self._rows - prior


def saturated_of(number: int, part: Objective) -> float:
    """That of a block's rows."""
    return saturated(part.net.law, part.T, part.weight)


def saturated(law: OutputLaw, T: Array, weight: Array | None) -> float:
    """J of outputs equal to the targets: the most that any network reaches, in nats."""
    match law.name:
        case "softmax":
            rows = special.xlogy(T, T)
        case "sigmoid":
            rows = special.xlogy(T, T) + special.xlog1py(1 - T, -T)
        case "exp":
            rows = special.xlogy(T, T) - T - special.gammaln(T + 1)
        case _:
            rows = 0 * T - 0.5 * math.log(2 * math.pi)
    return float((rows if weight is None else rows * weight).sum(dtype=np.float64))
