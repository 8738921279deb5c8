"""The weights of a network: views of one contiguous vector."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed

if TYPE_CHECKING:
    from chainrule.network import Network


class Weights:
    """All weights and biases of a network as views of one contiguous vector.

    ``weights.W[l]`` is W^l of shape (M[l-1], M[l]), ``weights.b[l]`` is b^l of shape (M[l],), for l = 1..L;
    slot 0 is unused. ``weights.flat`` (P,) is the vector a solver sees, in the order W[1], b[1], W[2], ...
    A change through one is seen through the other; ``weights.W[1] = numbers`` writes into the same vector.
    """

    __slots__ = ("W", "_flat", "b", "network")

    def __init__(self, network: Network, flat: npt.NDArray[Any]) -> None:
        self.network = network
        self._flat = flat
        self.W = _Views([flat[:0]])
        self.b = _Views([flat[:0]])
        at, M = 0, network.M
        for m, n in itertools.pairwise(M):
            self.W.append(flat[at : at + m * n].reshape(m, n))
            self.b.append(flat[at + m * n : at + (m + 1) * n])
            at += (m + 1) * n

    @property
    def flat(self) -> npt.NDArray[Any]:
        """The vector (P,) of all weights; assigning to it writes into the same memory."""
        return self._flat

    @flat.setter
    def flat(self, numbers: npt.ArrayLike) -> None:
        _write(self._flat, numbers)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """``weights["W1"]`` or ``weights["b2"]``: the same view as ``weights.W[1]``, ``weights.b[2]``."""
        if name not in self.network.names:
            raise KeyError(f"{name!r} is none of {listed(self.network.names)}")
        return (self.W if name[0] == "W" else self.b)[int(name[1:])]

    def __setitem__(self, name: str, numbers: npt.ArrayLike) -> None:
        _write(self[name], numbers)

    def copy(self) -> Weights:
        """The same numbers over a vector of their own."""
        return Weights(self.network, self.flat.copy())

    def astype(self, dtype: npt.DTypeLike) -> Weights:
        """A copy with another dtype (complex for the complex step, float32 for speed)."""
        return Weights(self.network, self.flat.astype(dtype))

    def __deepcopy__(self, memo: dict[int, Any]) -> Weights:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return Weights, (self.network, self.flat)

    def __repr__(self) -> str:
        return f"Weights of {self.network.notation}: {self.flat.size:,} numbers, {self.flat.dtype}"


class _Views(list[npt.NDArray[Any]]):
    """A list of views whose entries are written into, not replaced, so that they stay views."""

    def __setitem__(self, l: Any, numbers: Any) -> None:
        _write(self[l], numbers)


def _write(view: npt.NDArray[Any], numbers: npt.ArrayLike) -> None:
    """Write numbers of the same shape, or a single number, into a view."""
    if np.ndim(numbers) and np.shape(numbers) != view.shape:
        raise DataError(f"Numbers of shape {np.shape(numbers)} do not fill weights of shape {view.shape}.")
    view[...] = numbers
