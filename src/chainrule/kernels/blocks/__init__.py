"""A table in blocks of rows: read again and again, summed in a fixed order, wherever it lies."""

from chainrule.kernels.blocks.moments import TargetMoments
from chainrule.kernels.blocks.recycled import Recycled
from chainrule.kernels.blocks.source import BLOCK_ROWS, Block, Blocks, SameRows, block_digest, bounds_of, rows_per_block
from chainrule.kernels.blocks.tree import Node, TreeSum, plus
from chainrule.kernels.blocks.weights import WeightSum

__all__ = [
    "BLOCK_ROWS",
    "Block",
    "Blocks",
    "Node",
    "Recycled",
    "SameRows",
    "TargetMoments",
    "TreeSum",
    "WeightSum",
    "block_digest",
    "bounds_of",
    "plus",
    "rows_per_block",
]
