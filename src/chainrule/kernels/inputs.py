"""What the kernels accept: arrays checked once, at the border, with the row and column of what is wrong."""

from __future__ import annotations

import datetime
import decimal
import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, counted
from chainrule.network import Network, Weights

Array = npt.NDArray[Any]

FINITE_AT_ONCE = 1 << 16  # numbers
AS_NUMBERS = "Turn them into numbers: year, weekday, days since."


def checked_inputs(net: Network, X: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> Array:
    """X as (N, D) of ``dtype``, contiguous, finite; the array itself is never changed, and not copied needlessly.

    Raises
    ------
    DataError
        Not two-dimensional, another width than D, not numeric, masked, sparse, or with a cell that is not finite.
    """
    check_network(net)
    if type(X) is np.ndarray:
        is_plain = X.dtype == dtype and X.dtype.isnative and X.flags.c_contiguous
        if is_plain and X.shape[1:] == (net.D,) and _all_finite(X):
            return X  # the usual case, without a look at all that might be wrong
    return finite_matrix(X, "X", net.D, f"the network {net.notation} has {counted(net.D, 'input')}", dtype=dtype)


def checked_targets(net: Network, T: npt.ArrayLike, rows: int, dtype: npt.DTypeLike = np.float64) -> Array:
    """T as (N, K) of ``dtype``, inside what the output law allows; for one output also (N,).

    Raises
    ------
    DataError
        Another shape than (N, K), not finite, or outside the law: see ``OutputLaw.targets``.
    """
    why = f"the network {net.notation} has {counted(net.K, 'output')}"
    T = finite_matrix(T, "T", net.K, why, flat=net.K == 1, dtype=dtype)
    if len(T) != rows:
        raise DataError(
            f"X has {counted(rows, 'row')} and T has {counted(len(T), 'row')}.", "Each row of X needs its row of T."
        )
    wrong = outside_law(net, T)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{counted(int(wrong.sum()), 'row')} of T outside the {net.law.distribution} law (first at row {row}).",
            f"Received {np.array2string(T[row, :6], precision=6)}; allowed: {net.law.targets}.",
        )
    return T


def outside_law(net: Network, T: Array) -> Array:
    """Which rows of T (N, K) the output law does not take, bool (N,)."""
    match net.law.name:
        case "softmax":
            return np.asarray(
                (T < 0).any(axis=1) | (np.abs(T.sum(axis=1) - 1) > (1e-6 if T.dtype == np.float64 else 1e-5))
            )
        case "sigmoid":
            return np.asarray(((T < 0) | (T > 1)).any(axis=1))
        case "exp":
            return np.asarray((T < 0).any(axis=1))
    return np.zeros(len(T), dtype=bool)


def are_labels(net: Network, T: npt.ArrayLike) -> bool:
    """Whether T holds one class label a row, not a column an output."""
    if not net.law.has_classes:
        return False
    try:
        shape = np.shape(T)
    except ValueError:
        raise DataError("The rows of T have different lengths.", "Every row needs the same columns.") from None
    is_column = len(shape) == 2 and shape[1] == 1
    return len(shape) == 1 or (is_column and (net.K > 1 or np.asarray(T).dtype.kind in "USO"))


def checked_sample_weight(
    sample_weight: npt.ArrayLike | None, rows: int, dtype: npt.DTypeLike = np.float64
) -> Array | None:
    """Sample weights as (N, 1) of ``dtype``, or None.

    Raises
    ------
    DataError
        Another shape than (N,) or (N, 1), negative, not finite, or all zero.
    """
    if sample_weight is None:
        return None
    raw = _real_array(sample_weight, "sample_weight")
    if raw.ndim not in (1, 2) or raw.size != rows or raw.shape[0] != rows:
        raise DataError(
            f"{counted(rows, 'row')} and sample weights of shape {raw.shape}.", f"Their shape must be ({rows},)."
        )
    weight = _as_floats(raw, "sample_weight", dtype).reshape(-1, 1)
    wrong = ~np.isfinite(weight[:, 0]) | (weight[:, 0] < 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{counted(int(wrong.sum()), 'sample weight')} negative or not finite"
            f" (first at row {row}: {weight[row, 0]:g}).",
            "A sample weight is a number from 0; drop the row, or give it the weight 0.",
        )
    with np.errstate(over="ignore"):
        total = weight.sum(dtype=np.float64)
    if rows and not 0 < total < np.inf:
        what = "All sample weights are zero" if total == 0 else "The sum of the sample weights overflows"
        raise DataError(f"{what}, so there is nothing to learn from.", "Give at least one row a weight near 1.")
    return weight


