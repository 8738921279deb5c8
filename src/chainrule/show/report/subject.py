"""What a report is about: the network, the rows it learnt from and is judged on, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.kernels import outputs
from chainrule.kernels.primitives import evaluate
from chainrule.network import Network, Weights
from chainrule.show.report.text import range_words

if TYPE_CHECKING:
    from chainrule.training import History, Outcome

Array = npt.NDArray[Any]
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Column:
    """One column of the table, which makes one input, several (a category) or none.

    Attributes
    ----------
    name : str
    kind : str
        In words: ``"number"``, ``"category"``, ``"left out"``.
    inputs : tuple of int
        Positions of the inputs that are made of it.
    about : str
        What the training rows hold, or why it is left out.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    about: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows as the network takes them: X (N, D) and T (N, K)."""

    X: Array
    T: Array

    def __len__(self) -> int:
        return len(self.X)

    def some(self, most: int) -> Rows:
        """At most so many of them, drawn without return, the same each time."""
        if len(self) <= most:
            return self
        at = np.sort(np.random.default_rng(0).choice(len(self), most, replace=False))
        return Rows(self.X[at], self.T[at])


@dataclass(frozen=True)
class Peer:
    """Another model's figures on the same held-out rows.

    ``rate``, ``likelihood``, ``balanced`` (the mean share over the classes) and ``error`` (root mean squared, of one
    target) as in the report's own table, NaN where there is none; ``is_linear`` says that it is the network without a
    hidden layer.
    """

    name: str
    title: str
    rate: float
    likelihood: float
    is_linear: bool = False
    balanced: float = float("nan")
    error: float = float("nan")


@dataclass(frozen=True)
class Subject:
    """Everything that a report may speak of; what is left out makes its section go away.

    Attributes
    ----------
    network, weights
    title : str
    target : str
        Name of what is predicted.
    training, held_out : Rows or None
    columns : tuple of Column
    inputs : tuple of str
        Names of the D inputs.
    outputs : tuple of str
        Names of the K outputs.
    classes : tuple of str
        Names of the classes; for one sigmoid output both. None for numbers and for several labels.
    counts : tuple of int
        Training rows of each class.
    scaling : (mean (D,), scale (D,)) or None
        An input x is ``mean + scale * X`` in the table's own unit.
    target_scaling : (mean, scale)
        The same for T, each a number or (K,).
    spread : float or None
        Standard deviation around a regression's predictions, in the target's unit.
    history, outcome, settings, notes
        Of the training.
    source : str
        Where the rows come from.
    shares : bool
        Whether the targets of a sigmoid output are shares from 0 to 1, to be predicted as numbers, and no classes.
    rows_said : str
        Which rows these are, in sentences; nothing where the reader knows.
    trained_on : int
        Rows of the training, where ``training`` is a part of them; else 0.
    peers : tuple of Peer
    """

    network: Network
    weights: Weights
    title: str = ""
    target: str = ""
    training: Rows | None = None
    held_out: Rows | None = None
    columns: tuple[Column, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    scaling: tuple[Array, Array] | None = None
    target_scaling: tuple[Any, Any] = (0.0, 1.0)
    spread: float | None = None
    history: History | None = None
    outcome: Outcome | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str = ""
    shares: bool = False
    rows_said: str = ""
    trained_on: int = 0
    peers: tuple[Peer, ...] = ()

    @property
    def law(self) -> str:
        """The name of the output law."""
        return self.network.law.name

    @property
    def is_one_label(self) -> bool:
        """Whether each row belongs to one class."""
        return self.law == "softmax" or (self.law == "sigmoid" and self.network.K == 1 and not self.shares)

    @property
    def is_labels(self) -> bool:
        """Whether each output is a label of its own, which a row may have or not."""
        return self.law == "sigmoid" and self.network.K > 1 and not self.shares

    @property
    def judged(self) -> Rows | None:
        """The rows that figures are of: held out where there are, else those of training."""
        return self.held_out or self.training

    @property
    def training_rows(self) -> int:
        """How many rows it learnt from."""
        return self.trained_on or len(self.training or ())

    @property
    def judged_words(self) -> str:
        """What these rows are, in words."""
        return "held-out rows" if self.held_out else "training rows"

    def probabilities(self, X: Array) -> Array:
        """One column a class (N, C); of several labels one column each."""
        Y = self.means(X)
        return np.column_stack([1 - Y, Y]) if self.is_one_label and Y.shape[1] == 1 else Y

    def means(self, X: Array) -> Array:
        """Y (N, K), a finite number wherever float64 has one."""
        with np.errstate(over="ignore"):
            return outputs(self.network, self.weights, np.ascontiguousarray(X, dtype=np.float64))

    def codes(self, rows: Rows) -> Array:
        """Position of each row's class (N,)."""
        return (rows.T[:, 0] > 0.5).astype(np.int64) if rows.T.shape[1] == 1 else rows.T.argmax(axis=1)

    def likelihoods(self, X: Array, T: Array) -> Array:
        """log p(t given x) of each row (N,), in nats; of a Gaussian with the measured spread, where that is known."""
        found = []
        for at in range(0, len(X), ROWS_AT_ONCE):
            A1 = X[at : at + ROWS_AT_ONCE] @ self.weights.W[1] + self.weights.b[1]
            found.append(self.likelihoods_from(A1, T[at : at + ROWS_AT_ONCE]))
        return np.concatenate(found) if found else np.empty(0)

    def likelihoods_from(self, A1: Array, T: Array) -> Array:
        """The same from the first pre-activations A[1] (N, M[1])."""
        A = A1
        for l in range(2, self.network.L + 1):
            row = self.network.activations[l - 1]
            assert row is not None
            A = evaluate(row.value, a=A) @ self.weights.W[l] + self.weights.b[l]
        if self.law == "identity" and self.spreads is not None:
            left = np.asarray(self.target_scaling[1]) * (T - A) / self.spreads
            return np.asarray((-0.5 * left**2 - np.log(self.spreads) - 0.5 * np.log(2 * np.pi)).sum(axis=1))
        with np.errstate(over="ignore"):
            return np.asarray(evaluate(self.network.law.log_density, a=A, t=T).sum(axis=1))

    @cached_property
    def spreads(self) -> Array | None:
        """Standard deviation of each target around its prediction (K,), in the target's unit; for a quantity."""
        if self.law != "identity":
            return None
        if self.spread is not None:
            found = np.full(self.network.K, float(self.spread))
        elif self.judged is not None:
            left = np.asarray(self.target_scaling[1]) * (self.judged.T - self.means(self.judged.X))
            found = np.sqrt((left**2).mean(axis=0))
        else:
            return None
        return found if (found > 0).all() else None

    def in_unit(self, Y: Array) -> Array:
        """Outputs or targets (N, K) in the target's own unit."""
        mean, scale = self.target_scaling
        return np.asarray(mean + np.asarray(scale) * Y)

    @cached_property
    def mean_target(self) -> Array | None:
        """The constant that predicts the training rows best: the mean of T (K,)."""
        return None if self.training is None else self.training.T.mean(axis=0)

    def constant_likelihoods(self, T: Array) -> Array | None:
        """log p(t) of each row (N,) by the best constant prediction, in nats; None without training rows."""
        from scipy import special

        y = self.mean_target
        if y is None or self.training is None:
            return None
        match self.law:
            case "softmax":
                rows = special.xlogy(T, y)
            case "sigmoid":
                rows = special.xlogy(T, y) + special.xlog1py(1 - T, -y)
            case "exp":
                rows = special.xlogy(T, y) - y - special.gammaln(T + 1)
            case _:
                scale = np.asarray(self.target_scaling[1])
                own = scale * self.training.T.std(axis=0) if self.spreads is not None else np.ones_like(y)
                own = np.where(own > 0, own, 1.0)
                unit = scale if self.spreads is not None else 1.0
                rows = -0.5 * (unit * (T - y) / own) ** 2 - np.log(own) - 0.5 * np.log(2 * np.pi)
        return np.asarray(rows.sum(axis=1))


