"""Rows to train on and rows held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError

Array = npt.NDArray[Any]

_FOLDS = 5
_ROWS_FOR_ONE_FOLD = 1000


def held_out(rows: int, share: float, seed: int, codes: Array | None = None) -> tuple[Array, Array]:
    """Positions to train on and positions held out, each in ascending order.

    Parameters
    ----------
    rows : int
    share : float
        Of the rows to hold out, from 0 to below 1.
    seed : int
        Fixes the choice.
    codes : int array (N,), optional
        The class of each row: each class is held out in proportion, and at least one row of each is trained on.

    Returns
    -------
    (training, held out) : int64 arrays that together hold every position once.

    Raises
    ------
    SettingError
        The share is outside its range.

    Examples
    --------
    >>> training, test = held_out(10, 0.2, seed=0, codes=np.repeat([0, 1], 5))
    >>> len(training), np.repeat([0, 1], 5)[test].tolist()
    (8, [0, 1])
    """
    if not 0 <= share < 1:
        raise SettingError(f"The share of rows held out must be from 0 to below 1, not {share!r}.")
    rng = np.random.default_rng([seed, 0x68656C64])
    order = rng.permutation(rows)
    wanted = round(rows * share) if codes is not None else min(round(rows * share), max(rows - 1, 0))
    if codes is None:
        test = order[:wanted]
    else:
        # Each row's rank within its class, spread evenly over 0..1: the smallest are held out, so every class gives
        # its share to within one row and the total is as asked. The last row of a class is never held out.
        rank = np.empty(rows)
        for code in np.unique(codes):
            members = order[codes[order] == code]
            rank[members] = (np.arange(len(members)) + rng.uniform(0.3, 0.7)) / len(members)
            rank[members[-1]] = np.inf
        ordered = np.argsort(rank, kind="stable")
        test = ordered[: min(wanted, int(np.isfinite(rank).sum()))]
    is_test = np.zeros(rows, bool)
    is_test[test] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def folds(rows: int, seed: int, codes: Array | None = None) -> list[tuple[Array, Array]]:
    """Positions to fit and to check with: five folds where rows are few, else a single share of 15 %.

    Examples
    --------
    >>> parts = folds(10, seed=0)
    >>> len(parts), sorted(int(at) for _, check in parts for at in check)
    (5, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    if rows >= _ROWS_FOR_ONE_FOLD:
        return [held_out(rows, 0.15, seed, codes)]
    rng = np.random.default_rng([seed, 0x666F6C64])
    order = rng.permutation(rows)
    if codes is not None:
        order = order[np.argsort(codes[order], kind="stable")]  # class by class, so that dealing spreads each evenly
    fold = np.empty(rows, dtype=np.int64)
    fold[order] = np.arange(rows) % _FOLDS
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(_FOLDS)]
