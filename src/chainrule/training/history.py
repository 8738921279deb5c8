"""What was recorded while training: a small table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NAN = float("nan")


class Record(NamedTuple):
    """One line of the history.

    ``epoch`` passes over the data, ``J`` in nats, ``rate`` (see `History`), ``seconds`` since the start;
    ``objective`` is J and the logarithm of the prior, what is climbed; ``validation_J`` and ``validation_rate`` are
    those of the validation rows, NaN where there are none; ``learning_rate`` is that of the last update, NaN where
    the solver has none.
    """

    epoch: int
    J: float
    rate: float
    seconds: float
    objective: float = NAN
    validation_J: float = NAN
    validation_rate: float = NAN
    learning_rate: float = NAN


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

    columns = Record._fields

    def __init__(self, records: Iterable[Record] | None = None) -> None:
        self._records = list(records or [])

    def append(self, record: Record) -> None:
        """Add the next line."""
        self._records.append(record)

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column by its name, int64 for the epoch, float64 for the rest."""
        at = Record._fields.index(name)
        return np.array([record[at] for record in self._records], dtype=np.int64 if name == "epoch" else np.float64)

    @property
    def epoch(self) -> npt.NDArray[Any]:
        """Epochs, int64."""
        return self.column("epoch")

    @property
    def J(self) -> npt.NDArray[Any]:
        """Log-likelihood in nats, float64."""
        return self.column("J")

    @property
    def rate(self) -> npt.NDArray[Any]:
        """Share right, or share of the deviance explained, float64."""
        return self.column("rate")

    @property
    def seconds(self) -> npt.NDArray[Any]:
        """Seconds since the start, float64."""
        return self.column("seconds")

    @property
    def objective(self) -> npt.NDArray[Any]:
        """J and the logarithm of the prior, float64: what is climbed."""
        return self.column("objective")

    @property
    def validation_J(self) -> npt.NDArray[Any]:
        """Log-likelihood of the validation rows, float64; NaN without them."""
        return self.column("validation_J")

    @property
    def validation_rate(self) -> npt.NDArray[Any]:
        """Rate on the validation rows, float64; NaN without them."""
        return self.column("validation_rate")

    @property
    def learning_rate(self) -> npt.NDArray[Any]:
        """Learning rate of the last update before each record, float64; NaN where the solver has none."""
        return self.column("learning_rate")

    def has_validation(self) -> bool:
        """Whether validation rows were measured."""
        return bool(len(self)) and bool(np.isfinite(self.validation_J).any())

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __getitem__(self, at: int) -> Record:
        return self._records[at]

    def __str__(self) -> str:
        validated = self.has_validation()
        head = f"{'epoch':>9}  {'J':>14}  {'rate':>8}  {'seconds':>8}"
        lines = [head + (f"  {'validation J':>14}  {'rate':>8}" if validated else "")]
        for r in self._records:
            line = f"{r.epoch:>9}  {r.J:>14.4f}  {r.rate:>8.4f}  {r.seconds:>8.2f}"
            lines.append(line + (f"  {r.validation_J:>14.4f}  {r.validation_rate:>8.4f}" if validated else ""))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"History of {len(self)} records" + (f", J {self[0].J:.6g} to {self[-1].J:.6g}" if len(self) else "")
