"""Solvers that need the gradient of each batch: a pure step from (weights, memory, gradient, rate) to the next weights.

They climb: g is the gradient of the objective, eta the learning rate of this update, t = 1, 2, ... its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError

Array = npt.NDArray[Any]
Memory = tuple[Array, ...]


@dataclass(frozen=True)
class FirstOrder:
    """Base: what the engine needs of such a solver."""

    vectors: ClassVar[int] = 0  # how many vectors of the weights' length it remembers
    learning_rate: ClassVar[float] = 1e-6  # where none is asked for: climbing J itself, as the post does
    mean_learning_rate: ClassVar[float] = 0.1  # the same when climbing J divided by the total sample weight
    epochs: ClassVar[int] = 100_000

    def start(self, weights: Array) -> Memory:
        """What it remembers before the first update: zeros."""
        return tuple(np.zeros_like(weights) for _ in range(self.vectors))

    def step(self, weights: Array, memory: Memory, g: Array, eta: float, t: int) -> tuple[Array, Memory]:
        """Weights and memory after one update."""
        raise NotImplementedError


@dataclass(frozen=True)
class Ascent(FirstOrder):
    """The post's: ``w <- w + eta g``, all weights from the same gradient.

    Source: the post, "Coding example".
    """

    def step(self, weights: Array, memory: Memory, g: Array, eta: float, t: int) -> tuple[Array, Memory]:
        """One step uphill."""
        return weights + eta * g, ()


@dataclass(frozen=True)
class Momentum(FirstOrder):
    """A velocity that remembers: ``v <- momentum v + eta g``, ``w <- w + v``.

    Source: Polyak, Some methods of speeding up the convergence of iteration methods (1964).
    """

    momentum: float = 0.9
    vectors: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _check_share("momentum", self.momentum)

    def step(self, weights: Array, memory: Memory, g: Array, eta: float, t: int) -> tuple[Array, Memory]:
        """One step with the velocity so far."""
        v = self.momentum * memory[0] + eta * g
        return weights + v, (v,)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """The velocity looks ahead: ``v <- momentum v + eta g``, ``w <- w + momentum v + eta g``.

    The weights kept here are those at the look-ahead point, where g is measured.

    Source: Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum (2013), after
    Nesterov (1983).
    """

    def step(self, weights: Array, memory: Memory, g: Array, eta: float, t: int) -> tuple[Array, Memory]:
        """One step with the velocity after this gradient, once more."""
        v = self.momentum * memory[0] + eta * g
        return weights + (self.momentum * v + eta * g), (v,)


@dataclass(frozen=True)
class Adam(FirstOrder):
    """Each weight's step is scaled by its own mean square gradient.

    ``m <- beta1 m + (1 - beta1) g``, ``v <- beta2 v + (1 - beta2) g²``,
    ``w <- w + eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)``

    Source: Kingma, Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    vectors: ClassVar[int] = 2
    learning_rate: ClassVar[float] = 1e-3
    mean_learning_rate: ClassVar[float] = 1e-3  # a factor of J cancels in m / sqrt(v)
    epochs: ClassVar[int] = 1_000

    def __post_init__(self) -> None:
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)
        if not 0 < self.epsilon < np.inf:
            raise SettingError(f"epsilon must be a finite number above 0, not {self.epsilon!r}.")

    def step(self, weights: Array, memory: Memory, g: Array, eta: float, t: int) -> tuple[Array, Memory]:
        """One step, each entry about eta long at first."""
        m = self.beta1 * memory[0] + (1 - self.beta1) * g
        v = self.beta2 * memory[1] + (1 - self.beta2) * g**2
        root = np.sqrt(v / (1 - self.beta2**t)) + self.epsilon
        return weights + eta * (m / (1 - self.beta1**t)) / root, (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam, and the weights shrink by themselves: ``w <- (1 - eta weight_decay) w`` before Adam's step.

    Which weights shrink is said by the engine: those that a penalty would hold, W and not b.

    Source: Loshchilov, Hutter, Decoupled weight decay regularization (2019).
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.weight_decay < np.inf:
            raise SettingError(f"weight_decay must be a finite number from 0, not {self.weight_decay!r}.")


def _check_share(name: str, value: float) -> None:
    """SettingError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise SettingError(f"{name} must be a number from 0 to below 1, not {value!r}.")
