"""What is measured after each epoch: little, since it is paid for in every one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import Objective
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.training.history import Record
from chainrule.training.measure import Meter, measured
from chainrule.training.posterior import Posterior
from chainrule.training.rate import rate
from chainrule.training.state import State

Array = npt.NDArray[Any]


class EpochMeter(Meter):
    """J of the training rows from what the solver knows anyway; J and the score of the validation rows, if any.

    For mini-batches J is the sum over the epoch's batches, each just before its update, as in scikit-learn; a solver
    of second order carries J and its gradient in its memory.

    Parameters
    ----------
    posterior : Posterior
    second_order : bool
    validation : Objective, optional
    score : callable (weights, Y of the validation rows), optional
        What early stopping watches.

    Attributes
    ----------
    latest_score : float
        The score of the last record.
    """

    def __init__(
        self,
        posterior: Posterior,
        second_order: bool,
        validation: Objective | BlockedObjective | None = None,
        score: Callable[[Array, Array], float] | None = None,
    ) -> None:
        super().__init__(posterior, validation, None, "running", needs_gradient=False)
        self.second_order = second_order
        self.score = score
        self.latest_score = math.nan

    def record(self, state: State, learning_rate: float, seconds: float) -> tuple[Record, float]:
        """The line, and the largest entry of the gradient of (J + log prior) / N where the solver knows it."""
        w, posterior, steepest = state.weights, self.posterior, math.inf
        prior = posterior.log_prior(w)
        if self.second_order:
            J = float(state.memory[0][0]) / posterior.scale - prior
            steepest = float(np.abs(state.memory[1]).max(initial=0.0))
            steepest /= posterior.scale * posterior.objective.total_weight
        elif math.isfinite(state.last_running):
            J = state.last_running
        else:
            J = float(posterior.objective.value(w))
        J_out = share_out = math.nan
        watched = self.validation
        if watched is not None and not isinstance(watched, Objective):  # the rate stands for the score
            J_out, share_out, _ = measured(watched, w)
            self.latest_score = share_out
        elif watched is not None:
            Y = watched.outputs(w)
            J_out = float(watched.value(w))
            share_out = rate(watched.net.law, Y, watched.T, watched.weight)
            self.latest_score = self.score(w, Y) if self.score else math.nan
        return Record(state.epoch, J, math.nan, seconds, J + prior, J_out, share_out, learning_rate), steepest
