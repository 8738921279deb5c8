"""Rows held out from training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, SettingError
from chainrule.kernels.blocks import Blocks
from chainrule.kernels.blocks.objective import BlockedObjective, of_table
from chainrule.tables.labels import LabelCoding
from chainrule.training import randomness
from chainrule.training.given import AnyObjective, coded_targets, given_data
from chainrule.training.parted import parted

__all__ = ["Validation", "coded_targets", "held_out", "split"]

Array = npt.NDArray[Any]
Validation = float | tuple[Any, ...] | Blocks | None


def held_out(
    training: AnyObjective, validation: Validation, coding: LabelCoding | None, seed: int
) -> tuple[AnyObjective, AnyObjective | None]:
    """The objectives of the training rows and of the validation rows.

    Of arrays, a share is one of each class; of a table in blocks, it is chosen by a hash of each row's number.

    Raises
    ------
    DataError
        The validation rows are not what the network takes, or a share leaves one side empty.
    SettingError
        ``validation`` is neither a share nor (X, T) nor (X, T, sample_weight).
    """
    if validation is None:
        return training, None
    net = training.net
    if isinstance(validation, Blocks):
        validation = (validation, None)
    if isinstance(validation, tuple | list):
        if len(validation) not in (2, 3):
            raise SettingError(
                f"validation must be a share or (X, T) or (X, T, sample_weight), not {len(validation)} things."
            )
        weight = validation[2] if len(validation) == 3 else None
        found, _ = given_data(net, validation[0], validation[1], weight, training.dtype, coding)
        if not found.rows:
            raise DataError("The validation set has no rows.", "Leave validation out, or give it rows.")
        return training, found
    share = _share(validation)
    if isinstance(training, BlockedObjective):
        inside, outside = parted(training.blocks, share, seed)
        return of_table(net, inside, training.dtype), of_table(net, outside, training.dtype)
    out = split(training.T if net.law.has_classes else None, training.rows, share, seed)
    if out.all() or not out.any():
        left = "train on" if out.all() else "hold out"
        raise DataError(
            f"A share of {share:g} of {training.rows:,} rows leaves no rows to {left}.",
            "Give more rows, another share, or validation=(X, T).",
        )
    return training.of_rows(~out), training.of_rows(out)


def split(T: Array | None, rows: int, share: float, seed: int) -> Array:
    """Which rows are held out, bool (rows,): a share of each class, where T are classes; the seed fixes which."""
    order = randomness.bits(seed, randomness.SPLIT, 0, rows).argsort()
    if T is None:
        groups = np.zeros(rows, dtype=np.int64)
    else:
        groups = np.unique(T, axis=0, return_inverse=True)[1].reshape(-1)
    out = np.zeros(rows, dtype=bool)
    carried = 0.0  # what rounding left over in the groups so far, so that the share of all rows is kept
    for group in range(groups.max(initial=-1) + 1):
        members = order[groups[order] == group]
        carried += share * len(members)
        take = round(carried)
        carried -= take
        out[members[:take]] = True
    return out


def _share(validation: Any) -> float:
    try:
        share = float(validation)
    except (TypeError, ValueError):
        share = float("nan")
    if not 0 < share < 1:
        raise SettingError(f"validation must be a share between 0 and 1, or (X, T), not {validation!r}.")
    return share
