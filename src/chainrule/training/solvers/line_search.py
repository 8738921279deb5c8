"""A step length that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SUFFICIENT = 1e-4  # c1: share of the predicted fall that must be had
FLAT = 0.9  # c2: share of the first slope that may be left
EVALUATIONS = 25  # at most, a search


@dataclass(frozen=True)
class Point:
    """A point on the line: step length, weights, f, its gradient, and its slope along the line."""

    step: float
    weights: Array
    f: float
    gradient: Array
    slope: float


def wolfe_step(
    function: Callable[[Array], tuple[float, Array]],
    origin: Point,
    direction: Array,
    first: float,
) -> Point | None:
    """A point downhill from ``origin`` (step 0, slope below 0), or None where there is none to this precision.

    ``f(a) <= f(0) + c1 a f'(0)`` and ``|f'(a)| <= c2 |f'(0)|``. Where evaluations run out, or rounding drowns the
    fall, the lowest point seen that satisfies the first condition serves.

    Source: Nocedal, Wright, Numerical optimization (2006), algorithms 3.5 and 3.6, with cubic interpolation.
    """

    def at(step: float) -> Point:
        weights = origin.weights + step * direction
        f, gradient = function(weights)
        return Point(step, weights, f, gradient, float(gradient @ direction))

    def falls(point: Point) -> bool:
        return point.f <= origin.f + SUFFICIENT * point.step * origin.slope

    low, high, step = origin, None, first
    for _ in range(EVALUATIONS):
        new = at(step)
        if not math.isfinite(new.f) or not np.isfinite(new.gradient).all():
            if step < 1e-12 * first:
                break
            high, step = None, low.step + 0.1 * (step - low.step)  # outside the function's range: come back
            continue
        if not falls(new) or new.f >= low.f:
            high = new
        elif abs(new.slope) <= -FLAT * origin.slope:
            return new
        else:
            beyond = new if high is None else high
            if new.slope * (beyond.step - low.step) >= 0:  # f rises from here to the far end: the valley is behind
                high = low
            low = new
        if high is None:
            step = 2.0 * low.step
            continue
        step = _between(low, high)
        if abs(high.step - low.step) * np.abs(direction).max() <= 1e-16 * (1 + np.abs(low.weights).max()):
            break
    return low if low is not origin and low.f < origin.f else None


def _between(low: Point, high: Point) -> float:
    """The lowest point of the cubic through both ends, kept a tenth of the way from either."""
    span = high.step - low.step
    theta = 3 * (low.f - high.f) / span + low.slope + high.slope
    root = theta * theta - low.slope * high.slope
    inner = 0.5
    if root >= 0 and math.isfinite(root):
        gamma = math.copysign(math.sqrt(root), span)
        bottom = high.slope - low.slope + 2 * gamma
        if bottom:
            inner = 1 - (high.slope + gamma - theta) / bottom
    if not math.isfinite(inner):
        inner = 0.5
    return low.step + min(0.9, max(0.1, inner)) * span
