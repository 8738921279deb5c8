"""How much memory a training needs, estimated before any of it is asked for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np

from chainrule.errors import SettingError
from chainrule.kernels.blocks import Blocks
from chainrule.network import Network
from chainrule.training.groups import SHUFFLE_BLOCKS

VECTORS = 6  # weights, gradients of two parts, the best so far, the last good ones, a copy for whoever watches
ROWS_AT_ONCE = 4096  # a kernel goes through more rows in blocks


def bytes_needed(net: Network, rows_per_update: int, remembered: int, bytes_per_number: int) -> int:
    """Bytes that training takes beside the data: vectors of weights, and A, Z and delta of a block of rows."""
    vectors = net.size * (VECTORS + remembered)
    block = min(rows_per_update, ROWS_AT_ONCE) * 3 * sum(net.M)
    return (vectors + block) * bytes_per_number


def bytes_there() -> int | None:
    """Bytes of memory of this machine, or what its control group allows; None where nobody says."""
    found = []
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path(limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return min((size for size in found if size > 0), default=None)


def block_bytes(blocks: Blocks, batch_size: int | None, dtype: str) -> int:
    """Bytes of rows that training from a table in blocks holds at once, at most.

    Two blocks where each update takes all rows: one computed with, one being read. For mini-batches two groups of
    blocks, a block that is being read, and a batch.
    """
    rows = 2 * blocks.rows_per_block
    if batch_size is not None:
        rows = (2 * SHUFFLE_BLOCKS + 1) * blocks.rows_per_block + batch_size
    numbers = blocks.inputs + blocks.outputs + blocks.has_weights
    return min(rows, 2 * blocks.rows + blocks.rows_per_block) * numbers * np.dtype(dtype).itemsize


def check_memory(
    net: Network, rows_per_update: int, remembered: int, dtype: str, at_once: int = 1, of_rows: int = 0
) -> None:
    """SettingError where a training needs more memory than there is.

    Parameters
    ----------
    net : Network
    rows_per_update : int
    remembered : int
        Vectors of the weights' length that the solver keeps.
    dtype : {"float64", "float32"}
    at_once : int
        Trainings that run side by side.
    of_rows : int
        Bytes of rows that are read while training; see `block_bytes`.
    """
    needed = at_once * bytes_needed(net, rows_per_update, remembered, np.dtype(dtype).itemsize) + of_rows
    there = bytes_there()
    if there is not None and needed > there:
        raise SettingError(
            f"Training {net.notation} needs about {needed / 1e9:,.1f} GB of memory, and this machine has"
            f" {there / 1e9:,.1f} GB.",
            f"It has {net.size:,} weights and biases; the solver keeps {remembered + VECTORS} vectors of that length."
            + (f" Blocks of rows take {of_rows / 1e9:,.1f} GB." if of_rows > 1e8 else ""),
            "Use fewer units" + (", or dtype='float32', which needs half as much." if dtype == "float64" else "."),
        )
