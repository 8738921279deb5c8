"""Going through an expression: its parts, its free and bound indices, substitution without capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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
    Index,
    MatMul,
    Mul,
    Place,
    Power,
    Sum,
    Symbol,
    Transpose,
    add,
    mul,
    power,
)

BINDERS = (Sum, BigProduct)


def _in_cases(node: Cases) -> tuple[Expression, ...]:
    """Values and the expressions compared in conditions, branch by branch."""
    found: list[Expression] = []
    for value, condition in node.branches:
        found.append(value)
        if condition is not None:
            found.extend(side for side in (condition.left, condition.right) if isinstance(side, Expression))
    return tuple(found)


_CHILDREN: dict[type, Callable[[Any], tuple[Expression, ...]]] = {
    Sum: lambda node: (node.body,),
    BigProduct: lambda node: (node.body,),
    Add: lambda node: node.terms,
    Mul: lambda node: node.factors,
    MatMul: lambda node: node.factors,
    Hadamard: lambda node: node.factors,
    Power: lambda node: (node.base, node.exponent),
    Function: lambda node: node.arguments,
    Derivative: lambda node: (node.of, node.by),
    Directional: lambda node: (node.of,),
    Transpose: lambda node: (node.of,),
    Cases: _in_cases,
}


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly below a node, in reading order."""
    below = _CHILDREN.get(type(node))
    return below(node) if below is not None else ()


def rebuilt(node: Expression, parts: tuple[Expression, ...]) -> Expression:
    """The same node over other parts, tidied as `add`, `mul` and `power` do."""
    match node:
        case Sum(index) | BigProduct(index):
            return type(node)(index, parts[0])
        case Add():
            return add(*parts)
        case Mul():
            return mul(*parts)
        case MatMul() | Hadamard():
            return type(node)(parts)
        case Power():
            return power(*parts)
        case Function(name, _, primes):
            return Function(name, parts, primes)
        case Derivative():
            return Derivative(*parts)
        case Directional() | Transpose():
            return type(node)(parts[0])
        case Cases(branches):
            rest = iter(parts)
            return Cases(
                tuple(
                    (next(rest), _sides(condition, lambda side: next(rest) if isinstance(side, Expression) else side))
                    for _, condition in branches
                )
            )
    return node


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def contains(node: Expression, part: type | Expression) -> bool:
    """Whether a node of this class, or this very expression, occurs in it."""
    if isinstance(part, type):
        return any(isinstance(found, part) for found in walk(node))
    return any(found == part for found in walk(node))


def own_places(node: Expression) -> tuple[Place, ...]:
    """The places written in the node itself, not below it."""
    match node:
        case Symbol():
            return node.places
        case Delta(left, right):
            return (left, right)
        case Cases(branches):
            sides = [s for _, c in branches if c is not None for s in (c.left, c.right)]
            return tuple(s for s in sides if isinstance(s, Index | int))
    return ()


def free_indices(node: Expression) -> frozenset[Index]:
    """The indices of an expression that no Sum or BigProduct in it binds."""
    found = frozenset(place for place in own_places(node) if isinstance(place, Index))
    for child in children(node):
        found |= free_indices(child)
    return found - {node.index} if isinstance(node, BINDERS) else found


def bound_indices(node: Expression) -> frozenset[Index]:
    """The indices that a Sum or BigProduct somewhere in the expression binds."""
    return frozenset(found.index for found in walk(node) if isinstance(found, BINDERS))


def fresh(index: Index, *avoid: Expression | Index) -> Index:
    """The index with as many more primes as it takes to occur in none of the expressions."""
    taken: set[Index] = set()
    for thing in avoid:
        taken |= {thing} if isinstance(thing, Index) else free_indices(thing) | bound_indices(thing)
    while index in taken:
        index = index.primed()
    return index


def with_indices(node: Expression, mapping: dict[Index, Place]) -> Expression:
    """Free indices replaced by others or by numbers. A bound index that would capture one gets a prime."""
    if not mapping:
        return node
    if isinstance(node, BINDERS):
        inner = {old: new for old, new in mapping.items() if old != node.index and old in free_indices(node.body)}
        index, body = node.index, node.body
        if index in inner.values():
            others = [new for new in inner.values() if isinstance(new, Index)]
            index = fresh(index, body, *others)
            body = with_indices(body, {node.index: index})
        return type(node)(index, with_indices(body, inner))

    def put(place: Place) -> Place:
        return mapping.get(place, place) if isinstance(place, Index) else place

    match node:
        case Symbol():
            return node.at(tuple(map(put, node.places)))
        case Delta(left, right):
            return Delta(put(left), put(right))
        case Cases(branches):
            return Cases(
                tuple(
                    (
                        with_indices(value, mapping),
                        _sides(c, lambda s: with_indices(s, mapping) if isinstance(s, Expression) else put(s)),
                    )
                    for value, c in branches
                )
            )
    parts = children(node)
    return rebuilt(node, tuple(with_indices(part, mapping) for part in parts)) if parts else node


def _sides(condition: Condition | None, change: Callable[[Expression | Place], Expression | Place]) -> Condition | None:
    """A condition with both sides changed, the left one first."""
    if condition is None:
        return None
    left = change(condition.left)
    return Condition(left, condition.relation, change(condition.right))


def replaced(node: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """Every node for which ``change`` returns an expression, replaced by it; from the top, not below a change.

    Where a change under a Sum would bring in an index of the sum's own name, the sum's index gets a prime.
    """
    new = change(node)
    if new is not None:
        return new
    if isinstance(node, BINDERS):
        return _replaced_under(node, change)
    parts = children(node)
    if not parts:
        return node
    made = tuple(replaced(part, change) for part in parts)
    if isinstance(node, Derivative):
        made = (made[0], node.by)  # what it is taken by is a name, not a value
    return node if made == parts else rebuilt(node, made)


def _replaced_under(node: Sum | BigProduct, change: Callable[[Expression], Expression | None]) -> Expression:
    """`replaced` below a Sum, whose index captures nothing that the change brings in."""
    brought: list[Expression] = []

    def watched(part: Expression) -> Expression | None:
        new = change(part)
        if new is not None and node.index in free_indices(new) - free_indices(part):
            brought.append(new)
        return new

    made = replaced(node.body, watched)
    if not brought:
        return node if made == node.body else type(node)(node.index, made)
    index = fresh(node.index, node.body, *brought)
    return type(node)(index, replaced(with_indices(node.body, {node.index: index}), change))


def put_in(node: Expression, old: Expression, new: Expression) -> Expression:
    """Every occurrence of one expression replaced by another."""
    return replaced(node, lambda found: new if found == old else None)


def indices_in_conflict(node: Expression) -> frozenset[Index]:
    """Indices bound twice on one path down, or both free and bound within one term: none in a sound expression."""
    found: set[Index] = set()

    def visit(part: Expression, bound: frozenset[Index]) -> None:
        if isinstance(part, BINDERS):
            if part.index in bound:
                found.add(part.index)
            bound = bound | {part.index}
        if isinstance(part, Mul):
            for factor in part.factors:
                outside = [free_indices(other) for other in part.factors if other is not factor]
                found.update(bound_indices(factor) & frozenset().union(*outside))
        for child in children(part):
            visit(child, bound)

    visit(node, frozenset())
    return frozenset(found)
