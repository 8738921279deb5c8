"""A line of the history: how good the weights are, on the training rows and on the validation rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.kernels import Objective
from chainrule.kernels.blocks import TreeSum
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.kernels.inputs import checked_sample_weight, checked_targets
from chainrule.network import Network, Weights
from chainrule.training.history import Record
from chainrule.training.posterior import Posterior
from chainrule.training.rate import figure, rate, rate_from
from chainrule.training.state import State

Array = npt.NDArray[Any]
ROWS_AT_ONCE = 50_000
Watched = Callable[[Weights], float]


class Meter:
    """Measures a state.

    Parameters
    ----------
    posterior : Posterior
        Of the training rows.
    validation : Objective, optional
    watch : callable, optional
        The figure that early stopping watches, from the weights; larger is better. Left out: the mean of the
        validation rows' log-likelihood, or without such rows the mean of the objective.
    extent : {"full", "running"}
        "full" measures J of all training rows; "running" takes the sum over the last epoch's batches, each just
        before its update, which costs nothing, and leaves the rate out; before the first epoch it is measured.
    needs_gradient : bool
        Whether the loop looks at the size of the gradient.
    is_solved : bool
        The state's memory begins with F and its gradient at the weights, as "lbfgs" and "newton" keep them: no pass
        over the rows for what is known.
    """

    def __init__(
        self,
        posterior: Posterior,
        validation: Objective | BlockedObjective | None = None,
        watch: Watched | None = None,
        extent: Literal["full", "running"] = "full",
        needs_gradient: bool = True,
        is_solved: bool = False,
    ) -> None:
        self.posterior = posterior
        self.validation = validation
        self.watch = watch
        self.extent = extent
        self.needs_gradient = needs_gradient
        self.is_solved = is_solved

    def record(self, state: State, learning_rate: float, seconds: float) -> tuple[Record, float]:
        """The line, and the largest entry of the gradient of (J + log prior) / N (infinite where not needed)."""
        w, training = state.weights, self.posterior.objective
        steepest, share = math.inf, math.nan
        if self.extent == "running":
            J = state.last_running if math.isfinite(state.last_running) else float(training.value(w))
        elif self.is_solved and isinstance(training, Objective):
            (F,), d, *_ = state.memory
            J = float(F) / self.posterior.scale - self.posterior.log_prior(w)
            share, steepest = rate_of(training, w), self.posterior.largest_of(d)
        elif self.needs_gradient:
            J, share, d = measured(training, w, gradient=True)
            steepest = self.posterior.largest_entry(d, w)
            if self.is_solved:  # to the last digit as of rows in memory
                J = float(state.memory[0][0]) / self.posterior.scale - self.posterior.log_prior(w)
        else:
            J, share, _ = measured(training, w)
        objective = J + self.posterior.log_prior(w)
        J_out, share_out = measured(self.validation, w)[:2] if self.validation else (math.nan, math.nan)
        return Record(state.epoch, J, share, seconds, objective, J_out, share_out, learning_rate), steepest

    def watched(self, record: Record, weights: Weights) -> float:
        """The figure that early stopping looks at, in nats a row unless the user has given another."""
        if self.watch is not None:
            return float(self.watch(weights))
        if self.validation is not None:
            return record.validation_J / self.validation.total_weight
        return record.objective / self.posterior.objective.total_weight


def measured(
    objective: Objective | BlockedObjective, flat: Array, *, gradient: bool = False
) -> tuple[float, float, Array]:
    """J, the rate, and dJ/dw where it is asked for; of a table in blocks, all from one pass over it."""
    law, nothing = objective.net.law, np.empty(0)
    if isinstance(objective, Objective):
        J, d = objective.gradient(flat) if gradient else (objective.value(flat), nothing)
        return float(J), rate_of(objective, flat), d

    if gradient:
        found = objective.found(flat, beside=figure_of)
        return float(found.J), rate_from(law, found.beside, objective.targets), found.d
    J, total = objective.sum(lambda _, part: (part.value(flat), figure_of(part, flat)))
    return float(J), rate_from(law, total, objective.targets), nothing


def figure_of(objective: Objective, flat: Array) -> float:
    """What a block of rows contributes to the rate."""
    found = objective.score(flat)
    if found is not None:
        return found
    return figure(objective.net.law, objective.outputs(flat), objective.T, objective.weight)


def rate_of(objective: Objective, flat: Array) -> float:
    """The rate on the rows of an objective."""
    law, found = objective.net.law, objective.score(flat)
    if found is not None:
        return rate_from(law, found, objective.targets)
    Y, T, weight = objective.outputs(flat), objective.T, objective.weight
    if objective.has_one_block:
        return rate(law, Y, T, weight)
    sums = TreeSum()
    for number, (first, end) in enumerate(objective.bounds):
        part = slice(first, end)
        sums.add(number, figure(law, Y[part], T[part], None if weight is None else weight[part]))
    return rate_from(law, sums.total(len(objective.bounds)), objective.targets)


def constant_log_likelihood(net: Network, T: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """J of the best constant prediction: the weighted mean of the targets, said for every row.

    ``J = sum_n weight_n log p(t_n)`` with ``y = sum_n weight_n t_n / sum_n weight_n``

    A network that does not reach it has learnt less than nothing from its inputs.

    Parameters
    ----------
    net : Network
        Its output law counts.
    T : array (N, K)
        Targets as the law takes them.
    sample_weight : array (N,), optional

    Returns
    -------
    float, in nats.

    Raises
    ------
    DataError
        T or the weights are not what the law takes, or there are no rows.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.constant_log_likelihood(cr.Network("2-2"), [[1, 0], [0, 1], [1, 0], [0, 1]])
    -2.772588722239781
    """
    T = checked_targets(net, T, len(np.asarray(T)))
    if not len(T):
        raise DataError("T has no rows, so there is no best constant prediction.")
    return best_constant(net, T, checked_sample_weight(sample_weight, len(T)))


def best_constant_of(objective: Objective | BlockedObjective) -> float:
    """J of the best constant prediction for the rows of an objective."""
    if isinstance(objective, Objective) and objective.has_one_block:
        return best_constant(objective.net, objective.T, objective.weight)
    from scipy import special

    targets = objective.targets
    w, y = targets.weight, targets.mean
    match objective.net.law.name:
        case "softmax":
            of_output = w * special.xlogy(y, y)
        case "sigmoid":
            of_output = w * (special.xlogy(y, y) + special.xlog1py(1 - y, -y))
        case "exp":
            of_output = w * (special.xlogy(y, y) - y) - targets.log_factorial
        case _:
            of_output = -0.5 * targets.spread - 0.5 * math.log(2 * math.pi) * w
    return float(np.sum(of_output))


def best_constant(net: Network, T: Array, weight: Array | None) -> float:
    """The same for targets (N, K) and weights (N, 1) that are checked, a block of rows at a time."""

    def blocks() -> Iterator[tuple[Array, Array]]:
        """Targets and weights, float64."""
        for at in range(0, len(T), ROWS_AT_ONCE):
            targets = T[at : at + ROWS_AT_ONCE].astype(np.float64, copy=False)
            own = None if weight is None else weight[at : at + ROWS_AT_ONCE, 0]
            yield targets, np.ones(len(targets)) if own is None else own.astype(np.float64, copy=False)

    total, y, J = 0.0, np.zeros(T.shape[1]), 0.0
    for targets, w in blocks():
        total += float(w.sum())
        y += w @ targets  # (K,)
    for targets, w in blocks():
        counted = w > 0  # a class of which no row counts has the share 0, and the logarithm of that is not asked for
        J += float(w[counted] @ _log_density(net, targets[counted], y / total))
    return J


def _log_density(net: Network, T: Array, y: Array) -> Array:
    """log p(t_n) for the constant prediction y (K,), (N,)."""
    from scipy import special

    match net.law.name:
        case "softmax":
            rows = special.xlogy(T, y)
        case "sigmoid":
            rows = special.xlogy(T, y) + special.xlog1py(1 - T, -y)
        case "exp":
            rows = special.xlogy(T, y) - y - special.gammaln(T + 1)
        case _:
            rows = -0.5 * (T - y) ** 2 - 0.5 * math.log(2 * math.pi)
    return rows.sum(axis=1)
