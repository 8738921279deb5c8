"""The order of a mini-batch epoch over a table in blocks: blocks shuffled, and the rows of a few blocks mixed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.kernels.blocks.ahead import read_ahead
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.training import randomness

Array = npt.NDArray[Any]

SHUFFLE_BLOCKS = 4  # whose rows are mixed with each other


class Window(NamedTuple):
    """Rows of the buffer to go through next.

    Attributes
    ----------
    epoch : int
    order : array of int64
        Their places in the buffer: whole batches, but at the end of an epoch.
    """

    epoch: int
    order: Array


class Groups:
    """Goes through a table in blocks in the order of mini-batches.

    An epoch takes the blocks in a shuffled order, a function of (seed, epoch), in groups of `SHUFFLE_BLOCKS`; the rows
    of a group are shuffled among each other, a function of (seed, epoch, group); batches are cut through the whole
    sequence, across the bounds of groups. Without ``shuffle``, blocks and rows keep their order.

    The rows lie in a buffer: two groups, of which one is read while the other is computed with, and what is left of
    the one before, less than a batch.

    Parameters
    ----------
    objective : BlockedObjective
    batch_size : int
    shuffle : bool
    seed : int
    """

    def __init__(self, objective: BlockedObjective, batch_size: int, shuffle: bool, seed: int) -> None:
        self.objective, self.batch_size, self.shuffle, self.seed = objective, batch_size, shuffle, seed
        blocks = objective.blocks
        self._group_rows = min(SHUFFLE_BLOCKS * blocks.rows_per_block, blocks.rows)
        self._first = max(0, batch_size - 1)  # what is left over lies before the two groups
        size, dtype = self._first + 2 * self._group_rows, objective.dtype
        self.X, self.T = np.empty((size, blocks.inputs), dtype), np.empty((size, blocks.outputs), dtype)
        self.weight = np.ones((size, 1), dtype) if blocks.has_weights else None

    @property
    def passed(self) -> Any:
        """Who is told of rows that are done."""
        return self.objective.passed

    def windows(self, epoch: int, last: int, batch: int) -> Generator[Window]:
        """From batch number ``batch`` of an epoch to before epoch ``last``.

        Whoever takes a window is done with the one before.
        """
        stopped = threading.Event()
        skipped = batch * self.batch_size
        jobs = self._jobs(epoch, last, skipped)

        def fill(job: tuple[int, int, list[int], int, bool, int]) -> tuple[int, Array, bool]:
            half, number, blocks, at, is_last, skip = job
            order = self._fill(half, blocks, stopped)
            rows = order.size
            if self.shuffle:
                order = order[randomness.order(self.seed, number << 32 | at, rows, randomness.GROUP)]
            return number, order[skip:], is_last

        left = np.empty(0, np.int64)
        try:
            for number, order, is_last in read_ahead(fill, jobs):
                order = np.concatenate([left, order])
                whole = len(order) if is_last else len(order) - len(order) % self.batch_size
                if whole:
                    yield Window(number, order[:whole])
                left = self._keep(order[whole:])
        finally:
            stopped.set()  # what is being read need not be read to its end

    def _jobs(self, epoch: int, last: int, skipped: int) -> Iterator[tuple[int, int, list[int], int, bool, int]]:
        """(half of the buffer, epoch, blocks, number of the group, whether it is the last, rows to leave out)."""
        halves, blocks = itertools.cycle((0, 1)), self.objective.blocks
        for number in range(epoch, last):
            order = list(range(blocks.count))
            if self.shuffle:
                order = randomness.order(self.seed, number, blocks.count, randomness.BLOCKS).tolist()
            groups = [order[at : at + SHUFFLE_BLOCKS] for at in range(0, len(order), SHUFFLE_BLOCKS)]
            for at, group in enumerate(groups):
                rows = sum(end - first for first, end in map(blocks.bounds, group))
                if skipped >= rows:
                    skipped -= rows
                    continue
                yield next(halves), number, group, at, at == len(groups) - 1, skipped
                skipped = 0

    def _fill(self, half: int, numbers: list[int], stopped: threading.Event) -> Array:
        """Read blocks into half of the buffer; where their rows lie."""
        first = at = self._first + half * self._group_rows
        for number in numbers:
            if stopped.is_set():
                break
            X, T, weight = self.objective.block(number)
            self.X[at : at + len(X)], self.T[at : at + len(X)] = X, T
            if self.weight is not None and weight is not None:
                self.weight[at : at + len(X)] = weight
            at += len(X)
        return np.arange(first, at)

    def _keep(self, rows: Array) -> Array:
        """Move what is left of a group out of the way of the next one; where it lies now."""
        count = len(rows)
        for part in (self.X, self.T, self.weight):
            if part is not None:
                part[:count] = part[rows]
        return np.arange(count)
