"""What the kernels accept: arrays checked once, at the border, with the row and column of what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.network import Network

Array = npt.NDArray[Any]


def checked_inputs(net: Network, X: npt.ArrayLike) -> Array:
    """X as float64 (N, D), contiguous, finite; the array itself is never changed.

    Raises
    ------
    DataError
        Not two-dimensional, another width than D, not numeric, masked, or with a cell that is not finite.
    """
    return finite_matrix(X, "X", net.D, f"the network {net.notation} has {net.D} inputs")


def checked_targets(net: Network, T: npt.ArrayLike, rows: int) -> Array:
    """T as float64 (N, K), inside what the output law allows.

    Raises
    ------
    DataError
        Another shape than (N, K), not finite, or outside the law: see ``OutputLaw.targets``.
    """
    if np.ndim(T) == 1 and net.K == 1:
        T = np.reshape(T, (-1, 1))
    T = finite_matrix(T, "T", net.K, f"the network {net.notation} has {net.K} outputs")
    if len(T) != rows:
        raise DataError(f"X has {rows} rows and T has {len(T)}.", "Each row of X needs its row of T.")
    match net.law.name:
        case "softmax":
            wrong = (T < 0).any(axis=1) | (np.abs(T.sum(axis=1) - 1) > 1e-6)
        case "sigmoid":
            wrong = ((T < 0) | (T > 1)).any(axis=1)
        case "exp":
            wrong = (T < 0).any(axis=1)
        case _:
            wrong = np.zeros(rows, dtype=bool)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{wrong.sum()} rows of T are outside the {net.law.distribution} law (first at row {row}).",
            f"Received {np.array2string(T[row, :6], precision=6)}; allowed: {net.law.targets}.",
        )
    return T


def checked_sample_weight(sample_weight: npt.ArrayLike | None, rows: int) -> Array | None:
    """Sample weights as float64 (N, 1), or None.

    Raises
    ------
    DataError
        Another length than N, negative, not finite, or all zero.
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64).reshape(-1)
    if len(weight) != rows:
        raise DataError(f"{rows} rows and {len(weight)} sample weights.", "Each row needs one weight.")
    wrong = ~np.isfinite(weight) | (weight < 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{wrong.sum()} sample weights are negative or not finite (first at row {row}: {weight[row]:g}).",
            "A sample weight is a number from 0; drop the row, or give it the weight 0.",
        )
    if not weight.any():
        raise DataError("All sample weights are zero, so there is nothing to learn from.")
    return weight.reshape(-1, 1)


def finite_matrix(values: npt.ArrayLike, name: str, width: int | None, why: str = "") -> Array:
    """A C-contiguous float64 matrix; what is not one is refused by name, place and shape."""
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        hidden = np.argwhere(np.ma.getmaskarray(values))
        raise DataError(
            f"{name} is a masked array with {len(hidden)} hidden values (first at {_place(hidden[0])}).",
            "Fill them first: X.filled(value), or drop the rows.",
        )
    try:
        raw = np.asarray(values)
    except ValueError:
        raise DataError(f"The rows of {name} have different lengths.", "Every row needs the same columns.") from None
    if raw.dtype.kind in "mM":
        raise DataError(
            f"{name} holds dates or durations ({raw.dtype}).",
            "Turn them into numbers: year, weekday, days since.",
        )
    if raw.dtype.kind == "c":
        raise DataError(f"{name} holds complex numbers.", "A network takes real inputs.")
    try:
        matrix = np.ascontiguousarray(raw, dtype=np.float64) if raw.ndim else raw
    except (TypeError, ValueError):
        raise DataError(
            f"{name} holds values that are not numbers ({raw.dtype}).",
            _first_text(raw),
            "Give numbers, or code the categories.",
        ) from None
    if matrix.ndim != 2:
        hint = f"Use {name}.reshape(-1, 1) for one column, {name}.reshape(1, -1) for one row."
        raise DataError(f"{name} must have two dimensions (rows, columns), not shape {matrix.shape}.", hint)
    if width is not None and matrix.shape[1] != width:
        raise DataError(f"{name} has {matrix.shape[1]} columns, but {why}.", f"Its shape must be (rows, {width}).")
    if not np.isfinite(matrix).all():
        bad = np.argwhere(~np.isfinite(matrix))
        kind = "missing (NaN)" if np.isnan(matrix[tuple(bad[0])]) else "infinite"
        columns = np.unique(bad[:, 1])
        raise DataError(
            f"{len(bad)} values of {name} are not finite, in {len(columns)} column{'s' * (len(columns) > 1)}.",
            f"The first is {kind}, at {_place(bad[0])}.",
            "Fill such cells or drop the rows: a network cannot train on them.",
        )
    return matrix


def _place(index: Array) -> str:
    return f"row {index[0]}, column {index[1]}" if len(index) == 2 else f"position {tuple(map(int, index))}"


def _first_text(raw: Array) -> str:
    """Where the first value that is no number stands."""
    for index, value in np.ndenumerate(raw):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"The first is {str(value)[:40]!r}, at {_place(np.array(index))}."
    return ""
