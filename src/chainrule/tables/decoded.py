"""A streamed plan's rows decoded into scratch files: to train on, to stop early by, and held out."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.tables.contract import Noticed
from chainrule.tables.scratch import Scratch, ScratchBlocks
from chainrule.tables.selection import chance
from chainrule.tables.streamed_plan import StreamedPlan, Told
from chainrule.tables.table import Table

Array = npt.NDArray[Any]


class Decoded(contextlib.AbstractContextManager["Decoded"]):
    """The rows of a plan as its network takes them; a context manager that gives the disk's room back.

    Parameters
    ----------
    plan : StreamedPlan
    validation : float
        Share of the rows to train on that is set apart, chosen by a hash of each row's number.
    told : callable
        Told of the rows that were read.

    Attributes
    ----------
    training, validation, test : ScratchBlocks
        Of the last one targets are positions of classes, or numbers in the target's own unit.
    noticed : Noticed
        What a person should know of the rows held out.

    Raises
    ------
    DataError
        The table is not what it was when it was looked at, or no disk has room for the scratch files.
    """

    def __init__(self, plan: StreamedPlan, validation: float = 0.0, told: Told = lambda rows: None) -> None:
        self._plan, self._share, self._told = plan, validation, told
        self.noticed = Noticed()

    def __enter__(self) -> Decoded:
        plan = self._plan
        scratch = Scratch(plan.rows * ScratchBlocks.bytes_a_row(plan.contract), plan.origin.files[0].parent)
        classes, outputs = len(plan.target.classes), plan.network.K
        self.training, self.validation, self.test = (
            ScratchBlocks(scratch, plan.contract, outputs, classes, name)
            for name in ("to train on", "set apart", "held out")
        )
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for part in (self.training, self.validation, self.test):
            part.close()

    def _fill(self) -> None:
        plan = self._plan
        for table, rows, is_test in plan.blocks(self._told):
            is_apart = np.zeros(len(rows), bool)
            if self._share and len(rows):
                first = int(rows[0])
                is_apart = chance(plan.selection.seed + 1, self._share, first, int(rows[-1]) - first + 1)[rows - first]
            sides = (
                (self.training, ~is_test & ~is_apart),
                (self.validation, ~is_test & is_apart),
                (self.test, is_test),
            )
            for part, mask in sides:
                if mask.any():
                    self._append(part, table if mask.all() else table.take(np.flatnonzero(mask)))
        training, test = self.training.rows + self.validation.rows, self.test.rows
        if (training, test) != (plan.training_rows, plan.test_rows):
            raise DataError(
                f"{plan.source} had {plan.rows:,} rows that can be used, and now has {training + test:,}.",
                "Did it change while it was read? Start again when nothing writes to it any more.",
            )
        if not self.training.rows:  # so few that the hash set all of them apart
            self.training, self.validation = self.validation, self.training

    def _append(self, part: ScratchBlocks, table: Table) -> None:
        plan, target = self._plan, self._plan.target
        seen = plan.contract.apply(table)
        if part is self.test:
            self.noticed = self.noticed.plus(seen.noticed)
        if target.task == "classify":
            t = target.codes(table)
            if (t < 0).any():
                row = int((t < 0).argmax())
                raise DataError(
                    f"The class at {table.place(row)} was not there when the table was looked at.",
                    "Did it change while it was read? Start again when nothing writes to it any more.",
                )
        else:
            t = target.numbers(table) if part is self.test else target.code(table)[:, 0]
        part.append(seen.X, t)
