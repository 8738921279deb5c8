"""What targets tell by themselves: sums that say how well a constant prediction does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.functions import OutputLaw

Array = npt.NDArray[Any]


class TargetMoments(NamedTuple):
    """Weighted sums over targets, float64; two sets of rows are joined by `plus`.

    Attributes
    ----------
    weight : float
        Sum of the sample weights.
    mean : array (K,)
    spread : array (K,)
        Sum of ``weight (t - mean)²``.
    entropy : array (K,)
        Sum of ``weight t log t``; for the Poisson law, else 0.
    log_factorial : array (K,)
        Sum of ``weight log t!``; for the Poisson law, else 0.

    Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance (1983), for joining the spreads.
    """

    weight: float
    mean: Array
    spread: Array
    entropy: Array
    log_factorial: Array

    @classmethod
    def of(cls, law: OutputLaw, T: Array, weight: Array | None) -> TargetMoments:
        """Those of targets (n, K) and sample weights (n, 1)."""
        T = T.astype(np.float64, copy=False)
        nothing = np.zeros(T.shape[1])
        w = np.ones((len(T), 1)) if weight is None else weight.astype(np.float64, copy=False)  # (n, 1)
        total = float(w.sum())
        if not total > 0:
            return cls(0.0, nothing, nothing, nothing, nothing)
        mean = (w * T).sum(axis=0) / total
        entropy = log_factorial = spread = nothing
        if law.name == "exp":
            from scipy import special

            entropy = (w * special.xlogy(T, T)).sum(axis=0)
            log_factorial = (w * special.gammaln(T + 1)).sum(axis=0)
        if not law.has_classes:
            spread = (w * (T - mean) ** 2).sum(axis=0)
        return cls(total, mean, spread, entropy, log_factorial)

    def plus(self, other: TargetMoments) -> TargetMoments:
        """Those of both together."""
        if not other.weight:
            return self
        if not self.weight:
            return other
        total = self.weight + other.weight
        gap, share = other.mean - self.mean, other.weight / total
        return TargetMoments(
            total,
            self.mean + gap * share,
            self.spread + other.spread + gap**2 * (self.weight * share),
            self.entropy + other.entropy,
            self.log_factorial + other.log_factorial,
        )
