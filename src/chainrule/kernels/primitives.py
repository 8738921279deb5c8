"""The vocabulary of the table's numeric forms, in NumPy and SciPy.

Every function is stable in both tails and works for real and, where it is analytic, for complex arrays, so that
the complex step can pass through it. Branches are taken on the real part.

Accuracy is measured against mpmath and stated in units in the last place (ulp) of the exact result. NumPy's exp,
expm1, log, log1p and tanh are within 2 ulp, SciPy's erf within 3; its erfc loses up to about 500 ulp (1e-13) far
in the right tail, beyond 20, where it is below 1e-175.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[Any]


def sigmoid(a: Array) -> Array:
    """1/(1 + e^-a), without overflow and with full relative accuracy in the left tail: within 3 ulp."""
    e = np.exp(-absolute(a))  # in (0, 1]
    return np.where(np.real(a) >= 0, 1.0, e) / (1.0 + e)


def softplus(a: Array) -> Array:
    """log(1 + e^a) = max(a, 0) + log(1 + e^-|a|), within 2 ulp: both terms have one sign, so nothing cancels."""
    return maximum(a, 0.0) + np.log1p(np.exp(-absolute(a)))


def log_sigmoid(a: Array) -> Array:
    """log 1/(1 + e^-a) = min(a, 0) - log(1 + e^-|a|), within 2 ulp: nothing cancels here either."""
    return minimum(a, 0.0) - np.log1p(np.exp(-absolute(a)))


def log_softmax(a: Array) -> Array:
    """log of the softmax along the last axis, within 4 ulp over both tails for up to 100 classes.

    The largest term, exp(0) = 1, goes through log1p, so that a confident log y = -(sum of the others) keeps
    its digits.
    """
    gap, lost, _, others = _below_largest(a)
    return gap + (lost - np.log1p(others))


def softmax(a: Array) -> Array:
    """e^a_k / sum_j e^a_j along the last axis, shifted by the largest so that nothing overflows: within 5 ulp."""
    _, _, e, others = _below_largest(a)
    return e / (1.0 + others)


def _below_largest(a: Array) -> tuple[Array, Array, Array, Array]:
    """``gap = a - max a``, what that subtraction lost, ``e = exp(gap)``, and the sum of every e but the largest.

    The gap loses its last bits where the two differ in size, and exp would turn those into hundreds of ulp:
    ``lost`` is the exact rest (Knuth's two-sum), put back to first order.
    """
    a = np.asarray(a)
    at = np.real(a).argmax(axis=-1, keepdims=True)
    top = np.take_along_axis(a, at, axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):  # -inf has the probability 0; +inf and NaN give NaN
        gap = a - top
        shifted = gap - a
        lost = (a - (gap - shifted)) - (top + shifted)
    lost = np.where(np.isfinite(lost), lost, 0)
    e = np.exp(gap) * (1 + lost)
    others = e.copy()
    np.put_along_axis(others, at, 0, axis=-1)
    return gap, lost, e, _sum_in_pairs(others)


def _sum_in_pairs(terms: Array) -> Array:
    """Sum over the last axis by halves, keeping the axis: the error grows with log2 of the number of terms."""
    while (count := terms.shape[-1]) > 1:
        half = count // 2
        pairs = terms[..., :half] + terms[..., half : 2 * half]
        terms = np.concatenate([pairs, terms[..., 2 * half :]], axis=-1) if count % 2 else pairs
    return terms


def absolute(a: Array) -> Array:
    """|a| as an analytic function on each side of 0: -a to the left, a to the right."""
    return np.abs(a) if not np.iscomplexobj(a) else np.where(np.real(a) < 0, -a, a)


def maximum(a: Array, b: Array | float) -> Array:
    """The larger, by the real part, ``b`` where both are equal: relu at 0 has slope 0. NaN where either is NaN."""
    if not np.iscomplexobj(a):
        return np.maximum(a, b)
    return np.where(np.real(a) <= np.real(b), b, a)


def minimum(a: Array, b: Array | float) -> Array:
    """The smaller, by the real part; NaN where either is NaN."""
    if not np.iscomplexobj(a):
        return np.minimum(a, b)
    return np.where(np.real(a) > np.real(b), b, a)


def log_gamma(a: Array) -> Array:
    """log of the gamma function; for a >= 1 within 4 ulp of the larger of its size and 1."""
    return special.loggamma(a) if np.iscomplexobj(a) else special.gammaln(a)


NUMPY: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "abs": absolute,
    "sign": lambda a: np.sign(np.real(a)),
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "erf": special.erf,
    "erfc": special.erfc,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "log_sigmoid": log_sigmoid,
    "log_gamma": log_gamma,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "where": np.where,
    "maximum": maximum,
    "minimum": minimum,
}


@functools.lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    return compile(source, f"<formula {source}>", "eval")


def evaluate(source: str, **names: Array | None) -> Array:
    """A row's numeric form with arrays put in: ``evaluate("z * (1 - z)", z=Z)``."""
    return eval(_compiled(source), {"__builtins__": {}, **NUMPY}, names)
