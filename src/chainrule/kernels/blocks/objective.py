"""J over a table that is read block by block: the sums of `Objective`, in the same order, to the same bits."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.kernels import select
from chainrule.kernels.blocks.ahead import read_ahead
from chainrule.kernels.blocks.checks import check_blocks, check_numbers, check_shape
from chainrule.kernels.blocks.moments import TargetMoments
from chainrule.kernels.blocks.recycled import Recycled
from chainrule.kernels.blocks.source import Block, Blocks, block_digest
from chainrule.kernels.blocks.tree import TreeSum
from chainrule.kernels.objective import MasksOfRows, Objective
from chainrule.network import Network

Array = npt.NDArray[Any]


Beside = Callable[[Objective, Array], Any]


class Found(NamedTuple):
    """What a pass over a table found at these weights."""

    flat: Array
    J: Any
    d: Array
    beside: Any

    def is_at(self, flat: Array) -> bool:
        """Whether these are the weights."""
        return self.flat.dtype == flat.dtype and np.array_equal(self.flat, flat)


class BlockedObjective:
    """J and its derivatives over blocks, each read once a pass, the next one while this one is computed with.

    At most two blocks are in memory. Every number is checked when its block is first read.

    Parameters
    ----------
    net : Network
    blocks : Blocks
    evaluations : int, optional
        As for `Objective`.
    dtype : float64 or float32

    Raises
    ------
    DataError
        The table has not the columns of the network, or no rows; while it is read: a number is missing or not what
        the network takes, named by its row, or the table changed.
    """

    is_streamed = True

    def __init__(
        self, net: Network, blocks: Blocks, *, evaluations: int | None = None, dtype: npt.DTypeLike = np.float64
    ) -> None:
        check_blocks(net, blocks)
        self.net, self.blocks, self.dtype = net, blocks, np.dtype(dtype)
        self.rows, self.total_weight = blocks.rows, float(blocks.total_weight)
        self._evaluations = evaluations
        self._seen, self._memory = _Seen(blocks.count), Recycled()
        self.passed: Callable[[int], object] | None = None  # told of the rows of each block that is done
        self.beside: Beside | None = None  # summed in each pass for the gradient
        self._last: Found | None = None

    def prepared(self, evaluations: int) -> BlockedObjective:
        """The same table with the kernel that serves so many evaluations best."""
        found = copy.copy(self)
        found.__dict__.pop("choice", None)
        found._evaluations, found._last = evaluations, None
        return found

    @functools.cached_property
    def choice(self) -> select.Choice:
        """Which kernel serves, and why; made, and compiled, when first needed."""
        return select.choose(self.net, self.rows, self._evaluations, self.dtype)

    @property
    def has_one_block(self) -> bool:
        """Whether the table is a single block."""
        return self.blocks.count <= 1

    def in_memory(self, number: int = 0) -> Objective:
        """The objective of one block's rows."""
        return Objective.of_block(self.net, self.block(number), self.choice)

    def block(self, number: int) -> Block:
        """A block, checked: every number at its first reading."""
        with np.errstate(over="ignore"):  # a number beyond the dtype becomes infinite, which is refused below
            block = self.blocks.read(number, self.dtype)
        check_shape(self.blocks, number, block, self.dtype)
        if not self._seen.has(number):
            check_numbers(self.net, self.blocks, number, block)
            self._seen.add(number, TargetMoments.of(self.net.law, block.T, block.weight))
        return block

    def parts(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Objective]]:
        """Each block's number and objective, read ahead."""

        def read(number: int) -> tuple[int, Block]:
            return number, self.block(number)

        for number, block in read_ahead(read, range(self.blocks.count) if numbers is None else numbers):
            part = Objective.of_block(self.net, block, self.choice)
            del block  # or the loop would hold it while it waits for the next
            part.prepare(self._memory)
            rows = part.rows
            yield number, part
            del part
            if self.passed:
                self.passed(rows)

    def sum(self, of_block: Callable[[int, Objective], Any]) -> Any:
        """What a function gives for each block, over all of them, in the tree's order."""
        sums = TreeSum()
        for number, part in self.parts():
            sums.add(number, of_block(number, part))
            del part  # before the next is asked for: two blocks at once, not three
        return sums.total(self.blocks.count)

    def value(self, flat: Array) -> Any:
        """J, a scalar in nats."""
        return self.sum(lambda number, part: self._finite(number, part, part.value(flat)))

    def gradient(self, flat: Array, *, J: bool = True, masks: MasksOfRows | None = None) -> tuple[Any, Array]:
        """J and dJ/d(weights), (P,); J is NaN where it is not asked for."""

        if masks is None:
            found = self.found(flat, J=J)
            return found.J, found.d

        def of_block(number: int, part: Objective) -> tuple[Any, Array]:
            first = self.blocks.bounds(number)[0]
            value, d = part.gradient(flat, J=J, masks=lambda at, count: masks(first + at, count))
            return self._finite(number, part, value), d

        value, d = self.sum(of_block)
        return value, d

    def found(self, flat: Array, *, J: bool = True, beside: Beside | None = None) -> Found:
        """J, the gradient, and the sum of ``beside(part, flat)`` in one pass; in none where these were the last found.

        A pass may take minutes: who looks at weights and who moves them share it.
        """
        last, beside = self._last, beside or self.beside
        if last is not None and last.is_at(flat) and (beside is None or last.beside is not None):
            return last
        J = J or beside is not None

        def of_block(number: int, part: Objective) -> tuple[Any, ...]:
            value, d = part.gradient(flat, J=J)
            self._finite(number, part, value if J else d.sum())
            return (value, d) if beside is None else (value, d, beside(part, flat))

        value, d, *more = self.sum(of_block)
        found = Found(flat.copy(), value, d, more[0] if more else None)
        if J:
            self._last = found
        return found

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        found: Array = self.sum(lambda _, part: part.hessian_product(flat, v))
        return found

    def hessian(self, flat: Array) -> Array:
        """d²J/dw² (P, P), in one pass."""
        found: Array = self.sum(lambda _, part: part.hessian(flat))
        return found

    @property
    def targets(self) -> TargetMoments:
        """What the targets alone tell, gathered while blocks are first read."""
        for number in range(self.blocks.count):
            if not self._seen.has(number):
                self.block(number)
        return self._seen.total()

    def digests(self) -> list[bytes]:
        """What tells the table from others: a digest of each block, in a pass that also checks every number."""
        return [block_digest(block) for block in read_ahead(self.block, range(self.blocks.count))]

    def _finite(self, number: int, part: Objective, value: Any) -> Any:
        """The value; an error where it is not finite because the block's numbers changed since they were checked."""
        if not np.isfinite(value):
            check_numbers(self.net, self.blocks, number, Block(part.X, part.T, part.weight))
        return value


