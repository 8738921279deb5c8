"""A network with what it knows of its table: predicts from a table of the same columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, SettingError
from chainrule.network import Network, Weights
from chainrule.tables.contract import Contract
from chainrule.tables.forward import Forward
from chainrule.tables.kinds import as_text
from chainrule.tables.noticed import Noticed
from chainrule.tables.predictions import Predictions, most_probable
from chainrule.tables.read import read
from chainrule.tables.score import Score, ScoreSum, scored_classes, scored_numbers
from chainrule.tables.table import Table
from chainrule.tables.target import Target

if TYPE_CHECKING:
    from chainrule.training import History, Outcome

Array = npt.NDArray[Any]


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

    def predictions(self, source: Any, *, bad_rows: str = "refuse", forward: Forward | None = None) -> Predictions:
        """Everything the model says of each row.

        Parameters
        ----------
        source : path, Table, data frame or mapping of columns
            With at least the columns the model reads, in any order.
        bad_rows : {"refuse", "nan"}
            Whether a row with a missing or unreadable cell is an error, or has no prediction.
        forward : Forward, optional
            For whoever asks for many blocks; see `forward_for`.

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
        self.contract.check_columns(table.names, table.source)
        forward = forward or self.forward_for(table.rows)
        plain, none = self.contract.plain(table), np.zeros(table.rows, bool)
        with np.errstate(over="ignore"):  # far outside the training range exp may overflow: infinite, and flagged
            Y = None if plain is None else forward.of_plain(plain)
            if Y is not None:
                return self._said(Y, none, none, Noticed())
            seen = self.contract.apply(table, bad_rows=bad_rows)
            is_bad = bool(seen.bad.any())
            Y = forward(np.ascontiguousarray(seen.X[~seen.bad] if is_bad else seen.X))
        return self._said(Y, seen.bad, seen.outside, seen.noticed)

    def _said(self, Y: Array, bad: Array, outside: Array, noticed: Noticed) -> Predictions:
        """What the outputs Y of all rows that are not bad mean."""
        target, rows = self.target, len(bad)
        if target.task != "classify":
            numbers = _of_all(target.decode(Y), bad)
            return Predictions(numbers, np.empty(0), np.empty((rows, 0)), bad, outside, noticed)
        P = target.probabilities(Y)
        decided = most_probable(P)
        if len(P) < rows:
            P, decided = _of_all(P, bad), _of_all(decided, bad, 0)
        return Predictions(decided, self.classes, P, bad, outside, noticed)

    def forward_for(self, rows: int, threads: int | None = None) -> Forward:
        """Outputs (n, K) of inputs (n, D), with the kernel that pays where so many rows are to come in all."""
        return Forward(self.network, self.weights, rows, threads)

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


def _of_all(found: Array, bad: Array, none: float = np.nan) -> Array:
    """What was found for the rows that are not bad, with ``none`` in those that are."""
    if not bad.any():
        return found
    every = np.full((len(bad), *found.shape[1:]), none, found.dtype)
    every[~bad] = found
    return every
