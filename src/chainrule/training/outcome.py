"""How a training ended."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """How a training ended; the value is a sentence for people."""

    CONVERGED = "The gradient is as small as asked for: this is a maximum, to the given tolerance."
    EXHAUSTED = "No step raises the objective any further: this is a maximum, to the precision of the arithmetic."
    MAX_EPOCHS = "All epochs were run; more of them may still raise J."
    EARLY_STOPPED = "No improvement for as many epochs as allowed; the best weights were kept."
    NO_IMPROVEMENT = "No improvement for as many epochs as allowed; the weights are the last ones."
    TIME_LIMIT = "The time was up; the weights are those of the last full update."
    INTERRUPTED = "Training was interrupted; the weights are those of the last full update."
    STOPPED = "A callback asked to stop."

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"Outcome.{self.name}"
