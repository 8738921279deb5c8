"""The best step inside a ball, for a quadratic model: ``min g·p + pᵀHp/2, |p| <= radius``; H may be indefinite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def exact_step(values: Array, vectors: Array, g: Array, radius: float, accuracy: float = 1e-10) -> Array:
    """The global solution from the eigenvalues, lowest first, and eigenvectors of H.

    ``p = -(H + s I)^-1 g`` with the smallest s >= 0 that makes H + s I positive semidefinite and |p| <= radius; in the
    hard case (g has no part along the lowest eigenvector) that eigenvector fills up the length. Where the ball binds,
    ``|p|`` is within ``accuracy`` of the radius, relative to it.

    Source: Moré, Sorensen, Computing a trust region step (1983); Nocedal, Wright (2006), section 4.3.
    """
    return vectors @ step_along(values, g @ vectors, radius, accuracy)


def step_along(values: Array, a: Array, radius: float, accuracy: float) -> Array:
    """The same in the coordinates of the eigenvectors, from the slopes along them."""
    lowest, size, steep = float(values[0]), math.sqrt(float(a @ a)), np.abs(a)
    largest = max(-lowest, float(values[-1]))
    floor = max(0.0, -lowest)
    tiny = 1e-14 * max(largest, 1e-300)
    bottom = values + floor
    is_curved = bottom > tiny
    p = -a / np.where(is_curved, bottom, np.inf)  # directions without curvature and without slope do not move
    if (is_curved | (steep <= 1e-12 * size)).all():
        length = math.sqrt(float(p @ p))
        if length <= radius:
            if lowest < -tiny:  # hard case: go along the lowest eigenvector to the rim
                p[0] += math.sqrt(max(radius**2 - length**2, 0.0)) * (-1.0 if a[0] > 0 else 1.0)
            return p
    # |p(s)| falls from infinity (or above radius) to 0: Newton on 1/radius - 1/|p(s)|, safeguarded by bisection, from
    # the s below which one part of p alone would be too long
    low, high = floor, floor + size / radius + largest
    s = max(low + tiny, float((steep / radius - values).max()))
    for _ in range(100):
        bottom = values + s
        p = -a / bottom
        square = float(p @ p)
        length = math.sqrt(square)
        if abs(length - radius) <= accuracy * radius or high - low <= 1e-16 * high:
            break
        low, high = (s, high) if length > radius else (low, s)
        slope = float(p @ (p / bottom))
        new = s + (length / radius - 1) * square / slope if slope > 0 else low
        s = new if low < new < high else (low + high) / 2
    return p


def conjugate_gradients_step(
    hessian_product: Callable[[Array], Array], g: Array, radius: float, forcing: float, most: int
) -> Array:
    """An approximate solution from products with H alone: conjugate gradients, stopped at the rim of the ball, at a
    direction of negative curvature (followed to the rim), or when the residual is below ``forcing * |g|``.

    Source: Steihaug, The conjugate gradient method and trust regions in large scale optimization (1983).
    """
    p, r = np.zeros_like(g), g.copy()
    d, rr = -r, float(g @ g)
    goal = (forcing**2) * rr
    for _ in range(most):
        Hd = hessian_product(d)
        curvature = float(d @ Hd)
        if curvature <= 0:
            return p + _to_rim(p, d, radius) * d
        alpha = rr / curvature
        longer = p + alpha * d
        if float(longer @ longer) >= radius**2:
            return p + _to_rim(p, d, radius) * d
        p, r = longer, r + alpha * Hd
        old, rr = rr, float(r @ r)
        if rr <= goal:
            break
        d = -r + (rr / old) * d
    return p


def _to_rim(p: Array, d: Array, radius: float) -> float:
    """The t >= 0 with |p + t d| = radius."""
    a, b, c = float(d @ d), float(p @ d), float(p @ p) - radius**2
    root = math.sqrt(max(b * b - a * c, 0.0))
    return -c / (b + root) if b > 0 else (root - b) / a  # the form that does not cancel