def checked_weights(net: Network, weights: Weights, name: str = "weights") -> Array:
    """The vector (P,) of weights that belong to the network; DataError for anything else."""
    check_network(net)
    if not isinstance(weights, Weights):
        raise DataError(
            f"{name} must be a Weights, not {type(weights).__name__}.",
            "Wrap a vector of all weights with net.weights_from(vector).",
        )
    if weights.network != net:
        raise DataError(f"The {name} belong to {weights.network.notation}, not to {net.notation}.")
    return weights.flat


def finite_matrix(
    values: npt.ArrayLike,
    name: str,
    width: int | None,
    why: str = "",
    *,
    flat: bool = False,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """A C-contiguous matrix of float64 or float32; what is not one is refused by name, place and shape.

    ``width`` is the number of columns it must have, and ``why``; ``flat`` takes (N,) for one column.
    """
    raw = _real_array(values, name)
    if flat and raw.ndim == 1:
        raw = raw.reshape(-1, 1)
    if raw.ndim == 0:
        raise DataError(f"{name} must be an array of rows and columns, not {type(values).__name__}.")
    if raw.ndim != 2:
        raise DataError(
            f"{name} must have two dimensions (rows, columns), not shape {raw.shape}.",
            _reshape_hint(name, raw.ndim, width),
        )
    if width is not None and raw.shape[1] != width:
        raise DataError(
            f"{name} has {counted(raw.shape[1], 'column')}, but {why}.", f"Its shape must be (rows, {width})."
        )
    columns = _column_names(values)
    matrix = _as_floats(raw, name, dtype, columns)
    if not _all_finite(matrix):
        finite = np.isfinite(matrix)
        row, column = np.unravel_index(int(finite.argmin()), finite.shape)
        kind = "missing (NaN)" if np.isnan(matrix[row, column]) else "infinite"
        if kind == "infinite" and raw.dtype.kind == "f" and np.isfinite(raw[row, column]):
            kind = f"too large for {matrix.dtype}"
        wide = int((~finite).any(axis=0).sum())
        raise DataError(
            f"{counted(int((~finite).sum()), 'value')} of {name} not finite, in {counted(wide, 'column')}.",
            f"The first is {kind}, at {_place((row, column), columns)}.",
            "Fill such cells or drop the rows: a network cannot train on them.",
        )
    return matrix


def _all_finite(matrix: Array) -> bool:
    """Whether every number is finite, a block of rows at a time: no second table of truth values in memory."""
    rows = max(1, FINITE_AT_ONCE // max(1, matrix.shape[1]))
    return all(np.isfinite(matrix[at : at + rows]).all() for at in range(0, len(matrix), rows))


def as_matrix(values: Any, name: str, dtype: npt.DTypeLike) -> Array:
    """Rows as C-contiguous floats, not looked at for what is not finite; dates, text and the like are refused."""
    return _as_floats(_real_array(values, name), name, dtype, _column_names(values))


def check_network(net: Network) -> None:
    """DataError for a notation in place of a network."""
    if not isinstance(net, Network):
        what = f"The network must be a Network, not {type(net).__name__}."
        raise DataError(what, 'Write chainrule.Network("2-3-3").')


def _real_array(values: Any, name: str) -> Array:
    """Values as an array that may hold real numbers: not masked, sparse, ragged, dates, complex or categories."""
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        hidden = np.argwhere(np.ma.getmaskarray(values))
        raise DataError(
            f"{name} is a masked array with {counted(len(hidden), 'hidden value')} (first at {_place(hidden[0])}).",
            "Fill them first, as in X.filled(0), or drop the rows.",
        )
    if type(values).__module__.startswith("scipy.sparse"):
        raise DataError(
            f"{name} is a sparse {'x'.join(map(str, values.shape))} matrix, which is not supported yet.",
            f"Use {name}.toarray() if it fits in memory.",
        )
    if coded := _categorical_columns(values):
        raise DataError(
            f"{name} holds categories, in column {coded[0]!r}{f' and {len(coded) - 1} more' if coded[1:] else ''}.",
            "Turn each category into a column of its own (one-hot): its codes are not quantities.",
        )
    try:
        raw = np.asarray(values)
    except ValueError:
        raise DataError(f"The rows of {name} have different lengths.", "Every row needs the same columns.") from None
    if raw.dtype.kind in "mM":
        raise DataError(f"{name} holds dates or durations ({raw.dtype}).", AS_NUMBERS)
    if raw.dtype.kind == "c":
        raise DataError(f"{name} holds complex numbers.", "A network takes real numbers.")
    return raw


def _as_floats(raw: Array, name: str, dtype: npt.DTypeLike, columns: list[str] | None = None) -> Array:
    """C-contiguous floats; text and objects that are no numbers are refused, also where they look like numbers."""
    if raw.dtype.kind in "biuf":
        with np.errstate(over="ignore"):  # a number beyond the dtype becomes inf, which the caller refuses
            return np.ascontiguousarray(raw, dtype=dtype)
    for index, value in np.ndenumerate(raw):
        at = _place(index, columns)
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            raise DataError(
                f"{name} has missing values (first at {at}).",
                "Fill such cells or drop the rows: a network cannot train on them.",
            )
        if not isinstance(value, numbers.Real | decimal.Decimal | np.bool_):
            if _looks_like_number(value):
                raise DataError(
                    f"{name} holds numbers written as text: the first is {str(value)!r}, at {at}.",
                    f"Convert them first: {name}.astype(float).",
                )
            if isinstance(value, datetime.date | datetime.timedelta | np.datetime64):
                raise DataError(f"{name} holds dates: the first is {value}, at {at}.", AS_NUMBERS)
            raise DataError(
                f"{name} holds values that are not numbers: the first is {str(value)[:40]!r}, at {at}.",
                "Give numbers, or turn each category into a column of its own (one-hot).",
            )
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(raw.astype(np.float64), dtype=dtype)
    except (OverflowError, ValueError):  # 10**400; a signalling NaN
        raise DataError(f"{name} holds numbers that float64 cannot hold, such as whole ones above 1.8e308.") from None


def _looks_like_number(value: Any) -> bool:
    """Whether text reads as a number: "1.5"."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _reshape_hint(name: str, dimensions: int, width: int | None) -> str:
    """The line to type for an array that is not two-dimensional."""
    if name == "T" and dimensions == 1 and width:
        return f"Labels become an indicator matrix with numpy.eye({width})[labels]; cr.train takes them as they are."
    if dimensions == 1:
        return f"Use {name}.reshape(-1, 1) for one column, {name}.reshape(1, -1) for one row."
    return f"Use {name}.reshape(len({name}), -1) to make each row flat."


def _categorical_columns(values: Any) -> list[str]:
    """Columns of a pandas table that hold categories: their codes or values must not pass for quantities."""
    if not type(values).__module__.startswith("pandas"):
        return []
    kinds = values.dtypes.items() if values.ndim == 2 else [(values.name, values.dtype)]
    return [str(name) for name, kind in kinds if kind.name == "category"]


def _column_names(values: Any) -> list[str] | None:
    """The names of a data frame's columns, for messages."""
    names = getattr(values, "columns", None)
    return None if names is None or callable(names) else [str(name) for name in names]


def _place(index: Any, columns: list[str] | None = None) -> str:
    """``row 3, column 1``, or with the column's name."""
    if len(index) == 1:
        return f"row {index[0]}"
    if len(index) == 2:
        return f"row {index[0]}, column {repr(columns[index[1]]) if columns else index[1]}"
    return f"position {tuple(map(int, index))}"
