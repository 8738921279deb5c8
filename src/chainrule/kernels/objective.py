"""J of a network on given rows, as a function of the vector of all weights."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import reference, select
from chainrule.kernels.inputs import checked_inputs, checked_sample_weight, checked_targets, checked_weights
from chainrule.network import Network, Weights

Array = npt.NDArray[Any]

ROWS_PER_BLOCK = 4096


class Objective:
    """J and its derivatives: sums over blocks of rows with fixed bounds, added in a fixed order.

    Parameters
    ----------
    net : Network
    X : array (N, D)
    T : array (N, K)
    sample_weight : array (N,), optional
        Non-negative; each row's log-likelihood is multiplied by its own.
    evaluations : int, optional
        How often J or its derivatives will be asked for, roughly: compiled code serves where that pays
        (`chainrule.kernels.select`), NumPy otherwise. Many where left out.
    dtype : float64 or float32
        Of X, T and the sample weights, and of the compiled arithmetic.

    Raises
    ------
    DataError
        X, T or the weights are not what the network takes.
    """

    dtype: np.dtype[Any] = np.dtype(np.float64)

    def __init__(
        self,
        net: Network,
        X: npt.ArrayLike,
        T: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        evaluations: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.net, self.dtype = net, np.dtype(dtype)
        self.X = checked_inputs(net, X, dtype)
        self.rows = len(self.X)
        self.T = checked_targets(net, T, self.rows, dtype)
        self.weight = checked_sample_weight(sample_weight, self.rows, dtype)
        self.total_weight = _total(self.weight, self.rows)
        self._evaluations = evaluations

    def prepared(self, evaluations: int) -> Objective:
        """The same rows, which need no second check, with the kernel that serves so many evaluations best."""
        return self._with(self.X, self.T, self.weight, evaluations)

    def of_rows(self, rows: Array) -> Objective:
        """The objective of some of its rows, a mask or their numbers."""
        weight = None if self.weight is None else self.weight[rows]
        return self._with(self.X[rows], self.T[rows], weight, 1)

    def weighted(self, weight: Array) -> Objective:
        """The same with each row's weight (N,) multiplied by another.

        Raises
        ------
        DataError
            The weights that result are all zero, or their sum overflows.
        """
        product = weight if self.weight is None else weight * self.weight[:, 0]
        return self._with(self.X, self.T, checked_sample_weight(product, self.rows, self.dtype), 1)

    def _with(self, X: Array, T: Array, weight: Array | None, evaluations: int) -> Objective:
        """One on other rows of the same kind, checked before."""
        found = copy.copy(self)
        for made_when_needed in ("choice", "_compiled"):
            found.__dict__.pop(made_when_needed, None)
        found.X, found.T, found.weight, found.rows = X, T, weight, len(X)
        found.total_weight, found._evaluations = _total(weight, len(X)), evaluations
        return found

    @functools.cached_property
    def choice(self) -> select.Choice:
        """Which kernel serves, and why; made, and compiled, when first needed."""
        return select.choose(self.net, self.rows, self._evaluations, self.dtype)

    @functools.cached_property
    def _compiled(self) -> select.Evaluator | None:
        return self.choice.evaluator(self.X, self.T, self.weight)

    def value(self, flat: Array) -> Any:
        """J, a scalar in nats."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == self.dtype and self._compiled:
            return self._compiled.value(weights.flat)
        return sum(_wide(reference.log_likelihood(self.net, weights, *block)) for block in self._blocks())

    def gradient(self, flat: Array) -> tuple[Any, Array]:
        """J and dJ/d(weights), (P,)."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == self.dtype and self._compiled:
            return self._compiled.gradient(weights.flat)
        J, total = 0.0, np.zeros_like(weights.flat)
        for block in self._blocks():
            value, part = reference.gradient(self.net, weights, *block)
            J, total = J + _wide(value), total + part
        return J, total

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        weights, direction = self.net.weights_from(flat), self.net.weights_from(v)
        if weights.flat.dtype == direction.flat.dtype == self.dtype and self._compiled:
            return self._compiled.hessian_product(weights.flat, direction.flat)
        total = np.zeros_like(weights.flat)
        for X, T, weight in self._blocks():
            total = total + reference.hessian_product(self.net, weights, X, T, direction, weight)
        return total

    def hessian(self, flat: Array) -> Array:
        """d²J/dw² (P, P): a product for each unit vector."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == self.dtype and self._compiled:
            return self._compiled.hessian(weights.flat)
        return np.array([self.hessian_product(flat, unit) for unit in np.eye(flat.size, dtype=weights.flat.dtype)])

    def outputs(self, flat: Array) -> Array:
        """Y of every row, (N, K)."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == self.dtype and self._compiled:
            return self._compiled.outputs(weights.flat)
        return outputs(self.net, weights, self.X)

    def _blocks(self) -> Iterator[tuple[Array, Array, Array | None]]:
        for at in range(0, self.rows, ROWS_PER_BLOCK):
            part = slice(at, at + ROWS_PER_BLOCK)
            yield self.X[part], self.T[part], None if self.weight is None else self.weight[part]


def _total(weight: Array | None, rows: int) -> float:
    """The sum of the sample weights, which count 1 each where none are given."""
    return float(rows if weight is None else weight.sum(dtype=np.float64))


def _wide(value: Any) -> Any:
    """J of a block, in float64 where it was summed in float32: blocks are not added up in less."""
    return float(value) if getattr(value, "dtype", None) == np.float32 else value


def outputs(net: Network, weights: Weights, X: Array) -> Array:
    """Y (N, K) for checked inputs of the weights' dtype, a block of rows at a time; many rows in compiled code."""
    kernel = select.for_outputs(net, len(X), weights.flat.dtype) if X.dtype == weights.flat.dtype else None
    if kernel is not None:
        return kernel.outputs(weights.flat, X, threads=select.threads_for(net, len(X)))
    blocks = [
        reference.forward(net, weights, X[at : at + ROWS_PER_BLOCK])[1][net.L]
        for at in range(0, len(X), ROWS_PER_BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, net.K), weights.flat.dtype)


