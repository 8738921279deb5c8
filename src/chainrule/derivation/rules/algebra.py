"""Rules of algebra: expanding, factoring, cancelling, and putting a letter back for what it stands for."""

from __future__ import annotations

from chainrule.derivation.definitions import rebound
from chainrule.derivation.expression import (
    ONE,
    Add,
    Cases,
    Condition,
    Delta,
    Derivative,
    Expression,
    Function,
    Index,
    Mul,
    Number,
    Place,
    Power,
    Symbol,
    add,
    is_number,
    mul,
    power,
)
from chainrule.derivation.rules.calculus import insert
from chainrule.derivation.rules.normal import same
from chainrule.derivation.rules.rule import Context, Rule, apply
from chainrule.derivation.walk import BINDERS, bound_indices, children, free_indices, fresh, rebuilt, with_indices


def _expand(node: Expression, context: Context) -> Expression | None:
    """(u + v) w = u w + v w."""
    if not isinstance(node, Mul):
        return None
    for at, factor in enumerate(node.factors):
        if isinstance(factor, Add):
            return add(*(mul(*node.factors[:at], term, *node.factors[at + 1 :]) for term in factor.terms))
    return None


def _cancel(node: Expression, context: Context) -> Expression | None:
    """u/u = 1, and whole powers of one base in one product gathered."""
    if not isinstance(node, Mul):
        return None
    powers: dict[Expression, int] = {}
    for factor in node.factors:
        base, times = as_power(factor)
        powers[base] = powers.get(base, 0) + times
    made = mul(*(power(base, times) for base, times in powers.items()), ONE)
    return made if len(powers) < len(node.factors) else None


def as_power(factor: Expression) -> tuple[Expression, int]:
    """Base and whole exponent of a factor."""
    if isinstance(factor, Power) and isinstance(factor.exponent, Number) and isinstance(factor.exponent.value, int):
        return factor.base, factor.exponent.value
    return factor, 1


def factoring(common: Expression) -> Rule:
    """u w + v w = (u + v) w, written with the common factor in front."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if not isinstance(node, Add):
            return None
        inside = []
        for term in node.terms:
            factors = list(term.factors) if isinstance(term, Mul) else [term]
            if common in factors:
                factors.remove(common)
            elif power(common, 2) in factors:
                factors[factors.index(power(common, 2))] = common
            else:
                return None
            inside.append(mul(*factors, ONE))
        return mul(common, add(*inside))

    return Rule("common factor in front", "u w + v w = w (u + v)", rewrite)


def folding(symbol: Symbol) -> Rule:
    """What a letter stands for, put back as the letter: e^a_k / Σ_j e^a_j is y_k."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if not isinstance(node, Mul | Power | Function):
            return None
        factors = list(_single_factors(node))
        made: list[Expression] = []
        indices = sorted((i for i in free_indices(node) if i.letter == _last(symbol).letter), key=lambda i: -i.primes)
        for index in indices:
            entry = with_indices(symbol, {_last(symbol): index})
            assert isinstance(entry, Symbol)
            pattern = context.definitions.of(entry)
            if pattern is None:
                return None
            wanted = [renamed(part) for part in _single_factors(pattern)]
            while all(part in map(renamed, factors) for part in wanted):
                for part in wanted:
                    factors.pop([renamed(f) for f in factors].index(part))
                made.append(entry)
        return mul(*_gather([*[f for f in factors if is_number(f)], *made, *factors])) if made else None

    return Rule("definition, read backwards", "", rewrite)


def _last(symbol: Symbol) -> Index:
    """The index of a letter that tells its entries apart: the last."""
    index = symbol.places[-1]
    assert isinstance(index, Index)
    return index


def _single_factors(node: Expression) -> list[Expression]:
    """The factors of a product, u^2 as u and u, 1/u^2 as 1/u and 1/u."""
    found: list[Expression] = []
    for factor in node.factors if isinstance(node, Mul) else (node,):
        base, times = as_power(factor)
        found.extend([base] * times if times > 0 else [power(base, -1)] * -times)
    return found


