"""Solvers: each a pure step over an explicit state. They climb J."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, listed, nearest

Array = npt.NDArray[Any]
State = tuple[Array, ...]  # the weights first, then what the solver remembers, all of one length


class Solver(Protocol):
    """What the loop needs of a solver."""

    def start(self, flat: Array) -> State:
        """The state before the first step."""
        ...

    def step(self, state: State, gradient: Array, learning_rate: float) -> State:
        """The state after one step along the gradient of J."""
        ...


@dataclass(frozen=True)
class Ascent:
    """The post's: ``w <- w + rate dJ/dw``, all weights from the same gradient."""

    def start(self, flat: Array) -> State:
        """The weights alone."""
        return (flat.copy(),)

    def step(self, state: State, gradient: Array, learning_rate: float) -> State:
        """One step uphill."""
        return (state[0] + learning_rate * gradient,)


@dataclass(frozen=True)
class Momentum:
    """A velocity that remembers: ``v <- momentum v + rate dJ/dw``, ``w <- w + v`` (Polyak 1964)."""

    momentum: float = 0.9

    def start(self, flat: Array) -> State:
        """The weights, at rest."""
        return flat.copy(), np.zeros_like(flat)

    def step(self, state: State, gradient: Array, learning_rate: float) -> State:
        """One step with the velocity so far."""
        velocity = self.momentum * state[1] + learning_rate * gradient
        return state[0] + velocity, velocity


SOLVERS: dict[str, type[Ascent | Momentum]] = {"ascent": Ascent, "momentum": Momentum}


def solver_named(name: str, **settings: float) -> Solver:
    """A solver by its name; SettingError where there is none."""
    if name not in SOLVERS:
        raise SettingError(
            f"There is no solver named {name!r}.", f"Known: {listed(SOLVERS)}.", nearest(str(name), SOLVERS)
        )
    return SOLVERS[name](**settings)
