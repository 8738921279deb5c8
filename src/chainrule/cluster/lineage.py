"""Tables made from tables: a share held out, rows weighted by class; and the one at their root."""

from __future__ import annotations

import copy
from typing import Any

from chainrule.kernels.blocks import Blocks


def root_of(blocks: Blocks) -> Blocks:
    """The table that this one is made from, in the end."""
    found: Any = blocks
    while hasattr(found, "source"):
        found = found.source
    root: Blocks = found
    return root


def needed(blocks: Blocks, number: int) -> set[int]:
    """Blocks of the root whose rows are in a block."""
    derived: Any = blocks
    if not hasattr(derived, "source"):
        return {number}
    found: set[int] = set()
    for own in derived.needs(number):
        found |= needed(derived.source, own)
    return found


def with_root(blocks: Blocks, root: Blocks) -> Blocks:
    """The same table made from another root."""
    derived: Any = blocks
    if not hasattr(derived, "source"):
        return root
    found = copy.copy(derived)
    found.source = with_root(derived.source, root)
    made: Blocks = found
    return made
