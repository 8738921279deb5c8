"""A point to check a derivation at: numbers for every letter, and how all of them move when one is moved.

The forward pass here is the numeric form of the table, not the formulas of the derivation: a line is compared with
something that was not made from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.derivation.letters import Kind, Letters
from chainrule.derivation.numeric import evaluate_source
from chainrule.functions import Activation
from chainrule.network import Network

Array = Any
Family = tuple[str, int | None, int]


class Point:
    """Numbers for the letters of a network: weights, inputs, targets, and all that follows from them.

    An array may have one more axis in front than its letter has indices: many values at once.

    Parameters
    ----------
    letters : Letters
    given : dict of Kind to array
        ``("W", l)``, ``("b", l)``, ``("z", 0)``, ``("t", L)``, and any array that is to be held at these values.
    sizes : dict of str to int
        Of every range: ``{"N": 2, "D": 2, "M": 3, "K": 3}``.
    descent, mean : bool
        Whether the objective is minus the log-likelihood, and whether it is divided by N.
    direction : dict of Kind to array, optional
        The direction v of directional derivatives, for ``("W", l)`` and ``("b", l)``.
    kind_of : dict, optional
        Which array each letter is; made from the letters unless given.
    """

    def __init__(
        self,
        letters: Letters,
        given: dict[Kind, Array],
        sizes: dict[str, int],
        *,
        descent: bool = False,
        mean: bool = False,
        direction: dict[Kind, Array] | None = None,
        kind_of: dict[Family, Kind] | None = None,
    ) -> None:
        self.letters, self.given, self.sizes = letters, given, sizes
        self.descent, self.mean, self.direction = descent, mean, direction or {}
        self.kind_of = kind_of or {letters.entry(kind).family: kind for kind in letters.kinds()}
        self._values: dict[Kind, Array] = {}
        self._below: dict[Kind, Array] = {}
        self.memory: dict[Any, Array] = {}

    def value(self, kind: Kind) -> Array:
        """The numbers of one array."""
        if not self._values:
            self._values = self._forward()
        if kind not in self._values and kind[0] == "delta":
            self._backward()
        return self._values[kind]

    def gradient(self, kind: Kind) -> Array:
        """∂J/∂W^l or ∂J/∂b^l through δ."""
        what, l = kind
        delta = self.value(("delta", l))
        total = self.value(("z", l - 1)).T @ delta if what == "W" else delta.sum(axis=0)
        return total / len(delta) if self.mean else total

    def with_held(self, kind: Kind, values: Array) -> Point:
        """The same point with one array held at other values; what is computed from it follows."""
        moved = self._moved({**self.given, kind: values})
        what, l = kind
        if what in ("W", "b", "a", "z"):  # what lies below does not move: its numbers are these
            self.value(("J", 0))
            below = [(part, q) for q in range(1, l) for part in ("a", "z")] + ([("a", l)] if what == "z" and l else [])
            moved._below = {at: self._values[at] for at in below}
        return moved

    def along(self, step: complex) -> Point:
        """The same point with the weights moved by so much along the direction v."""
        return self._moved({**self.given, **{k: self.given[k] + step * v for k, v in self.direction.items()}})

    def _moved(self, given: dict[Kind, Array]) -> Point:
        return Point(
            self.letters,
            given,
            self.sizes,
            descent=self.descent,
            mean=self.mean,
            direction=self.direction,
            kind_of=self.kind_of,
        )

    def _forward(self) -> dict[Kind, Array]:
        net, known = self.letters.net, self._below | self.given
        Z = known["z", 0]  # (N, D)
        for l in range(1, net.L + 1):
            if ("a", l) not in known:
                known["a", l] = _product(Z, known["W", l]) + known["b", l][..., None, :]  # (N, M[l])
            if ("z", l) not in known:
                row = net.activations[l] if l < net.L else None
                known["z", l] = evaluate_source(row.value if row else net.law.mean, a=known["a", l])
            Z = known["z", l]
        T = known["t", net.L]
        if ("z", net.L) in self.given:  # the outputs themselves are moved: the law in y, not in a
            rows = evaluate_source(net.law.log_law, y=Z, t=T).sum(axis=-1)
        else:
            rows = evaluate_source(net.law.log_density, a=known["a", net.L], t=T).sum(axis=-1)
        known["P", 0] = np.exp(rows.sum(axis=-1))
        known["Jn", 0] = -rows if self.descent else rows  # (N,)
        known["J", 0] = known["Jn", 0].mean(axis=-1) if self.mean else known["Jn", 0].sum(axis=-1)
        return known

    def _backward(self) -> None:
        """δ of every layer, through the table's slopes."""
        net, known = self.letters.net, self._values
        delta = known["t", net.L] - known["z", net.L]
        known["delta", net.L] = delta = -delta if self.descent else delta
        for l in range(net.L - 1, 0, -1):
            row = net.activations[l]
            assert row is not None
            slope = evaluate_source(row.slope, a=known["a", l], z=known["z", l])
            delta = (delta @ np.swapaxes(known["W", l + 1], -1, -2)) * slope
            known["delta", l] = delta


