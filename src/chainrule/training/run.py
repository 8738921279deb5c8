"""What a training gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.kernels import outputs
from chainrule.kernels.inputs import checked_inputs
from chainrule.network import Network, Weights
from chainrule.tables.labels import LabelCoding
from chainrule.training.history import History
from chainrule.training.outcome import Outcome
from chainrule.training.restarts import Restart
from chainrule.training.state import State

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Run:
    """A finished training: the network with its weights, and how it got there.

    Attributes
    ----------
    network : Network
    weights : Weights
        After the last epoch, or with ``patience`` the best ones.
    history : History
        epoch, J, rate, seconds.
    outcome : Outcome
        How it ended; its value is a sentence.
    coding : LabelCoding or None
        The classes, where raw labels or an indicator matrix were given.
    settings : dict
        What `train` was called with, defaults filled in: solver, learning_rate, epochs, seed, ...
    epoch : int or None
        The epoch of these weights: the last one, or with ``patience`` the best.
    J : float
        Log-likelihood of the training rows with these weights.
    constant_J : float
        That of the best constant prediction; see `worse_than_constant`.
    restarts : tuple of Restart
        seed, J and outcome of each start, in their order.
    state : State or None
        Where the solver stood at the end.
    """

    network: Network
    weights: Weights
    history: History
    outcome: Outcome
    coding: LabelCoding | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    epoch: int | None = None
    J: float = float("nan")
    constant_J: float = float("nan")
    restarts: tuple[Restart, ...] = ()
    state: State | None = None

    @property
    def worse_than_constant(self) -> bool:
        """Whether the network does not reach the best constant prediction: it has learnt nothing from its inputs."""
        return self.J < self.constant_J - 1e-9 * abs(self.constant_J)

    @property
    def verdict(self) -> str:
        """The outcome in words, and a warning where the network is worse than the best constant prediction."""
        if not self.worse_than_constant:
            return str(self.outcome)
        return (
            f"{self.outcome} It predicts worse than the best constant prediction"
            f" (J {self.J:.6g} against {self.constant_J:.6g})."
        )

    def outputs(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Y (N, K): the network's outputs."""
        dtype = self.weights.flat.dtype
        return outputs(self.network, self.weights, checked_inputs(self.network, X, dtype))

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Probability of each class (N, C), in the order of ``coding.classes``.

        Raises
        ------
        SettingError
            The network's outputs are not probabilities.
        DataError
            X is not what the network takes.
        """
        if not self.network.law.has_classes:
            raise SettingError(
                f"A network with the output law {self.network.law.name!r} gives no probabilities.",
                "Use run.predict(X), or a softmax or sigmoid output.",
            )
        Y = self.outputs(X)
        return self.coding.probabilities(Y) if self.coding else Y

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The most probable class of each row (N,), or the expected value: (N,) for one output, else (N, K).

        Raises
        ------
        DataError
            X is not what the network takes.
        """
        Y = self.outputs(X)
        if self.coding:
            return self.coding.decide(Y)
        if self.network.law.has_classes:
            return (Y > 0.5).astype(np.int64)
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def plot(self) -> Figure:
        """The history as a figure: J and rate against the epoch."""
        from chainrule.show import plot_history

        return plot_history(self.history)

    def __repr__(self) -> str:
        last = f", J {self.history[-1].J:.6g}, rate {self.history[-1].rate:.4g}" if len(self.history) else ""
        warning = ", worse than the best constant" if self.worse_than_constant else ""
        return f"Run of {self.network.notation}: {self.outcome.name}{last}{warning}"
