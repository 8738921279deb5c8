"""The expression tree: what a formula of a derivation is made of.

Immutable values, compared and hashed by content; no NumPy. Scalars with indices:

===================  =====================================  ==========================================
node                 mathematics                            built by
===================  =====================================  ==========================================
`Number`             3, 1/2, 0.049, π                       ``number(3)``
`Symbol`             y_k^n, W²_mk, J, D                     ``Symbol("W", (m, k), layer=2)``
`Sum`                Σ_{k=1}^{K} ...                        ``Sum(k, body)``
`BigProduct`         Π_{n=1}^{N} ...                        ``BigProduct(n, body)``
`Add`                u + v - w                              ``u + v - w``, ``add(...)``
`Mul`                u v / w                                ``u * v / w``, ``mul(...)``
`Power`              u^v, 1/u                               ``u**v``, ``power(u, v)``
`Function`           exp u, log u, σ(u), g'(u)              ``Function("exp", (u,))``
`Derivative`         ∂u/∂q                                  ``Derivative(u, q)``
`Directional`        R{u}, the derivative of u along v      ``Directional(u)``
`Delta`              δ_kk'                                  ``Delta(k, k2)``
`Cases`              { u if k = k', v otherwise             ``Cases(((u, Condition(k, "=", k2)), (v, None)))``
===================  =====================================  ==========================================

Whole arrays, for the matrix form of a line: `Matrix` (Z¹, ``Matrix("Z", 1)``), `Transpose`, `MatMul` and
`Hadamard` (the product ⊙, entry by entry). `Add`, `Mul` by numbers, `Power` by a number and `Function` act on
arrays entry by entry, `Derivative(J, Matrix("W", 1))` is the gradient as an array of W¹'s shape.

Conventions that a renderer can rely on
- There is no node for minus or for division: −u is ``Mul((Number(-1), u))`` (the number first), u/v is
  ``Mul((u, Power(v, Number(-1))))`` and 1/v alone is ``Power(v, Number(-1))``.
- ``Add`` and ``Mul`` keep the order of their parts and are never nested directly in their own kind.
- An index has a letter, a range and primes: ``Index("k", "K", 1)`` is k' and runs from 1 to K. Digits at the end
  of a letter are its subscript: ``"m2"`` is m₂, the range ``"M2"`` is M₂.
- A place in ``Symbol.indices`` may also hold a whole number, counted from 1: y_2.
- ``Symbol.layer`` and ``Symbol.sample`` are superscripts, ``Symbol.indices`` subscripts; only the post's letters
  use ``sample``, the general letters put n first among the subscripts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Scalar = int | Fraction | float


class Expression:
    """Any node. ``+ - * / **`` build larger ones, numbers are taken as they are."""

    __slots__ = ()

    def __add__(self, other: Expression | Scalar) -> Expression:
        return add(self, other)

    def __radd__(self, other: Scalar) -> Expression:
        return add(other, self)

    def __sub__(self, other: Expression | Scalar) -> Expression:
        return add(self, mul(-1, other))

    def __rsub__(self, other: Scalar) -> Expression:
        return add(other, mul(-1, self))

    def __mul__(self, other: Expression | Scalar) -> Expression:
        return mul(self, other)

    def __rmul__(self, other: Scalar) -> Expression:
        return mul(other, self)

    def __truediv__(self, other: Expression | Scalar) -> Expression:
        return mul(self, power(other, -1))

    def __rtruediv__(self, other: Scalar) -> Expression:
        return mul(other, power(self, -1))

    def __pow__(self, other: Expression | Scalar) -> Expression:
        return power(self, other)

    def __neg__(self) -> Expression:
        return mul(-1, self)

    def __str__(self) -> str:
        from chainrule.derivation.render.text import expression_text

        return expression_text(self)


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its letter, the name of its range (1 to ``range``) and how many primes it carries."""

    letter: str
    range: str
    primes: int = 0

    def primed(self, primes: int = 1) -> Index:
        """The same index with so many more primes."""
        return Index(self.letter, self.range, self.primes + primes)


Place = Index | int


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A number: exact (int, Fraction) where it is one, a float where it was measured; ``name`` is its letter (π)."""

    value: Scalar
    name: str = ""


@dataclass(frozen=True, slots=True)
class Symbol(Expression):
    """A letter with its indices: ``layer`` and ``sample`` stand above, ``indices`` below."""

    letter: str
    indices: tuple[Place, ...] = ()
    layer: int | None = None
    sample: Place | None = None

    @property
    def family(self) -> tuple[str, int | None, int]:
        """Which array it is an entry of: the letter, the layer and how many axes it has."""
        return self.letter, self.layer, len(self.indices) + (self.sample is not None)

    @property
    def places(self) -> tuple[Place, ...]:
        """All its indices in the order of the array's axes: the sample first."""
        return self.indices if self.sample is None else (self.sample, *self.indices)

    def at(self, places: tuple[Place, ...]) -> Symbol:
        """The same letter with other indices, given in the order of ``places``."""
        if self.sample is None:
            return Symbol(self.letter, places, self.layer)
        return Symbol(self.letter, places[1:], self.layer, places[0])


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    """The sum of ``body`` over every value of ``index``, which is bound in it."""

    index: Index
    body: Expression


@dataclass(frozen=True, slots=True)
class BigProduct(Expression):
    """The product of ``body`` over every value of ``index``, which is bound in it."""

    index: Index
    body: Expression


