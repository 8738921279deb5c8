"""Training: climb J; the outcome is a value."""

from chainrule.training.history import History, Record
from chainrule.training.loop import train
from chainrule.training.outcome import Outcome
from chainrule.training.run import Run

__all__ = ["History", "Outcome", "Record", "Run", "train"]
