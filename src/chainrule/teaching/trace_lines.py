"""The lines of a trace: the derivation's formulas for one sample, with its numbers put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.derivation.expression import (
    Add,
    Cases,
    Delta,
    Derivative,
    Expression,
    Function,
    Index,
    Mul,
    Number,
    Place,
    Power,
    Sum,
    Symbol,
)
from chainrule.derivation.letters import Kind, Letters
from chainrule.derivation.walk import children, rebuilt, replaced, with_indices
from chainrule.network import Network
from chainrule.program.compile import Lines, sides

MOST_TERMS = 6  # of a sum that is written out; of a longer one the largest, and the rest as one number
Array = Any


@dataclass(frozen=True)
class Line:
    """One scalar of a trace: ``left = filled = value``.

    Attributes
    ----------
    part : {"forward", "objective", "error", "slope", "delta", "gradient"}
    array : str
        The array it is an entry of, as the program names it: ``"A1"``, ``"dW2"``.
    index : tuple of int
        Where in that array, counted from 0 as NumPy does: ``(0, 2)``.
    left : Expression
        Its name in the letters of the post, indices counted from 1: ∂J/∂W²_13.
    formula : Expression
        What it is computed by, in letters.
    filled : Expression
        The same with the numbers put in.
    value : float
    general : pair of Expression
        Name and formula of any entry of the array: a¹_m = Σ_d x_d W¹_dm + b¹_m.
    """

    part: str
    array: str
    index: tuple[int, ...]
    left: Expression
    formula: Expression
    filled: Expression
    value: float
    general: tuple[Expression, Expression] = field(repr=False)

    def __str__(self) -> str:
        return " = ".join(dict.fromkeys((str(self.left), str(self.formula), str(self.filled), str(Number(self.value)))))


class Sample:
    """The derivation's formulas without the sample's index, and numbers for their letters.

    Parameters
    ----------
    network : Network
    values : dict of array
        Of one sample, by the program's names: ``X (D,)``, ``W1 (D, M)``, ``A1 (M,)``, ``dW1 (D, M)`` ...
    """

    def __init__(self, network: Network, values: dict[str, Array]) -> None:
        self.network, self.values = network, values
        self.letters, self.lines = Letters(network), Lines(network)
        self._kind_of = {self._symbol(kind).family: kind for kind in self.letters.kinds()}
        self.has_rests = False  # whether a sum was too long to be written out

    def lines_of(self, kind: Kind, part: str, units: list[int]) -> list[Line]:
        """The lines of some units of a layer: ``("a", 1)``, ``("z", 1)``, ``("delta", 1)``."""
        formula = self.formula(kind)
        return [self._line(part, self.name(kind), (j,), self._symbol(kind), formula) for j in units]

    def slope_lines(self, l: int, units: list[int]) -> list[Line]:
        """∂z/∂a of some hidden units, by the activation's own formula."""
        row = self.network.activations[l]
        assert row is not None
        step = self.lines.slope(row)
        a, z = self._symbol(("a", l)), self._symbol(("z", l))
        letters: dict[Expression, Expression] = {Symbol("a"): a, Symbol("z"): z}
        formula = Number(1) if step is None else replaced(sides(step)[1], letters.get)
        return [self._line("slope", f"slope{l}", (j,), Derivative(z, a), formula) for j in units]

    def gradient_lines(self, kind: Kind, entries: list[tuple[int, ...]]) -> list[Line]:
        """Entries of ∂J/∂W or ∂J/∂b."""
        name = f"{kind[0]}{kind[1]}"
        formula = self._without_sample(self.lines.derivation.gradients[name])
        formula = formula.body if isinstance(formula, Sum) else formula
        left = Derivative(self.letters.entry(("J", 0)), self._symbol(kind))
        return [self._line("gradient", f"d{name}", entry, left, formula) for entry in entries]

    def objective_line(self) -> Line:
        """J of this sample."""
        formula = self._without_sample(sides(self.lines.entry(("Jn", 0)))[1])
        return self._line("objective", "J", (), self.letters.entry(("J", 0)), formula)

    def collapse_lines(self, units: list[int]) -> list[Line]:
        """δ of the outputs the long way: ∂J/∂y times ∂y/∂a, which collapses to t − y."""
        L = self.network.L
        k, delta = self.letters.index(L), self._symbol(("delta", L))
        other = k.primed()
        block = "dYdA-delta" if self.network.law.name == "softmax" else "dYdA"
        dY = with_indices(self._without_sample(sides(self.lines.block("dY"))[1]), {k: other})
        through = self._without_sample(sides(self.lines.block(block))[1])

        def product(places: dict[Index, Place], change: Callable[[Expression], Expression]) -> Expression:
            # Both factors stay whole, though y cancels between them: that is what is to be seen.
            first, second = change(with_indices(dY, places)), change(with_indices(through, places))
            return _joined(Mul, [first, *(second.factors if isinstance(second, Mul) else (second,))])

        def same(node: Expression) -> Expression:
            return node

        found = []
        for j in units:
            formula = Sum(other, product({k: j + 1}, same))
            terms = [product({k: j + 1, other: at}, self._filled) for at in range(1, self.network.K + 1)]
            filled = _joined(Add, self._cut(terms))
            value = float(self.values[f"delta{L}"][j]) + 0.0
            general = (delta, Sum(other, product({}, same)))
            found.append(Line("error", f"delta{L}", (j,), delta.at((j + 1,)), formula, filled, value, general))
        return found

    def formula(self, kind: Kind) -> Expression:
        """What an entry of an array is computed by, in letters."""
        found = self.lines.error(kind[1]) if kind[0] == "delta" else self.lines.entry(kind)
        return self._without_sample(sides(found)[1])

    def name(self, kind: Kind) -> str:
        """An array's name in the program."""
        return self.letters.code(kind)

    def entry(self, kind: Kind, *places: Place) -> Expression:
        """The symbol of an entry, its indices counted from 1."""
        symbol = self._symbol(kind)
        return symbol.at(places) if places else symbol

    def _symbol(self, kind: Kind) -> Symbol:
        found = self._without_sample(self.letters.entry(kind))
        assert isinstance(found, Symbol)
        return found

    def _line(self, part: str, array: str, entry: tuple[int, ...], left: Expression, formula: Expression) -> Line:
        letter = left if isinstance(left, Symbol) else left.of if part == "slope" else left.by  # type: ignore[attr-defined]
        letter_places = [place for place in letter.places if isinstance(place, Index)]
        places = dict(zip(letter_places, (i + 1 for i in entry), strict=True))
        value = float(self.values[array][entry] if entry else self.values[array]) + 0.0  # no −0
        own = with_indices(formula, dict(places))
        general = (left, formula)
        return Line(part, array, entry, with_indices(left, dict(places)), own, self._filled(own), value, general)

    def _without_sample(self, node: Expression) -> Expression:
        n = self.letters.n

        def change(part: Expression) -> Expression | None:
            if isinstance(part, Symbol) and part.places and part.places[0] == n:
                return Symbol(part.letter, part.places[1:], part.layer)
            return None

        return replaced(node, change)

    def _value(self, symbol: Symbol) -> float:
        kind = self._kind_of[symbol.family]
        if kind[0] == "Jn":
            return float(self.values["J"])
        return float(self.values[self.name(kind)][tuple(p - 1 for p in symbol.places if isinstance(p, int))])

    def _filled(self, node: Expression) -> Expression:
        """A Number for every letter; nothing is worked out, so that the numbers are seen."""
        match node:
            case Number():
                return node
            case Symbol():
                return _number(self._value(node))
            case Delta(left, right):
                return Number(int(left == right))
            case Function(_, (Symbol(_, places, layer),), 1):  # g'(a): its own line has how it is computed
                return _number(self.values[f"slope{layer}"][tuple(p - 1 for p in places if isinstance(p, int))])
            case Cases(branches):
                for value, condition in branches:
                    if condition is None or self._holds(condition):
                        return self._filled(value)
            case Sum(index, body):
                size = {self.letters.index(l).range: self.network.M[l] for l in range(self.network.L + 1)}[index.range]
                return _joined(Add, self._terms(body, index, size))
            case Add(terms):
                return _joined(Add, [_still_taken_away(term, self._filled(term)) for term in terms])
            case Mul(factors):
                return _joined(Mul, [self._filled(factor) for factor in factors])
            case Power(base, exponent):
                return Power(self._filled(base), self._filled(exponent))
        parts = children(node)
        return rebuilt(node, tuple(map(self._filled, parts))) if parts else node

    def _terms(self, body: Expression, index: Index, size: int) -> list[Expression]:
        return self._cut([self._filled(with_indices(body, {index: at})) for at in range(1, size + 1)])

    def _cut(self, terms: list[Expression]) -> list[Expression]:
        """The terms of a sum; of many the largest, in their order, dots, and the sum of the others."""
        if len(terms) <= MOST_TERMS:
            return terms
        self.has_rests = True
        with np.errstate(all="ignore"):
            numbers = np.array([worked_out(term) for term in terms])
        largest = np.argsort(-np.abs(numbers), kind="stable")[: MOST_TERMS - 2]
        keep = np.sort([at for at in largest if numbers[at] != 0] or largest[:1])
        rest = float(np.delete(numbers, keep).sum())
        return [*(terms[at] for at in keep), Symbol("…"), _number(rest)]

    def _holds(self, condition: Any) -> bool:
        left, right = (worked_out(self._filled(side)) for side in (condition.left, condition.right))
        compare: dict[str, Callable[[float, float], bool]] = {
            ">": lambda a, b: a > b,
            "≥": lambda a, b: a >= b,
            "<": lambda a, b: a < b,
            "≤": lambda a, b: a <= b,
        }
        return compare[condition.relation](left, right)


