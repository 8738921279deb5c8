"""Standardised inputs and targets: kept beside the weights, and applied wherever rows come in or numbers go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from chainrule.estimators.sparse import is_sparse

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Scaling:
    """``x -> (x - mean) / spread``, a column at a time; a constant column becomes zeros.

    Attributes
    ----------
    mean : array (D,) or None
        None for sparse rows, whose zeros stay zeros.
    spread : array (D,)
        The standard deviation, 0 of a constant column.
    """

    mean: Array | None
    spread: Array

    @classmethod
    def of(cls, X: Any, sample_weight: Array | None = None) -> Scaling:
        """From rows of training data, dense or sparse."""
        found = StandardScaler(with_mean=not is_sparse(X)).fit(X, sample_weight=sample_weight)
        root = np.sqrt(found.var_)
        spread = np.where(found.scale_ == root, root, 0.0)  # scikit-learn puts 1 for what is constant but for rounding
        if not found.with_mean:
            return cls(None, spread)
        return cls(np.where(spread > 0, found.mean_, X[0]), spread)  # a mean of constants need not be one of them

    @property
    def scale(self) -> Array:
        """What is divided by: the spread, 1 of a constant column."""
        return np.where(self.spread > 0, self.spread, 1.0)

    def apply(self, X: Any) -> Any:
        """Rows of the same kind, standardised, in their own dtype."""
        if self.mean is None:
            return (X.multiply(1 / self.scale).tocsr() if is_sparse(X) else X / self.scale).astype(X.dtype)
        if is_sparse(X):
            X = X.toarray()
        return ((X - self.mean) / self.scale).astype(X.dtype, copy=False)

    def undo(self, Y: Array) -> Array:
        """The way back, for predictions: of a constant column, the constant."""
        found = Y * self.spread
        return (found if self.mean is None else found + self.mean).astype(Y.dtype, copy=False)
