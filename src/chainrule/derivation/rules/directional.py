"""Rules for R{u}, the derivative along a direction v of all weights: R{u} = d/dr u(w + r v) at r = 0.

It obeys the rules of any derivative; what the weights do not touch (inputs, targets, numbers) does not move.
"""

from __future__ import annotations

from chainrule.derivation.expression import (
    ZERO,
    Add,
    Cases,
    Directional,
    Expression,
    Function,
    Mul,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    mul,
    power,
)
from chainrule.derivation.rules.calculus import SLOPES
from chainrule.derivation.rules.rule import Context, Rule
from chainrule.derivation.walk import walk


def _still(node: Expression, context: Context) -> Expression | None:
    """R{c} = 0 for numbers, inputs and targets."""
    if not isinstance(node, Directional):
        return None
    moving = any(isinstance(part, Symbol) and part.letter not in ("x", "t") for part in walk(node.of))
    return None if moving else ZERO


def _terms(node: Expression, context: Context) -> Expression | None:
    """R{u + v} = R{u} + R{v}, and the same under Σ."""
    if isinstance(node, Directional) and isinstance(node.of, Add):
        return add(*(Directional(term) for term in node.of.terms))
    if isinstance(node, Directional) and isinstance(node.of, Sum):
        return Sum(node.of.index, Directional(node.of.body))
    return None


def _product(node: Expression, context: Context) -> Expression | None:
    """R{u v} = R{u} v + u R{v}."""
    if not (isinstance(node, Directional) and isinstance(node.of, Mul)):
        return None
    factors = node.of.factors
    terms = []
    for at, factor in enumerate(factors):
        moved = Directional(factor)
        if _still(moved, context) is None:
            terms.append(mul(*factors[:at], moved, *factors[at + 1 :]))
    return add(*terms, 0)


def _chain(node: Expression, context: Context) -> Expression | None:
    """R{g(u)} = g'(u) R{u}, powers and pieces alike."""
    if not isinstance(node, Directional):
        return None
    match node.of:
        case Power(base, Number() as exponent):
            return mul(exponent, power(base, exponent - 1), Directional(base))
        case Function(name, (inside,), primes):
            slope = SLOPES[name](inside) if not primes and name in SLOPES else Function(name, (inside,), primes + 1)
            return mul(slope, Directional(inside))
        case Cases(branches):
            return Cases(
                tuple(
                    (ZERO if _still(Directional(value), context) is not None else Directional(value), condition)
                    for value, condition in branches
                )
            )
    return None


STILL = Rule("what does not move", "R{c} = 0", _still)
TERMS = Rule("R of a sum", "R{u + v} = R{u} + R{v}", _terms)
PRODUCT = Rule("R of a product", "R{u v} = R{u} v + u R{v}", _product)
CHAIN = Rule("R of a function", "R{g(u)} = g'(u) R{u}", _chain)
DIRECTIONAL = (STILL, TERMS, PRODUCT, CHAIN)
