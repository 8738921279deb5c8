"""Dropout: in each update some units are left out, and those that stay count for more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.errors import SettingError
from chainrule.kernels.reference import Masks
from chainrule.network import Network
from chainrule.training.randomness import keep_mask


def checked_shares(net: Network, dropout: float | Sequence[float]) -> tuple[float, ...]:
    """Share of units left out in each layer 0..L-1.

    One number is for every hidden layer; a sequence of L numbers is for the inputs and then each hidden layer.

    Raises
    ------
    SettingError
        A share is outside 0 to below 1, or the sequence has another length.
    """
    if isinstance(dropout, Sequence | np.ndarray):
        shares = [float(share) for share in dropout]
        if len(shares) != net.L:
            raise SettingError(
                f"dropout has {len(shares)} numbers, and {net.notation} has {net.L} layers that can be dropped from.",
                "Give one number for every hidden layer, or one for the inputs and one for each hidden layer.",
            )
    else:
        shares = [0.0] + [float(dropout)] * (net.L - 1)
        if dropout and net.L == 1:
            raise SettingError(
                f"dropout={dropout:g} drops hidden units, and {net.notation} has none.",
                f"Use dropout=[{dropout:g}] to drop inputs, or leave it out.",
            )
    for share in shares:
        if not 0 <= share < 1:
            raise SettingError(f"dropout must be a share from 0 to below 1, not {share!r}.")
    return tuple(shares)


def masks_of_update(
    net: Network, keep: Sequence[float], seed: int, update: int, rows: int, first: int = 0
) -> Masks | None:
    """The masks of an update for so many of its rows, from its row ``first`` on; None where every unit is kept."""
    if all(p == 1 for p in keep):
        return None
    return [
        None if p == 1 else keep_mask(seed, update, l, (rows, net.M[l]), p, first) * (1 / p) for l, p in enumerate(keep)
    ]
