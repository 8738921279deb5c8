"""Any expression to numbers: how both sides of a line are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.derivation.arrays import whole
from chainrule.derivation.entries import layout
from chainrule.derivation.expression import (
    Expression,
    Index,
    Matrix,
)
from chainrule.derivation.point import CountPoint, Point, UnitPoint
from chainrule.derivation.walk import bound_indices, contains, free_indices

Array = Any


def evaluate(node: Expression, point: Point | UnitPoint | CountPoint, over: tuple[Index, ...] = ()) -> Array:
    """The numbers of an expression.

    Parameters
    ----------
    node : Expression
    point : Point
        The numbers of its letters.
    over : tuple of Index
        The free indices, in the order of the axes wanted. Others may not be free.

    Returns
    -------
    array with one axis an index of ``over`` (for a `UnitPoint`, one axis: the units). A matrix expression gives its
    own array.
    """
    if contains(node, Matrix):
        return whole(node, point)
    missing = free_indices(node) - set(over)
    if missing:
        raise ValueError(f"these indices are free and have no axis: {missing}")
    names = [*over, *sorted(bound_indices(node) - set(over), key=str)]
    axes = {index: at + 1 for at, index in enumerate(names)}
    found = np.asarray(layout(node, point, axes))
    if found.ndim == 0:
        found = found.reshape((1,) * (len(axes) + 1))
    found = found.reshape(found.shape[: len(over) + 1])
    if isinstance(point, UnitPoint):
        return np.broadcast_to(found, point.a.shape)
    return np.broadcast_to(found[0], tuple(point.sizes[index.range] for index in over))
