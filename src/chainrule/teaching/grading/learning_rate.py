"""The unknown learning rate of someone who updates the weights before they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.tolerance import tolerance

Array = npt.NDArray[Any]


def rate_that_fits(
    sources: Mapping[str, str],
    received: Sequence[tuple[Problem, Array]],
    evaluate: Callable[..., Array | None],
    scale: Callable[[Problem], float],
    *,
    search: bool,
) -> float | None:
    """The learning rate, the same on every problem or the same over N, at which mutated weights give the numbers.

    ``search`` looks far for it; without, only near 0.
    """
    rates: list[tuple[int, float]] = []
    for problem, array in received:
        starts: tuple[float, ...] = (rates[0][1], rates[0][1] * rates[0][0] / problem.N) if rates else (0.0,)
        if not rates and search:
            starts += _best_start(problem, array, sources, evaluate, scale(problem))
        found = (_rate(problem, array, sources, evaluate, scale(problem), start) for start in starts)
        rate = next((value for value in found if value is not None), None)
        if rate is None:
            return None
        rates.append((problem.N, rate))
    if len(rates) < 2:
        return None
    for values in ([r for _, r in rates], [r * n for n, r in rates]):
        if values[0] and max(values) - min(values) <= 1e-3 * abs(values[0]):
            return abs(values[0])
    return None


def _best_start(
    problem: Problem, array: Array, sources: Mapping[str, str], evaluate: Callable[..., Array | None], scale: float
) -> tuple[float, ...]:
    """The learning rate, of those that people write, whose numbers come nearest."""
    made = {rate: evaluate(problem, sources, rate) for rate in _RATES}
    gaps = {
        rate: float(np.linalg.norm(array - scale * value))
        for rate, value in made.items()
        if value is not None and value.shape == array.shape and np.isfinite(value).all()
    }
    return (min(gaps, key=lambda rate: gaps[rate]),) if gaps else ()


_RATES = tuple(first * 10.0**power for power in range(-6, 1) for first in (1, 2, 3, 5))


def _rate(
    problem: Problem,
    array: Array,
    sources: Mapping[str, str],
    evaluate: Callable[..., Array | None],
    scale: float,
    rate: float,
) -> float | None:
    """The learning rate at which the mutated program gives these numbers, by Newton's method on one unknown."""
    flat, small, last = array.astype(np.float64).ravel(), 1e-6, float("inf")
    for _ in range(10):
        here, there = evaluate(problem, sources, rate), evaluate(problem, sources, rate + small)
        if here is None or there is None or here.shape != array.shape or not np.isfinite(here).all():
            return None
        missing, direction = flat - scale * here.ravel(), scale * (there - here).ravel() / small
        left = float(np.linalg.norm(missing))
        if float(np.abs(missing).max()) <= 5 * tolerance(array) * max(float(np.abs(flat).max()), 1e-12):
            return rate
        if left > 0.9 * last:
            return None  # no rate brings it nearer: another mistake
        last = left
        length = float(direction @ direction)
        if length < 1e-20:
            return None
        rate += float(missing @ direction) / length
    return None
