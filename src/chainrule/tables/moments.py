"""Mean and standard deviation of numbers that come in parts, without overflow or underflow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Moments:
    """How many numbers, their mean and standard deviation, the least and the greatest; float64.

    Examples
    --------
    >>> both = Moments.of(np.array([1.0, 2.0])).plus(Moments.of(np.array([6.0])))
    >>> both.count, both.mean, round(both.scale, 6), both.low, both.high
    (3, 3.0, 2.160247, 1.0, 6.0)
    """

    count: int = 0
    mean: float = 0.0
    scale: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, values: Array) -> Moments:
        """Those of finite numbers (n,)."""
        if not len(values):
            return cls()
        mean, scale = location_and_scale(values)
        return cls(len(values), mean, scale, float(values.min()), float(values.max()))

    def plus(self, other: Moments) -> Moments:
        """Those of both together: ``mean = m + w' (m' - m)``, ``scale² = w s² + w' s'² + w w' (m' - m)²``.

        Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance, 1983.
        """
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        w, v = self.count / count, other.count / count
        half = other.mean / 2 - self.mean / 2  # halves: a difference of two finite numbers can overflow
        mean = 2 * (self.mean / 2 + v * half)
        scale = math.hypot(math.sqrt(w) * self.scale, math.sqrt(v) * other.scale, 2 * math.sqrt(w * v) * half)
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Moments(count, mean, min(scale, np.finfo(float).max) if low < high else 0.0, low, high)


def location_and_scale(values: Array) -> tuple[float, float]:
    """Mean and standard deviation without overflow or underflow; the deviation is 0 only for equal values."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low, 0.0
    largest = max(abs(low), abs(high))
    mean = float((values / largest).mean()) * largest
    deviation = values / 2 - mean / 2  # halves: a difference of two finite numbers can overflow
    widest = float(np.abs(deviation).max())
    spread = widest * float(np.sqrt(np.mean((deviation / widest) ** 2)))
    return mean, float(np.clip(2 * min(spread, np.finfo(float).max / 2), 5e-324, None))
