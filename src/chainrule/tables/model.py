"""A network with what it knows of its table: predicts from a table of the same columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, SettingError
from chainrule.kernels import outputs, select
from chainrule.network import Network, Weights
from chainrule.tables.contract import Contract
from chainrule.tables.kinds import as_text
from chainrule.tables.noticed import Noticed
from chainrule.tables.read import read
from chainrule.tables.score import Score, ScoreSum, scored_classes, scored_numbers
from chainrule.tables.table import Table
from chainrule.tables.target import Target

if TYPE_CHECKING:
    from chainrule.training import History, Outcome

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Predictions:
    """What a model says of each row of a table.

    Attributes
    ----------
    values : array (N,)
        Predicted class or number.
    probabilities : array (N, C)
        Of each class; no columns for numbers.
    bad : bool array (N,)
        Rows without a prediction: a cell was missing or unreadable. Their probabilities are NaN.
    outside : bool array (N,)
        Rows with an input far outside the training range: beyond it by more than its own width.
    noticed : Noticed
        What a person should know of the table.
    """

    values: Array
    probabilities: Array
    bad: Array
    outside: Array
    noticed: Noticed

    @property
    def notes(self) -> list[str]:
        """What a person should know, in sentences."""
        return [*self.noticed.notes(), *self.noticed.not_seen()]


@dataclass(frozen=True)
class TableModel:
    """A trained network, the columns it reads and the coding of its target.

    Attributes
    ----------
    network : Network
    weights : Weights
    contract : Contract
        The columns it reads, their kinds and scaling.
    target : Target
    history : History
    outcome : Outcome
    settings : dict
        How it was trained, in plain values.

    Examples
    --------
    >>> import chainrule as cr
    >>> flowers = {"length": [1.0, 1.2, 5.1, 4.8] * 10, "kind": ["small", "small", "large", "large"] * 10}
    >>> model = cr.train_table(flowers, "kind")
    >>> model.predict({"length": [1.1, 5.0]})
    array(['small', 'large'], dtype='<U5')
    """

    network: Network
    weights: Weights
    contract: Contract
    target: Target
    history: History
    outcome: Outcome
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> Array:
        """The classes in the order of the probabilities (C,); empty for numbers."""
        return self.target.values

    def read(self, source: Any, **options: Any) -> Table:
        """A table read as in training: with the same words for missing cells."""
        return read(source, missing_words=self.settings.get("missing_words", ()), **options)

    def predictions(
        self, source: Any, *, bad_rows: str = "refuse", forward: Callable[[Array], Array] | None = None
    ) -> Predictions:
        """Everything the model says of each row.

        Parameters
        ----------
        source : path, Table, data frame or mapping of columns
            With at least the columns the model reads, in any order.
        bad_rows : {"refuse", "nan"}
            Whether a row with a missing or unreadable cell is an error, or has no prediction.
        forward : callable, optional
            The network's outputs (N, K) from inputs (N, D), for whoever asks for many blocks; see `forward_for`.

        Raises
        ------
        DataError
            A column is missing, or a row is bad and refused.
        SettingError
            ``bad_rows`` is something else.
        """
        if bad_rows not in ("refuse", "nan"):
            raise SettingError(f"What to do with bad rows must be 'refuse' or 'nan', not {bad_rows!r}.")
        table = source if isinstance(source, Table) else self.read(source)
        seen = self.contract.apply(table, bad_rows=bad_rows)
        good = ~seen.bad
        with np.errstate(over="ignore"):  # far outside the training range exp may overflow: infinite, and flagged
            X = np.ascontiguousarray(seen.X if good.all() else seen.X[good])
            Y = outputs(self.network, self.weights, X) if forward is None else forward(X)
        if self.target.task != "classify":
            values = np.full(table.rows, np.nan)
            values[good] = self.target.decode(Y)
            return Predictions(values, np.empty((table.rows, 0)), seen.bad, seen.outside, seen.noticed)
        classes = self.classes
        P = np.full((table.rows, len(classes)), np.nan)
        P[good] = self.target.probabilities(Y)
        values = classes[(P if good.all() else np.where(good[:, None], P, 0)).argmax(axis=1)]
        if seen.bad.any():
            values = values.astype(object)
            values[seen.bad] = None
        return Predictions(values, P, seen.bad, seen.outside, seen.noticed)

    def forward_for(self, rows: int) -> Callable[[Array], Array]:
        """Outputs (n, K) of inputs (n, D), with the kernel that pays where so many rows are to come in all."""
        kernel = select.for_outputs(self.network, rows, np.dtype(np.float64))
        if kernel is None:
            return lambda X: outputs(self.network, self.weights, X)
        flat = np.ascontiguousarray(self.weights.flat, np.float64)
        return lambda X: kernel.outputs(flat, X, threads=select.threads_for(self.network, len(X)))

    def predict(self, source: Any, *, bad_rows: str = "refuse") -> Array:
        """Predicted class (of the labels' own type) or number of each row (N,); see `predictions`."""
        return self.predictions(source, bad_rows=bad_rows).values

    def predict_proba(self, source: Any, *, bad_rows: str = "refuse") -> Array:
        """Probability of each class (N, C), in the order of ``classes``; see `predictions`.

        Raises
        ------
        SettingError
            The model predicts numbers.
        """
        if self.target.task != "classify":
            raise SettingError(f"A model of task {self.target.task!r} gives no probabilities.", "Use .predict(table).")
        return self.predictions(source, bad_rows=bad_rows).probabilities

    def score(self, source: Any, *, bad_rows: str = "refuse") -> Score:
        """Figures over the rows of a table that has the target too.

        Rows whose label training did not see are counted apart, in ``unseen``. With ``bad_rows="nan"`` rows
        without a prediction or a target are passed over.

        Raises
        ------
        DataError
            The target's column is missing, or has missing cells and bad rows are refused.
        """
        table = source if isinstance(source, Table) else self.read(source)
        if self.target.name not in table.columns:
            raise self.has_no_target(table.source)
        self._check_targets(table, bad_rows)
        return self._scored(table, self.predictions(table, bad_rows=bad_rows), None)

    def add_score(self, found: ScoreSum, table: Table, said: Predictions, bad_rows: str) -> None:
        """Add a block of rows, with what the model says of them, to a score."""
        self._check_targets(table, bad_rows)
        self._scored(table, said, found)

    def has_no_target(self, source: str) -> DataError:
        """The error where a table lacks the target's column."""
        return DataError(
            f"{source} has no column {self.target.name!r}, which the model predicts.",
            "To compare predictions with the truth the table must have it; without it use predict.",
        )

    def _check_targets(self, table: Table, bad_rows: str) -> None:
        """DataError where rows have no target, and bad rows are refused."""
        name = self.target.name
        gone = as_text(table.columns[name]).is_null().to_numpy()
        if gone.any() and bad_rows == "refuse":
            rows = np.flatnonzero(gone)
            raise DataError(
                f"{len(rows):,} row{'s have' if len(rows) > 1 else ' has'} no target {name!r}"
                f" (first at {table.place(rows[0])}).",
                "Remove them, or pass over them with --on-bad-row nan.",
            )

    def _scored(self, table: Table, said: Predictions, found: ScoreSum | None) -> Score:
        """The score of the rows that have a prediction and a target; also added to those before, where there are."""
        target = self.target
        text = as_text(table.columns[target.name])
        keep = ~said.bad & text.is_not_null().to_numpy()
        if target.task != "classify":
            predicted, true = said.values[keep], target.numbers(table)[keep]
            return scored_numbers(target, predicted, true) if found is None else found.add_numbers(predicted, true)
        codes = target.codes(table)
        new = text.filter(keep & (codes < 0)).value_counts(sort=True)
        unseen = {str(label): int(count) for label, count in new.iter_rows()}
        keep &= codes >= 0
        P, codes = said.probabilities[keep], codes[keep]
        return scored_classes(target, P, codes, unseen) if found is None else found.add_classes(P, codes, unseen)

    def __repr__(self) -> str:
        return f"TableModel of {self.target.name!r}, {self.target.task}: {self.network.notation}"