def log_likelihood(
    net: Network,
    weights: Weights,
    X: npt.ArrayLike,
    T: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
) -> float:
    """The log-likelihood of the targets.

    ``J = sum_n weight_n log p(t_n given x_n)``

    Parameters
    ----------
    net : Network
    weights : Weights
        Of this network.
    X : array (N, D)
    T : array (N, K)
        What the output law takes: an indicator matrix for softmax.
    sample_weight : array (N,), optional
        Non-negative.

    Returns
    -------
    float, in nats. At most 0 for softmax and sigmoid. Complex for complex weights, so that the complex step works.

    Raises
    ------
    DataError
        X, T or the weights are not what the network takes.

    Source: the post, "Training a neural network through backpropagation".

    Examples
    --------
    >>> import chainrule as cr
    >>> net = cr.Network("2-3-3")
    >>> cr.log_likelihood(net, net.weights_from([0.0] * net.size), [[1.0, 2.0]], [[0, 1, 0]])
    -1.0986122886681098
    """
    J: Any = Objective(net, X, T, sample_weight, evaluations=1).value(checked_weights(net, weights))
    return J if np.iscomplexobj(J) else float(J)


def gradient(
    net: Network,
    weights: Weights,
    X: npt.ArrayLike,
    T: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
) -> Weights:
    """The gradient of J with respect to every weight and bias.

    ``dJ/dW[l] = Z[l-1]ᵀ delta[l]``, ``dJ/db[l] = sum_n delta[l]``, ``delta[L] = T - Y``,
    ``delta[l] = (delta[l+1] W[l+1]ᵀ) g'(A[l])``

    Parameters and errors as for `log_likelihood`.

    Returns
    -------
    Weights : ``.W[l]`` is dJ/dW[l] (M[l-1], M[l]), ``.b[l]`` is dJ/db[l] (M[l],).

    Source: the post, "Hidden layer to output" and "Inputs to hidden layer", corrected.
    """
    flat = checked_weights(net, weights)
    return net.weights_from(Objective(net, X, T, sample_weight, evaluations=1).gradient(flat)[1])


def hessian_product(
    net: Network,
    weights: Weights,
    X: npt.ArrayLike,
    T: npt.ArrayLike,
    v: Weights,
    sample_weight: npt.ArrayLike | None = None,
) -> Weights:
    """The product of J's Hessian with a vector, without forming the Hessian.

    ``(d²J/dw²) v = d/dr gradient(w + r v) at r = 0``

    ``v`` is a `Weights` of the same network; other parameters and errors as for `log_likelihood`. Where an
    activation has a kink, its slope is taken as constant on each side.

    Returns
    -------
    Weights, in the layout of ``weights``.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).
    """
    flat, direction = checked_weights(net, weights), checked_weights(net, v, "direction v")
    return net.weights_from(Objective(net, X, T, sample_weight, evaluations=1).hessian_product(flat, direction))
