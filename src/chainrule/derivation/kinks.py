"""Where the branches of a formula meet, and which branch is to hold there."""

from __future__ import annotations

import dataclasses

from chainrule.derivation.expression import Cases, Condition, Expression, Symbol
from chainrule.derivation.formula import parsed
from chainrule.derivation.numeric import evaluate_source
from chainrule.derivation.source import source
from chainrule.derivation.stable import piecewise
from chainrule.derivation.walk import children, put_in, rebuilt, walk
from chainrule.functions import BUILT_IN, Activation

_RANGE = 60.0
_FLIPPED = {">": "≥", "≥": ">", "<": "≤", "≤": "<"}


def boundaries(g: Expression) -> tuple[float, ...]:
    """The values of a, from −60 to 60, at which a condition of the formula turns."""
    found: set[float] = set()
    for node in walk(g):
        if isinstance(node, Cases):
            for _, condition in node.branches:
                if condition is not None:
                    found.update(at for at, _ in _roots(condition))
    return tuple(sorted(found))


def from_the_left(g: Expression) -> Expression:
    """The formula with conditions that take, where they turn, the branch to the left: a ≥ 0 becomes a > 0."""
    parts = children(g)
    if not parts:
        return g
    g = rebuilt(g, tuple(from_the_left(part) for part in parts))
    if not isinstance(g, Cases):
        return g
    return Cases(tuple((value, None if c is None else _left_sided(c)) for value, c in g.branches))


def formula_of(row: Activation, a: Expression) -> Expression:
    """An activation's formula in the pre-activation a; where its pieces meet, the one to the left holds."""
    g = parsed(row.formula)
    return put_in(piecewise(from_the_left(g)) if row.name not in BUILT_IN else g, Symbol("a"), a)


def _left_sided(condition: Condition) -> Condition:
    directions = {rising for _, rising in _roots(condition)}
    if len(directions) != 1:
        return condition
    true_on_right = (condition.relation in ">≥") == directions.pop()
    strict = condition.relation in "<>"
    if true_on_right != strict:
        return dataclasses.replace(condition, relation=_FLIPPED[condition.relation])
    return condition


def _roots(condition: Condition) -> list[tuple[float, bool]]:
    """Where left − right is 0, and whether it rises there."""
    import numpy as np

    assert isinstance(condition.left, Expression)
    assert isinstance(condition.right, Expression)
    if not any(isinstance(node, Symbol) for side in (condition.left, condition.right) for node in walk(side)):
        return []
    text = f"({source(condition.left)}) - ({source(condition.right)})"

    def gap(a: float) -> float:
        return float(evaluate_source(text, a=np.float64(a)))

    grid = np.linspace(-_RANGE, _RANGE, 4801)
    with np.errstate(all="ignore"):
        values = evaluate_source(text, a=grid) + 0 * grid
        found = [(float(grid[i]), bool(values[min(i + 1, 4800)] > 0)) for i in np.flatnonzero(values == 0)]
        for i in np.flatnonzero(values[:-1] * values[1:] < 0):
            low, high, rising = float(grid[i]), float(grid[i + 1]), bool(values[i] < 0)
            for _ in range(80):
                middle = (low + high) / 2
                if (gap(middle) < 0) == rising:
                    low = middle
                else:
                    high = middle
            found.append((high if abs(gap(high)) <= abs(gap(low)) else low, rising))
    return [] if len(found) > 400 else found
