"""A model over tables of any length: predictions and figures, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chainrule.errors import DataError
from chainrule.tables.model import Predictions, TableModel
from chainrule.tables.noticed import Noticed
from chainrule.tables.score import Score, ScoreSum
from chainrule.tables.selection import ahead
from chainrule.tables.source import Source
from chainrule.tables.table import Table

_MANY = 100_000  # rows, where only reading tells how many there are

Told = Callable[[int], object]


@dataclass
class StreamedPredictions:
    """What a model says of the rows of a source, block after block, in their order.

    Attributes
    ----------
    rows, bad : int
        Rows that were read so far, and those of them without a prediction.
    noticed : Noticed
    """

    model: TableModel
    source: Source
    bad_rows: str = "refuse"
    told: Told = lambda rows: None
    rows: int = 0
    bad: int = 0
    noticed: Noticed = field(default_factory=Noticed)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the rows, in sentences."""
        return [*self.noticed.notes(), *self.noticed.not_seen()]

    def blocks(self, *more: str) -> Iterator[tuple[Table, Predictions]]:
        """Each block of rows, with the model's columns and ``more``, and what the model says of it."""
        model = self.model
        model.contract.check_columns(self.source.names, self.source.name)
        source = self.source.with_words(model.settings.get("missing_words", ()))
        forward = model.forward_for(self.source.rows or _MANY)
        for block in ahead(source.blocks([*dict.fromkeys([*model.contract.names, *more])])):
            said = model.predictions(block, bad_rows=self.bad_rows, forward=forward)
            self.rows += block.rows
            self.bad += int(said.bad.sum())
            self.noticed = self.noticed.plus(said.noticed)
            yield block, said
            self.told(self.rows)


def streamed_score(
    model: TableModel, source: Source, *, bad_rows: str = "refuse", told: Told = lambda rows: None
) -> tuple[Score, StreamedPredictions]:
    """The figures over all rows of a source, as `TableModel.score` gives them of a table in memory.

    Raises
    ------
    DataError
        See `TableModel.score`.
    """
    target = model.target
    if target.name not in source.names:
        raise model.has_no_target(source.name)
    said = StreamedPredictions(model, source, bad_rows, told)
    found = ScoreSum(target)
    for block, predictions in said.blocks(target.name):
        model.add_score(found, block, predictions, bad_rows)
    if not said.rows:
        raise DataError(f"{source.name} has no rows.")
    return found.total(), said
