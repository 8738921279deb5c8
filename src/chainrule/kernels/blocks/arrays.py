"""Arrays and memory maps as a table in blocks."""

from __future__ import annotations

import contextlib
import copy
import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, counted
from chainrule.kernels.blocks.recycled import Recycled
from chainrule.kernels.blocks.source import Block, Blocks
from chainrule.kernels.blocks.weights import WeightSum
from chainrule.kernels.inputs import are_labels, as_matrix
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]


class ArrayBlocks(Blocks):
    """Arrays as a table in blocks: what lies in memory, in a memory map, or in a file that is sliced like an array.

    Parameters
    ----------
    X : array (N, D)
        Anything with ``shape`` whose slices become arrays: `numpy.memmap`, an HDF5 or Zarr data set. Never copied as
        a whole.
    T : array (N, K) or labels (N,)
        Targets as the output law takes them, or raw labels, which become columns block by block.
    sample_weight : array (N,), optional
        Non-negative.

    Raises
    ------
    DataError
        X is not two-dimensional, or T or the weights have another number of rows.

    Examples
    --------
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=50, seed=0)
    >>> run = cr.train(cr.Network("2-3-3"), cr.ArrayBlocks(X, labels), learning_rate=1e-3, epochs=200, seed=1)
    >>> run.outcome.name
    'MAX_EPOCHS'
    """

    def __init__(self, X: Any, T: Any, sample_weight: Any = None) -> None:
        self._memory = Recycled()
        self._X, self._T, self._weight = (_sliceable(part) for part in (X, T, sample_weight))
        shape = self._X.shape
        if len(shape) != 2:
            raise DataError(f"X must have two dimensions (rows, columns), not shape {tuple(shape)}.")
        self.rows, self.inputs = int(shape[0]), int(shape[1])
        if len(self._T.shape) not in (1, 2):
            raise DataError(f"T must have one or two dimensions, not shape {tuple(self._T.shape)}.")
        if len(self._T) != self.rows:
            raise DataError(
                f"X has {counted(self.rows, 'row')} and T has {counted(len(self._T), 'row')}.",
                "Each row of X needs its row of T.",
            )
        self.outputs = int(self._T.shape[1]) if len(self._T.shape) == 2 else 1
        self.has_weights = self._weight is not None
        if self._weight is not None and tuple(self._weight.shape) not in ((self.rows,), (self.rows, 1)):
            raise DataError(
                f"{counted(self.rows, 'row')} and sample weights of shape {tuple(self._weight.shape)}.",
                f"Their shape must be ({self.rows},).",
            )
        self._codes_labels = False
        self.total_weight = self._sum_of_weights()

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """Slices; of a memory map, copies, whose pages need not stay in memory."""
        part = slice(*self.bounds(number))
        X = _rows(self._X, part, "X", dtype, self._memory)
        if self._codes_labels:
            assert self.coding is not None
            T = np.ascontiguousarray(self.coding.indicator(self._labels(part), self.outputs), dtype)
        else:
            T = _rows(self._T, part, "T", dtype, self._memory)
        weight = None if self._weight is None else _rows(self._weight, part, "sample_weight", dtype, self._memory)
        return Block(X, T.reshape(len(T), -1), None if weight is None else weight.reshape(-1, 1))

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> ArrayBlocks:
        """The same with raw labels as the columns that the network has; their classes are found in one look at all."""
        if self._codes_labels or not are_labels(net, self._T):
            return self
        found = copy.copy(self)
        found.coding = coding or self._classes()
        found.outputs, found._codes_labels = net.K, True
        if self.rows and len(found.coding.classes) > 1:
            found.coding.indicator(self._labels(slice(0, 1)), net.K)  # says so where classes and outputs do not fit
        found.total_weight = found._sum_of_weights()
        return found

    def _labels(self, part: slice) -> Array:
        return np.asarray(self._T[part])

    def _classes(self) -> LabelCoding:
        """The classes of all labels."""
        if not isinstance(self._T, np.memmap):
            return LabelCoding.of(np.asarray(self._T))
        step = self.rows_per_block
        found = [LabelCoding.of(self._labels(slice(at, at + step))).classes for at in range(0, self.rows, step)]
        return LabelCoding.of(np.concatenate(found)) if found else LabelCoding.of(self._labels(slice(0, 0)))

    def _sum_of_weights(self) -> float:
        if self._weight is None:
            return float(self.rows)
        sums = WeightSum(self.rows_per_block)
        for number in range(self.count):
            sums.add(
                _rows(self._weight, slice(*self.bounds(number)), "sample_weight", np.dtype(np.float64), self._memory)
            )
        return sums.total()


def _sliceable(values: Any) -> Any:
    """Something with a shape and slices; lists and data frames become arrays."""
    if values is None or isinstance(values, np.ndarray):
        return values
    if hasattr(values, "shape") and hasattr(values, "dtype") and hasattr(values, "__getitem__"):
        return values
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError("The rows have different lengths.", "Every row needs the same columns.") from None


def _rows(values: Any, part: slice, name: str, dtype: np.dtype[Any], memory: Recycled) -> Array:
    """Some rows as numbers of ``dtype``."""
    found = values[part]
    if not isinstance(values, np.memmap):
        return as_matrix(found, name, dtype)
    copied = memory.empty(found.shape, dtype)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which training refuses
        np.copyto(copied, found if found.dtype.kind in "biuf" else as_matrix(found, name, dtype), casting="unsafe")
    _let_go(values, found)
    return copied


def _let_go(whole: np.memmap[Any, Any], part: Array) -> None:
    """Tell the system that these pages of a memory map are not needed in this process: they stay in its file cache."""
    file = getattr(whole, "_mmap", None)
    if not isinstance(file, mmap.mmap) or whole.mode not in ("r", "r+") or not part.size:
        return  # a private copy ("c") would lose what was written into it
    with contextlib.suppress(AttributeError, OSError, ValueError):  # not on every system
        base = np.frombuffer(file, np.uint8, 1).__array_interface__["data"][0]
        low, high = np.lib.array_utils.byte_bounds(part)
        first = -(-(low - base) // mmap.PAGESIZE) * mmap.PAGESIZE
        length = (high - base) // mmap.PAGESIZE * mmap.PAGESIZE - first
        if length > 0:
            file.madvise(mmap.MADV_DONTNEED, first, length)
