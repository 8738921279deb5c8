"""The reference: forward, log-likelihood, gradient and Hessian-vector product in NumPy, a line per step.

Float64 (or complex, for the complex step). Rows are samples; N is their number. ``weight`` (N, 1) is the sample
weight. Everything else that computes J or a gradient is measured against this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels.primitives import evaluate
from chainrule.network import Network, Weights

Array = npt.NDArray[Any]


Masks = list[Array | None]  # dropout: for each layer 0..L-1 what Z[l] is multiplied by on its way up; None for 1


def forward(net: Network, weights: Weights, X: Array, masks: Masks | None = None) -> tuple[list[Array], list[Array]]:
    """A[l] and Z[l] of every layer; slot 0 of A is unused, Z[0] = X, Z[L] = Y. Z[l] is before its mask."""
    A: list[Array] = [X[:, :0]]
    Z: list[Array] = [X]  # (N, D)
    activations, law = net.activations, net.law
    for l in range(1, net.L + 1):
        A.append(_masked(Z, masks, l - 1) @ weights.W[l] + weights.b[l])  # (N, M[l])  post, "feed-forward mechanism"
        row = activations[l] if l < net.L else None
        Z.append(evaluate(row.value if row else law.mean, a=A[l]))  # (N, M[l])
    return A, Z


def log_density(net: Network, A: Array, T: Array) -> Array:
    """log p(t_n given x_n) of every sample, (N,), from the last pre-activation A (N, K)."""
    return evaluate(net.law.log_density, a=A, t=T).sum(axis=1)


def log_likelihood(net: Network, weights: Weights, X: Array, T: Array, weight: Array | None = None) -> Any:
    """J = sum_n weight_n log p(t_n given x_n), a scalar in nats."""
    A, _ = forward(net, weights, X)
    rows = log_density(net, A[net.L], T)  # (N,)
    return rows.sum() if weight is None else (rows * weight[:, 0]).sum()


def gradient(
    net: Network, weights: Weights, X: Array, T: Array, weight: Array | None = None, masks: Masks | None = None
) -> tuple[Any, Array]:
    """J and dJ/d(all weights) as one vector (P,), in the order of ``Weights.flat``.

    With ``masks`` it is that of the network with Z[l] replaced by Z[l] masks[l] (Srivastava et al., Dropout, 2014).
    """
    A, Z = forward(net, weights, X, masks)
    rows = log_density(net, A[net.L], T)  # (N,)
    delta = T - Z[net.L]  # (N, K)  post, appendix: t - y, for every output law
    if weight is not None:
        rows, delta = rows * weight[:, 0], delta * weight
    d = Weights(net, np.empty_like(weights.flat))
    for l in range(net.L, 0, -1):
        d.W[l][...] = _masked(Z, masks, l - 1).T @ delta  # (M[l-1], M[l])  post, "Hidden layer to output"
        d.b[l][...] = delta.sum(axis=0)  # (M[l],)
        if l > 1:
            slope = evaluate(_row(net, l - 1).slope, a=A[l - 1], z=Z[l - 1])
            back = delta @ weights.W[l].T  # (N, M[l-1])  post, "Inputs to hidden layer", sum over k restored
            delta = (back if masks is None or masks[l - 1] is None else back * masks[l - 1]) * slope  # (N, M[l-1])
    return rows.sum(), d.flat


def hessian_product(
    net: Network, weights: Weights, X: Array, T: Array, v: Weights, weight: Array | None = None
) -> Array:
    """(d²J/dw²) v as one vector (P,): the directional derivative of the gradient along v.

    R{Q} is d/dr of Q at weights + r v, at r = 0 (Pearlmutter 1994). Every line below is the derivative of a
    line of ``gradient``.
    """
    A, Z = forward(net, weights, X)
    RA: list[Array] = [A[0]]
    RZ: list[Array] = [np.zeros_like(X, dtype=weights.flat.dtype)]  # the inputs do not move
    for l in range(1, net.L + 1):
        RA.append(RZ[l - 1] @ weights.W[l] + Z[l - 1] @ v.W[l] + v.b[l])  # (N, M[l])
        if l < net.L:
            RZ.append(evaluate(_row(net, l).slope, a=A[l], z=Z[l]) * RA[l])  # (N, M[l])
    delta = T - Z[net.L]  # (N, K)
    Rdelta = -_mean_slope(net, Z[net.L], RA[net.L])  # (N, K)
    if weight is not None:
        delta, Rdelta = delta * weight, Rdelta * weight
    d = Weights(net, np.empty_like(weights.flat))
    for l in range(net.L, 0, -1):
        d.W[l][...] = RZ[l - 1].T @ delta + Z[l - 1].T @ Rdelta  # (M[l-1], M[l])
        d.b[l][...] = Rdelta.sum(axis=0)  # (M[l],)
        if l > 1:
            row = _row(net, l - 1)
            back, Rback = delta @ weights.W[l].T, Rdelta @ weights.W[l].T + delta @ v.W[l].T  # (N, M[l-1])
            slope = evaluate(row.slope, a=A[l - 1], z=Z[l - 1])
            bend = evaluate(row.curvature, a=A[l - 1], z=Z[l - 1])
            delta, Rdelta = back * slope, Rback * slope + back * bend * RA[l - 1]  # (N, M[l-1])
    return d.flat


def _masked(Z: list[Array], masks: Masks | None, l: int) -> Array:
    """What layer l passes up."""
    mask = masks[l] if masks is not None else None
    return Z[l] if mask is None else Z[l] * mask


def _row(net: Network, l: int) -> Any:
    """The activation of a hidden layer."""
    return net.activations[l]


def _mean_slope(net: Network, Y: Array, RA: Array) -> Array:
    """R{Y}: the Jacobian of the output's mean times R{A}, (N, K)."""
    match net.law.name:
        case "softmax":
            return Y * (RA - (Y * RA).sum(axis=1, keepdims=True))  # y_k (delta_kk' - y_k'), summed over k'
        case "sigmoid":
            return Y * (1 - Y) * RA
        case "exp":
            return Y * RA
        case _:
            return RA
