"""From rows to outputs, fast for one row and sparing for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from chainrule.kernels.primitives import evaluate
from chainrule.network import Network

Array = npt.NDArray[Any]

ROWS_AT_ONCE = 4096


def last_preactivation(net: Network, coefs: Sequence[Array], intercepts: Sequence[Array], X: Any) -> Array:
    """A[L] (N, K) in the dtype of X and the weights; X dense or sparse."""
    rows = X.shape[0]
    if rows <= ROWS_AT_ONCE:
        return _block(net, coefs, intercepts, X)
    blocks = range(0, rows, ROWS_AT_ONCE)
    return np.concatenate([_block(net, coefs, intercepts, X[at : at + ROWS_AT_ONCE]) for at in blocks])


def mean(net: Network, A: Array) -> Array:
    """Y (N, K) from A[L], which may be overwritten."""
    match net.layers[-1].function:
        case "softmax":
            A -= A.max(axis=1, keepdims=True)
            np.exp(A, out=A)
            A /= A.sum(axis=1, keepdims=True)
            return A
        case "sigmoid":
            found: Array = special.expit(A)
            return found
        case "exp":
            with np.errstate(over="ignore"):  # far from the training rows a mean may exceed every number
                return np.exp(A, out=A)
        case _:
            return A


def _block(net: Network, coefs: Sequence[Array], intercepts: Sequence[Array], Z: Any) -> Array:
    last = len(coefs) - 1
    for l, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        A = Z @ W
        A += b
        if l == last:
            break
        function = net.layers[l].function
        if function == "relu":
            Z = np.maximum(A, 0, out=A)
        elif function == "sigmoid":
            Z = special.expit(A, out=A)
        elif function == "tanh":
            Z = np.tanh(A, out=A)
        elif function == "identity":
            Z = A
        else:
            Z = evaluate(net.activations[l + 1].value, a=A)  # type: ignore[union-attr]
    return A
