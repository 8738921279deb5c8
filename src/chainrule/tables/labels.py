"""Labels and indicator matrices: which class is which column."""

from __future__ import annotations

import datetime
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, counted, listed

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
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
        if _kind(values) != _kind(self.classes):
            raise DataError(
                f"The labels are {_kind(values)} and the classes are {_kind(self.classes)}.",
                f"The first label is {str(values[0])!r}; the classes are {listed(self.classes)}.",
            )
        at = np.searchsorted(self.classes, values).clip(max=len(self.classes) - 1)
        new = self.classes[at] != values
        if new.any():
            row = int(new.argmax())
            raise DataError(
                f"{counted(int(new.sum()), 'label')} of no class seen in training"
                f" (first at row {row}: {str(values[row])!r}).",
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
        """The most probable class of each row of outputs (N, K); one sigmoid output above 1/2 is the second.

        Raises
        ------
        DataError
            An output is NaN: the inputs are so large that the network's sums overflow.
        """
        if np.isnan(Y).any():
            row = int(np.isnan(Y).any(axis=1).argmax())
            raise DataError(
                f"The outputs of row {row} are not numbers: its inputs are so large that the sums overflow.",
                "Check that row, or give inputs near the size of those in training.",
            )
        if len(self.classes) == 1:
            at = np.zeros(len(Y), dtype=int)
        else:
            at = (Y[:, 0] > 0.5).astype(int) if Y.shape[1] == 1 else Y.argmax(axis=1)
        return self.classes[at]

    def probabilities(self, Y: Array) -> Array:
        """One column a class (N, C): a single sigmoid output becomes two columns, one class is certain."""
        if len(self.classes) == 1:
            return np.ones((len(Y), 1))
        return np.column_stack([1 - Y, Y]) if Y.shape[1] == 1 and len(self.classes) == 2 else Y

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LabelCoding)
            and self.classes.dtype.kind == other.classes.dtype.kind
            and np.array_equal(self.classes, other.classes)
        )

    def __hash__(self) -> int:
        return hash(tuple(self.classes.tolist()))


def checked_labels(labels: npt.ArrayLike) -> Array:
    """Labels as a one-dimensional array of one type, none missing; a column (N, 1) is one label a row.

    Raises
    ------
    DataError
        Labels are missing, masked, of mixed types, of a type that names no class, not one-dimensional, or none.
    """
    if np.ma.isMaskedArray(labels) and np.ma.getmaskarray(labels).any():
        mask = np.ma.getmaskarray(labels).ravel()
        raise _missing(mask, "hidden by a mask")
    if hasattr(labels, "__array__"):
        values = np.asarray(labels)
    else:  # as objects: numpy.asarray([1, "a", None]) would quietly make text of everything
        values = np.array(labels, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"Labels must be one-dimensional, not of shape {values.shape}.",
            "Give one label a row, or an indicator matrix T (rows, outputs).",
        )
    if not len(values):
        raise DataError("There are no labels: X and the labels have no rows.")
    if values.dtype.kind in "OT":
        return _of_one_type(values)
    if values.dtype.kind in "cV":
        raise DataError(f"Labels of type {values.dtype} name no classes.", "Give text, whole numbers or booleans.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise _missing(~np.isfinite(values), "missing or infinite")
    if values.dtype.kind in "mM" and np.isnat(values).any():
        raise _missing(np.isnat(values), "missing")
    return values


def _of_one_type(values: Array) -> Array:
    """Objects as text, booleans, numbers or dates; DataError shows two labels of different types."""
    missing = np.array([_is_missing(value) for value in values])
    if missing.any():
        raise _missing(missing, "missing")
    kinds = [_type_of(value) for value in values]
    for row, kind in enumerate(kinds):
        if kind == "":
            raise DataError(
                f"The label of row {row} is of type {type(values[row]).__name__}, which names no class.",
                "Give text, whole numbers or booleans.",
            )
        if kind != kinds[0]:
            raise DataError(
                "The labels are of mixed types.",
                f"Row 0 holds {values[0]!r} ({kinds[0]}), row {row} holds {values[row]!r} ({kind}).",
                "Make them all text, or all numbers.",
            )
    same = np.array(values.tolist())
    whole = all(isinstance(value, numbers.Integral) for value in values)
    return values if whole and same.dtype.kind == "f" else same  # beyond int64 a float would merge neighbours


def _type_of(value: object) -> str:
    """Which type of label this is, in words; empty where it names no class."""
    if isinstance(value, str | bytes):
        return "text" if isinstance(value, str) else "bytes"
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, numbers.Real):
        return "number"
    return "date" if isinstance(value, datetime.date | np.datetime64) else ""


def _is_missing(value: object) -> bool:
    """Whether this is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, numbers.Integral):  # of any size, also beyond float64
        return False
    return isinstance(value, numbers.Real) and not np.isfinite(float(value))


def _missing(wrong: Array, how: str) -> DataError:
    """The error for labels that are not there."""
    return DataError(
        f"{counted(int(wrong.sum()), 'label')} {how} (first at row {int(wrong.argmax())}).", "Drop those rows."
    )


def _kind(values: Array) -> str:
    """What the labels are, in words; booleans are numbers, as for NumPy."""
    if isinstance(values[0], str | bytes):
        return "text"
    return "dates" if isinstance(values[0], datetime.date | np.datetime64 | np.timedelta64) else "numbers"
