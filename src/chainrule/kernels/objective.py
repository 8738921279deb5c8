"""J of a network on given rows, as a function of the vector of all weights."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import forward, reference, select
from chainrule.kernels.blocks import (
    Block,
    Recycled,
    TargetMoments,
    TreeSum,
    WeightSum,
    block_digest,
    bounds_of,
    plus,
    rows_per_block,
)
from chainrule.kernels.inputs import checked_inputs, checked_sample_weight, checked_targets, checked_weights
from chainrule.network import Network, Weights

Array = npt.NDArray[Any]

ROWS_PER_CHUNK = 4096  # that NumPy takes at once

MasksOfRows = Callable[[int, int], reference.Masks | None]


class Objective:
    """J and its derivatives: sums over blocks of rows with fixed bounds, added in a fixed order.

    A block is summed chunk by chunk and the blocks in a tree (`chainrule.kernels.blocks`), so that rows in memory give
    the same bits as the same rows read block by block.

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
    is_streamed = False  # all rows are in memory

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
        self.total_weight = self._total()
        if self.weight is not None and self.dtype != np.float64 and not self.has_one_block:
            given = checked_sample_weight(sample_weight, self.rows)  # as those of a table in blocks are added up
            assert given is not None
            self.total_weight = self._sum_of(given)
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
        for made_when_needed in ("choice", "_compiled", "targets"):
            found.__dict__.pop(made_when_needed, None)
        found.X, found.T, found.weight, found.rows = X, T, weight, len(T)
        found.total_weight, found._evaluations = found._total(), evaluations
        return found

    @classmethod
    def of_block(cls, net: Network, block: Block, choice: select.Choice) -> Objective:
        """That of a block that is checked, served by the kernel chosen for the whole table."""
        found = cls.__new__(cls)
        found.net, found.dtype = net, block.X.dtype
        found.X, found.T, found.weight, found.rows = *block, len(block.X)
        found.total_weight, found._evaluations = found._total(), 1
        found.__dict__["choice"] = choice
        return found

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """First row and end of each block."""
        return bounds_of(self.rows, self.net.D + self.net.K)

    @property
    def has_one_block(self) -> bool:
        """Whether there is nothing to add up beyond a block."""
        return self.rows <= rows_per_block(self.net.D + self.net.K)

    @functools.cached_property
    def targets(self) -> TargetMoments:
        """What the targets alone tell: their means and spreads."""
        sums = TreeSum(TargetMoments.plus)
        for number, (first, end) in enumerate(self.bounds):
            own = None if self.weight is None else self.weight[first:end]
            sums.add(number, TargetMoments.of(self.net.law, self.T[first:end], own))
        moments: TargetMoments = sums.total(len(self.bounds))
        return moments

    @functools.cached_property
    def choice(self) -> select.Choice:
        """Which kernel serves, and why; made, and compiled, when first needed."""
        return select.choose(self.net, self.rows, self._evaluations, self.dtype)

    @functools.cached_property
    def _compiled(self) -> select.Evaluator | None:
        return self.choice.evaluator(self.X, self.T, self.weight)

    def _serving(self, flat: Array) -> select.Evaluator | None:
        """The compiled code, where it takes this vector as it is."""
        is_plain = type(flat) is np.ndarray and flat.dtype == self.dtype and flat.shape == (self.net.size,)
        return self._compiled if is_plain else None

    def prepare(self, memory: Recycled | None = None) -> None:
        """Lay out the rows as the compiled kernel reads them, now rather than when first needed."""
        if self._compiled:
            self._compiled.prepare(memory)

    def value(self, flat: Array) -> Any:
        """J, a scalar in nats."""
        if compiled := self._serving(flat):
            return compiled.value(flat)
        weights = self.net.weights_from(flat)
        return self._sum(lambda X, T, weight, _: _wide(reference.log_likelihood(self.net, weights, X, T, weight)), 0.0)

    def gradient(self, flat: Array, *, J: bool = True, masks: MasksOfRows | None = None) -> tuple[Any, Array]:
        """J and dJ/d(weights), (P,); J is NaN where it is not asked for.

        ``masks(first, count)`` are the masks of dropout for so many rows.
        """
        if masks is None and (compiled := self._serving(flat)):
            value, d = compiled.gradient(flat, J=J)
            return (value if J else np.nan), d
        weights = self.net.weights_from(flat)

        def part(X: Array, T: Array, weight: Array | None, first: int) -> tuple[Any, Array]:
            value, d = reference.gradient(self.net, weights, X, T, weight, masks and masks(first, X.shape[0]))
            return _wide(value), d

        value, d = self._sum(part, (0.0, np.zeros_like(weights.flat)))
        return value, d

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        if (compiled := self._serving(flat)) and self._serving(v):
            return compiled.hessian_product(flat, v)
        weights, direction = self.net.weights_from(flat), self.net.weights_from(v)
        found: Array = self._sum(
            lambda X, T, weight, _: reference.hessian_product(self.net, weights, X, T, direction, weight),
            np.zeros_like(weights.flat),
        )
        return found

    def hessian(self, flat: Array) -> Array:
        """d²J/dw² (P, P): a product for each unit vector."""
        if compiled := self._serving(flat):
            return compiled.hessian(flat)
        weights = self.net.weights_from(flat)
        return np.array([self.hessian_product(flat, unit) for unit in np.eye(flat.size, dtype=weights.flat.dtype)])

    def score(self, flat: Array) -> float | None:
        """The weight of rows (labels) right, or the sum of squares of t - y; None where no compiled code gives it."""
        compiled = self._serving(flat)
        return compiled.score(flat) if compiled else None

    def outputs(self, flat: Array) -> Array:
        """Y of every row, (N, K)."""
        if compiled := self._serving(flat):
            return compiled.outputs(flat)
        return outputs(self.net, self.net.weights_from(flat), self.X)

    def digests(self) -> list[bytes]:
        """A digest of each block that the rows would lie in: `chainrule.kernels.blocks.block_digest`."""
        X, T, weight = self.X, self.T, self.weight
        return [block_digest(Block(X[a:b], T[a:b], None if weight is None else weight[a:b])) for a, b in self.bounds]

    def _chunks(self) -> Iterator[tuple[Array, Array, Array | None]]:
        for at in range(0, self.rows, ROWS_PER_CHUNK):
            part = slice(at, at + ROWS_PER_CHUNK)
            yield self.X[part], self.T[part], None if self.weight is None else self.weight[part]

    def _sum(self, of_rows: Callable[[Array, Array, Array | None, int], Any], nothing: Any) -> Any:
        """What ``of_rows(X, T, weight, first row)`` gives, over all rows."""
        sums = TreeSum()
        for number, (first, end) in enumerate(self.bounds):
            total = nothing
            for at in range(first, end, ROWS_PER_CHUNK):
                part = slice(at, min(at + ROWS_PER_CHUNK, end))
                found = of_rows(self.X[part], self.T[part], None if self.weight is None else self.weight[part], at)
                total = plus(total, found)
            sums.add(number, total)
        return sums.total(len(self.bounds)) if self.bounds else nothing

    def _total(self) -> float:
        """The sum of the sample weights, which count 1 each where none are given."""
        if self.weight is None:
            return float(self.rows)
        return self._sum_of(self.weight)

    def _sum_of(self, weight: Array) -> float:
        """The sum of sample weights (N, 1), block by block."""
        sums = WeightSum(rows_per_block(self.net.D + self.net.K))
        sums.add(weight)
        return sums.total()


def _wide(value: Any) -> Any:
    """J of a block, in float64 where it was summed in float32: blocks are not added up in less."""
    return float(value) if getattr(value, "dtype", None) == np.float32 else value


def outputs(net: Network, weights: Weights, X: Array) -> Array:
    """Y (N, K) for checked inputs of the weights' dtype, a block of rows at a time; many rows in compiled code."""
    kernel = select.for_outputs(net, len(X), weights.flat.dtype) if X.dtype == weights.flat.dtype else None
    if kernel is not None:
        return kernel.outputs(weights.flat, X, threads=select.threads_for(net, len(X)))
    if weights.flat.dtype.kind == "f":
        return forward.mean(net, forward.last_preactivation(net, weights.W[1:], weights.b[1:], X))
    return reference.forward(net, weights, X)[1][net.L]  # complex, for the complex step


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
