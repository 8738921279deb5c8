"""Normal form: one quotient of two polynomials, so that two ways to write a formula can be seen to be one.

The unknowns of the polynomials are the letters, sums, functions, ...; e^u is split into powers of e^(each term of u),
so that e^−a is 1/e^a. Numbers are exact fractions; a float stands for the fraction it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import (
    Add,
    Cases,
    Delta,
    Expression,
    Function,
    Mul,
    Number,
    Power,
    Sum,
    exp,
    log,
    mul,
    power,
)
from chainrule.derivation.walk import children, rebuilt

Monomial = frozenset  # of (unknown, whole power)
Polynomial = dict  # Monomial -> Fraction
MOST_TERMS = 4000


class TooLarge(Exception):
    """The polynomials have too many terms to be worth comparing."""


def same(left: Expression, right: Expression, definitions: Definitions | None = None) -> bool:
    """Whether both have one normal form. False where that cannot be seen (never a wrong True)."""
    if left == right:
        return True
    if isinstance(left, Cases) or isinstance(right, Cases):
        return _same_cases(left, right, definitions)
    try:
        over, under = _quotient(elementary(left))
        over2, under2 = _quotient(elementary(right))
        return bool(under and under2) and _times(over, under2) == _times(over2, under)
    except TooLarge:
        return False


def _same_cases(left: Expression, right: Expression, definitions: Definitions | None) -> bool:
    """Cases with the same conditions and the same branches."""
    if not (isinstance(left, Cases) and isinstance(right, Cases)):
        return False
    pairs = list(zip(left.branches, right.branches, strict=False))
    return len(left.branches) == len(right.branches) and all(
        c1 == c2 and same(v1, v2, definitions) for (v1, c1), (v2, c2) in pairs
    )


def elementary(node: Expression) -> Expression:
    """The expression in exp, log, tanh and powers alone: sigmoid, softplus, expm1 ... written out."""
    parts = children(node)
    if parts:
        node = rebuilt(node, tuple(elementary(part) for part in parts))
    if isinstance(node, Function) and not node.primes and len(node.arguments) == 1:
        u = node.arguments[0]
        match node.name:
            case "sigmoid":
                return 1 / (1 + exp(-u))
            case "softplus":
                return log(1 + exp(u))
            case "log_sigmoid":
                return -log(1 + exp(-u))
            case "expm1":
                return exp(u) - 1
            case "log1p":
                return log(1 + u)
            case "sqrt" if isinstance(u, Mul):
                return mul(*(Function("sqrt", (factor,)) for factor in u.factors))
            case "erfc":
                return 1 - Function("erf", (u,))
            case "erf" | "sin" if isinstance(u, Mul) and isinstance(u.factors[0], Number) and u.factors[0].value < 0:
                return -Function(node.name, (-u,))
    return node


def _constant(value: int | float | Fraction) -> Polynomial:
    return {Monomial(): Fraction(value)} if value else {}


def _unknown(atom: Any, times: int = 1) -> Polynomial:
    return {Monomial({(atom, times)}): Fraction(1)}


def _plus(left: Polynomial, right: Polynomial) -> Polynomial:
    made = dict(left)
    for monomial, factor in right.items():
        made[monomial] = made.get(monomial, Fraction(0)) + factor
        if not made[monomial]:
            del made[monomial]
    return made


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MOST_TERMS:
        raise TooLarge
    made: Polynomial = {}
    for m1, c1 in left.items():
        for m2, c2 in right.items():
            powers = dict(m1)
            for atom, times in m2:
                powers[atom] = powers.get(atom, 0) + times
            reduced, number = _reduced(powers)
            monomial = Monomial(reduced.items())
            made[monomial] = made.get(monomial, Fraction(0)) + c1 * c2 * number
            if not made[monomial]:
                del made[monomial]
    return made


def _quotient(node: Expression) -> tuple[Polynomial, Polynomial]:
    """Numerator and denominator."""
    match node:
        case Number(value, "") if value == value and abs(value) != float("inf"):
            return _constant(value), _constant(1)
        case Add(terms):
            over, under = _constant(0), _constant(1)
            for term in terms:
                o, u = _quotient(term)
                if u == under:
                    over = _plus(over, o)
                else:
                    over, under = _plus(_times(over, u), _times(o, under)), _times(under, u)
            return over, under
        case Mul(factors):
            over, under = _constant(1), _constant(1)
            for factor in factors:
                o, u = _quotient(factor)
                over, under = _times(over, o), _times(under, u)
            return over, under
        case Power(base, Number(value)) if isinstance(value, int) and abs(value) <= 12:
            o, u = _quotient(base)
            over, under = _constant(1), _constant(1)
            for _ in range(abs(value)):
                over, under = _times(over, o), _times(under, u)
            return (over, under) if value > 0 else (under, over)
        case Function("exp", (inside,), 0):
            return _exponential(inside)
        case Function("sqrt", (Number(value, "") as inside,), 0) if isinstance(value, int):
            return _unknown(("sqrt", value)), _constant(1)
        case Sum(index, body):
            return _unknown(Sum(index, body)), _constant(1)
    return _unknown(node), _constant(1)


def _exponential(inside: Expression) -> tuple[Polynomial, Polynomial]:
    """e^u: a power of e^m for each term m of u's polynomial, and u itself for e^log u."""
    top, bottom = _quotient(inside)
    if len(bottom) != 1:
        return _unknown(exp(inside)), _constant(1)
    ((below, factor),) = bottom.items()
    over, under = _constant(1), _constant(1)
    for monomial, coefficient in top.items():
        coefficient = coefficient / factor
        powers = dict(monomial)
        for atom, times in below:
            powers[atom] = powers.get(atom, 0) - times
        rest = _reduced(powers)
        coefficient *= rest[1]
        match list(rest[0].items()):
            case [(Function("log", (argument,), 0), 1)] if coefficient.denominator == 1:
                o, u = _quotient(power(argument, int(coefficient)))
                over, under = _times(over, o), _times(under, u)
            case _:
                name = ("exp", Monomial(rest[0].items()), coefficient.denominator)
                over = _times(over, _unknown(name, coefficient.numerator))
    return over, under


def _reduced(powers: dict) -> tuple[dict, Fraction]:
    """Powers of unknowns with √n² = n and δ² = δ put in, and the number that comes out."""
    made: dict = {}
    number = Fraction(1)
    for atom, times in powers.items():
        if isinstance(atom, tuple) and atom[0] == "sqrt":
            number *= Fraction(atom[1]) ** (times // 2)
            times %= 2
        if isinstance(atom, Delta):
            times = min(times, 1)
        if times:
            made[atom] = times
    return made, number
