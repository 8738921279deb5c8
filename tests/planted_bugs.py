"""Wrong gradients, each with one mistake that people make: what the checkers must catch.

`Backward` is a right one, written with a method for each line of backpropagation. A planted bug replaces one line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import Network, Weights
from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate

Array = np.ndarray


class Backward:
    """The gradient of J, line by line; call it like the functions that `support.gradient_error` takes."""

    def __call__(self, net: Network, weights: Weights, X: Array, T: Array, sample_weight: Array | None = None) -> Array:
        weight = np.ones((len(X), 1)) if sample_weight is None else np.reshape(sample_weight, (-1, 1))
        A, Z = reference.forward(net, weights, X)
        d = Weights(net, np.zeros(net.size))
        delta = self.weighted(self.output_delta(T, Z[net.L]), weight)
        for l in range(net.L, 0, -1):
            d.W[l] = self.weight_gradient(Z, l, delta)
            d.b[l] = self.bias_gradient(delta)
            if l > 1:
                back = self.pass_back(delta, weights, l, d)
                delta = back * self.slope(net.activations[l - 1], A[l - 1], Z[l - 1])
        return self.finished(d.flat)

    def output_delta(self, T: Array, Y: Array) -> Array:
        return T - Y

    def weighted(self, delta: Array, weight: Array) -> Array:
        return delta * weight

    def weight_gradient(self, Z: list[Array], l: int, delta: Array) -> Array:
        return Z[l - 1].T @ delta

    def bias_gradient(self, delta: Array) -> Array:
        return delta.sum(axis=0)

    def pass_back(self, delta: Array, weights: Weights, l: int, d: Weights) -> Array:
        return delta @ weights.W[l].T

    def slope(self, row: Any, a: Array, z: Array) -> Array:
        return evaluate(row.slope, a=a, z=z)

    def finished(self, d: Array) -> Array:
        return d


PLANTED: dict[str, Backward] = {}


def planted(bug: type[Backward]) -> type[Backward]:
    """Add a wrong gradient to the list, under its docstring."""
    PLANTED[(bug.__doc__ or "").rstrip(".")] = bug()
    return bug


@planted
class _(Backward):
    """The sign: descends where it should climb."""

    def finished(self, d):
        return -d


@planted
class _(Backward):
    """A factor of 1.0005."""

    def finished(self, d):
        return 1.0005 * d


@planted
class _(Backward):
    """A factor of two."""

    def output_delta(self, T, Y):
        return 2 * (T - Y)


@planted
class _(Backward):
    """The mean over rows in place of the sum."""

    def weighted(self, delta, weight):
        return delta * weight / len(delta)


@planted
class _(Backward):
    """y − t in the first layer only."""

    def weight_gradient(self, Z, l, delta):
        return Z[l - 1].T @ delta * (-1 if l == 1 else 1)


@planted
class _(Backward):
    """dW transposed on a square layer, where the shape says nothing."""

    def weight_gradient(self, Z, l, delta):
        return (Z[l - 1].T @ delta).T


@planted
class _(Backward):
    """W in place of its transpose on the way back through a square layer."""

    def pass_back(self, delta, weights, l, d):
        return delta @ weights.W[l]


@planted
class _(Backward):
    """The missing sum over k: only the last class sends its error back."""

    def pass_back(self, delta, weights, l, d):
        return delta[:, -1:] * weights.W[l][:, -1]


@planted
class _(Backward):
    """The sum over k taken of the errors and of the weights apart."""

    def pass_back(self, delta, weights, l, d):
        return delta.sum(axis=1, keepdims=True) * weights.W[l].sum(axis=1)


@planted
class _(Backward):
    """The missing slope."""

    def slope(self, row, a, z):
        return np.ones_like(z)


@planted
class _(Backward):
    """The slope squared."""

    def slope(self, row, a, z):
        return super().slope(row, a, z) ** 2


@planted
class _(Backward):
    """The slope at z: the formula in a, given z, so that the sigmoid is taken twice."""

    def slope(self, row, a, z):
        return super().slope(row, z, evaluate(row.value, a=z))


@planted
class _(Backward):
    """z in place of z (1 − z)."""

    def slope(self, row, a, z):
        return z


@planted
class _(Backward):
    """1 − z in place of z (1 − z)."""

    def slope(self, row, a, z):
        return 1 - z


@planted
class _(Backward):
    """The slope of tanh for a sigmoid."""

    def slope(self, row, a, z):
        return 1 - z**2


@planted
class _(Backward):
    """The slope by a difference quotient with the step 1e-6."""

    def slope(self, row, a, z):
        return (evaluate(row.value, a=a + 1e-6) - evaluate(row.value, a=a - 1e-6)) / 2e-6


@planted
class _(Backward):
    """The wrong layer's Z: the outputs of the layer in place of its inputs."""

    def weight_gradient(self, Z, l, delta):
        return Z[l].T @ delta


