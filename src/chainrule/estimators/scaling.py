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
    """``x -> (x - mean) / scale``, a column at a time; a constant column has the scale 1.

    Attributes
    ----------
    mean : array (D,) or None
        None for sparse rows, whose zeros stay zeros.
    scale : array (D,)
        The standard deviation.
    """

    mean: Array | None
    scale: Array

    @classmethod
    def of(cls, X: Any, sample_weight: Array | None = None) -> Scaling:
        """From rows of training data, dense or sparse."""
        found = StandardScaler(with_mean=not is_sparse(X)).fit(X, sample_weight=sample_weight)
        scale = np.where(found.scale_ > 0, found.scale_, 1.0)
        return cls(found.mean_ if found.with_mean else None, scale)

    def apply(self, X: Any) -> Any:
        """Rows of the same kind, standardised, in their own dtype."""
        if self.mean is None:
            return (X.multiply(1 / self.scale).tocsr() if is_sparse(X) else X / self.scale).astype(X.dtype)
        if is_sparse(X):
            X = X.toarray()
        return ((X - self.mean) / self.scale).astype(X.dtype, copy=False)

    def undo(self, Y: Array) -> Array:
        """The way back, for predictions."""
        found = Y * self.scale
        return (found if self.mean is None else found + self.mean).astype(Y.dtype, copy=False)
