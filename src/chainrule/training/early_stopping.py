"""Early stopping: the best figure so far, and how long ago it was last improved."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Best:
    """The best weights seen, by the figure that is watched.

    Attributes
    ----------
    value : float
        The best figure.
    weights : array (P,) or None
        Where it was seen.
    epoch : int
        When.
    improved : int
        The last epoch that counts as an improvement: better than the best before by more than asked for.
    """

    value: float = -math.inf
    weights: Array | None = None
    epoch: int = 0
    improved: int = 0

    def after(self, value: float, weights: Array, epoch: int, improvement: float) -> Best:
        """With one more figure seen."""
        improved = epoch if value > self.value + improvement else self.improved
        if value > self.value:
            return Best(value, weights, epoch, improved)
        return replace(self, improved=improved)
