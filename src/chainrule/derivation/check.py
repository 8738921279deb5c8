"""Every line's check: both sides in numbers at a random point, and at the person's own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import Condition, Index, Matrix
from chainrule.derivation.point import CountPoint, Point, UnitPoint
from chainrule.derivation.steps import Step
from chainrule.derivation.walk import contains, free_indices
from chainrule.errors import DerivationError

TOLERANCE = 1e-9


def checked(step: Step, point: Point | UnitPoint | CountPoint) -> Step:
    """The step with its error.

    Raises
    ------
    DerivationError
        Its two sides differ by more than 1e-9 of their size.
    """
    if step.before is None or step.after is None:
        return step
    error = difference(step, point)
    if not error <= TOLERANCE:
        raise DerivationError(
            f"A line of the derivation is wrong: {step.before} = {step.after}.",
            f"It is line {step.anchor} ({step.rule}); its two sides differ by {error:.1e} of their size.",
            "This is a fault of chainrule, please report it.",
        )
    return dataclasses.replace(step, error=error)


def difference(step: Step, point: Point | UnitPoint | CountPoint) -> float:
    """The largest difference of the two sides, relative to the largest entry."""
    assert step.before is not None
    assert step.after is not None
    over: tuple[Index, ...] = ()
    if not contains(step.before, Matrix) and not contains(step.after, Matrix):
        if free_indices(step.after) - free_indices(step.before):
            return float("inf")  # an index came from nowhere: a sum was dropped
        over = tuple(sorted(free_indices(step.before), key=lambda i: (i.letter, i.primes)))
    with np.errstate(all="ignore"):  # of pieces, those that do not hold may be infinite; a NaN that counts fails
        left = np.asarray(evaluate(step.before, point, over))
        right = np.asarray(evaluate(step.after, point, over))
    if left.shape != right.shape:
        return float("inf")
    if step.given is not None:
        left, right = left[held(step.given, over, left.shape)], right[held(step.given, over, left.shape)]
    return relative(left, right)


def relative(left: Any, right: Any, floor: float = 1e-300) -> float:
    """The largest difference relative to the largest entry on the left."""
    if not np.size(left):
        return 0.0
    scale = max(float(np.abs(left).max()), floor)
    error = float(np.abs(left - right).max()) / scale
    return error if error == error else float("inf")


def held(condition: Condition, over: tuple[Index, ...], shape: tuple[int, ...]) -> Any:
    """Where a condition on two indices holds, as a mask over all axes."""
    grid = np.indices(shape)
    left, right = (
        grid[over.index(side)] if isinstance(side, Index) else side - 1 for side in (condition.left, condition.right)
    )
    return left == right if condition.relation == "=" else left != right