def _gather(factors: list[Expression]) -> list[Expression]:
    """Neighbours that are alike as one power; numbers once."""
    made: list[Expression] = []
    for factor in factors:
        if is_number(factor) and factor in made:
            continue
        if made and made[-1] == factor:
            made[-1] = power(factor, 2)
        else:
            made.append(factor)
    return made


def renamed(node: Expression, depth: int = 0) -> Expression:
    """The expression with its bound indices named by depth, so that equal sums are equal values."""
    if isinstance(node, BINDERS):
        plain = Index(f"_{depth}", node.index.range)
        return type(node)(plain, renamed(with_indices(node.body, {node.index: plain}), depth + 1))
    parts = children(node)
    return rebuilt(node, tuple(renamed(part, depth) for part in parts)) if parts and bound_indices(node) else node


def _join_cases(node: Expression, context: Context) -> Expression | None:
    """{u if i = j, v if i ≠ j} = δ_ij u + (1 − δ_ij) v."""
    match node:
        case Cases(((same_value, Condition(left, "=", right)), (other_value, Condition(_, "≠", _)))):
            if isinstance(left, Expression) or isinstance(right, Expression):
                return None
            delta = Delta(left, right)
            return delta * same_value + (1 - delta) * other_value
    return None


def rewriting(into: Expression, name: str, statement: str = "", unfold: tuple[Symbol, ...] = ()) -> Rule:
    """The whole line written as another expression, accepted only where both have the same normal form.

    The letters in ``unfold`` are first replaced by what they stand for, on both sides.
    """

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if node != context.line:
            return None
        sides = [node, into]
        for symbol in unfold:
            rule = insert(symbol)
            sides = [found.after if (found := apply(rule, s, context.definitions)) else s for s in sides]
        return into if same(sides[0], sides[1]) else None

    return Rule(name, statement, rewrite)


def under_delta(old: Index, new: Index) -> Rule:
    """f_k δ_k'k = f_k' δ_k'k: beside a delta either of its indices may be written, here in the first factor."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if not isinstance(node, Mul) or not any(f in (Delta(new, old), Delta(old, new)) for f in node.factors):
            return None
        for at, factor in enumerate(node.factors):
            if isinstance(factor, Symbol) and old in factor.places:
                return mul(*node.factors[:at], with_indices(factor, {old: new}), *node.factors[at + 1 :])
        return None

    return Rule("beside a delta", "f_k δ_k'k = f_k' δ_k'k", rewrite)


def recalling(lines: list[tuple[Expression, Expression]], name: str = "from above") -> Rule:
    """Lines that were derived before, used for any indices: ∂a_k'/∂W_mk is put in where ∂a_i/∂W_rs stands."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        for before, after in lines:
            mapping = matched(before, node)
            if mapping is None:
                continue
            for index in sorted(bound_indices(after), key=str):
                other = fresh(index, context.line, *(v for v in mapping.values() if isinstance(v, Index)))
                after = rebound(after, index, other)
            return with_indices(after, mapping)
        return None

    return Rule(name, "", rewrite)


def matched(pattern: Expression, node: Expression) -> dict[Index, Place] | None:
    """Which index of the node stands for which of the pattern's; None where the node is of another form."""
    match pattern, node:
        case (Derivative(of1, by1), Derivative(of2, by2)):
            pairs = [(of1, of2), (by1, by2)]
        case (Symbol(), Symbol()):
            pairs = [(pattern, node)]
        case _:
            return None
    mapping: dict[Index, Place] = {}
    for left, right in pairs:
        if not (isinstance(left, Symbol) and isinstance(right, Symbol) and left.family == right.family):
            return None
        for index, place in zip(left.places, right.places, strict=True):
            if not isinstance(index, Index) or mapping.setdefault(index, place) != place:
                return None
    return mapping


EXPAND = Rule("multiplied out", "(u + v) w = u w + v w", _expand)
CANCEL = Rule("cancelled", "u/u = 1", _cancel)
JOIN_CASES = Rule("both cases in one, by the delta", "δ_ij u + (1 − δ_ij) v", _join_cases)
