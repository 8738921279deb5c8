"""J over a table that the workers of a cluster hold: the sums of `BlockedObjective`, one task a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster.aligned import Travels
from chainrule.cluster.client import present_client
from chainrule.cluster.held import Held
from chainrule.cluster.lineage import root_of
from chainrule.kernels.blocks import Block, Blocks, TargetMoments
from chainrule.kernels.blocks.objective import Beside, BlockedObjective, Found
from chainrule.kernels.objective import MasksOfRows, Objective
from chainrule.network import Network

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class _Value(Travels):
    flat: Array

    def __call__(self, number: int, part: Objective) -> Any:
        return part.value(self.flat)


@dataclass(frozen=True)
class _Gradient(Travels):
    flat: Array
    J: bool
    beside: Beside | None

    def __call__(self, number: int, part: Objective) -> tuple[Any, ...]:
        value, d = part.gradient(self.flat, J=self.J)
        return (value, d) if self.beside is None else (value, d, self.beside(part, self.flat))


@dataclass(frozen=True)
class _Masked(Travels):
    flat: Array
    masks: MasksOfRows
    rows_per_block: int

    def __call__(self, number: int, part: Objective) -> tuple[Any, Array]:
        first = number * self.rows_per_block
        return part.gradient(self.flat, masks=lambda at, count: self.masks(first + at, count))


@dataclass(frozen=True)
class _HessianProduct(Travels):
    flat: Array
    v: Array

    def __call__(self, number: int, part: Objective) -> Array:
        return part.hessian_product(self.flat, self.v)


@dataclass(frozen=True)
class _Hessian(Travels):
    flat: Array

    def __call__(self, number: int, part: Objective) -> Array:
        return part.hessian(self.flat)


class ClusterObjective(BlockedObjective):
    """J and its derivatives over blocks that workers hold: weights go out, sums come back.

    The blocks are read by the workers once it is `prepared`; what is asked for before is read, summed and let go.

    Parameters and errors as of `BlockedObjective`; and `ClusterError` where the cluster is lost.
    """

    def __init__(
        self,
        net: Network,
        blocks: Blocks,
        *,
        evaluations: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__(net, blocks, evaluations=evaluations, dtype=dtype)
        root: Any = root_of(blocks)
        self._client = getattr(root, "client", None) or present_client()
        self._keeps = False
        self._held: Held | None = None
        self._targets: TargetMoments | None = None

    def prepared(self, evaluations: int) -> ClusterObjective:
        """The same with the rows held by the workers from now on."""
        found = super().prepared(evaluations)
        assert isinstance(found, ClusterObjective)
        found._keeps = True
        return found

    def sum(self, of_block: Callable[[int, Objective], Any]) -> Any:
        """What a function gives for each block; it travels to the workers."""
        return self._table().sum(of_block, self._evaluations, self.passed)

    def value(self, flat: Array) -> Any:
        """J, a scalar in nats."""
        return self.sum(_Value(flat))

    def gradient(self, flat: Array, *, J: bool = True, masks: MasksOfRows | None = None) -> tuple[Any, Array]:
        """J and dJ/d(weights), (P,); J is NaN where it is not asked for."""
        if masks is None:
            found = self.found(flat, J=J)
            return found.J, found.d
        value, d = self.sum(_Masked(flat, masks, self.blocks.rows_per_block))
        return value, d

    def found(self, flat: Array, *, J: bool = True, beside: Beside | None = None) -> Found:
        """J, the gradient, and the sum of ``beside``; in no pass where these weights were the last ones."""
        last, beside = self._last, beside or self.beside
        if last is not None and last.is_at(flat) and (beside is None or last.beside is not None):
            return last
        J = J or beside is not None
        value, d, *more = self.sum(_Gradient(flat, J, beside))
        found = Found(flat.copy(), value, d, more[0] if more else None)
        if J:
            self._last = found
        return found

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        found: Array = self.sum(_HessianProduct(flat, v))
        return found

    def hessian(self, flat: Array) -> Array:
        """d²J/dw² (P, P)."""
        found: Array = self.sum(_Hessian(flat))
        return found

    @property
    def targets(self) -> TargetMoments:
        """What the targets alone tell."""
        if self._targets is None:
            self._targets = self._table().moments()
        return self._targets

    def digests(self) -> list[bytes]:
        """A digest of each block, made where it is held."""
        return self._table().digests()

    def block(self, number: int) -> Block:
        """A block, fetched from the worker that holds it and has checked it."""
        return self._table().block(number)

    def _table(self) -> Held:
        if self._held is not None:
            return self._held
        held = Held(self._client, self.net, self.blocks, self.dtype)
        if self._keeps:
            self._held = held
        return held
