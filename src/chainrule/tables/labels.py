"""Labels and indicator matrices: which class is which column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LabelCoding:
    """The classes in the order of the output's columns, and the way there and back.

    ``classes`` (C,) is sorted and keeps the labels' own dtype. Two classes fit one sigmoid output.
    """

    classes: Array

    @classmethod
    def of(cls, labels: npt.ArrayLike) -> LabelCoding:
        """The classes found in the labels.

        Raises
        ------
        DataError
            Labels are missing, of mixed types, not one-dimensional, or there are none.
        """
        return cls(np.unique(checked_labels(labels)))

    def indices(self, labels: npt.ArrayLike) -> Array:
        """Position of each label in ``classes``, int64 (N,); DataError names a label that is none of them."""
        values = checked_labels(labels)
        at = np.searchsorted(self.classes, values).clip(max=len(self.classes) - 1)
        new = self.classes[at] != values
        if new.any():
            row = int(new.argmax())
            raise DataError(
                f"{new.sum()} labels are of no class seen in training (first at row {row}: {str(values[row])!r}).",
                f"The classes are {listed(self.classes)}.",
            )
        return at

    def indicator(self, labels: npt.ArrayLike, outputs: int) -> Array:
        """T (N, outputs), float64: one column a class, or for two classes and one output 0 and 1.

        Raises
        ------
        DataError
            The number of classes does not fit the number of outputs.
        """
        at = self.indices(labels)
        if outputs == 1 and len(self.classes) == 2:
            return at.astype(np.float64).reshape(-1, 1)
        if len(self.classes) != outputs:
            raise DataError(
                f"The labels have {len(self.classes)} classes and the network has {outputs} outputs.",
                f"The classes are {listed(self.classes)}.",
                "Give the network one output a class (or one sigmoid output for two classes).",
            )
        T = np.zeros((len(at), outputs))
        T[np.arange(len(at)), at] = 1.0
        return T

    def decide(self, Y: Array) -> Array:
        """The most probable class of each row of outputs (N, K); one sigmoid output above 1/2 is the second."""
        at = (Y[:, 0] > 0.5).astype(int) if Y.shape[1] == 1 else Y.argmax(axis=1)
        return self.classes[at]

    def probabilities(self, Y: Array) -> Array:
        """One column a class (N, C): a single sigmoid output becomes two columns."""
        return np.column_stack([1 - Y, Y]) if Y.shape[1] == 1 and len(self.classes) == 2 else Y


def checked_labels(labels: npt.ArrayLike) -> Array:
    """Labels as a one-dimensional array of one type, none missing."""
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"Labels must be one-dimensional, not of shape {values.shape}.",
            "Give one label a row, or an indicator matrix T (rows, outputs).",
        )
    if not len(values):
        raise DataError("There are no labels: X and the labels have no rows.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values))
        raise DataError(f"{len(bad)} labels are missing or infinite (first at row {bad[0]}).", "Drop those rows.")
    if values.dtype.kind == "O":
        values = _of_one_type(values)
    return values


def _of_one_type(values: Array) -> Array:
    """Objects as text or numbers; DataError shows two labels of different types."""
    missing = np.array([value is None or value != value for value in values])
    if missing.any():
        raise DataError(
            f"{missing.sum()} labels are missing (first at row {int(missing.argmax())}).", "Drop those rows."
        )
    kinds = [
        str if isinstance(value, str) else bool if isinstance(value, bool | np.bool_) else float for value in values
    ]
    for row, kind in enumerate(kinds):
        if kind is not kinds[0]:
            raise DataError(
                "The labels are of mixed types.",
                f"Row 0 holds {values[0]!r} ({type(values[0]).__name__}), row {row} holds {values[row]!r}"
                f" ({type(values[row]).__name__}).",
                "Make them all text, or all numbers.",
            )
    return np.array([*values])
