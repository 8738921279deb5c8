"""A network with what it knows of its table: predicts from a table of the same columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, SettingError
from chainrule.kernels import outputs
from chainrule.network import Network, Weights
from chainrule.tables.contract import Contract
from chainrule.tables.kinds import as_text
from chainrule.tables.read import read
from chainrule.tables.score import Score, scored_classes, scored_numbers
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
    notes : list of str
    """

    values: Array
    probabilities: Array
    bad: Array
    outside: Array
    notes: list[str]


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

    def predictions(self, source: Any, *, bad_rows: str = "refuse") -> Predictions:
        """Everything the model says of each row.

        Parameters
        ----------
        source : path, Table, data frame or mapping of columns
            With at least the columns the model reads, in any order.
        bad_rows : {"refuse", "nan"}
            Whether a row with a missing or unreadable cell is an error, or has no prediction.

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
        notes = [*seen.notes, *seen.unseen]
        good = ~seen.bad
        with np.errstate(over="ignore"):  # far outside the training range exp may overflow: infinite, and flagged
            Y = outputs(self.network, self.weights, np.ascontiguousarray(seen.X[good]))
        if self.target.task != "classify":
            values = np.full(table.rows, np.nan)
            values[good] = self.target.decode(Y)
            return Predictions(values, np.empty((table.rows, 0)), seen.bad, seen.outside, notes)
        classes = self.classes
        P = np.full((table.rows, len(classes)), np.nan)
        P[good] = self.target.probabilities(Y)
        values = classes[np.where(good[:, None], P, 0).argmax(axis=1)]
        if seen.bad.any():
            values = values.astype(object)
            values[seen.bad] = None
        return Predictions(values, P, seen.bad, seen.outside, notes)

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
        target = self.target
        if target.name not in table.columns:
            raise DataError(
                f"{table.source} has no column {target.name!r}, which the model predicts.",
                "To compare predictions with the truth the table must have it; without it use predict.",
            )
        gone = as_text(table.columns[target.name]).is_null().to_numpy()
        if gone.any() and bad_rows == "refuse":
            rows = np.flatnonzero(gone)
            raise DataError(
                f"{len(rows):,} row{'s have' if len(rows) > 1 else ' has'} no target {target.name!r}"
                f" (first at {table.place(rows[0])}).",
                "Remove them, or pass over them with --on-bad-row nan.",
            )
        found = self.predictions(table, bad_rows=bad_rows)
        keep = ~found.bad & ~gone
        if target.task != "classify":
            return scored_numbers(target, found.values[keep], target.numbers(table)[keep])
        codes = target.codes(table)
        text = as_text(table.columns[target.name])
        new = text.filter(keep & (codes < 0)).value_counts(sort=True)
        unseen = {str(label): int(count) for label, count in new.iter_rows()}
        keep &= codes >= 0
        return scored_classes(target, found.probabilities[keep], codes[keep], unseen)

    def __repr__(self) -> str:
        return f"TableModel of {self.target.name!r}, {self.target.task}: {self.network.notation}"
