"""Rows and targets as scikit-learn checks them; what is refused is named by row and column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight, validate_data

from chainrule.errors import DataError, counted, listed
from chainrule.estimators.compat import with_column_names
from chainrule.estimators.sparse import is_sparse
from chainrule.kernels.inputs import AS_NUMBERS, finite_matrix
from chainrule.tables.labels import checked_labels

Array = npt.NDArray[Any]
DTYPES = (np.float64, np.float32)

_TIMES = ("date", "time", "duration", "period")
_TEXT = ("object", "str", "utf8")
_CATEGORIES = ("category", "categorical", "enum")


# a number beyond float64 becomes infinity, which is refused: NumPy need not warn of it first
@np.errstate(over="ignore")
def checked_rows(estimator: Any, X: Any) -> Any:
    """X for a prediction: (N, D) of the columns that were fitted, dense or CSR; no rows give no predictions.

    Raises
    ------
    DataError
        With scikit-learn's own first line, then the row and the column.
    """
    _refuse_what_passes_for_numbers(X)
    try:
        return validate_data(
            estimator,
            with_column_names(X),
            accept_sparse="csr",
            dtype=DTYPES,
            reset=False,
            ensure_min_samples=1 if _no_rows(X) else 0,
        )
    except ValueError as error:
        raise explained(error, X) from None


@np.errstate(over="ignore")
def checked_rows_and_targets(estimator: Any, X: Any, y: Any, *, reset: bool, numbers: bool) -> tuple[Any, Array]:
    """X and y of the same length; y as numbers where asked for.

    Raises
    ------
    DataError
        With scikit-learn's own first line, then the row and the column.
    """
    _refuse_what_passes_for_numbers(X)
    if numbers and getattr(y, "dtype", None) is not None:
        _refuse_text(np.asarray(y), "", "y")
    try:
        X, y = validate_data(
            estimator,
            with_column_names(X),
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=numbers,
            dtype=DTYPES,
            reset=reset,
        )
    except ValueError as error:
        raise explained(error, X, y, numbers=numbers) from None
    return X, y


def checked_weights(sample_weight: Any, X: Any) -> Array | None:
    """Sample weights (N,), not negative; None where none are given.

    Raises
    ------
    DataError
        A weight is negative or not finite, all are zero, or their number is not that of the rows.
    """
    if sample_weight is None:
        return None
    try:
        weight: Array = _check_sample_weight(sample_weight, X, dtype=DTYPES, ensure_non_negative=True)
    except ValueError as error:
        values = np.asarray(sample_weight, dtype=object).reshape(-1)
        wrong = [row for row, value in enumerate(values) if not (_is_number(value) and 0 <= float(value) < np.inf)]
        where = f"The first is {values[wrong[0]]!r}, at row {wrong[0]}." if wrong else ""
        raise DataError(_first_line(error), where) from None
    if not weight.any():
        raise DataError("All sample weights are zero, so there is nothing to learn from.", "Sample weights cannot be "
                        "all zeros: give at least one row a weight near 1.")  # fmt: skip
    return weight


def explained(error: ValueError, X: Any, y: Any = None, *, numbers: bool = False) -> DataError:
    """scikit-learn's error with the place added, and without the array it prints."""
    if isinstance(error, DataError):
        return error
    text = str(error)
    lines = [line.rstrip(":") if "array=" in text else line for line in text.split("array=")[0].splitlines() if line]
    if "array=" in text and "Reshape" in text:
        lines.append(text[text.index("Reshape") :].replace("\n", " "))
    where = [] if is_sparse(X) else _place(X, "X")
    if not where and y is not None and not is_sparse(y):
        where = _place(y, "y") if numbers else _place_of_label(y)
    return DataError(*(lines[:3] if len(lines) > 1 and not where else [*lines[:1], *where][:4]))


def _place(values: Any, name: str) -> list[str]:
    """Count, row and column of cells that are not finite numbers; nothing where all are."""
    try:
        finite_matrix(values, name, None, flat=True)
    except DataError as error:
        found = str(error).splitlines()
        return found if "not finite" in found[0] or "missing" in found[0] else []
    except Exception:  # whatever else is wrong with it, scikit-learn's line says it
        return []
    return []


def _place_of_label(labels: Any) -> list[str]:
    try:
        checked_labels(labels)
    except DataError as error:
        return str(error).splitlines()
    except Exception:
        return []
    return []


def _refuse_what_passes_for_numbers(X: Any) -> None:
    """DataError for what NumPy would quietly make plain numbers of: masked values, dates, categories, text."""
    if np.ma.isMaskedArray(X):
        finite_matrix(X, "X", None)
    names, kinds = getattr(X, "columns", None), getattr(X, "dtypes", None)
    if names is None or kinds is None or callable(names):
        plain = np.asarray(X) if isinstance(X, list | tuple) and X and isinstance(X[0], list | tuple) else X
        if isinstance(plain, np.ndarray):
            if plain.dtype.kind in "mM":
                raise DataError(f"X holds dates or durations ({plain.dtype}).", AS_NUMBERS)
            _refuse_text(plain, "")
        return
    for words, what, cure in (
        (_TIMES, "dates or durations", AS_NUMBERS),
        (_CATEGORIES, "categories", "Turn each category into a column of its own (one-hot): codes are no quantities."),
    ):
        wrong = [name for name, kind in zip(names, kinds, strict=True) if str(kind).lower().startswith(words)]
        if wrong:
            raise DataError(f"X holds {what} in {counted(len(wrong), 'column')}: {listed(wrong, most=4)}.", cure)
    for name, kind in zip(names, kinds, strict=True):
        if str(kind).lower().startswith(_TEXT):
            _refuse_text(np.asarray(X[name], dtype=object), f" of column {str(name)!r}")


def _refuse_text(values: Array, where: str, name: str = "X") -> None:
    """DataError for text, also where it reads as a number: "1.5"."""
    if values.dtype.kind not in "OUST":
        return
    for at, value in np.ndenumerate(values):
        if isinstance(value, str | bytes):
            value = value.decode(errors="replace") if isinstance(value, bytes) else value
            place = f"row {at[0]}{where}" if where or len(at) < 2 else f"row {at[0]}, column {at[1]}"
            raise DataError(
                f"{name} holds text: the first is {value[:40]!r}, at {place}.",
                "Convert numbers written as text with astype(float)"
                + (", or turn each category into a column of its own." if name == "X" else "."),
            )


def _no_rows(X: Any) -> bool:
    """Whether the number of rows is to be checked: what is empty and two-dimensional gives an empty answer."""
    shape: Sequence[int] = getattr(X, "shape", ())
    return not (len(shape) == 2 and shape[0] == 0)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
