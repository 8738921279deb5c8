"""How a training ended."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """How a training ended; the value is a sentence for people."""

    CONVERGED = "The gradient is as small as asked for: this is a maximum, to the given tolerance."
    MAX_EPOCHS = "All epochs were run; more of them may still raise J."
    INTERRUPTED = "Training was interrupted; the weights are those of the last full epoch."
    STOPPED = "A callback asked to stop."

    def __str__(self) -> str:
        return self.value
