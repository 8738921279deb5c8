"""The exceptions of chainrule, and how a message is built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.network import Weights


class ChainruleError(Exception):
    """Root of everything chainrule raises on purpose.

    A message has at most four lines: what is wrong, where, what was received and what is allowed,
    one thing to do. Each subclass is also the built-in exception that people expect.
    """

    def __init__(self, what: str, *more: str) -> None:
        super().__init__("\n".join(line for line in (what, *more) if line))


class NotationError(ChainruleError, ValueError):
    """A network's notation cannot be read, or describes no network."""


class DataError(ChainruleError, ValueError):
    """Inputs, targets, labels or a table are not what the network can take."""


class SettingError(ChainruleError, ValueError):
    """An option (a learning rate, a scheme, a solver's name) is outside what is allowed."""


class FormulaError(ChainruleError, ValueError):
    """A formula cannot be read, or cannot be differentiated."""


class DerivationError(ChainruleError, ArithmeticError):
    """A line of a derivation failed its numeric check."""


class ModelFileError(ChainruleError, OSError):
    """A model file is damaged, of another kind, or cannot be written."""


class MissingDependencyError(ChainruleError, ImportError):
    """An optional package is needed and not installed."""


class ClusterError(ChainruleError, ConnectionError):
    """The scheduler or the workers of a cluster are gone."""


class DivergedError(ChainruleError, ArithmeticError):
    """Training ran away: J or a weight is no longer finite, or J is far below where it began.

    Attributes
    ----------
    weights : Weights
        The last weights whose J was finite and not run away.
    epoch : int
        The epoch at which the divergence was seen.
    learning_rate : float
        A smaller learning rate that climbed from the same start when tried for a few epochs.
    """

    def __init__(self, what: str, *more: str, weights: Weights, epoch: int, learning_rate: float) -> None:
        super().__init__(what, *more)
        self.weights = weights
        self.epoch = epoch
        self.learning_rate = learning_rate

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_diverged, (self.args[0], self.weights, self.epoch, self.learning_rate)


def _rebuild_diverged(text: str, weights: Weights, epoch: int, learning_rate: float) -> DivergedError:
    return DivergedError(text, weights=weights, epoch=epoch, learning_rate=learning_rate)


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for a message, quoted and cut where there are many: ``'a', 'b' and 3 more``."""
    quoted = [repr(str(name)) for name in names]
    if len(quoted) <= most:
        return ", ".join(quoted)
    return f"{', '.join(quoted[:most])} and {len(quoted) - most} more"


def counted(count: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``Did you mean 'tanh'?`` where an allowed name is close to the one received in any case, else nothing."""
    import difflib

    folded = {option.casefold(): option for option in allowed}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return f"Did you mean {folded[close[0]]!r}?" if close else ""
