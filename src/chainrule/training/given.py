"""What a training is given: arrays, a memory map, or a table in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster import is_dask
from chainrule.errors import DataError, SettingError
from chainrule.kernels import Objective
from chainrule.kernels.blocks import Blocks, rows_per_block
from chainrule.kernels.blocks.arrays import ArrayBlocks
from chainrule.kernels.blocks.objective import BlockedObjective, of_table
from chainrule.kernels.inputs import are_labels
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding

AnyObjective = Objective | BlockedObjective


def given_data(
    net: Network, X: Any, T: Any, sample_weight: Any, dtype: npt.DTypeLike, coding: LabelCoding | None = None
) -> tuple[AnyObjective, LabelCoding | None]:
    """The objective of the rows, and the classes where there are any; raw labels are coded as ``coding`` does.

    A memory map larger than a block is read in blocks, as a table in blocks is; a table of a single block is read
    into memory.

    Raises
    ------
    DataError
        The rows are not what the network takes.
    SettingError
        Targets or sample weights beside a table that has its own.
    """
    blocks = _blocks(net, X, T, sample_weight, coding)
    if blocks is None:
        if T is None:
            raise DataError("T is missing: the targets of the rows of X.", "Only a table in blocks brings its own.")
        return _arrays(net, X, T, sample_weight, dtype, coding)
    blocks = blocks.for_network(net, coding)
    coding = coding or (blocks.coding if net.law.has_classes else None)
    if coding is not None:
        _check_classes(coding)
    return of_table(net, blocks, dtype), coding or _numbered(net)


def coded_targets(net: Network, T: npt.ArrayLike) -> tuple[LabelCoding | None, npt.ArrayLike]:
    """The classes and T as a matrix, from T or from raw labels."""
    if not are_labels(net, T):
        return _numbered(net), T
    coding = LabelCoding.of(T)
    _check_classes(coding)
    return coding, coding.indicator(T, net.K)


def _blocks(net: Network, X: Any, T: Any, sample_weight: Any, coding: LabelCoding | None) -> Blocks | None:
    """The table in blocks, where X is one or is to be read as one."""
    if is_dask(X) or is_dask(T) or is_dask(sample_weight):
        from chainrule.cluster.table import DaskBlocks

        return DaskBlocks.of(net, X, T, sample_weight, coding)
    if isinstance(X, Blocks):
        if T is not None or sample_weight is not None:
            raise SettingError("A table in blocks brings its own targets and sample weights.", "Leave out T.")
        return X
    is_map = isinstance(X, np.memmap) and X.ndim == 2 and T is not None
    if is_map and X.shape[1] == net.D and len(X) > rows_per_block(net.D + net.K):
        return ArrayBlocks(X, T, sample_weight)
    return None


def _arrays(
    net: Network, X: Any, T: Any, sample_weight: Any, dtype: npt.DTypeLike, coding: LabelCoding | None
) -> tuple[AnyObjective, LabelCoding | None]:
    if coding is None:
        coding, T = coded_targets(net, T)
    elif are_labels(net, T):
        T = coding.indicator(T, net.K)
    return Objective(net, X, T, sample_weight, evaluations=1, dtype=dtype), coding


def _numbered(net: Network) -> LabelCoding | None:
    """Classes 0, 1, ..., where targets came as a matrix and each row has one class."""
    if not net.law.has_classes or (net.law.name != "softmax" and net.K > 1):
        return None
    return LabelCoding(np.arange(2 if net.K == 1 else net.K))


def _check_classes(coding: LabelCoding) -> None:
    if len(coding.classes) == 1:
        raise DataError(f"All labels are of one class, {str(coding.classes[0])!r}.", "There is nothing to tell apart.")