@dataclass(frozen=True, slots=True)
class Add(Expression):
    """A sum of two or more terms."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Mul(Expression):
    """A product of two or more factors."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Power(Expression):
    """``base`` to the power of ``exponent``."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Function(Expression):
    """A named function of its arguments; ``primes`` counts how often it is differentiated: g'(u)."""

    name: str
    arguments: tuple[Expression, ...]
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Derivative(Expression):
    """The partial derivative of ``of`` with respect to ``by`` (a Symbol, or a Matrix for a whole gradient)."""

    of: Expression
    by: Expression


@dataclass(frozen=True, slots=True)
class Directional(Expression):
    """R{of}: how fast ``of`` moves when the weights move along the direction v."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Delta(Expression):
    """The Kronecker delta: 1 where both indices are equal, else 0."""

    left: Place
    right: Place


@dataclass(frozen=True, slots=True)
class Condition:
    """``left relation right``: two indices with ``=`` or ``≠``, or two expressions with ``<  ≤  >  ≥``."""

    left: Expression | Place
    relation: str
    right: Expression | Place


@dataclass(frozen=True, slots=True)
class Cases(Expression):
    """The first branch whose condition holds; the last condition may be None: otherwise."""

    branches: tuple[tuple[Expression, Condition | None], ...]


@dataclass(frozen=True, slots=True)
class Matrix(Expression):
    """A whole array by its capital letter: Z¹, W², T; ``δ`` keeps its letter; ``1`` is the column of ones (N)."""

    letter: str
    layer: int | None = None


@dataclass(frozen=True, slots=True)
class Transpose(Expression):
    """``of`` with rows and columns exchanged."""

    of: Expression


@dataclass(frozen=True, slots=True)
class MatMul(Expression):
    """The matrix product of two or more arrays."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Hadamard(Expression):
    """The product ⊙ of two or more arrays of one shape, entry by entry; a factor may also be a number."""

    factors: tuple[Expression, ...]


def number(value: Expression | Scalar, name: str = "") -> Expression:
    """A Number node; an expression passes through. Whole fractions become whole numbers."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, Fraction) and value.denominator == 1:
        value = int(value)
    return Number(value, name)


ZERO, ONE, MINUS_ONE, TWO = Number(0), Number(1), Number(-1), Number(2)


def is_number(node: Expression, value: Scalar | None = None) -> bool:
    """Whether the node is an unnamed number, of this value if one is given."""
    return isinstance(node, Number) and not node.name and (value is None or node.value == value)


def add(*terms: Expression | Scalar) -> Expression:
    """A sum: flattened, zeros dropped, numbers gathered at the place of the first one."""
    flat: list[Expression] = []
    for term in map(number, terms):
        flat.extend(term.terms if isinstance(term, Add) else (term,))
    return _gathered(flat, 0, lambda a, b: a + b, Add)


def mul(*factors: Expression | Scalar) -> Expression:
    """A product: flattened, ones dropped, numbers gathered in front; 0 where any factor is 0."""
    flat: list[Expression] = []
    for factor in map(number, factors):
        flat.extend(factor.factors if isinstance(factor, Mul) else (factor,))
    if any(is_number(factor, 0) for factor in flat):
        return ZERO
    numbers = [factor for factor in flat if is_number(factor)]
    others = [factor for factor in flat if not is_number(factor)]
    return _gathered([*numbers, *others], 1, lambda a, b: a * b, Mul)


def power(base: Expression | Scalar, exponent: Expression | Scalar) -> Expression:
    """A power: u^1 is u, u^0 is 1, (u^p)^q is u^(pq) for whole numbers, exact numbers are worked out."""
    base, exponent = number(base), number(exponent)
    if is_number(exponent, 1) or is_number(base, 1):
        return base
    if is_number(exponent, 0):
        return ONE
    if isinstance(exponent, Number) and isinstance(exponent.value, int):
        if isinstance(base, Number) and not base.name and isinstance(base.value, int | Fraction) and base.value:
            return number(Fraction(base.value) ** exponent.value)
        if isinstance(base, Power) and isinstance(base.exponent, Number) and isinstance(base.exponent.value, int):
            return power(base.base, base.exponent.value * exponent.value)
    return Power(base, exponent)


def exp(argument: Expression | Scalar) -> Expression:
    """e to the argument."""
    return Function("exp", (number(argument),))


def log(argument: Expression | Scalar) -> Expression:
    """The natural logarithm."""
    return Function("log", (number(argument),))


def sums(indices: Iterable[Index], body: Expression) -> Expression:
    """Nested sums, the first index outermost."""
    for index in reversed(list(indices)):
        body = Sum(index, body)
    return body


def _gathered(parts: list[Expression], neutral: int, combine: Any, node: Any) -> Expression:
    """Numbers among the parts combined into one at the place of the first; the neutral one dropped."""
    total: Any = neutral
    at: int | None = None
    kept: list[Expression] = []
    for part in parts:
        if isinstance(part, Number) and not part.name:
            at = len(kept) if at is None else at
            total = combine(total, part.value)
        else:
            kept.append(part)
    if at is not None and (total != neutral or not kept):
        kept.insert(at, number(total))
    if not kept:
        return number(neutral)
    return kept[0] if len(kept) == 1 else node(tuple(kept))
