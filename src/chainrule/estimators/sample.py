"""A sample of the rows of a fit, for a report that is given none; no copy, pickle or file of the estimator has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from chainrule.estimators.rows import Rows
from chainrule.estimators.sparse import is_sparse

Array = npt.NDArray[Any]

MOST_ROWS = 2000
MOST_CELLS = 2_000_000  # of X, of sparse rows those that are stored: 16 MB in float64
_AT_ONCE = 65_536


class Sample:
    """Rows drawn from all that were shown to it, each with the same chance, in one pass.

    Attributes
    ----------
    seen : int
        Rows shown so far.
    totals : array (K,)
        Sum of their targets.

    Source: Vitter, Random sampling with a reservoir, ACM Transactions on Mathematical Software 11 (1985), algorithm R.
    """

    def __init__(self, rows: Rows) -> None:
        (N, D), K = rows.X.shape, rows.T.shape[1]
        self.seen, self.totals = 0, np.zeros(K)
        stored = rows.X.nnz // N if is_sparse(rows.X) else D  # of a row
        self._most = max(1, min(MOST_ROWS, MOST_CELLS // max(stored, 1)))
        self._X: Any = rows.X[:0] if is_sparse(rows.X) else np.empty((0, D), dtype=rows.X.dtype)
        self._T = np.empty((0, K))
        self._rng = np.random.default_rng(0)
        self.add(rows)

    def __len__(self) -> int:
        return min(self.seen, self._most)

    @property
    def X(self) -> Any:
        """The rows (n, D), as the estimator was given them; sparse where those were that came first."""
        return self._X[: len(self)]

    @property
    def T(self) -> Array:
        """Their targets (n, K)."""
        return self._T[: len(self)]

    def add(self, rows: Rows) -> None:
        """Show it more rows; those of weight zero are passed over."""
        used = None if rows.weight is None or rows.weight.all() else np.flatnonzero(rows.weight)
        for at in range(0, rows.X.shape[0] if used is None else len(used), _AT_ONCE):
            some: Any = slice(at, at + _AT_ONCE) if used is None else used[at : at + _AT_ONCE]
            self._add(rows.X[some], rows.T[some])

    def _add(self, X: Any, T: Array) -> None:
        early = min(max(self._most - self.seen, 0), len(T))  # rows that find a place free
        after = np.arange(self.seen + early + 1, self.seen + len(T) + 1)  # rows shown, with each of the others
        drawn = early + np.flatnonzero(self._rng.random(len(after)) * after < self._most)
        place = np.concatenate([self.seen + np.arange(early), self._rng.integers(0, self._most, len(drawn))])
        taken = np.concatenate([np.arange(early), drawn])[::-1]
        self.seen += len(T)
        self.totals += T.sum(axis=0)
        if not len(taken):
            return
        places, last = np.unique(place[::-1], return_index=True)  # a later row takes the place of an earlier one
        chosen, before = X[taken[last]], self._X.shape[0]
        if is_sparse(self._X):
            source = np.arange(len(self))
            source[places] = before + np.arange(len(places))
            self._X = sparse.vstack([self._X, sparse.csr_array(chosen)], format="csr")[source]
        else:
            self._X = _with_room(self._X, len(self), self._most)
            self._X[places] = chosen.toarray() if is_sparse(chosen) else chosen
        self._T = _with_room(self._T, len(self), self._most)
        self._T[places] = T[taken[last]]


def _with_room(old: Array, rows: int, most: int) -> Array:
    """An array of at least so many rows; doubled, so that rows which come one by one are not copied each time."""
    if rows <= len(old):
        return old
    new = np.empty((rows if not len(old) else min(most, max(rows, 2 * len(old))), old.shape[1]), dtype=old.dtype)
    new[: len(old)] = old
    return new


@dataclass(frozen=True)
class ShownRows:
    """What a report without rows of its own shows.

    Attributes
    ----------
    training : Sample
    held_out : Sample or None
        Of the rows that training watched, where there were any.
    decided : bool
        Whether these decided when training stopped.
    calls : int
        Of ``fit`` and ``partial_fit`` whose rows are in ``training``.
    """

    training: Sample
    held_out: Sample | None
    decided: bool = False
    calls: int = 1

    def after(self, data: Rows, watched: Rows | None, decided: bool) -> ShownRows:
        """With the rows of one more call of ``partial_fit``."""
        self.training.add(data)
        return ShownRows(self.training, _of(watched), decided, self.calls + 1)

    @classmethod
    def of(cls, data: Rows, watched: Rows | None, decided: bool) -> ShownRows:
        """Of one fit."""
        return cls(Sample(data), _of(watched), decided)

    def words(self, *, only_training: bool = False) -> str:
        """Which rows these are, in one to three sentences."""
        held_out = None if only_training else self.held_out
        kept = [(self.training, "training row"), *([] if held_out is None else [(held_out, "held-out row")])]
        said = " and ".join(
            (f"{len(sample):,} of " if len(sample) < sample.seen else "") + f"the {plural(sample.seen, noun)}"
            for sample, noun in kept
        )
        chance = " at random" if any(len(sample) < sample.seen for sample, _ in kept) else ""
        none = "no training rows" if only_training else "no rows"
        text = f"The report was given {none}, so it shows {said}, which the fit kept{chance}."
        if self.calls > 1:
            text += f" They come from {self.calls:,} calls; a row that came in several of them counts as several."
        if held_out is not None and self.decided:
            text += " The held-out rows decided when training stopped, so their figures are a little too good."
        return text


def _of(watched: Rows | None) -> Sample | None:
    return None if watched is None else Sample(watched)


def plural(count: int, noun: str) -> str:
    """``1 row``, ``1,200 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
