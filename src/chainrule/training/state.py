"""Where a training stands: everything the next update depends on, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class State:
    """Weights, what the solver remembers, and how far it is; what is random follows from the seed and these numbers.

    Attributes
    ----------
    weights : array (P,)
    memory : tuple of arrays
        What the solver remembers: nothing for ascent, a velocity for momentum, two moments for adam, ...
    epoch : int
        Full passes over the data that are done.
    batch : int
        Batches of the present epoch that are done; 0 between two epochs.
    update : int
        Updates of the weights that are done, since the very start.
    running : float
        Sum over the present epoch's batches of their J, each measured just before its update.
    last_running : float
        The same sum of the last whole epoch; NaN before there is one.
    rate_factor : float
        What the "adaptive" schedule has cut the learning rate to, as a share of its start.
    exhausted : bool
        Whether the solver found no step that raises the objective any further.
    """

    weights: Array
    memory: tuple[Array, ...] = ()
    epoch: int = 0
    batch: int = 0
    update: int = 0
    running: float = 0.0
    last_running: float = float("nan")
    rate_factor: float = 1.0
    exhausted: bool = False

    def is_finite(self) -> bool:
        """Whether every weight, and J of the batches so far, is a finite number."""
        return bool(np.isfinite(self.weights).all() and np.isfinite(self.running))
