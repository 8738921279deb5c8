"""Formulas made shorter without changing them: like terms and like factors gathered."""

from __future__ import annotations

from fractions import Fraction

from chainrule.derivation.expression import (
    Add,
    Cases,
    Expression,
    Function,
    Mul,
    Number,
    Power,
    add,
    is_number,
    mul,
    power,
)
from chainrule.derivation.walk import children, rebuilt

Factors = tuple[tuple[Expression, Expression], ...]


def tidy(node: Expression) -> Expression:
    """u + u as 2u, u − u as 0, u u as u², (2u)^−1 as u^−1/2, branches that are all alike as one.

    Examples
    --------
    >>> from chainrule.derivation.formula import parsed
    >>> print(tidy(parsed("a * a / (2 * a) + 3 * a / 2 - exp(a) + exp(a)")))
    2 a
    """
    while True:
        made = _once(node)
        if made == node:
            return node
        node = made


def _once(node: Expression) -> Expression:
    parts = children(node)
    if parts:
        node = rebuilt(node, tuple(map(_once, parts)))
    match node:
        case Add(terms):
            return _like_terms(terms)
        case Mul(factors):
            return _like_factors(factors)
        case Power(Mul(factors), Number(int())):
            return mul(*(power(factor, node.exponent) for factor in factors))
        case Power(Function("sqrt", (inside,)), Number(int() as times)) if times % 2 == 0:
            return power(inside, times // 2)
        case Cases(branches) if len({value for value, _ in branches}) == 1:
            return branches[0][0]
    return node


def _like_terms(terms: tuple[Expression, ...]) -> Expression:
    """Terms of the same factors as one."""
    found: dict[Expression, int | Fraction | float] = {}
    for term in terms:
        count, rest = _counted(term)
        found[rest] = found.get(rest, 0) + count
    return add(*(mul(count, rest) for rest, count in found.items() if count != 0), 0)


def _counted(term: Expression) -> tuple[int | Fraction | float, Expression]:
    """The number in front of a term, and its other factors in one order."""
    if isinstance(term, Number) and not term.name:
        return term.value, Number(1)
    if not isinstance(term, Mul):
        return 1, term
    count: int | Fraction | float = 1
    others = []
    for factor in term.factors:
        if isinstance(factor, Number) and not factor.name:
            count = count * factor.value
        else:
            others.append(factor)
    return count, mul(*sorted(others, key=repr))


def _like_factors(factors: tuple[Expression, ...]) -> Expression:
    """Whole powers of one base as one power."""
    found: dict[Expression, int] = {}
    numbers = [factor for factor in factors if is_number(factor)]
    for factor in factors:
        if is_number(factor):
            continue
        base, times = factor, 1
        if isinstance(factor, Power) and isinstance(factor.exponent, Number) and isinstance(factor.exponent.value, int):
            base, times = factor.base, factor.exponent.value
        found[base] = found.get(base, 0) + times
    return mul(*numbers, *(power(base, times) for base, times in found.items()))
