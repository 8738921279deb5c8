"""Which letter and which index each array of a network has in its derivation."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.derivation.expression import Derivative, Index, Matrix, Symbol
from chainrule.derivation.steps import Shape
from chainrule.network import Network

Kind = tuple[str, int]  # what an array is: ("W", 1), ("z", 0) for the inputs, ("J", 0) ...

_POST = {("W", 1): "W", ("b", 1): "b", ("W", 2): "V", ("b", 2): "c", ("a", 1): "u", ("a", 2): "a", ("z", 1): "z"}


@dataclass(frozen=True)
class Letters:
    """The letters of one network.

    The general letters carry the layer above (W²_mk, z¹_nm) and the sample n first among the indices below, so that
    z¹_nm is ``Z1[n, m]``. ``as_post`` are those of one hidden layer: W, b, V, c, the sample above (y_k^n), and u for
    the hidden layer's pre-activation, a for the output's.
    """

    net: Network
    as_post: bool = False
    objective: str = "J"

    @property
    def n(self) -> Index:
        """The sample's index."""
        return Index("n", "N")

    def index(self, l: int) -> Index:
        """The index of the units of layer l: d for the inputs, k for the outputs, hidden ones between."""
        L = self.net.L
        if l in (0, L):
            return Index("d", "D") if l == 0 else Index("k", "K")
        hidden = {2: "m", 3: "rs", 4: "qrs"}.get(L)
        return Index(hidden[l - 1] if hidden else f"m{l}", "M" if L == 2 else f"M{l}")

    def entry(self, kind: Kind) -> Symbol:
        """One entry of an array, with the indices of its axes."""
        what, l = kind
        unit = self.index(l)
        match what:
            case "W":
                return self._symbol(kind, (self.index(l - 1), unit))
            case "b":
                return self._symbol(kind, (unit,))
            case "a" | "z" | "t" | "delta":
                return self._symbol(kind, (unit,), per_sample=True)
            case "Jn":
                return self._symbol(kind, (), per_sample=True)
        return Symbol(self._letter(kind)[0])

    def matrix(self, kind: Kind) -> Matrix:
        """The whole array."""
        letter, layer = self._letter(kind)
        return Matrix(letter if letter in "δbcJE" else letter.upper(), layer)

    def shape(self, kind: Kind) -> Shape:
        """Axes and sizes of an array."""
        what, l = kind
        unit, size = self.index(l).range, self.net.M[l]
        if what == "W":
            return Shape(self.matrix(kind), (self.index(l - 1).range, unit), (self.net.M[l - 1], size))
        if what == "b":
            return Shape(self.matrix(kind), (unit,), (size,))
        return Shape(self.matrix(kind), ("N", unit), (None, size))

    def gradient_shape(self, kind: Kind) -> Shape:
        """The shape of ∂J/∂(an array): the array's own."""
        own = self.shape(kind)
        return Shape(Derivative(self.entry(("J", 0)), self.matrix(kind)), own.axes, own.sizes)

    def code(self, kind: Kind) -> str:
        """The array's name in NumPy."""
        what, l = kind
        if what == "z" and l in (0, self.net.L):
            return "Y" if l else "X"
        if what in "tJ":
            return "T" if what == "t" else self.objective
        if self.as_post and kind in _POST:
            letter = _POST[kind]
            return letter.upper() if what in "az" else letter
        return f"{what.upper() if what in 'az' else what}{l}"

    def kinds(self) -> list[Kind]:
        """Every array there is, in the order of the forward pass."""
        found: list[Kind] = [("z", 0)]
        for l in range(1, self.net.L + 1):
            found += [("W", l), ("b", l), ("a", l), ("z", l), ("delta", l)]
        return [*found, ("t", self.net.L), ("Jn", 0), ("J", 0), ("P", 0)]

    def _letter(self, kind: Kind) -> tuple[str, int | None]:
        """An array's letter and the layer above it, where it has one."""
        what, l = kind
        if what == "z" and l in (0, self.net.L):
            return ("x" if l == 0 else "y"), None
        if what == "delta":
            return "δ", l
        if what in "tP":
            return what, None
        if what in ("J", "Jn"):
            return self.objective, None
        return (_POST[kind], None) if self.as_post else (what, l)

    def _symbol(self, kind: Kind, below: tuple[Index, ...], per_sample: bool = False) -> Symbol:
        letter, layer = self._letter(kind)
        if not per_sample:
            return Symbol(letter, below, layer)
        if self.as_post:
            return Symbol(letter, below, layer, self.n)
        return Symbol(letter, (self.n, *below), layer)
