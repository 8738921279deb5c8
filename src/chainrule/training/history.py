"""What was recorded while training: a small table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Record(NamedTuple):
    """One line of the history.

    ``epoch`` passes over the data, ``J`` in nats, ``rate`` (see `History`), ``seconds`` since the start.
    """

    epoch: int
    J: float
    rate: float
    seconds: float


class History:
    """Records in the order of their epochs, as rows and as columns.

    ``rate`` is the share of rows classified rightly where the outputs are classes, and the share of the
    deviance explained elsewhere (R² for the Gaussian law).

    Examples
    --------
    >>> history = History([Record(0, -10.0, 0.5, 0.0), Record(100, -4.0, 0.75, 0.1)])
    >>> history.J, history[-1].rate, len(history)
    (array([-10.,  -4.]), 0.75, 2)
    """

    def __init__(self, records: list[Record] | None = None) -> None:
        self._records = list(records or [])

    def append(self, record: Record) -> None:
        """Add the next line."""
        self._records.append(record)

    @property
    def epoch(self) -> npt.NDArray[Any]:
        """Epochs, int64."""
        return np.array([record.epoch for record in self._records], dtype=np.int64)

    @property
    def J(self) -> npt.NDArray[Any]:
        """Objective in nats, float64."""
        return np.array([record.J for record in self._records])

    @property
    def rate(self) -> npt.NDArray[Any]:
        """Share right, or share of the deviance explained, float64."""
        return np.array([record.rate for record in self._records])

    @property
    def seconds(self) -> npt.NDArray[Any]:
        """Seconds since the start, float64."""
        return np.array([record.seconds for record in self._records])

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __getitem__(self, at: int) -> Record:
        return self._records[at]

    def __str__(self) -> str:
        lines = [f"{'epoch':>9}  {'J':>14}  {'rate':>8}  {'seconds':>8}"]
        lines += [f"{r.epoch:>9}  {r.J:>14.4f}  {r.rate:>8.4f}  {r.seconds:>8.2f}" for r in self._records]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"History of {len(self)} records" + (f", J {self[0].J:.6g} to {self[-1].J:.6g}" if len(self) else "")
