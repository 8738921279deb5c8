"""An expression as the numeric text that the kernels compile."""

from __future__ import annotations

from fractions import Fraction

from chainrule.derivation.expression import (
    Add,
    Cases,
    Condition,
    Expression,
    Function,
    Mul,
    Number,
    Power,
    Symbol,
)


def source(node: Expression) -> str:
    """The numeric text of an expression in the letters a and z, in the vocabulary of ``functions.PRIMITIVES``."""
    return _source(node, 0)


_SUM, _PRODUCT, _UNARY, _POWER = 1, 2, 3, 4


def _source(node: Expression, strength: int) -> str:
    """The text of a node, in brackets where the surroundings bind more strongly."""
    text, own = _bare(node)
    return f"({text})" if own < strength else text


def _bare(node: Expression) -> tuple[str, int]:
    match node:
        case Number(figure):
            if isinstance(figure, Fraction):
                return f"{figure.numerator} / {figure.denominator}", _SUM if figure < 0 else _PRODUCT
            return repr(figure), _SUM if figure < 0 else 9
        case Symbol():
            return node.letter, 9
        case Add(terms):
            text = _source(terms[0], _SUM)
            for term in terms[1:]:
                negative = _negated(term)
                text += f" - {_source(negative, _PRODUCT)}" if negative is not None else f" + {_source(term, _SUM)}"
            return text, _SUM
        case Mul(factors):
            negative = _negated(node)
            if negative is not None:
                return f"-{_source(negative, _PRODUCT)}", _SUM
            over = [f for f in factors if not _is_under(f)]
            under = [
                f.base if f.exponent == Number(-1) else f.base**-f.exponent  # type: ignore[attr-defined]
                for f in factors
                if _is_under(f)
            ]
            text = " * ".join(_source(f, _PRODUCT + (at > 0)) for at, f in enumerate(over)) or "1"
            return text + "".join(f" / {_source(f, _UNARY)}" for f in under), _PRODUCT
        case Power(base, Number(-1)):
            return f"1 / {_source(base, _UNARY)}", _PRODUCT
        case Power(base, exponent):
            return f"{_source(base, 9)}**{_source(exponent, 9)}", _POWER
        case Function(name, arguments):
            return f"{name}({', '.join(_source(u, 0) for u in arguments)})", 9
        case Cases(branches):
            text = _source(branches[-1][0], 0)
            for value, condition in reversed(branches[:-1]):
                text = f"where({condition_source(condition)}, {_source(value, 0)}, {text})"
            return text, 9
    raise TypeError(f"{type(node).__name__} has no numeric text")


def condition_source(condition: Condition | None) -> str:
    """A comparison as numeric text."""
    assert condition is not None
    assert isinstance(condition.left, Expression)
    assert isinstance(condition.right, Expression)
    relation = {"≥": ">=", "≤": "<="}.get(condition.relation, condition.relation)
    return f"{_source(condition.left, 0)} {relation} {_source(condition.right, 0)}"


def _is_under(node: Expression) -> bool:
    return isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < 0


def _negated(node: Expression) -> Expression | None:
    """−u where the node begins with a negative number, else None."""
    if isinstance(node, Number) and node.value < 0:
        return Number(-node.value)
    if isinstance(node, Mul) and isinstance(node.factors[0], Number) and node.factors[0].value < 0:
        return -node
    return None
