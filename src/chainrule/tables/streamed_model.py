"""A model over tables of any length: predictions and figures, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from chainrule.errors import DataError
from chainrule.kernels import select
from chainrule.kernels.blocks.ahead import read_ahead
from chainrule.tables.model import TableModel
from chainrule.tables.noticed import Noticed
from chainrule.tables.predictions import Predictions
from chainrule.tables.score import Score, ScoreSum
from chainrule.tables.selection import ahead
from chainrule.tables.source import Source
from chainrule.tables.table import Table

_MANY = 100_000  # rows, where only reading tells how many there are
_MOST_WORKERS = 4  # reading a table is one thread's work, which does not feed more than some
_READ_AHEAD = 5  # blocks: Parquet gives about four at once and then takes as long as for all of them

Made = TypeVar("Made")
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

    def blocks(self) -> Iterator[Predictions]:
        """What the model says of each block of rows."""
        return self.each(lambda block, said: said)

    def each(self, work: Callable[[Table, Predictions], Made], *more: str) -> Iterator[Made]:
        """``work(block, predictions)`` of each block, which has the model's columns and ``more``.

        The next blocks are read, predicted and worked on while one is used.
        """
        model = self.model
        model.contract.check_columns(self.source.names, self.source.name)
        source = self.source.with_words(model.settings.get("missing_words", ()))
        forward = model.forward_for(self.source.rows or _MANY, threads=1)

        def made(block: Table) -> tuple[Predictions, Made]:
            said = model.predictions(block, bad_rows=self.bad_rows, forward=forward)
            return said, work(block, said)

        blocks = ahead(source.blocks([*dict.fromkeys([*model.contract.names, *more])]), _READ_AHEAD)
        workers = min(select.cores(), _MOST_WORKERS)
        for said, found in read_ahead(made, blocks, workers, workers):
            self.rows += len(said.bad)
            self.bad += int(said.bad.sum())
            self.noticed = self.noticed.plus(said.noticed)
            yield found
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

    def scored(block: Table, predictions: Predictions) -> ScoreSum:
        of_block = ScoreSum(target)
        model.add_score(of_block, block, predictions, bad_rows)
        return of_block

    found = ScoreSum(target)
    for of_block in said.each(scored, target.name):
        found.join(of_block)
    if not said.rows:
        raise DataError(f"{source.name} has no rows.")
    return found.total(), said
