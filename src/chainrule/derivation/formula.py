"""A formula as text to an expression, and an expression to the numeric text that the kernels compile."""

from __future__ import annotations

import ast
from fractions import Fraction

from chainrule.derivation.expression import (
    Cases,
    Condition,
    Expression,
    Function,
    Number,
    Symbol,
    is_number,
    log,
    number,
)
from chainrule.derivation.rules.calculus import PI
from chainrule.errors import FormulaError, listed, nearest

ONE_ARGUMENT = frozenset(
    {"exp", "expm1", "log", "log1p", "sqrt", "tanh", "sin", "cos", "erf", "erfc"}
    | {"sigmoid", "softplus", "log_sigmoid", "log_gamma", "abs", "sign"}
)
_KNOWN = ONE_ARGUMENT | {"where", "maximum", "minimum"}
_RELATIONS = {ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤"}
_MOST_NODES, _MOST_DEPTH, _LARGEST_POWER = 300, 40, 64


def parsed(formula: str, letters: dict[str, Expression] | None = None) -> Expression:
    """The expression a formula stands for.

    Parameters
    ----------
    formula : str
        Python's own notation: numbers, ``+ - * / **``, ``pi``, the functions exp, log, sqrt, tanh, sin, cos, erf,
        sigmoid, softplus, abs, maximum, minimum, ``where(a > 0, u, v)``.
    letters : dict of str to Expression
        What the names mean; ``{"a": Symbol("a")}`` unless told.

    Raises
    ------
    FormulaError
        It cannot be read; the message shows the place.

    Examples
    --------
    >>> print(parsed("1 / (1 + exp(-a))"))
    1/(1 + e^(−a))
    """
    if not isinstance(formula, str) or not formula.strip():
        raise FormulaError("The formula is empty.", 'Write one in the letter a, such as "exp(-a**2)".')
    try:
        tree = ast.parse(formula.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = (getattr(error, "offset", None) or 1) - 1
        raise FormulaError(
            f"The formula cannot be read: {getattr(error, 'msg', 'it is not a formula')}.",
            _pointed(formula.strip(), at),
            'Write it as in Python: "a / (1 + exp(-a))", with * for times and ** for powers.',
        ) from None
    if sum(1 for _ in ast.walk(tree)) > _MOST_NODES or _depth(tree) > _MOST_DEPTH:
        raise FormulaError("The formula is too long to be derived.", f"At most {_MOST_NODES} parts are read.")
    return _Reader(formula.strip(), letters or {"a": Symbol("a")}).read(tree.body)


class _Reader:
    """Reads the syntax tree of one formula."""

    def __init__(self, formula: str, letters: dict[str, Expression]) -> None:
        self.formula, self.letters = formula, letters

    def read(self, node: ast.expr) -> Expression:
        match node:
            case ast.Constant(value=bool()):
                raise self.wrong(node, "This is not a number.", "")
            case ast.Constant(value=int() | float() as value):
                if isinstance(value, float) and (value != value or abs(value) == float("inf")):
                    raise self.wrong(node, "This number is too large.", "")
                return number(_exact(value))
            case ast.Name("pi") if "pi" not in self.letters:
                return PI
            case ast.Name(name):
                return self.letter(node, name)
            case ast.UnaryOp(ast.USub(), inside):
                return -self.read(inside)
            case ast.UnaryOp(ast.UAdd(), inside):
                return self.read(inside)
            case ast.BinOp(left, operation, right):
                return self.binary(node, self.read(left), operation, self.read(right))
            case ast.Call(ast.Name(name), arguments, []):
                return self.call(node, name, arguments)
        raise self.wrong(
            node, "This part is not allowed in a formula.", "Use numbers, a, + - * / **, where(...), functions."
        )

    def letter(self, node: ast.expr, name: str) -> Expression:
        if name in self.letters:
            return self.letters[name]
        if name in _KNOWN:
            raise self.wrong(node, f"{name} is a function and needs its argument.", f"Write {name}(a).")
        allowed = [*self.letters, "pi"]
        raise self.wrong(
            node, f"The formula has no letter {name!r}.", nearest(name, _KNOWN) or f"Its letters are {listed(allowed)}."
        )

    def binary(self, node: ast.expr, left: Expression, operation: ast.operator, right: Expression) -> Expression:
        match operation:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if is_number(right, 0):
                    raise self.wrong(node, "This divides by zero.", "")
                return left / right
            case ast.Pow():
                if isinstance(right, Number) and abs(float(right.value)) > _LARGEST_POWER:
                    raise self.wrong(node, "This power is too large.", f"Powers go up to {_LARGEST_POWER}.")
                if is_number(left, 0) and isinstance(right, Number) and right.value < 0:
                    raise self.wrong(node, "This divides by zero.", "")
                return left**right
        raise self.wrong(node, "This operation is not allowed in a formula.", "Use + - * / **.")

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Expression:
        if name not in _KNOWN:
            raise self.wrong(
                node,
                f"There is no function {name!r}.",
                nearest(name, _KNOWN) or f"Known: {listed(sorted(_KNOWN), 20)}.",
            )
        wanted = 1 if name in ONE_ARGUMENT else 3 if name == "where" else 2
        if len(arguments) != wanted:
            raise self.wrong(node, f"{name} takes {wanted} arguments, not {len(arguments)}.", "")
        if name == "where":
            return Cases(((self.read(arguments[1]), self.condition(arguments[0])), (self.read(arguments[2]), None)))
        parts = [self.read(argument) for argument in arguments]
        u = parts[0]
        match name:
            case "maximum":
                return Cases(((u, Condition(u, ">", parts[1])), (parts[1], None)))
            case "minimum":
                return Cases(((u, Condition(u, "<", parts[1])), (parts[1], None)))
            case "abs":
                return Cases(((u, Condition(u, ">", number(0))), (-u, None)))
            case "log1p":
                return log(1 + u)
        return Function(name, (u,))

    def condition(self, node: ast.expr) -> Condition:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _RELATIONS:
            return Condition(self.read(node.left), _RELATIONS[type(node.ops[0])], self.read(node.comparators[0]))
        raise self.wrong(node, "This is not a comparison.", "The first part of where(...) is one, such as a > 0.")

    def wrong(self, node: ast.expr, what: str, advice: str) -> FormulaError:
        return FormulaError(what, _pointed(self.formula, node.col_offset), advice)


def _depth(tree: ast.AST) -> int:
    return 1 + max((_depth(child) for child in ast.iter_child_nodes(tree)), default=0)


def _exact(value: int | float) -> int | Fraction | float:
    """Short decimals as the fraction they are meant as: 0.5 is 1/2."""
    if isinstance(value, int):
        return value
    fraction = Fraction(str(value))
    return fraction if fraction.denominator in (1, 2, 4, 5, 8, 10) else value


def _pointed(formula: str, at: int) -> str:
    """The formula with its place marked: 'exp(-a** ▸ )'."""
    at = max(0, min(at, len(formula)))
    start, end = max(0, at - 40), at + 40
    return f"At character {at + 1}: {formula[start:at]}▸{formula[at:end]}"
