"""Rows that count as their class does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, listed
from chainrule.kernels import Objective
from chainrule.kernels.blocks import Block, Blocks, SameRows, WeightSum
from chainrule.kernels.blocks.objective import BlockedObjective, of_table
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]


def class_weighted(
    objective: Objective | BlockedObjective, class_weight: str | Mapping[Any, float] | None, coding: LabelCoding | None
) -> Objective | BlockedObjective:
    """The objective with each row counting as its class does.

    "balanced" gives each class the weight ``rows / (classes * rows of the class)``, so that all classes count alike.

    Raises
    ------
    SettingError
        There are no classes, a class is unknown, or the weights are not numbers from 0.
    """
    if class_weight is None:
        return objective
    if coding is None:
        raise SettingError("class_weight needs classes, and these targets are none.", "Use sample_weight.")
    weights = np.ones(len(coding.classes))
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(f"class_weight must be 'balanced' or a mapping, not {class_weight!r}.")
        counts = _counts(objective, len(weights))
        weights = objective.rows / (len(weights) * np.maximum(counts, 1))
    else:
        names = coding.classes.tolist()
        for name, weight in class_weight.items():
            if name not in names:
                raise SettingError(
                    f"class_weight names the class {name!r}, which the labels do not have.",
                    f"The classes are {listed(coding.classes)}.",
                )
            weights[names.index(name)] = weight
    if isinstance(objective, Objective):
        return objective.weighted(weights[classes_of(objective.T)])
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise SettingError(
            f"A class weight is negative or not finite: {weights.min():g}.", "A class weight is a number from 0."
        )
    blocks = ClassWeighted(objective.blocks, weights)
    return of_table(objective.net, blocks, objective.dtype)


def classes_of(T: Array) -> Array:
    """The class of each row of targets (n, K), int64 (n,)."""
    return (T[:, 0] > 0.5).astype(np.int64) if T.shape[1] == 1 else T.argmax(axis=1)


def _counts(objective: Objective | BlockedObjective, classes: int) -> Array:
    """Rows of each class."""
    if isinstance(objective, Objective):
        return np.bincount(classes_of(objective.T), minlength=classes)
    found: Array = objective.sum(lambda _, part: np.bincount(classes_of(part.T), minlength=classes))
    return found


class ClassWeighted(SameRows):
    """A table whose rows' weights are multiplied by those of their classes."""

    def __init__(self, source: Blocks, weights: Array) -> None:
        super().__init__(source)
        self.weights, self.has_weights = weights, True
        sums = WeightSum(self.rows_per_block)
        for number in range(self.count):
            _, own = self.targets_of(number, np.dtype(np.float64))
            sums.add(own)
        self.total_weight = sums.total()

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """The block with its rows' weights."""
        X, T, weight = self.source.read(number, dtype)
        return Block(X, T, self._weighted(T, weight, dtype))

    def targets_of(self, number: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """T and the weights of a block."""
        T, weight = self.source.targets_of(number, dtype)
        return T, self._weighted(T, weight, dtype)

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> Blocks:
        """As it is: it was made for a network."""
        return self

    def _weighted(self, T: Array, weight: Array | None, dtype: np.dtype[Any]) -> Array:
        own: Array = self.weights[classes_of(T)].astype(dtype).reshape(-1, 1)
        return own if weight is None else own * weight
