"""What a model says of the rows of a table."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.tables.noticed import Noticed

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Predictions:
    """What a model says of each row of a table.

    Attributes
    ----------
    decided : array (N,)
        Position of the predicted class, 0 in rows without a prediction; or the predicted number, NaN in these.
    classes : array (C,)
        No element for numbers.
    probabilities : array (N, C)
        Of each class; no columns for numbers.
    bad : bool array (N,)
        Rows without a prediction: a cell was missing or unreadable. Their probabilities are NaN.
    outside : bool array (N,)
        Rows with an input far outside the training range: beyond it by more than its own width.
    noticed : Noticed
        What a person should know of the table.
    """

    decided: Array
    classes: Array
    probabilities: Array
    bad: Array
    outside: Array
    noticed: Noticed

    @functools.cached_property
    def values(self) -> Array:
        """Predicted class or number (N,); None, or NaN, in rows without a prediction."""
        if not len(self.classes):
            return self.decided
        values = self.classes[self.decided]
        if self.bad.any():
            values = values.astype(object)
            values[self.bad] = None
        return values

    @property
    def notes(self) -> list[str]:
        """What a person should know, in sentences."""
        return [*self.noticed.notes(), *self.noticed.not_seen()]


def most_probable(P: Array) -> Array:
    """Position of the greatest probability of each row (N,), the first of equal ones, from P (N, C).

    >>> most_probable(np.array([[0.5, 0.5], [0.2, 0.8]]))
    array([0, 1])
    """
    if P.shape[1] == 2:
        return (P[:, 1] > P[:, 0]).astype(np.intp)
    return P.argmax(axis=1)
