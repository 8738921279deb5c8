"""Formulas in a form that neither overflows nor cancels, where they hold a pattern that has one."""

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
    add,
    is_number,
    mul,
    power,
)
from chainrule.derivation.source import source
from chainrule.derivation.walk import children, contains, put_in, rebuilt


def stable(node: Expression) -> Expression:
    """The formula with its patterns replaced by stable functions, which have derivatives of their own.

    1/(1 + e^u) is sigmoid(−u), log(1 + e^u) softplus(u), e^u − 1 expm1(u), log(1 + u) log1p(u), and e^u/(1 + e^u)
    sigmoid(u).
    """
    return _stable(node)


def piecewise(node: Expression) -> Expression:
    """The formula with roots, logarithms and broken powers of pieces as pieces: max(a, 0)^1.5 is 0 to the left of 0.

    Their derivatives then are 0 there, and not 0^−0.5 times 0.
    """
    parts = children(node)
    if parts:
        node = rebuilt(node, tuple(map(piecewise, parts)))
    match node:
        case Power(base, Number(float() | Fraction() as exponent)) if _pieces(base):
            return Cases(tuple((_zero_or(u, power(u, node.exponent), exponent > 0), c) for u, c in _pieces(base)))
        case Function("sqrt" | "log", (inside,), 0) if _pieces(inside):
            return Cases(tuple((_zero_or(u, rebuilt(node, (u,)), node.name == "sqrt"), c) for u, c in _pieces(inside)))
    return node


def _zero_or(inside: Expression, made: Expression, keeps_zero: bool) -> Expression:
    """0 where a function that is 0 at 0 is taken of it, else what was made."""
    return inside if keeps_zero and is_number(inside, 0) else made


def _pieces(node: Expression) -> tuple[tuple[Expression, Condition | None], ...]:
    """The branches of a node that is pieces, or a product or sum with one factor or term that is; else none."""
    match node:
        case Cases(branches):
            return branches
        case Mul(parts) | Add(parts):
            at = [i for i, part in enumerate(parts) if isinstance(part, Cases)]
            if len(at) == 1 and isinstance(pieces := parts[at[0]], Cases):
                others = (parts[: at[0]], parts[at[0] + 1 :])
                join = mul if isinstance(node, Mul) else add
                return tuple((join(*others[0], value, *others[1]), c) for value, c in pieces.branches)
    return ()


def numeric_source(node: Expression) -> str:
    """The numeric text of an expression in a and z.

    A branch that holds for a > c alone is computed at max(a, c), so that it cannot overflow elsewhere; one that may
    be infinite at c at a place of its own side.
    """
    text = source(_clamped(node))
    # A constant takes the shape of the array it stands for.
    return text if contains(node, Symbol) else "0 * z" if text == "0" else f"{text} + 0 * z"


def _stable(node: Expression) -> Expression:
    parts = children(node)
    if parts:
        node = rebuilt(node, tuple(map(_stable, parts)))
    match node:
        case Power(base, Number(int() as times)) if times < 0 and (u := _one_plus_exp(base)) is not None:
            return power(Function("sigmoid", (-u,)), -times)
        case Mul(factors):
            return _meeting(factors)
        case Function("log", (Add() as inside,), 0):
            u = _one_plus_exp(inside)
            if u is not None:
                return Function("softplus", (u,))
            if any(is_number(term, 1) for term in inside.terms):
                return Function("log1p", (add(inside, -1),))
        case Add(terms):
            return _expm1(terms)
    return node


def _one_plus_exp(node: Expression) -> Expression | None:
    """u of 1 + e^u."""
    match node:
        case Add((Number(1, ""), Function("exp", (u,), 0))) | Add((Function("exp", (u,), 0), Number(1, ""))):
            return u
    return None


def _meeting(factors: tuple[Expression, ...]) -> Expression:
    """e^u sigmoid(−u) as sigmoid(u), as often as both stand in a product."""
    made = list(factors)
    for at, factor in enumerate(made):
        if isinstance(factor, Function) and factor.name == "exp":
            u = factor.arguments[0]
            for other, partner in enumerate(made):
                base, times = (
                    (partner.base, partner.exponent.value)
                    if isinstance(partner, Power) and isinstance(partner.exponent, Number)
                    else (partner, 1)
                )
                if base == Function("sigmoid", (-u,)) and isinstance(times, int) and times >= 1:
                    made[at] = Function("sigmoid", (u,))
                    made[other] = power(base, times - 1)
                    return mul(*made)
    return mul(*made)


def _expm1(terms: tuple[Expression, ...]) -> Expression:
    """e^u − 1 + ... as expm1(u) + ..."""
    numbers = [t for t in terms if is_number(t, -1)]
    exps = [t for t in terms if isinstance(t, Function) and t.name == "exp"]
    if len(numbers) == 1 and len(exps) == 1:
        return add(*(Function("expm1", t.arguments) if t is exps[0] else t for t in terms if t is not numbers[0]))
    return add(*terms)


def _clamped(node: Expression) -> Expression:
    """Branches that hold on one side of a number alone, computed at that side's values only."""
    parts = children(node)
    if parts:
        node = rebuilt(node, tuple(map(_clamped, parts)))
    match node:
        case Cases(((value, Condition(Symbol("a") as a, relation, Number() as c) as condition), (other, None))):
            upper, lower = (Function(name, (a, c)) for name in ("maximum", "minimum"))
            here, there = (upper, lower) if relation in ">≥" else (lower, upper)
            side = 1 if relation in ">≥" else -1
            inner = Cases(((a, condition), (add(c, side), None)))
            outer = Cases(((add(c, -side), condition), (a, None)))
            return Cases(((_at(value, a, here, inner), condition), (_at(other, a, there, outer), None)))
    return node


def _at(value: Expression, a: Expression, held: Expression, inside: Expression) -> Expression:
    """A branch at held values of a, where it has anything that could overflow."""
    if _may_be_infinite(value):
        return put_in(value, a, inside)
    return put_in(value, a, held) if contains(value, Function) or contains(value, Power) else value


def _may_be_infinite(value: Expression) -> bool:
    """Whether a branch holds a logarithm, or a root or broken power whose derivatives end in 1/0."""
    match value:
        case Power(_, Number(exponent)) if isinstance(exponent, float | Fraction):
            return True
        case Function("sqrt" | "log", _):
            return True
    return any(map(_may_be_infinite, children(value)))
