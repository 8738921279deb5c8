"""J of a network on given rows, as a function of the vector of all weights."""

from __future__ import annotations

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

    Raises
    ------
    DataError
        X, T or the weights are not what the network takes.
    """

    def __init__(
        self,
        net: Network,
        X: npt.ArrayLike,
        T: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        evaluations: int | None = None,
    ) -> None:
        self.net = net
        self.X = checked_inputs(net, X)
        self.rows = len(self.X)
        self.T = checked_targets(net, T, self.rows)
        self.weight = checked_sample_weight(sample_weight, self.rows)
        self.total_weight = float(self.rows if self.weight is None else self.weight.sum())

        self._evaluations = evaluations

    @functools.cached_property
    def choice(self) -> select.Choice:
        """Which kernel serves, and why; made, and compiled, when first needed."""
        return select.choose(self.net, self.rows, self._evaluations)

    @functools.cached_property
    def _compiled(self) -> select.Evaluator | None:
        return self.choice.evaluator(self.X, self.T, self.weight)

    def value(self, flat: Array) -> Any:
        """J, a scalar in nats."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == np.float64 and self._compiled:
            return self._compiled.value(weights.flat)
        return sum(reference.log_likelihood(self.net, weights, *block) for block in self._blocks())

    def gradient(self, flat: Array) -> tuple[Any, Array]:
        """J and dJ/d(weights), (P,)."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == np.float64 and self._compiled:
            return self._compiled.gradient(weights.flat)
        J, total = 0.0, np.zeros_like(weights.flat)
        for block in self._blocks():
            value, part = reference.gradient(self.net, weights, *block)
            J, total = J + value, total + part
        return J, total

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        weights, direction = self.net.weights_from(flat), self.net.weights_from(v)
        if weights.flat.dtype == direction.flat.dtype == np.float64 and self._compiled:
            return self._compiled.hessian_product(weights.flat, direction.flat)
        total = np.zeros_like(weights.flat)
        for X, T, weight in self._blocks():
            total = total + reference.hessian_product(self.net, weights, X, T, direction, weight)
        return total

    def outputs(self, flat: Array) -> Array:
        """Y of every row, (N, K)."""
        weights = self.net.weights_from(flat)
        if weights.flat.dtype == np.float64 and self._compiled:
            return self._compiled.outputs(weights.flat)
        return outputs(self.net, weights, self.X)

    def _blocks(self) -> Iterator[tuple[Array, Array, Array | None]]:
        for at in range(0, self.rows, ROWS_PER_BLOCK):
            part = slice(at, at + ROWS_PER_BLOCK)
            yield self.X[part], self.T[part], None if self.weight is None else self.weight[part]


def outputs(net: Network, weights: Weights, X: Array) -> Array:
    """Y (N, K) for checked inputs, a block of rows at a time."""
    blocks = [
        reference.forward(net, weights, X[at : at + ROWS_PER_BLOCK])[1][net.L]
        for at in range(0, len(X), ROWS_PER_BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, net.K))


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
