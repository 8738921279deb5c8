"""Dropout: in each update some units are left out, and those that stay count for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate
from chainrule.network import Network, Weights
from chainrule.training.randomness import keep_mask

Array = npt.NDArray[Any]
Masks = list[Array | None]  # for each layer 0..L-1: what Z[l] is multiplied by, 0 or 1/keep_probability; None for 1


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


def masks_of_update(net: Network, keep: Sequence[float], seed: int, update: int, rows: int) -> Masks | None:
    """The masks of an update; None where every unit is kept."""
    if all(p == 1 for p in keep):
        return None
    return [None if p == 1 else keep_mask(seed, update, l, (rows, net.M[l]), p) * (1 / p) for l, p in enumerate(keep)]


def gradient(
    net: Network, weights: Weights, X: Array, T: Array, masks: Masks, weight: Array | None = None
) -> tuple[Any, Array]:
    """J and dJ/d(all weights) (P,) of the network with Z[l] replaced by Z[l] masks[l].

    Written as `chainrule.kernels.reference.gradient`, with the masks on the way there and on the way back.

    Source: Srivastava et al., Dropout (2014), with the scaling at training time.
    """
    A: list[Array] = [X[:, :0]]
    Z: list[Array] = [X]  # (N, M[l]) before its mask: the slope is through this one
    for l in range(1, net.L + 1):
        A.append(_masked(Z[l - 1], masks[l - 1]) @ weights.W[l] + weights.b[l])  # (N, M[l])
        row = net.activations[l] if l < net.L else None
        Z.append(evaluate(row.value if row else net.law.mean, a=A[l]))  # (N, M[l])
    rows = reference.log_density(net, A[net.L], T)  # (N,)
    delta = T - Z[net.L]  # (N, K)
    if weight is not None:
        rows, delta = rows * weight[:, 0], delta * weight
    d = Weights(net, np.empty_like(weights.flat))
    for l in range(net.L, 0, -1):
        d.W[l][...] = _masked(Z[l - 1], masks[l - 1]).T @ delta  # (M[l-1], M[l])
        d.b[l][...] = delta.sum(axis=0)  # (M[l],)
        if l > 1:
            row = net.activations[l - 1]
            assert row is not None
            back = _masked(delta @ weights.W[l].T, masks[l - 1])  # (N, M[l-1])
            delta = back * evaluate(row.slope, a=A[l - 1], z=Z[l - 1])  # (N, M[l-1])
    return rows.sum(), d.flat


def _masked(Z: Array, mask: Array | None) -> Array:
    return Z if mask is None else Z * mask