def _product(Z: Array, W: Array) -> Array:
    """Z W; of complex Z and real W in two real products, since W as complex numbers would be copied each time."""
    if W.ndim > 2:
        return Z @ W
    rows = Z.reshape(-1, Z.shape[-1])  # many samples at once: one product of matrices, not one for each
    split = np.iscomplexobj(Z) and not np.iscomplexobj(W)
    found = np.real(rows) @ W + 1j * (np.imag(rows) @ W) if split else rows @ W
    return found.reshape(*Z.shape[:-1], W.shape[-1])


class UnitPoint:
    """Many values of one unit's a, and z = g(a): where the lines of a slope are checked."""

    def __init__(self, row: Activation, a: Array) -> None:
        self.row, self.a = row, a
        self.sizes: dict[str, int] = {}
        self.kind_of: dict[Family, Kind] = {("a", None, 0): ("a", 0), ("z", None, 0): ("z", 0)}
        self.memory: dict[Any, Array] = {}

    def value(self, kind: Kind) -> Array:
        """All values of a, or of z."""
        return self.a if kind[0] == "a" else evaluate_source(self.row.value, a=self.a)

    def with_held(self, kind: Kind, values: Array) -> UnitPoint:
        """The same unit at other pre-activations."""
        return UnitPoint(self.row, values)


def unit_point(row: Activation) -> UnitPoint:
    """Forty pre-activations of a unit, to both sides of 0."""
    return UnitPoint(row, np.random.default_rng(1).normal(0, 1.5, 40))


class CountPoint:
    """A network's sizes, and its multiplications F, B, S counted layer by layer: for the check of what it costs."""

    def __init__(self, net: Network) -> None:
        letters = Letters(net)
        self.kind_of: dict[Family, Kind] = {}
        self.memory: dict[Any, Array] = {}
        self.sizes = {letters.index(l).range: net.M[l] for l in range(net.L + 1)}
        M, L = net.M, net.L
        has_slope = [row is not None and row.name != "identity" for row in net.activations]
        self.sizes["F"] = sum(M[l] * M[l - 1] for l in range(1, L + 1))
        self.sizes["B"] = self.sizes["F"]  # the products of errors and outputs below, then the errors themselves
        self.sizes["S"] = 0
        for l in range(1, L + 1):
            if l > 1:
                self.sizes["B"] += M[l - 1] * (M[l] + has_slope[l - 1])
            paths, factors = 1, 2  # on each path an output below and an error, and what lies between
            for above in range(l + 1, L + 1):
                paths *= M[above]
                factors += 1 + has_slope[above - 1]
            self.sizes["S"] += M[l - 1] * M[l] * paths * (factors - 1)


def random_point(letters: Letters, *, descent: bool, mean: bool, seed: int = 0, most: int = 4) -> Point:
    """A point with 2 samples, every layer cut to at most ``most`` units, targets that are not one-hot."""
    rng = np.random.default_rng(seed)
    net = letters.net
    M = [min(size, most) for size in net.M]
    given: dict[Kind, Array] = {("z", 0): rng.standard_normal((2, M[0]))}
    direction: dict[Kind, Array] = {}
    for l in range(1, net.L + 1):
        given["W", l] = rng.standard_normal((M[l - 1], M[l])) / np.sqrt(M[l - 1])
        given["b", l] = 0.3 * rng.standard_normal(M[l])
        direction["W", l] = rng.standard_normal((M[l - 1], M[l]))
        direction["b", l] = rng.standard_normal(M[l])
    match net.law.name:
        case "softmax":
            given["t", net.L] = rng.dirichlet(np.ones(M[-1]), size=2)
        case "sigmoid":
            given["t", net.L] = rng.uniform(size=(2, M[-1]))
        case "exp":
            given["t", net.L] = rng.uniform(0.5, 3, size=(2, M[-1]))
        case _:
            given["t", net.L] = rng.standard_normal((2, M[-1]))
    sizes = {letters.index(l).range: M[l] for l in range(net.L + 1)}
    return Point(letters, given, {**sizes, "N": 2}, descent=descent, mean=mean, direction=direction)
