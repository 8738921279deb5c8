"""L-BFGS: the curvature guessed from the last few steps and changes of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.training.posterior import Posterior
from chainrule.training.solvers.first_order import Memory
from chainrule.training.solvers.line_search import Point, wolfe_step

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LBFGS:
    """``w <- w + a H g``: H approximates the inverse of minus the Hessian, a satisfies the strong Wolfe conditions.

    H is held as the last ``pairs`` steps s = w' - w and falls of the gradient y = g - g', and applied by the two-loop
    recursion. Written here rather than taken from SciPy so that its memory is a value that can be saved: a run
    resumed from a file takes the same steps, bit for bit.

    Memory: J and the gradient at the weights, then S (pairs, P) and Y (pairs, P), oldest first.

    Source: Nocedal, Wright, Numerical optimization (2006), algorithms 7.4 and 7.5; Liu, Nocedal (1989).
    """

    pairs: int = 10
    epochs: ClassVar[int] = 1_000
    tolerance: ClassVar[float] = 1e-6

    def __post_init__(self) -> None:
        if self.pairs < 1 or int(self.pairs) != self.pairs:
            raise SettingError(f"pairs must be a whole number from 1, not {self.pairs!r}.")

    def start(self, posterior: Posterior, weights: Array) -> Memory:
        """The gradient at the start, and no pairs yet."""
        F, g = posterior.gradient(weights)
        return np.array([F]), g, np.empty((0, weights.size)), np.empty((0, weights.size))

    def iterate(self, posterior: Posterior, w: Array, memory: Memory) -> tuple[Array, Memory] | None:
        """Weights and memory after one step up; None where no step goes up any more."""
        (F,), g, S, Y = memory
        for kept in (len(S), 0) if len(S) else (0,):  # a memory that leads nowhere is dropped, once
            S, Y = S[:kept], Y[:kept]
            direction = two_loops(g, S, Y)
            slope = -float(g @ direction)  # of f = -F, which is searched for a lower point
            if not slope < 0:
                continue
            first = 1.0 if kept else min(1.0, 1.0 / float(np.linalg.norm(g)))
            origin = Point(0.0, w, -float(F), -g, slope)
            found = wolfe_step(lambda w: _negated(posterior.gradient(w)), origin, direction, first)
            if found is not None:
                new = -found.gradient
                S, Y = remembered(S, Y, found.weights - w, g - new, int(self.pairs))
                return found.weights, (np.array([-found.f]), new, S, Y)
        return None


def two_loops(g: Array, S: Array, Y: Array) -> Array:
    """H g by the two-loop recursion; H = (sᵀy / yᵀy) I before the pairs, newest pair.

    The loops run over numbers: ``S g``, ``S Yᵀ`` and ``Y r`` hold every product of two vectors that they ask for.
    """
    if not len(S):
        return g.copy()
    dots, down = (S @ Y.T).tolist(), (S @ g).tolist()
    up: list[float] = []
    for i in range(len(S) - 1, -1, -1):  # alpha_i = rho_i s_i·q, where q is g less alpha_j y_j of all newer pairs
        row = dots[i]
        down[i] = (down[i] - sum(down[j] * row[j] for j in range(i + 1, len(S)))) / row[i]
    r = (g - np.array(down) @ Y) * (dots[-1][-1] / float(Y[-1] @ Y[-1]))
    for i, product in enumerate((Y @ r).tolist()):  # r grows by (alpha_i - rho_i y_i·r) s_i, from the oldest pair on
        product += sum(up[j] * dots[j][i] for j in range(i))
        up.append(down[i] - product / dots[i][i])
    return r + np.array(up) @ S


def remembered(S: Array, Y: Array, s: Array, y: Array, pairs: int) -> tuple[Array, Array]:
    """The newest pair added, the oldest dropped; a pair without curvature is left out, since H must stay positive."""
    if not float(s @ y) > 1e-12 * float(y @ y):
        return S, Y
    first = max(0, len(S) + 1 - pairs)
    return np.vstack([S[first:], s]), np.vstack([Y[first:], y])


def _negated(pair: tuple[float, Array]) -> tuple[float, Array]:
    return -pair[0], -pair[1]
