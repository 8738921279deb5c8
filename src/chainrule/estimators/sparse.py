"""J on sparse rows: products skip the zeros, and nothing is made dense."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective, reference
from chainrule.kernels.inputs import checked_sample_weight, checked_targets
from chainrule.kernels.select import Choice
from chainrule.network import Network

Array = npt.NDArray[Any]


def is_sparse(X: Any) -> bool:
    """Whether this is a sparse matrix or array of SciPy."""
    return type(X).__module__.startswith("scipy.sparse")


class SparseObjective(Objective):
    """An `Objective` whose X is in CSR form, checked before: the reference kernel, whose only use of X is products."""

    def __init__(
        self,
        net: Network,
        X: Any,
        T: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.net, self.dtype = net, np.dtype(dtype)
        self.X: Any = X.astype(dtype, copy=False)
        self.rows = X.shape[0]
        self.T = checked_targets(net, T, self.rows, dtype)
        # weights of 1 where none are given: a mini-batch then knows its size from them
        weight = checked_sample_weight(np.ones(self.rows) if sample_weight is None else sample_weight, self.rows, dtype)
        assert weight is not None
        self.weight = weight
        self.total_weight = float(weight.sum(dtype=np.float64))
        self.choice = Choice("reference", "The rows are sparse: NumPy and SciPy multiply without the zeros.")
        self._compiled = None

    def outputs(self, flat: Array) -> Array:
        """Y of every row, (N, K)."""
        weights = self.net.weights_from(flat)
        return np.concatenate(
            [reference.forward(self.net, weights, block[0])[1][self.net.L] for block in self._chunks()]
        )

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,); a block of rows is made dense at a time."""
        weights, direction = self.net.weights_from(flat), self.net.weights_from(v)
        total = np.zeros_like(weights.flat)
        blocks: Any = self._chunks()
        for X, T, weight in blocks:
            total += reference.hessian_product(self.net, weights, X.toarray(), T, direction, weight)
        return total


def objective_of(
    net: Network, X: Any, T: npt.ArrayLike, weight: npt.ArrayLike | None, evaluations: int, dtype: npt.DTypeLike
) -> Objective:
    """The objective on these rows, dense or sparse."""
    if is_sparse(X):
        return SparseObjective(net, X, T, weight, dtype=dtype)
    return Objective(net, X, T, weight, evaluations=evaluations, dtype=dtype)
