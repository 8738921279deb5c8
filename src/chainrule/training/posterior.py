"""What a training climbs: J and the logarithm of a Gaussian prior on the weights."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, listed
from chainrule.kernels import Objective, reference
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.kernels.objective import MasksOfRows
from chainrule.network import Network

Array = npt.NDArray[Any]


class Posterior:
    """``F(w) = scale (J(w) - penalty/2 sum of W²)``, up to a constant the logarithm of the posterior density.

    The penalty is the precision of a Gaussian prior, ``W ~ N(0, 1/penalty)``, on every entry of every W[l] and, only
    where asked for, of b[l]; ``scale`` is 1, or 1 / (total sample weight) to climb the mean. scikit-learn minimises
    ``-F / N`` with ``alpha = penalty``, for the whole data set at once. In a mini-batch its alpha is divided by the
    rows of the batch and not by N: there ``penalty = alpha N / batch_size`` is the same.

    Parameters
    ----------
    objective : Objective or BlockedObjective
    penalty : float
        From 0, in nats for a weight of length sqrt(2).
    penalise_biases : bool
    average : bool
    freeze : sequence of str
        Names of weights that do not move: their gradient is 0.
    """

    def __init__(
        self,
        objective: Objective | BlockedObjective,
        penalty: float = 0.0,
        penalise_biases: bool = False,
        average: bool = False,
        freeze: Sequence[str] = (),
    ) -> None:
        self.objective = objective
        self.net: Network = objective.net
        self.penalty = penalty
        self.scale = 1 / objective.total_weight if average else 1.0
        free = free_mask(self.net, freeze)
        self.free = None if free is None else free.astype(objective.dtype, copy=False)
        held = held_mask(self.net, penalise_biases)  # 1 where the prior holds a weight, 0 elsewhere
        self.held = held.astype(objective.dtype, copy=False)

    def log_prior(self, flat: Array) -> float:
        """``-penalty/2 sum of W²``: the logarithm of the prior, up to a constant."""
        if not self.penalty:
            return 0.0
        return -0.5 * self.penalty * float((self.held * flat**2).sum(dtype=np.float64))

    def value(self, flat: Array) -> float:
        """F."""
        return self.scale * (float(self.objective.value(flat)) + self.log_prior(flat))

    def gradient(self, flat: Array) -> tuple[float, Array]:
        """F and dF/dw over all rows, 0 where a weight is frozen."""
        J, d = self.objective.gradient(flat)
        return self.scale * (float(J) + self.log_prior(flat)), self._finished(d, flat)

    def gradient_alone(self, flat: Array) -> Array:
        """dF/dw, for less than F as well."""
        return self._finished(self.objective.gradient(flat, J=False)[1], flat)

    def dropped_gradient(self, flat: Array, masks: MasksOfRows) -> tuple[float, Array]:
        """J and dF/dw with units left out; ``masks(first, count)`` are the masks for so many rows."""
        J, d = self.objective.gradient(flat, masks=masks)
        return float(J), self._finished(d, flat)

    def steepest(self, flat: Array) -> tuple[float, float]:
        """J, and the largest entry of the gradient of (J + log prior) / (total sample weight)."""
        J, d = self.objective.gradient(flat)
        return float(J), self.largest_entry(d, flat)

    def largest_entry(self, d: Array, flat: Array) -> float:
        """That of the gradient of (J + log prior) / (total sample weight), from dJ/dw."""
        return self.largest_of(self._finished(d, flat))

    def largest_of(self, d: Array) -> float:
        """The same from dF/dw."""
        return float(np.abs(d).max(initial=0.0)) / (self.scale * self.objective.total_weight)

    def batch_gradient(
        self, flat: Array, rows: Array | slice, masks: reference.Masks | None = None
    ) -> tuple[float, Array]:
        """J of these rows alone, and an unbiased estimate of dF/dw from them.

        ``dF/dw ~ scale ((total weight / weight of the batch) sum over the batch + gradient of the log prior)``
        """
        o = self.objective
        assert isinstance(o, Objective)
        return self.gradient_of(flat, o.X[rows], o.T[rows], None if o.weight is None else o.weight[rows], masks)

    def gradient_of(
        self, flat: Array, X: Array, T: Array, weight: Array | None, masks: reference.Masks | None = None
    ) -> tuple[float, Array]:
        """The same of rows (n, D), (n, K), (n, 1) that are given."""
        weights = self.net.weights_from(flat)
        J, d = reference.gradient(self.net, weights, X, T, weight, masks)
        share = float(len(T) if weight is None else weight.sum())
        d *= self.objective.total_weight / share if share > 0 else 0.0
        return float(J), self._finished(d, flat)

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²F/dw²) v within the free weights."""
        if self.free is not None:
            v = v * self.free
        d = self.objective.hessian_product(flat, v)
        if self.penalty:
            d = d - self.penalty * self.held * v
        return self.scale * (d if self.free is None else d * self.free)

    def hessian(self, flat: Array) -> Array:
        """d²F/dw² between the free weights, symmetric, (free_count, free_count)."""
        H, at = self.objective.hessian(flat), self.free_indices
        if self.free is not None:
            H = H[np.ix_(at, at)]
        if self.penalty:
            H = H - np.diag(self.penalty * self.held[at])
        found: Array = (H + H.T) * (self.scale / 2)
        return found

    @functools.cached_property
    def free_indices(self) -> Array:
        """Positions of the weights that move."""
        return np.arange(self.net.size) if self.free is None else np.flatnonzero(self.free)

    @property
    def free_count(self) -> int:
        """How many weights move."""
        return len(self.free_indices)

    def _finished(self, d: Array, flat: Array) -> Array:
        """A gradient of J made one of F."""
        if self.penalty:
            d = d - self.penalty * self.held * flat
        if self.scale != 1.0:
            d = d * self.scale
        return d if self.free is None else d * self.free


def free_mask(net: Network, freeze: Sequence[str]) -> Array | None:
    """1 where a weight moves, 0 where it is held fixed; None where all move.

    Raises
    ------
    SettingError
        A name is none of the network's.
    """
    names = (freeze,) if isinstance(freeze, str) else tuple(freeze)
    free = np.ones(net.size)
    for name in names:
        if name not in net.slices:
            raise SettingError(
                f"freeze names {name!r}, which {net.notation} does not have.",
                f"Its weights are {listed(net.names)}.",
            )
        free[net.slices[name]] = 0.0
    return free if names else None


def held_mask(net: Network, biases: bool) -> Array:
    """1 where a prior or a decay pulls a weight towards 0: every W, and every b where asked for."""
    held = np.ones(net.size)
    if not biases:
        for l in range(1, net.L + 1):
            held[net.slices[f"b{l}"]] = 0.0
    return held
