"""Sums in a fixed order: a binary tree over the numbers of the blocks, whoever adds up which part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Node(NamedTuple):
    """The sum over blocks ``number * 2**level`` up to the next node of this level, all of them or as many as exist.

    Attributes
    ----------
    level : int
        0 for a single block.
    number : int
        Of the node among those of its level.
    value : object
        A number, an array, or a tuple of these.
    """

    level: int
    number: int
    value: Any


class TreeSum:
    """A sum over blocks 0, 1, 2, ... in the order of a binary tree, so that its last digit depends on the blocks alone.

    ``sum(0..7) = ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))``; where blocks are missing at the end, a node of one half
    is that half. Blocks may come in any order, and a part of the tree may be added up elsewhere: its `nodes` are added
    here. In the order of the numbers, it holds as many values as the number of blocks has binary digits.

    Parameters
    ----------
    plus_of : callable, optional
        The sum of two values; left out: ``+`` of numbers and arrays, entry by entry of a tuple.

    Examples
    --------
    >>> far, here = TreeSum(), TreeSum()
    >>> for number in (2, 3):
    ...     far.add(number, 0.1 * number)
    >>> for number in (0, 1, 4):
    ...     here.add(number, 0.1 * number)
    >>> here.add_nodes(far.nodes())
    >>> here.total(5)
    1.0
    """

    def __init__(self, plus_of: Callable[[Any, Any], Any] | None = None) -> None:
        self._plus = plus_of or plus
        self._nodes: dict[tuple[int, int], Any] = {}
        self._height = 0  # of the highest node so far

    def add(self, number: int, value: Any) -> None:
        """The value of one block."""
        self._add(0, number, value)

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Parts of the tree that were added up elsewhere."""
        for node in nodes:
            self._add(*node)

    def nodes(self) -> list[Node]:
        """The largest parts of the tree that are complete, in the order of their blocks: what a worker sends."""
        found = [Node(level, number, value) for (level, number), value in self._nodes.items()]
        return sorted(found, key=lambda node: node.number << node.level)

    def total(self, blocks: int) -> Any:
        """The sum over so many blocks.

        Raises
        ------
        ValueError
            A block is missing, or there are others.
        """
        nodes = self.nodes()
        firsts = [number << level for level, number, _ in nodes]
        ends = [number + 1 << level for level, number, _ in nodes]
        if not nodes or firsts != [0, *ends[:-1]] or ends[-1] != blocks:
            there = ", ".join(f"{first} to {end - 1}" for first, end in zip(firsts, ends, strict=True))
            raise ValueError(f"the sum over {blocks} blocks has those of {there or 'none'}")
        found = nodes[-1].value
        for node in reversed(nodes[:-1]):
            found = self._plus(node.value, found)
        return found

    def _add(self, level: int, number: int, value: Any) -> None:
        if any((level + up, number >> up) in self._nodes for up in range(self._height - level + 1)):
            raise ValueError(f"node {number} of level {level} is there twice")
        while (level, number ^ 1) in self._nodes:
            other = self._nodes.pop((level, number ^ 1))
            value = self._plus(value, other) if number % 2 == 0 else self._plus(other, value)
            level, number = level + 1, number >> 1
        self._nodes[level, number] = value
        self._height = max(self._height, level)


def plus(a: Any, b: Any) -> Any:
    """The sum, entry by entry of a tuple."""
    if isinstance(a, tuple):
        return tuple(map(plus, a, b))
    return a + b
