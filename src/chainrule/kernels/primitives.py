"""The vocabulary of the table's numeric forms, in NumPy and SciPy.

Every function is stable in both tails and works for real and, where it is analytic, for complex arrays, so that
the complex step can pass through it. Branches are taken on the real part.
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
    """1/(1 + e^-a), without overflow and with full relative accuracy in the left tail."""
    e = np.exp(-absolute(a))  # in (0, 1]
    return np.where(np.real(a) >= 0, 1.0, e) / (1.0 + e)


def softplus(a: Array) -> Array:
    """log(1 + e^a)."""
    return maximum(a, 0.0) + np.log1p(np.exp(-absolute(a)))


def log_sigmoid(a: Array) -> Array:
    """log 1/(1 + e^-a) = min(a, 0) - log(1 + e^-|a|); both terms have one sign, so nothing cancels."""
    return minimum(a, 0.0) - np.log1p(np.exp(-absolute(a)))


def log_softmax(a: Array) -> Array:
    """log of the softmax along the last axis, within 4 ulp over both tails.

    ``gap = a - max a`` loses its last bits where the two differ in size, and exp would turn those into many
    ulp: ``lost`` is what the subtraction dropped (Knuth's two-sum), put back to first order. The largest
    term, exp(0) = 1, goes through log1p, so that a confident log y = -(sum of the others) keeps its digits.
    """
    a = np.asarray(a)
    at = np.real(a).argmax(axis=-1, keepdims=True)
    top = np.take_along_axis(a, at, axis=-1)
    gap = a - top
    shifted = gap - a
    lost = (a - (gap - shifted)) - (top + shifted)
    others = np.exp(gap) * (1 + lost)
    np.put_along_axis(others, at, 0, axis=-1)
    return gap + (lost - np.log1p(others.sum(axis=-1, keepdims=True)))


def softmax(a: Array) -> Array:
    """e^a_k / sum_j e^a_j along the last axis, shifted by the largest so that nothing overflows."""
    top = np.take_along_axis(a, np.real(a).argmax(axis=-1, keepdims=True), axis=-1)
    e = np.exp(a - top)
    return e / e.sum(axis=-1, keepdims=True)


def absolute(a: Array) -> Array:
    """|a| as an analytic function on each side of 0: -a to the left, a to the right."""
    return np.abs(a) if not np.iscomplexobj(a) else np.where(np.real(a) < 0, -a, a)


def maximum(a: Array, b: Array | float) -> Array:
    """The larger, by the real part; NaN where either is NaN."""
    if not np.iscomplexobj(a):
        return np.maximum(a, b)
    return np.where(np.real(a) < np.real(b), b, a)


def minimum(a: Array, b: Array | float) -> Array:
    """The smaller, by the real part; NaN where either is NaN."""
    if not np.iscomplexobj(a):
        return np.minimum(a, b)
    return np.where(np.real(a) > np.real(b), b, a)


def log_gamma(a: Array) -> Array:
    """log of the gamma function."""
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
