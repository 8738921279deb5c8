"""A streamed plan's rows for the workers of a cluster: each reads its blocks from the Parquet files by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster.on_workers import OnWorkers
from chainrule.errors import DataError
from chainrule.kernels.blocks import Block, Blocks
from chainrule.tables.contract import Noticed
from chainrule.tables.selection import ahead, chance
from chainrule.tables.streamed_plan import StreamedPlan
from chainrule.tables.table import Table

Array = npt.NDArray[Any]

TRAINING, VALIDATION, TEST = range(3)


class WorkerRows(contextlib.AbstractContextManager["WorkerRows"]):
    """The rows of a plan, as `chainrule.tables.decoded.Decoded` has them, read where they are needed.

    Parameters
    ----------
    plan : StreamedPlan
        Of Parquet files in a place that every worker sees under the same name.
    client : distributed.Client
    validation : float
        Share of the rows to train on that is set apart.

    Attributes
    ----------
    training, validation : OnWorkers
    test : PlanBlocks
        Read here.
    noticed : Noticed
    """

    def __init__(self, plan: StreamedPlan, client: Any, validation: float = 0.0) -> None:
        kept = _kept(plan, validation)
        if not kept[TRAINING].sum():  # so few that the hash set all of them apart
            kept[[TRAINING, VALIDATION]] = kept[[VALIDATION, TRAINING]]
            validation = -1.0
        sides = [PlanBlocks(plan, validation, side, kept[side]) for side in (TRAINING, VALIDATION, TEST)]
        self.training, self.validation = (OnWorkers(side, client) for side in sides[:2])
        self.test = sides[TEST]

    @property
    def noticed(self) -> Noticed:
        """What a person should know of the rows held out, as far as they were read."""
        return self.test.noticed

    def __exit__(self, *exc: object) -> None:
        pass


class PlanBlocks(Blocks):
    """One side of a streamed plan's rows as a table in blocks, read out of the files: on whichever machine.

    Parameters
    ----------
    plan : StreamedPlan
    validation : float
        Share set apart.
    side : int
        `TRAINING`, `VALIDATION` or `TEST`.
    kept : array of int64
        How many of its rows each part of the source has.
    """

    def __init__(self, plan: StreamedPlan, validation: float, side: int, kept: Array) -> None:
        self.plan, self.share, self.side = plan, validation, side
        self._kept, self._ends = kept, np.cumsum(kept)
        self._begins = np.cumsum([0, *plan.origin.part_rows])
        self.rows, self.inputs, self.outputs = int(kept.sum()), plan.network.D, plan.network.K
        self.total_weight = float(self.rows)
        self.noticed = Noticed()
        self._last: tuple[int, Table, Array, Array] | None = None

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """See `Blocks`."""
        first, end = self.bounds(number)
        X, t = np.empty((end - first, self.inputs), dtype), np.empty(end - first)
        at = first
        while at < end:
            part, offset = self._holder(at)
            _, inputs, targets = self._decoded(part)
            take = min(len(targets) - offset, end - at)
            X[at - first : at - first + take] = inputs[offset : offset + take]
            t[at - first : at - first + take] = targets[offset : offset + take]
            at += take
        if len(self.plan.target.classes) > 2:
            T = np.zeros((end - first, self.outputs), dtype)
            T[np.arange(end - first), t.astype(np.int64)] = 1
        else:
            T = np.ascontiguousarray(t.reshape(-1, 1), dtype)
        return Block(X, T, None)

    def parts(self) -> Iterator[tuple[Array, Array]]:
        """All rows: inputs, and positions of classes or numbers in the target's own unit where they are held out."""
        for part in np.flatnonzero(self._kept).tolist():
            yield self._decoded(part)[1:]

    def place(self, row: int) -> str:
        """A row of a file."""
        part, offset = self._holder(row)
        return self._decoded(part)[0].place(offset)

    def column(self, part: str, number: int) -> str:
        """The name of an input."""
        return repr(self.plan.contract.inputs[number]) if part == "X" else "of the target"

    def __getstate__(self) -> dict[str, Any]:
        """Without the rows read last."""
        return {**vars(self), "_last": None}

    def _holder(self, row: int) -> tuple[int, int]:
        """Which part of the source holds a row, and the row's place among those kept of it."""
        part = int(np.searchsorted(self._ends, row, side="right"))
        return part, int(row - (self._ends[part] - self._kept[part]))

    def _decoded(self, part: int) -> tuple[Table, Array, Array]:
        """The rows kept of a part of the source, as the network takes them."""
        if self._last is not None and self._last[0] == part:
            return self._last[1:]
        plan, target = self.plan, self.plan.target
        block = plan.origin.part(part, [*plan.contract.names, target.name])
        table, mask = _side(plan, self.share, self.side, block, int(self._begins[part]))
        if len(mask) != int(self._kept[part]):
            raise DataError(
                f"{plan.source} is not what it was when it was looked at, from {block.place(0)} on.",
                "Did it change while it was read? Start again when nothing writes to it any more.",
            )
        seen = plan.contract.apply(table)
        if self.side == TEST:
            self.noticed = self.noticed.plus(seen.noticed)
        if target.task == "classify":
            t = target.codes(table).astype(np.float64)
            if (t < 0).any():
                raise DataError(
                    f"The class at {table.place(int((t < 0).argmax()))} was not there when the table was looked at.",
                    "Did it change while it was read? Start again when nothing writes to it any more.",
                )
        else:
            t = target.numbers(table) if self.side == TEST else target.code(table)[:, 0]
        self._last = (part, table, seen.X, t)
        return table, seen.X, t


def _side(plan: StreamedPlan, share: float, side: int, block: Table, first: int) -> tuple[Table, Array]:
    """The rows of one side of a part of the source, and their numbers."""
    chosen = plan.selection.of(block, first)
    keep = np.flatnonzero(_sides(plan, share, chosen.rows, chosen.is_test) == side)
    return chosen.table.take(keep), chosen.rows[keep]


def _sides(plan: StreamedPlan, share: float, rows: Array, is_test: Array) -> Array:
    """To which side each row belongs; a share below 0 makes all that are set apart rows to train on."""
    side = np.where(is_test, TEST, TRAINING)
    if share > 0 and len(rows):
        first = int(rows[0])
        is_apart = chance(plan.selection.seed + 1, share, first, int(rows[-1]) - first + 1)[rows - first]
        side[~is_test & is_apart] = VALIDATION
    return side


def _kept(plan: StreamedPlan, share: float) -> Array:
    """How many rows of each side each part of the source has: a pass over the columns that decide it."""
    names = [*dict.fromkeys([plan.target.name, *plan.selection.complete])]
    parts = range(len(plan.origin.part_rows))
    found, first = np.zeros((3, len(parts)), np.int64), 0
    for part, block in enumerate(ahead(plan.origin.part(number, names) for number in parts)):
        chosen = plan.selection.of(block, first)
        found[:, part] = np.bincount(_sides(plan, share, chosen.rows, chosen.is_test), minlength=3)
        first += block.rows
    return found
