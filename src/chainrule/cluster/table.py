"""Dask arrays and data frames as a table in blocks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster import is_dask
from chainrule.cluster.assembly import assembled, slices_of, sum_of
from chainrule.cluster.client import check_dask, check_environments, present_client
from chainrule.cluster.computing import computed, looked_at
from chainrule.cluster.outline import Outline
from chainrule.cluster.pieces import Pieces, check_looks, classes_of, look_at, pieces_of
from chainrule.errors import DataError, counted
from chainrule.kernels.blocks import Block, TreeSum, bounds_of
from chainrule.kernels.inputs import are_labels
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]


class DaskBlocks(Outline):
    """Dask arrays or data frames as a table in blocks.

    Where the chunks are not known, one look at all pieces tells how many rows each has, and which classes there are.
    Without a client, Dask's own scheduler of this machine reads each block in each pass.

    Parameters
    ----------
    X : Dask array (N, D) or Dask data frame
    T : Dask array (N, K) or (N,), data frame or series; or an array in memory
        Targets, or raw labels.
    sample_weight : Dask array (N,) or series, optional
    are_labels : bool
        Whether T holds labels.
    coding : LabelCoding, optional
        The classes; looked for where left out and T holds labels.

    Raises
    ------
    DataError
        Numbers of rows or columns differ between the parts or between the partitions, or there are no labels.
    """

    def __init__(
        self, X: Any, T: Any, sample_weight: Any = None, *, are_labels: bool = False, coding: LabelCoding | None = None
    ) -> None:
        super().__init__()
        self.client = present_client()
        check_environments(self.client)
        parts = [pieces_of(X, "X"), pieces_of(T, "T")]
        if sample_weight is not None:
            parts.append(pieces_of(sample_weight, "sample_weight"))
        self.codes_labels = are_labels
        parts, self.coding = self._looked_at(parts, coding)
        self.X, self.T, self.weight = parts[0], parts[1], parts[2] if sample_weight is not None else None
        self.has_weights = self.weight is not None
        if self.X.dimensions != 2:
            raise DataError("X must have two dimensions (rows, columns), not one.", "Give a data frame or an array.")
        for part, words in ((self.T, "T has"), (self.weight, "sample_weight has")):
            if part is not None and part.rows != self.X.rows:
                raise DataError(
                    f"X has {counted(self.X.rows, 'row')} and {words} {counted(part.rows, 'row')}.",
                    "Each row of X needs its own.",
                )
        self.rows, self.inputs, self.outputs = self.X.rows, self.X.width or 0, self.T.width or 0
        assert self.X.lengths is not None
        self.lengths, self.columns = self.X.lengths, self.X.columns
        self._kept: dict[tuple[str, int], Any] = {}
        self.total_weight = self._sum_of_weights()

    @classmethod
    def of(
        cls, net: Network, X: Any, T: Any, sample_weight: Any = None, coding: LabelCoding | None = None
    ) -> DaskBlocks:
        """The table as a network takes it."""
        check_dask()
        if T is None:
            raise DataError("T is missing: the targets of the rows of X.")
        holds_labels = are_labels(net, pieces_of(T, "T").stand_in() if is_dask(T) else T)
        found = cls(X, T, sample_weight, are_labels=holds_labels, coding=coding)
        return found.for_network(net, coding)

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> DaskBlocks:
        """The same with labels as the columns that the network has."""
        if not self.codes_labels:
            return self
        found = copy.copy(self)
        found.coding, found.outputs = coding or self.coding, net.K
        assert found.coding is not None
        found.coding.indicator(found.coding.classes[:1], net.K)  # says so where classes and outputs do not fit
        found.total_weight = found._sum_of_weights()
        return found

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """The block, computed by Dask; pieces that it shares with the next one are kept."""
        return assembled(self.assembly(number, dtype), *self._fetched(number, self._parts))

    def targets_of(self, number: int, dtype: np.dtype[Any]) -> tuple[Array, Array | None]:
        """T and the weights of a block; X is left where it is."""
        block = assembled(self.assembly(number, dtype), None, *self._fetched(number, self._parts[1:]))
        return block.T, block.weight

    def _fetched(self, number: int, parts: Sequence[Pieces]) -> list[Any]:
        """The slices that a block is made of, computed."""
        first, end = self.bounds(number)
        wanted = {(part.name, span.piece): part for part in parts for span in part.spans(first, end)}
        missing = [key for key in wanted if key not in self._kept]
        found = dict(zip(missing, computed([wanted[key].parts[key[1]] for key in missing], self.client), strict=True))
        self._kept = {key: found[key] if key in found else self._kept[key] for key in wanted}
        return [slices_of(part, first, end, lambda p, at: self._kept[p.name, at]) for part in parts]

    def task(self, number: int, dtype: np.dtype[Any]) -> Any:
        """The block as a Delayed, to be computed where it is to lie."""
        from dask import delayed

        first, end = self.bounds(number)
        slices = [slices_of(part, first, end, lambda p, at: p.parts[at]) for part in self._parts]
        return delayed(assembled, pure=False)(self.assembly(number, dtype), *slices)

    def assembly(self, number: int, dtype: np.dtype[Any]) -> dict[str, Any]:
        """What `assembled` needs to know of a block."""
        coding = self.coding if self.codes_labels else None
        return {"dtype": np.dtype(dtype), "coding": coding, "outputs": self.outputs, "first": self.bounds(number)[0]}

    @property
    def objective_class(self) -> Any:
        """What sums over it: the workers where there is a client."""
        from chainrule.cluster.objective import ClusterObjective
        from chainrule.kernels.blocks.objective import BlockedObjective

        return BlockedObjective if self.client is None else ClusterObjective

    @property
    def _parts(self) -> list[Pieces]:
        return [self.X, self.T] if self.weight is None else [self.X, self.T, self.weight]

    def _looked_at(self, parts: list[Pieces], coding: LabelCoding | None) -> tuple[list[Pieces], LabelCoding | None]:
        """The parts with their lengths known, and the classes: one look at all pieces where that is needed."""
        from dask import delayed

        wants = self.codes_labels and coding is None
        needs = [not part.is_known or (wants and part.name == "T") for part in parts]
        look, tasks = delayed(look_at, pure=False), []
        for part, needed in zip(parts, needs, strict=True):
            own = wants and part.name == "T"
            tasks.append([look(piece, part.columns, part.width, own) for piece in part.parts] if needed else [])
        names = [
            f"Partition {n} of {part.name}" for part, some in zip(parts, tasks, strict=True) for n in range(len(some))
        ]
        flat = iter(looked_at([task for some in tasks for task in some], names, self.client))
        found = []
        for part, some in zip(parts, tasks, strict=True):
            looks = [next(flat) for _ in some]
            if some:
                check_looks(part.name, looks)
                part = part.looked_at(looks)
            if wants and part.name == "T":
                coding = classes_of(looks)
            found.append(part)
        return found, coding

    def _sum_of_weights(self) -> float:
        """As of arrays: block by block."""
        if self.weight is None:
            return float(self.rows)
        from dask import delayed

        bounds = bounds_of(self.rows, self.inputs + self.outputs)
        tasks = [delayed(sum_of, pure=False)(slices_of(self.weight, *b, lambda p, at: p.parts[at])) for b in bounds]
        sums = TreeSum()
        for number, found in enumerate(computed(tasks, self.client)):
            sums.add(number, found)
        return float(sums.total(len(bounds))) if bounds else 0.0
