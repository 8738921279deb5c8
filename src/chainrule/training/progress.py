"""How far a training is: all that a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.training.early_stopping import Best
from chainrule.training.history import History
from chainrule.training.state import State

Array = npt.NDArray[Any]


@dataclass
class Progress:
    """All that a training has done so far: what a checkpoint holds.

    Attributes
    ----------
    state : State
    history : History
    best : Best
    seconds : float
        Of this training, those before it was resumed included.
    steepest : float
        Largest entry of the gradient of (J + log prior) / N at the last record; infinite where it was not measured.
    good : array (P,) or None
        The last weights that were recorded and had not run away.
    undo : Best or None
        ``best`` before the last record, where that record is there only because the training came to a stop: a
        training that goes on takes both back, and is then where it would be without the stop.
    """

    state: State
    history: History = field(default_factory=History)
    best: Best = field(default_factory=Best)
    seconds: float = 0.0
    steepest: float = np.inf
    good: Array | None = None
    undo: Best | None = None

    @property
    def recorded(self) -> bool:
        """Whether the present state is the last line of the history."""
        return bool(len(self.history)) and self.history[-1].epoch == self.state.epoch and self.state.batch == 0

    def resumed(self) -> Progress:
        """The same without what only the stop added."""
        if self.undo is None:
            return self
        return replace(self, history=History([*self.history][:-1]), best=self.undo, steepest=np.inf, undo=None)
