"""Rules for sums over an index: the Kronecker delta, targets that add up to one, what may leave a sum."""

from __future__ import annotations

from chainrule.derivation.expression import (
    ONE,
    ZERO,
    Add,
    BigProduct,
    Delta,
    Expression,
    Function,
    Index,
    Mul,
    Place,
    Power,
    Sum,
    Symbol,
    add,
    is_number,
    mul,
)
from chainrule.derivation.rules.rule import Context, Rule
from chainrule.derivation.walk import bound_indices, contains, free_indices, with_indices


def _contract(node: Expression, context: Context) -> Expression | None:
    """Σ_j f_j δ_jk = f_k."""
    if not isinstance(node, Sum):
        return None
    factors = node.body.factors if isinstance(node.body, Mul) else (node.body,)
    for at, factor in enumerate(factors):
        if isinstance(factor, Delta) and node.index in (factor.left, factor.right):
            other = factor.right if factor.left == node.index else factor.left
            if other == node.index:
                continue
            rest = mul(*factors[:at], *factors[at + 1 :], ONE)
            return with_indices(rest, {node.index: other})
    return None


def _one_hot(node: Expression, context: Context) -> Expression | None:
    """Σ_k t_k = 1."""
    if isinstance(node, Sum) and isinstance(node.body, Symbol) and node.body.letter == "t":
        return ONE if node.body.places[-1] == node.index else None
    return None


def _pull_out(node: Expression, context: Context) -> Expression | None:
    """Σ_j c f_j = c Σ_j f_j, where c does not depend on j."""
    if not (isinstance(node, Sum) and isinstance(node.body, Mul)):
        return None
    out = [factor for factor in node.body.factors if node.index not in free_indices(factor)]
    kept = [factor for factor in node.body.factors if node.index in free_indices(factor)]
    if not out or not kept:
        return None
    return mul(*out, Sum(node.index, mul(*kept)))


def _split(node: Expression, context: Context) -> Expression | None:
    """Σ_j (f_j + g_j) = Σ_j f_j + Σ_j g_j."""
    if isinstance(node, Sum) and isinstance(node.body, Add):
        return add(*(_number_out(Sum(node.index, term)) for term in node.body.terms))
    return None


def _number_out(node: Sum) -> Expression:
    """Σ_j −f_j as −Σ_j f_j."""
    first = node.body.factors[0] if isinstance(node.body, Mul) else node.body
    if isinstance(node.body, Mul) and is_number(first):
        return mul(first, Sum(node.index, mul(*node.body.factors[1:])))
    return node


def _push_in(node: Expression, context: Context) -> Expression | None:
    """c Σ_j f_j = Σ_j c f_j."""
    if not isinstance(node, Mul):
        return None
    for at, factor in enumerate(node.factors):
        if isinstance(factor, Sum):
            before, after = node.factors[:at], node.factors[at + 1 :]
            if any(factor.index in free_indices(other) | bound_indices(other) for other in (*before, *after)):
                continue
            return Sum(factor.index, mul(*before, factor.body, *after))
    return None


def _log_of_product(node: Expression, context: Context) -> Expression | None:
    """log Π_j f_j = Σ_j log f_j, and log(u v) = log u + log v."""
    if not (isinstance(node, Function) and node.name == "log"):
        return None
    match node.arguments[0]:
        case BigProduct(index, body):
            return Sum(index, Function("log", (body,)))
        case Mul(factors):
            return add(*(Function("log", (factor,)) for factor in factors))
    return None


def _log_of_power(node: Expression, context: Context) -> Expression | None:
    """log u^v = v log u, and log e^u = u."""
    if not (isinstance(node, Function) and node.name == "log"):
        return None
    match node.arguments[0]:
        case Power(base, exponent):
            return mul(exponent, Function("log", (base,)))
        case Function("exp", (inside,)):
            return inside
    return None


def renaming(old: Index, new: Index) -> Rule:
    """A bound index called by another name, which must occur nowhere in its sum."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if isinstance(node, Sum) and node.index == old:
            if new in free_indices(node.body) | bound_indices(node.body):
                return None
            return Sum(new, with_indices(node.body, {old: new}))
        return None

    return Rule("the index renamed", "Σ_j f_j = Σ_i f_i", rewrite)


def at_case(old: Index, new: Place | None) -> Rule:
    """One case of a formula with deltas: the two indices the same (old set to new), or different (deltas 0)."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if new is not None:
            return with_indices(node, {old: new})
        if isinstance(node, Delta) and old in (node.left, node.right):
            return ZERO
        return None

    return Rule("one case", "", rewrite)


def _equal_delta(node: Expression, context: Context) -> Expression | None:
    """δ_kk = 1."""
    return ONE if isinstance(node, Delta) and node.left == node.right else None


CONTRACT = Rule("delta picks one term", "Σ_j f_j δ_jk = f_k", _contract)
ONE_HOT = Rule("targets add up to one", "Σ_k t_k = 1", _one_hot)
PULL_OUT = Rule("out of the sum", "Σ_j c f_j = c Σ_j f_j", _pull_out)
PUSH_IN = Rule("into the sum", "c Σ_j f_j = Σ_j c f_j", _push_in)
SPLIT = Rule("a sum of sums", "Σ_j (f_j + g_j) = Σ_j f_j + Σ_j g_j", _split)
LOG_OF_PRODUCT = Rule("logarithm of a product", "log(u v) = log u + log v", _log_of_product)
LOG_OF_POWER = Rule("logarithm of a power", "log u^v = v log u", _log_of_power)
EQUAL_DELTA = Rule("delta of equal indices", "δ_kk = 1", _equal_delta)


def has_delta(node: Expression) -> bool:
    """Whether a Kronecker delta is left in it."""
    return contains(node, Delta)