@planted
class _(Backward):
    """The layer before's Z: X for every layer."""

    def weight_gradient(self, Z, l, delta):
        return Z[0].T @ delta


@planted
class _(Backward):
    """Bias: the mean over rows in place of the sum."""

    def bias_gradient(self, delta):
        return delta.mean(axis=0)


@planted
class _(Backward):
    """Bias: the last row in place of the sum over rows."""

    def bias_gradient(self, delta):
        return delta[-1]


@planted
class _(Backward):
    """Bias: the sum over units in place of the sum over rows."""

    def bias_gradient(self, delta):
        return np.full(delta.shape[1], delta.sum(axis=1)[0])


@planted
class _(Backward):
    """Bias: no gradient at all."""

    def bias_gradient(self, delta):
        return np.zeros(delta.shape[1])


@planted
class _(Backward):
    """The missing sample weight."""

    def weighted(self, delta, weight):
        return delta


@planted
class _(Backward):
    """The sample weight's square."""

    def weighted(self, delta, weight):
        return delta * weight**2


@planted
class _(Backward):
    """Sample weights scaled to the mean 1."""

    def weighted(self, delta, weight):
        return delta * weight / weight.mean()


@planted
class _(Backward):
    """The softmax Jacobian's diagonal only: t (1 − y)."""

    def output_delta(self, T, Y):
        return T * (1 - Y)


@planted
class _(Backward):
    """The Jacobian of the post's main text, y_k' (δ_kk' − y_k'): t_k − Σ t_k' y_k'."""

    def output_delta(self, T, Y):
        return T - (T * Y).sum(axis=1, keepdims=True)


@planted
class _(Backward):
    """The slope of the output's sigmoid, which the log-likelihood has cancelled."""

    def output_delta(self, T, Y):
        return (T - Y) * Y * (1 - Y)


@planted
class _(Backward):
    """The derivative of J in y left as it is: t / y."""

    def output_delta(self, T, Y):
        return T / Y


@planted
class _(Backward):
    """W already updated when the error is passed back through it."""

    def pass_back(self, delta, weights, l, d):
        return delta @ (weights.W[l] + 1e-6 * d.W[l]).T


@planted
class _(Backward):
    """The error passed back through the weights of the layer before."""

    def pass_back(self, delta, weights, l, d):
        return delta @ weights.W[l - 1].T


@planted
class _(Backward):
    """The first row left out."""

    def weighted(self, delta, weight):
        return delta * weight * (np.arange(len(delta)) > 0)[:, None]


@planted
class _(Backward):
    """One unit's weights left where they were."""

    def weight_gradient(self, Z, l, delta):
        return Z[l - 1].T @ (delta * (np.arange(delta.shape[1]) > 0))


@planted
class _(Backward):
    """Single precision on the way."""

    def output_delta(self, T, Y):
        return (T - Y).astype(np.float32).astype(np.float64)
