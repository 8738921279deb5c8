"""Which worker holds which blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

FINENESS = 8  # subtrees a worker holds, at least, where there are so many blocks: its share is right to 1/16


class Share(NamedTuple):
    """The blocks from ``first`` to before ``end``, for one worker."""

    worker: str
    first: int
    end: int


def allotted(blocks: float, workers: Sequence[tuple[str, int]]) -> list[Share]:
    """Neighbouring blocks for each worker, in proportion to its threads.

    The bounds are multiples of a power of two, so that a share is few subtrees of the tree over all blocks: a worker
    sends one sum for each of them.

    Parameters
    ----------
    blocks : float
        Rows over rows of a block: 30.5 blocks are 31, the last one half full.
    workers : sequence of (address, threads)

    Examples
    --------
    >>> [(share.first, share.end) for share in allotted(31, [("a", 1), ("b", 1)])]
    [(0, 16), (16, 31)]
    >>> [(share.first, share.end) for share in allotted(30.5, [("a", 1), ("b", 1)])]
    [(0, 15), (15, 31)]
    >>> [(share.first, share.end) for share in allotted(1000, [("a", 2), ("b", 1), ("c", 1)])]
    [(0, 512), (512, 736), (736, 1000)]
    """
    total, count = sum(threads for _, threads in workers), math.ceil(blocks)
    step = 1
    while step * 2 * FINENESS * len(workers) <= blocks:
        step *= 2
    found, first, before = [], 0, 0
    for address, threads in workers:
        before += threads
        exact = blocks * before / total
        end = count if before == total else min(count, round(exact / step) * step)
        if end > first:
            found.append(Share(address, first, end))
            first = end
    return found
