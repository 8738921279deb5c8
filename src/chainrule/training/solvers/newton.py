"""Newton's method in a trust region, on exact products with the Hessian."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.training.posterior import Posterior
from chainrule.training.solvers.trust_region import conjugate_gradients_step, exact_step
from chainrule.training.state import State

Array = npt.NDArray[Any]

WORTH = 1e-4  # a step is taken when it gains this share of what the model promised
TRIES = 60  # radii tried in an iteration: each a quarter of the last


@dataclass(frozen=True)
class Newton:
    """``w <- w + p``, p the best step of the quadratic model ``g·p + pᵀHp/2`` within ``|p| <= radius``.

    The radius doubles where the model foretold the gain well and shrinks to a quarter where it did not. The Hessian
    may be singular (it is, for every softmax output: adding a constant to all classes changes nothing) or indefinite.
    Up to ``dense`` free weights it is formed, a column a product, and the step is the global one of the ball;
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

    def start(self, posterior: Posterior, weights: Array) -> tuple[Array, ...]:
        """The gradient at the start, and a radius of 1."""
        F, g = posterior.gradient(weights)
        return np.array([F]), g, np.array([1.0])

    def iterate(self, posterior: Posterior, state: State) -> State:
        """One step up; the same state with ``exhausted`` set where no step goes up any more."""
        (F,), g, (radius,) = state.memory
        w, radius = state.weights, float(radius)
        model = _Dense(posterior, w, g) if posterior.free_count <= self.dense else _Products(posterior, w, g)
        for _ in range(TRIES):
            p = model.step(radius)
            length = float(np.linalg.norm(p))
            promised = float(g @ p) + float(p @ model.product(p)) / 2
            if not promised > 0 or length == 0:
                break
            F_new, g_new = posterior.gradient(w + p)
            noise = 8 * np.finfo(float).eps * max(abs(F), abs(F_new))
            gain = F_new - F
            if promised <= noise:  # rounding drowns the gain: judge by the gradient, and never go down
                taken = gain >= 0 and float(np.linalg.norm(g_new)) < 0.99 * float(np.linalg.norm(g))
                if not taken:
                    break
                return replace(state, weights=w + p, memory=(np.array([F_new]), g_new, np.array([radius])))
            share = gain / promised if np.isfinite(F_new) and np.isfinite(g_new).all() else -np.inf
            if share > 0.75 and length > 0.99 * radius:
                next_radius = min(2 * radius, 1e8)
            elif share < 0.25:
                next_radius = length / 4
            else:
                next_radius = radius
            if share > WORTH and gain > 0:
                return replace(state, weights=w + p, memory=(np.array([F_new]), g_new, np.array([next_radius])))
            radius = next_radius
        return replace(state, exhausted=True)


class _Dense:
    """The quadratic model with its Hessian formed and taken apart once: another radius costs almost nothing."""

    def __init__(self, posterior: Posterior, w: Array, g: Array) -> None:
        self.free = posterior.free_indices
        self.size, self.g = w.size, g
        self.H = posterior.hessian(w)
        self.values, self.vectors = np.linalg.eigh(-self.H)

    def step(self, radius: float) -> Array:
        p = np.zeros(self.size)
        p[self.free] = exact_step(self.values, self.vectors, -self.g[self.free], radius)
        return p

    def product(self, p: Array) -> Array:
        found = np.zeros(self.size)
        found[self.free] = self.H @ p[self.free]
        return found


class _Products:
    """The quadratic model through products with the Hessian."""

    def __init__(self, posterior: Posterior, w: Array, g: Array) -> None:
        self.posterior, self.w, self.g = posterior, w, g

    def step(self, radius: float) -> Array:
        forcing = min(0.1, float(np.linalg.norm(self.g)) ** 0.5)  # superlinear near the top (Dembo et al. 1982)
        return conjugate_gradients_step(lambda v: -self.product(v), -self.g, radius, forcing, most=self.w.size + 10)

    def product(self, p: Array) -> Array:
        return self.posterior.hessian_product(self.w, p)
