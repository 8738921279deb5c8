"""From an expression to boxes: signs, fractions, brackets, primes, the space between factors."""

from __future__ import annotations

from fractions import Fraction as Ratio

from chainrule.derivation.expression import (
    Add,
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Expression,
    Function,
    Hadamard,
    MatMul,
    Matrix,
    Mul,
    Number,
    Place,
    Power,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.derivation.render.boxes import (
    Big,
    Box,
    Branches,
    Digits,
    Fence,
    Fraction,
    Letter,
    Marked,
    Role,
    Root,
    Scripts,
    Sign,
    Words,
    height,
    row,
)
from chainrule.derivation.render.numbers import DIGITS, number_box
from chainrule.derivation.render.traits import (
    BESIDE,
    LEFT_OUT,
    fits_above,
    holds_matrix,
    in_numerator,
    inverse,
    is_numeric,
    joined,
    letter_and_digits,
    side_by_side,
    sign_taken,
)

MOST_TERMS = 9  # of a written-out sum of numbers; of a longer one the middle is left out

_MINUS, _MINUS_BETWEEN, _PLUS = Sign("−", Role.PREFIX), Sign("−", Role.PLUS), Sign("+", Role.PLUS)
_APPLY, _NAME = Sign("", Role.APPLY), Sign("", Role.NAME)
_NAMES = {"sigmoid": "σ", "log_sigmoid": "log σ", "log_gamma": "log Γ"}
_BARE = {"log", "sin", "cos"}  # written without brackets before a single letter


class Setting:
    """How the expressions of one derivation are set.

    Parameters
    ----------
    digits : int
        Significant digits of a number that was measured.
    mark : Expression, optional
        Every occurrence of it is marked.
    """

    def __init__(self, digits: int = DIGITS, mark: Expression | None = None) -> None:
        self.digits = digits
        self.mark = mark

    def box(self, node: Expression) -> Box:
        """The boxes of an expression that stands alone."""
        negative, body = sign_taken(node)
        return row(_MINUS, self._behind_a_sign(body)) if negative else self._term(body)

    def condition(self, condition: Condition) -> Box:
        """A condition, ``k' ≠ k``."""
        left, right = (self._side(side) for side in (condition.left, condition.right))
        return row(left, Sign(condition.relation, Role.RELATION), right)

    def place(self, place: Place) -> Box:
        """One index: its letter with primes, or a number."""
        if isinstance(place, int):
            return Digits(str(place))
        base, number = letter_and_digits(place.letter)
        box: Box = Scripts(Letter(base), below=Digits(number)) if number else Letter(base)
        return row(box, Sign("′" * place.primes, Role.POSTFIX)) if place.primes else box

    def range(self, name: str) -> Box:
        """A range by its letter: K, M₂; or a number."""
        base, number = letter_and_digits(name)
        if not base:
            return Digits(number)
        return Scripts(Letter(base), below=Digits(number)) if number else Letter(base)

    def _side(self, side: Expression | Place) -> Box:
        return self.box(side) if isinstance(side, Expression) else self.place(side)

    def _term(self, node: Expression) -> Box:
        """A term without a minus sign in front."""
        box = self._set(node)
        return Marked(box) if self.mark is not None and node == self.mark else box

    def _set(self, node: Expression) -> Box:
        match node:
            case Add(terms):
                return self._sum(terms)
            case Mul(factors):
                return self._product(factors)
            case Number(value, name):
                return Letter(name, upright=len(name) > 1) if name else self._number(value)
            case Symbol(letter, indices, layer, sample):
                above: list[Box] = [Digits(str(layer))] if layer is not None else []
                above += [self.place(sample)] if sample is not None else []
                return self._lettered(letter, indices, row(*above) if above else None)
            case Delta(left, right):
                return self._lettered("δ", (left, right), None)
            case Sum(index, body) | BigProduct(index, body):
                below = row(self.place(index), Sign("=", Role.RELATION), Digits("1"))
                sign = "∑" if isinstance(node, Sum) else "∏"
                return row(Big(sign, below, self.range(index.range)), self._factor(body, last=True))
            case Power():
                return self._power(node)
            case Function():
                return self._function(node)
            case Derivative():
                return self._derivative(node)
            case Directional(of):
                inner = self.box(of)
                return row(Letter("ℛ", upright=True), Fence("{", inner, "}", height(inner)))
            case Cases(branches):
                return Branches(tuple((self.box(value), self._when(when)) for value, when in branches))
            case Matrix(letter, layer):
                if letter == "1":
                    return Letter("1", upright=True, bold=True)
                return self._lettered(letter, (), Digits(str(layer)) if layer is not None else None)
            case Transpose(of):
                return Scripts(self._base(of), above=Letter("⊤", upright=True))
            case MatMul(factors):
                parts = [self._matrix_factor(factor) for factor in factors]
                return row(*joined(parts, BESIDE))
            case Hadamard(factors):
                parts = [self._matrix_factor(factor) for factor in factors]
                return row(*joined(parts, Sign("⊙", Role.PLUS)))
        raise TypeError(f"no boxes for {type(node).__name__}")

    def _behind_a_sign(self, node: Expression) -> Box:
        """A term behind a plus or a minus: in brackets where it is a sum or begins with a minus of its own."""
        box = self._term(node)
        return self._fenced(box) if isinstance(node, Add) or sign_taken(node)[0] else box

    def _number(self, value: int | Ratio | float) -> Box:
        return row(_MINUS, number_box(-value, self.digits)) if value < 0 else number_box(value, self.digits)

    def _lettered(self, letter: str, indices: tuple[Place, ...], above: Box | None) -> Box:
        """A letter with its scripts. Numbers of several digits are kept apart by commas."""
        if letter == LEFT_OUT.letter:
            return Letter("⋯", upright=True)
        stem, number = letter_and_digits(letter)
        base = Letter(stem, upright=len(stem) > 1)
        apart = len(indices) > 1 and any(isinstance(place, int) and place > 9 for place in indices)
        parts = [*([Digits(number)] if number else []), *(self.place(place) for place in indices)]
        below = row(*joined(parts, Sign(",", Role.COMMA)) if apart else parts) if parts else None
        return Scripts(base, below, above) if below is not None or above is not None else base

    def _sum(self, terms: tuple[Expression, ...]) -> Box:
        """Terms with + and − between them; the middle of a long row of numbers is left out."""
        parts: list[Box] = []
        cut = len(terms) > MOST_TERMS and is_numeric(Add(terms))
        for at, term in enumerate(terms):
            if cut and 4 <= at < len(terms) - 2:
                if at == 4:
                    parts += [_PLUS, Letter("⋯", upright=True)]
                continue
            negative, body = sign_taken(term)
            if at:
                parts.append(_MINUS_BETWEEN if negative else _PLUS)
            elif negative:
                parts.append(_MINUS)
            parts.append(self._behind_a_sign(body) if at or negative else self._term(body))
        return row(*parts)

    def _product(self, factors: tuple[Expression, ...]) -> Box:
        """Factors side by side; inverse ones under what stands before them."""
        if holds_matrix(Mul(factors)):
            return self._array_product(factors)
        groups: list[tuple[list[Expression], list[Expression]]] = [([], [])]
        for factor in factors:
            under = inverse(factor)
            if under is not None:
                groups[-1][1].append(under)
            elif groups[-1][1]:
                groups.append(([factor], []))
            else:
                groups[-1][0].append(factor)
        boxes: list[tuple[Box, bool]] = []
        for at, (over, under_) in enumerate(groups):
            last = at == len(groups) - 1
            if under_:
                boxes.append((self._over(over, under_), is_numeric(*over, *under_)))
            else:
                for i, factor in enumerate(over):
                    box = self._factor(factor, last and i == len(over) - 1, first=not boxes)
                    boxes.append((box, is_numeric(factor)))
        return side_by_side(boxes)

    def _over(self, over: list[Expression], under: list[Expression]) -> Box:
        """A fraction; its parts stand in full size where they hold fractions or sums."""
        top = self.box(over[0] if len(over) == 1 else Mul(tuple(over))) if over else Digits("1")
        bottom = self.box(under[0] if len(under) == 1 else Mul(tuple(under)))
        return Fraction(top, bottom, large=max(height(top), height(bottom)) > 0)

    def _factor(self, node: Expression, last: bool = False, first: bool = False) -> Box:
        """A factor of a product, in brackets where it needs them."""
        box = self.box(node)
        negative = sign_taken(node)[0] and not first
        open_end = not last and (isinstance(node, Sum | BigProduct | Cases) or self._is_operator(node))
        if isinstance(node, Add | Cases) or negative or open_end or (isinstance(node, Mul) and not last):
            return self._fenced(box)
        return box

    def _matrix_factor(self, node: Expression) -> Box:
        box = self.box(node)
        needs = isinstance(node, Add | Hadamard | MatMul | Mul | Cases) or sign_taken(node)[0]
        return self._fenced(box) if needs else box

    def _array_product(self, factors: tuple[Expression, ...]) -> Box:
        """Numbers times arrays, entry by entry: divisions of arrays are ⊘."""
        parts: list[Box] = []
        for factor in factors:
            under = inverse(factor)
            if under is not None and isinstance(under, Number):
                parts = [Fraction(row(*parts) if parts else Digits("1"), self.box(under), large=True)]
            elif under is not None:
                parts = [*(parts or [Digits("1")]), Sign("⊘", Role.PLUS), self._matrix_factor(under)]
            else:
                parts += [*([BESIDE] if parts else []), self._matrix_factor(factor)]
        return row(*parts)

    def _power(self, node: Power) -> Box:
        under = inverse(node)
        if under is not None:
            if holds_matrix(node):
                return self._array_product((node,))
            return self._over([], [under])
        if holds_matrix(node) and isinstance(node.exponent, Number) and node.exponent.value == 2:
            return row(*joined([self._matrix_factor(node.base)] * 2, Sign("⊙", Role.PLUS)))
        if isinstance(node.base, Function) and node.base.name not in ("exp", "sqrt", "abs", "factorial"):
            return self._function(node.base, self.box(node.exponent))
        base, above = self._base(node.base), self.box(node.exponent)
        if isinstance(base, Scripts) and base.above is None:  # y_nk to the power of t: both scripts on the y
            return Scripts(base.base, base.below, above)
        return Scripts(base, above=above)

    def _base(self, node: Expression) -> Box:
        """What carries an exponent: a letter whose superscript is in use goes into brackets."""
        box = self.box(node)
        body = box.body if isinstance(box, Marked) else box
        bare = isinstance(body, Letter | Digits) or (isinstance(body, Scripts) and body.above is None)
        return box if bare or isinstance(body, Fence) else self._fenced(box)

    def _function(self, node: Function, exponent: Box | None = None) -> Box:
        name, arguments = node.name, tuple(self.box(argument) for argument in node.arguments)
        primes = Sign("′" * node.primes, Role.POSTFIX) if node.primes else None
        if not node.primes and len(arguments) == 1:
            match name:
                case "exp" if fits_above(arguments[0]):
                    return Scripts(Letter("e"), above=arguments[0])
                case "sqrt":
                    return Root(arguments[0])
                case "abs":
                    return Fence("|", arguments[0], "|", min(height(arguments[0]), 1))
                case "factorial":
                    inner = arguments[0] if isinstance(node.arguments[0], Symbol) else self._fenced(arguments[0])
                    return row(inner, Sign("!", Role.POSTFIX))
                case "expm1":
                    return self.box(Add((Function("exp", node.arguments), Number(-1))))
                case "log1p":
                    return self._function(Function("log", (Add((Number(1), *node.arguments)),)))
        words = _NAMES.get(name, name.replace("_", " ")).split() or ["?"]
        head: list[Box] = [Letter(word, upright=len(word) > 1 or word == "Γ") for word in words]
        if primes is not None:
            head[-1] = row(head[-1], primes)
        if exponent is not None:
            head[-1] = Scripts(head[-1], above=exponent)
        head = joined(head, _NAME)
        if name in _BARE and len(arguments) == 1 and isinstance(node.arguments[0], Symbol):
            return row(*head, _NAME, arguments[0])
        return row(*head, _APPLY, self._fenced(row(*joined(list(arguments), Sign(",", Role.COMMA)))))

    def _is_operator(self, node: Expression) -> bool:
        """Whether a derivative is written ∂/∂q in front of what it acts on."""
        return isinstance(node, Derivative) and not in_numerator(node.of)

    def _derivative(self, node: Derivative) -> Box:
        d = Letter("∂", upright=True)
        if isinstance(node.of, Derivative) and in_numerator(node.of.of):
            two = Digits("2")
            over = row(Scripts(d, above=two), self.box(node.of.of))
            if node.by == node.of.by:
                return Fraction(over, row(d, Scripts(self._base(node.by), above=two)))
            return Fraction(over, row(d, self.box(node.by), BESIDE, d, self.box(node.of.by)))
        under = row(d, self.box(node.by))
        if in_numerator(node.of):
            return Fraction(row(d, self.box(node.of)), under)
        return row(Fraction(d, under), BESIDE, self._fenced(self.box(node.of)))

    def _when(self, condition: Condition | None) -> Box:
        return row(Words("if "), self.condition(condition)) if condition is not None else Words("otherwise")

    @staticmethod
    def _fenced(box: Box) -> Box:
        return Fence("(", box, ")", height(box))