class _Seen:
    """Which blocks were read and checked, and what their targets tell."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._is_read = np.zeros(count, bool)
        self._sums = TreeSum(TargetMoments.plus)

    def has(self, number: int) -> bool:
        return bool(self._is_read[number])

    def add(self, number: int, moments: TargetMoments) -> None:
        with self._lock:
            if not self._is_read[number]:
                self._is_read[number] = True
                self._sums.add(number, moments)

    def total(self) -> TargetMoments:
        found: TargetMoments = self._sums.total(len(self._is_read))
        return found


def of_table(net: Network, blocks: Blocks, dtype: npt.DTypeLike = np.float64) -> Objective | BlockedObjective:
    """The objective of a table; one of a single block is read into memory, for good.

    A table on a cluster, and what is made from one, brings an objective of its own.
    """
    root: Any = blocks
    while hasattr(root, "source"):
        root = root.source
    make = getattr(root, "objective_class", BlockedObjective)
    found: BlockedObjective = make(net, blocks, evaluations=1, dtype=dtype)
    if not found.has_one_block:
        return found
    return Objective(net, *_given(found.block(0)), evaluations=1, dtype=dtype)


def _given(block: Block) -> tuple[Array, Array, Array | None]:
    if not isinstance(block, Block):
        raise DataError(f"A block must be a chainrule.kernels.blocks.Block, not {type(block).__name__}.")
    return block.X, block.T, block.weight
