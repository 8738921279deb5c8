"""Training: climb J; the outcome is a value."""

from chainrule.training.history import History, Record
from chainrule.training.loop import train
from chainrule.training.measure import constant_log_likelihood
from chainrule.training.outcome import Outcome
from chainrule.training.restarts import Restart
from chainrule.training.run import Run

__all__ = ["History", "Outcome", "Record", "Restart", "Run", "constant_log_likelihood", "train"]
