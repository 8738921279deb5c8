"""What a worker holds, and what it does: blocks of rows, and sums over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.blas import one_blas_thread
from chainrule.cluster.aligned import aligned
from chainrule.cluster.lineage import with_root
from chainrule.cluster.outline import HeldBlocks, Outline
from chainrule.kernels import select
from chainrule.kernels.blocks import Block, Blocks, Node, TargetMoments, TreeSum, block_digest
from chainrule.kernels.blocks.checks import check_numbers, check_shape
from chainrule.kernels.objective import Objective
from chainrule.network import Network

Array = npt.NDArray[Any]
OfBlock = Callable[[int, Objective], Any]


class Part:
    """Blocks of a table in the memory of a worker, checked.

    Attributes
    ----------
    net : Network
    blocks : dict of int to Block
    table_rows : int
        Of the whole table, by which the kernel is chosen.
    """

    def __init__(self, net: Network, blocks: dict[int, Block], table_rows: int) -> None:
        self.net, self.blocks, self.table_rows = net, blocks, table_rows
        self._served: tuple[int | None, dict[int, Objective]] = (None, {})

    def objectives(self, evaluations: int) -> Iterator[tuple[int, Objective]]:
        """Number and objective of each block, with the kernel that serves so many evaluations best."""
        if self._served[0] != evaluations:
            dtype = next(iter(self.blocks.values())).X.dtype
            choice = select.choose(self.net, self.table_rows, evaluations, dtype)
            made = {number: Objective.of_block(self.net, block, choice) for number, block in self.blocks.items()}
            self._served = evaluations, made
        yield from self._served[1].items()

    def __sizeof__(self) -> int:
        """Bytes of its rows, by which Dask counts what a worker holds."""
        return sum(part.nbytes for block in self.blocks.values() for part in block if part is not None)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is compiled for this machine."""
        return {**vars(self), "_served": (None, {})}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was sent, every array aligned."""
        vars(self).update(state)
        self.blocks = {number: aligned(Block(*block)) for number, block in self.blocks.items()}


def built(
    net: Network, shell: Blocks, numbers: Sequence[int], dtype: np.dtype[Any], roots: dict[int, Block] | None
) -> Part:
    """Read blocks and check every number: the first pass.

    Parameters
    ----------
    net : Network
    shell : Blocks
        The table; or with ``roots``, the table without the rows of its root.
    numbers : sequence of int
    dtype : float64 or float32
    roots : dict of int to Block, optional
        Blocks of the root.
    """
    if roots is not None:
        outline = _outline_of(shell)
        shell = with_root(shell, HeldBlocks(outline, roots))
    blocks = {}
    for number in numbers:
        block = shell.read(number, dtype)
        check_shape(shell, number, block, dtype)
        check_numbers(net, shell, number, block)
        blocks[number] = aligned(block)  # what came from another worker may lie anywhere
    return Part(net, blocks, shell.rows)


def sums_of(part: Part, of_block: OfBlock, evaluations: int) -> list[Node]:
    """What a function gives for each block, summed as far as the tree lets these blocks be summed."""
    from chainrule.kernels.compiled.threads import at_most

    sums = TreeSum()
    with at_most(_own_threads()), one_blas_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for number, objective in part.objectives(evaluations):
            sums.add(number, of_block(number, objective))
    return sums.nodes()


def moments_of(part: Part) -> list[Node]:
    """What the targets tell."""
    sums = TreeSum(TargetMoments.plus)
    for number, block in part.blocks.items():
        sums.add(number, TargetMoments.of(part.net.law, block.T, block.weight))
    return sums.nodes()


def digests_of(part: Part) -> list[tuple[int, bytes]]:
    """Number and digest of each block."""
    return [(number, block_digest(block)) for number, block in part.blocks.items()]


def joined(several: Sequence[Sequence[Node]], of_moments: bool = False) -> list[Node]:
    """The sums of several workers, as far as the tree lets them be summed."""
    sums = TreeSum(TargetMoments.plus) if of_moments else TreeSum()
    for nodes in several:
        sums.add_nodes(Node(*aligned(tuple(node))) for node in nodes)
    return sums.nodes()


def block_of(part: Part, number: int) -> Block:
    """One block, to be sent."""
    return part.blocks[number]


def as_it_is(value: Any) -> Any:
    """The value: a task that carries what other tasks need."""
    return value


def _outline_of(shell: Blocks) -> Outline:
    found: Any = shell
    while hasattr(found, "source"):
        found = found.source
    assert isinstance(found, Outline)
    return found


def _own_threads() -> int:
    """Threads that this worker was given; another worker may be beside it on the same machine."""
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:  # not in a task
        return 1
