"""A network's outputs for the rows of tables, by the kernel that pays for all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import outputs, select
from chainrule.network import Network, Weights
from chainrule.tables.plain_numbers import PlainNumbers

if TYPE_CHECKING:
    from chainrule.kernels.compiled.from_columns import Columns

Array = npt.NDArray[Any]

_ROWS = 32_768  # a thread's at once: calls cost little beside them


class Forward:
    """Outputs (n, K) of inputs (n, D), for whoever asks for many blocks of rows.

    Parameters
    ----------
    net : Network
    weights : Weights
    rows : int
        That are to come in all; which kernel serves hangs on it alone.
    threads : int, optional
        For each block; as many as pay where left out.
    """

    def __init__(self, net: Network, weights: Weights, rows: int, threads: int | None = None) -> None:
        self._net, self._weights, self._threads = net, weights, threads
        self._kernel = select.for_outputs(net, rows, np.dtype(np.float64))
        self._flat = np.ascontiguousarray(weights.flat, np.float64)

    def __call__(self, X: Array) -> Array:
        """Y (n, K) of X (n, D)."""
        if self._kernel is None:
            return outputs(self._net, self._weights, X)
        return self._kernel.outputs(self._flat, X, threads=self._threads_for(len(X)))

    def of_plain(self, numbers: PlainNumbers) -> Array | None:
        """Y (N, K) of the inputs that these become, with the same bits; None where one wants to be looked at."""
        columns = self._columns(numbers)
        if columns is None:
            X = numbers.inputs()
            return None if X is None else self(X)
        from chainrule.kernels.compiled.threads import in_order

        kernel, Y = self._kernel, np.empty((self._net.K, numbers.rows))
        assert kernel is not None

        def part(first: int) -> bool:
            return kernel.fill_outputs(self._flat, columns, first, min(first + _ROWS, numbers.rows), Y)

        parts = range(0, numbers.rows, _ROWS)
        return Y.T if all(list(in_order(part, parts, self._threads_for(numbers.rows), 1))) else None

    def _columns(self, numbers: PlainNumbers) -> Columns | None:
        """The columns as compiled code reads them, where it serves."""
        if self._kernel is None or not numbers.arrays:
            return None
        from chainrule.kernels.compiled.from_columns import SCALES, Columns

        if numbers.scale.min() < SCALES[0] or numbers.scale.max() > SCALES[1]:
            return None
        return Columns(numbers.arrays, numbers.mean, numbers.scale, numbers.low, numbers.high)

    def _threads_for(self, rows: int) -> int:
        return select.threads_for(self._net, rows) if self._threads is None else self._threads
