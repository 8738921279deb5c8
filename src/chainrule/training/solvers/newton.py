"""Newton's method in a trust region, on exact products with the Hessian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.training.posterior import Posterior
from chainrule.training.solvers.first_order import Memory
from chainrule.training.solvers.trust_region import conjugate_gradients_step, step_along

Array = npt.NDArray[Any]

WORTH = 1e-4  # a step is taken when it gains this share of what the model promised
NOISE = 8 * float(np.finfo(float).eps)  # of F, relative to it
ACCURACY = 1e-3  # of the length of a step that the radius holds back, relative to it
TRIES = 60  # radii tried in an iteration: each a quarter of the last


@dataclass(frozen=True)
class Newton:
    """``w <- w + p``, p the best step of the quadratic model ``g·p + pᵀHp/2`` within ``|p| <= radius``.

    The radius doubles where the model foretold the gain well and shrinks to a quarter where it did not. The Hessian
    may be singular (it is, for every softmax output: adding a constant to all classes changes nothing) or indefinite.
    Up to ``dense`` free weights it is formed, in one pass over the rows, and the step is the global one of the ball;
    above, conjugate gradients need only products.

    Memory: J and gradient at the weights, radius.

    Source: Conn, Gould, Toint, Trust-region methods (2000); Pearlmutter (1994) for the products; Nocedal, Wright
    (2006), algorithm 4.1.
    """

    dense: int = 200
    epochs: ClassVar[int] = 500
    tolerance: ClassVar[float] = 1e-8

    def __post_init__(self) -> None:
        if self.dense < 0 or int(self.dense) != self.dense:
            raise SettingError(f"dense must be a whole number from 0, not {self.dense!r}.")

    def start(self, posterior: Posterior, weights: Array) -> Memory:
        """The gradient at the start, and a radius of 1."""
        F, g = posterior.gradient(weights)
        return np.array([F]), g, np.array([1.0])

    def iterate(self, posterior: Posterior, w: Array, memory: Memory) -> tuple[Array, Memory] | None:
        """Weights and memory after one step up; None where no step goes up any more."""
        F, g, radius = float(memory[0][0]), memory[1], float(memory[2][0])
        model = _Dense(posterior, w, g) if posterior.free_count <= self.dense else _Products(posterior, w, g)
        for _ in range(TRIES):
            p, length, promised = model.step(radius)
            if not promised > 0 or length == 0:
                break
            F_new, g_new = posterior.gradient(w + p)
            gain = F_new - F
            if promised <= NOISE * max(abs(F), abs(F_new)):
                # rounding drowns the gain: judge by the gradient, and never go down
                if not (gain >= 0 and float(g_new @ g_new) < 0.98 * float(g @ g)):  # 1 % shorter
                    break
                return w + p, (np.array([F_new]), g_new, memory[2])
            share = gain / promised if math.isfinite(F_new) and np.isfinite(g_new).all() else -math.inf
            if share > 0.75 and length > 0.99 * radius:
                next_radius = min(2 * radius, 1e8)
            elif share < 0.25:
                next_radius = length / 4
            else:
                next_radius = radius
            if share > WORTH and gain > 0:
                return w + p, (np.array([F_new]), g_new, np.array([next_radius]))
            radius = next_radius
        return None


class _Dense:
    """The quadratic model with its Hessian formed and taken apart once: another radius costs almost nothing."""

    def __init__(self, posterior: Posterior, w: Array, g: Array) -> None:
        self.free = posterior.free_indices if posterior.free_count < w.size else None
        self.size = w.size
        self.values, self.vectors = np.linalg.eigh(-posterior.hessian(w))
        self.slopes = (-g if self.free is None else -g[self.free]) @ self.vectors

    def step(self, radius: float) -> tuple[Array, float, float]:
        """The best step in the ball, its length, and the gain that the model promises."""
        along = step_along(self.values, self.slopes, radius, ACCURACY)
        promised = -float(along @ (self.slopes + 0.5 * self.values * along))
        p = self.vectors @ along
        if self.free is not None:
            p, moved = np.zeros(self.size), p
            p[self.free] = moved
        return p, math.sqrt(float(along @ along)), promised


class _Products:
    """The quadratic model through products with the Hessian."""

    def __init__(self, posterior: Posterior, w: Array, g: Array) -> None:
        self.posterior, self.w, self.g = posterior, w, g

    def step(self, radius: float) -> tuple[Array, float, float]:
        """A good step in the ball, its length, and the gain that the model promises."""
        forcing = min(0.1, float(np.linalg.norm(self.g)) ** 0.5)  # superlinear near the top (Dembo et al. 1982)
        p = conjugate_gradients_step(lambda v: -self.product(v), -self.g, radius, forcing, most=self.w.size + 10)
        return p, float(np.linalg.norm(p)), float(self.g @ p) + float(p @ self.product(p)) / 2

    def product(self, p: Array) -> Array:
        """(d²F/dw²) p."""
        return self.posterior.hessian_product(self.w, p)
