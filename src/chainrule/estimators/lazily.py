"""Predictions for Dask arrays and data frames: made piece by piece, when somebody asks for them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.cluster import is_dask

Method = TypeVar("Method", bound=Callable[..., Any])


def also_lazily(method: Method) -> Method:
    """A method from rows to predictions that takes Dask collections too, and gives a Dask array of the same pieces."""

    @functools.wraps(method)
    def call(self: Any, X: Any) -> Any:
        if not is_dask(X):
            return method(self, X)
        from chainrule.cluster.predict import mapped

        check_is_fitted(self)
        model = copy.copy(self)
        for name in ("_state", "_shown_rows", "_best_flat", "history_"):  # what predictions need not carry about
            vars(model).pop(name, None)
        sample = method(model, _sample(X, self.n_features_in_))
        return mapped(_Predictor(model, method.__name__), X, sample)

    return call  # type: ignore[return-value]


class _Predictor:
    """Calls a method of a model: what travels to the workers."""

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name

    def __call__(self, rows: Any) -> Any:
        return np.asarray(getattr(self.model, self.name)(rows))


def _sample(X: Any, inputs: int) -> Any:
    """One row of zeros of the same kind: what comes of it tells shape and type, or is an error now and not later."""
    shape: tuple[Any, ...] = getattr(X, "shape", ())
    if len(shape) == 2 and not np.isnan(shape[1]):
        inputs = int(shape[1])
    zeros = np.zeros((1, inputs))
    if not hasattr(X, "columns"):
        return zeros
    import pandas

    return pandas.DataFrame(zeros, columns=list(X.columns))
