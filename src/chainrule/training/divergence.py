"""When training runs away: how it is seen, and a learning rate that would have climbed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DivergedError
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.training.engine import Engine, engine_for
from chainrule.training.history import History, Record
from chainrule.training.posterior import Posterior
from chainrule.training.solvers import FirstOrder
from chainrule.training.stop import Stop

Array = npt.NDArray[Any]

FALL_ALLOWED = 1000.0  # J may fall this many times its own starting size before it counts as run away
UPDATES_TRIED = 10  # three times, with each smaller rate
RATES_TRIED = 30  # each a tenth of the last
LARGEST_TRIED = 1e8


def ran_away(record: Record, flat: Array, history: History) -> bool:
    """Whether J or a weight is not finite, or J fell far below where it began."""
    if not (math.isfinite(record.J) and np.isfinite(flat).all()):
        return True
    return bool(len(history)) and record.J < history[0].J - FALL_ALLOWED * (1 + abs(history[0].J))


def diverged(engine: Engine, start: Array, record: Record, good: Array) -> DivergedError:
    """The error, with a learning rate that climbs from the same start when tried."""
    net, rate = engine.posterior.net, engine.recipe.learning_rate
    weights = net.weights_from(good)
    if not math.isfinite(engine.posterior.value(start)):
        return DivergedError(
            f"J is not finite at the starting weights of {net.notation}: there is nothing to climb from.",
            "Start from smaller weights, or scale the inputs to a mean of 0 and a spread of 1.",
            weights=weights,
            epoch=record.epoch,
            learning_rate=rate,
        )
    if not isinstance(engine.solver, FirstOrder):
        return DivergedError(
            f"Training diverged by epoch {record.epoch}: J is {record.J:.4g}.",
            "Scale the inputs, or hold the weights with a penalty.",
            weights=weights,
            epoch=record.epoch,
            learning_rate=rate,
        )
    trial = trial_of(engine)
    suggestion, climbed = min(rate, LARGEST_TRIED), False
    for _ in range(RATES_TRIED):
        suggestion /= 10
        climbed = climbs(trial.with_learning_rate(suggestion), start)
        if climbed:
            break
    return DivergedError(
        f"Training diverged by epoch {record.epoch}: J is {record.J:.4g}.",
        f"The learning rate {rate:g} is too large for this network and data.",
        f"Try learning_rate={suggestion:.0e}; the last good weights are in the error's .weights."
        if climbed
        else f"None of the smaller rates tried climbs, down to {suggestion:.0e}: scale the inputs and the targets.",
        weights=weights,
        epoch=record.epoch,
        learning_rate=suggestion,
    )


def trial_of(engine: Engine) -> Engine:
    """What smaller rates are tried on: of a table in blocks its first block, whose rows stand for all of them.

    Every rate tried takes some thirty passes over the rows.
    """
    p = engine.posterior
    if not isinstance(p.objective, BlockedObjective):
        return engine
    part = p.objective.in_memory()
    if not part.total_weight > 0:
        return engine
    weight = np.full(part.rows, p.objective.total_weight / part.total_weight)
    few = Posterior(part.weighted(weight), p.penalty)
    few.scale, few.free, few.held = p.scale, p.free, p.held
    return engine_for(few, engine.solver, engine.recipe)


def climbs(engine: Engine, start: Array) -> bool:
    """Whether the objective rises three times in a row, over ten updates or an epoch each."""
    state, before = engine.start(start), engine.posterior.value(start)
    for _ in range(3):
        state = engine.advance(state, -(-UPDATES_TRIED // engine.batches), Stop())
        after = engine.posterior.value(state.weights)
        if not (math.isfinite(after) and after >= before):
            return False
        before = after
    return True