def _number(value: float) -> Number:
    return Number(float(value) + 0.0)  # no −0


def _still_taken_away(term: Expression, filled: Expression) -> Expression:
    """A term of a sum with its numbers: 1 − t with t = 0 is 1 − 0, not 1 + 0."""
    is_taken = isinstance(term, Mul) and term.factors[0] == Number(-1)
    return Mul((Number(-1), filled)) if is_taken and filled == Number(0.0) else filled


def worked_out(node: Expression) -> float:
    """The number that an expression of numbers comes to; the dots of a long sum count nothing."""
    from chainrule.derivation.numeric import FUNCTIONS

    match node:
        case Number(value):
            return float(value)
        case Symbol("…"):
            return 0.0
        case Add(terms):
            return sum(map(worked_out, terms))
        case Mul(factors):
            return float(np.prod([worked_out(factor) for factor in factors]))
        case Power(base, exponent):
            return float(np.float64(worked_out(base)) ** worked_out(exponent))
        case Function(name, arguments):
            return float(FUNCTIONS[name](*(np.float64(worked_out(argument)) for argument in arguments)))
    raise TypeError(f"{type(node).__name__} holds no numbers")


def _joined(kind: Any, parts: list[Expression]) -> Expression:
    """Terms or factors as one node, not worked out; sums within sums flat, exact ones left out of a product."""
    if kind is Mul:
        ones = [isinstance(part, Number) and type(part.value) is int and part.value == 1 for part in parts]
        parts = [part for part, is_one in zip(parts, ones, strict=True) if not is_one] or [Number(1)]
        if len(parts) == 2 and parts[0] == Number(-1) and isinstance(parts[1], Number) and not parts[1].name:
            return Number(-parts[1].value or 0.0)  # −(−0.5) is 0.5, and −0 is 0
    else:
        parts = [term for part in parts for term in (part.terms if isinstance(part, Add) else (part,))]
    return parts[0] if len(parts) == 1 else kind(tuple(parts))