def subject(
    network: Network,
    weights: Weights,
    *,
    training: tuple[Any, Any] | None = None,
    held_out: tuple[Any, Any] | None = None,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
    classes: Sequence[object] | None = None,
    columns: Sequence[Column] | None = None,
    **others: Any,
) -> Subject:
    """A subject from plain pieces, checked, with names where there are none."""
    if weights.network != network:
        raise DataError(f"The weights belong to {weights.network.notation}, not to {network.notation}.")
    names = tuple(map(str, inputs)) if inputs is not None else tuple(f"x{d + 1}" for d in range(network.D))
    _check_count(names, network.D, "inputs", network)
    is_one_label = network.law.name == "softmax" or (
        network.law.name == "sigmoid" and network.K == 1 and not others.get("shares", False)
    )
    C = max(network.K, 2) if is_one_label else 0
    kinds = tuple(map(str, classes)) if classes is not None and is_one_label else tuple(map(str, range(C)))
    _check_count(kinds, C, "classes", network)
    if outputs is not None:
        ends = tuple(map(str, outputs))
    elif is_one_label:
        ends = kinds if network.K > 1 else (f"P({kinds[1]})",)
    else:
        target = others.get("target") or "y"
        ends = (target,) if network.K == 1 else tuple(f"{target}{k + 1}" for k in range(network.K))
    _check_count(ends, network.K, "outputs", network)
    found = Subject(
        network,
        weights,
        training=_rows(network, training),
        held_out=_rows(network, held_out),
        inputs=names,
        outputs=ends,
        classes=kinds,
        **others,
    )
    if is_one_label and not found.counts and found.training:
        counted = np.bincount(found.codes(found.training), minlength=C)
        found = replace(found, counts=tuple(int(n) for n in counted))
    return replace(found, columns=tuple(columns) if columns is not None else _columns(found))


def _columns(found: Subject) -> tuple[Column, ...]:
    """Each input as a column of its own, with the range of its training rows."""
    rows = found.training or found.held_out
    made = []
    for d, name in enumerate(found.inputs):
        about = ""
        if rows is not None and len(rows):
            values = rows.X[:, d]
            if found.scaling is not None:
                values = values * found.scaling[1][d] + found.scaling[0][d]
            about = range_words(float(values.min()), float(values.max()), float(values.mean()), float(values.std()))
        made.append(Column(name, "number", (d,), about))
    return tuple(made)


def _rows(network: Network, pair: tuple[Any, Any] | None) -> Rows | None:
    """X and T as arrays of the network's shapes; None where there is no row."""
    if pair is None:
        return None
    X, T = (np.asarray(part, dtype=np.float64) for part in pair)
    if X.ndim != 2 or T.ndim != 2 or X.shape[1] != network.D or T.shape != (len(X), network.K):
        raise DataError(
            f"The rows of a report on {network.notation} must be X (N, {network.D}) and T (N, {network.K}).",
            f"Received: X {X.shape} and T {T.shape}.",
        )
    return Rows(X, T) if len(X) else None


def _check_count(names: Sequence[str], count: int, noun: str, network: Network) -> None:
    if len(names) != count:
        raise DataError(f"{network.notation} has {count} {noun} and {len(names)} names were given.")
