"""What each letter of a derivation stands for: y_k is e^a_k over a sum, a_k a sum over units, and so on."""

from __future__ import annotations

from chainrule.derivation.expression import Expression, Index, Place, Symbol
from chainrule.derivation.walk import BINDERS, bound_indices, children, fresh, rebuilt, walk, with_indices

Family = tuple[str, int | None, int]


class Definitions:
    """Letters and the expressions they stand for.

    ``define(y_nk, body)`` reads: for all n and k, y_nk = body. A letter that is never defined is given (x, t, W, b).
    """

    def __init__(self) -> None:
        self._known: dict[Family, tuple[Symbol, Expression]] = {}
        self._needs: dict[Family, frozenset[Family]] = {}

    def define(self, symbol: Symbol, body: Expression) -> None:
        """Say what a letter stands for; its indices are the parameters."""
        self._known[symbol.family] = (symbol, body)
        self._needs.clear()

    def __contains__(self, symbol: Symbol) -> bool:
        return symbol.family in self._known

    def of(self, symbol: Symbol, avoid: tuple[Expression | Index, ...] = ()) -> Expression | None:
        """What this entry stands for; its bound indices differ from every index in ``avoid``."""
        if symbol.family not in self._known:
            return None
        pattern, body = self._known[symbol.family]
        names = {old: new for old, new in zip(pattern.places, symbol.places, strict=True) if isinstance(old, Index)}
        for index in sorted(bound_indices(body), key=lambda i: (i.letter, i.primes)):
            other = fresh(index, symbol, *avoid)
            if other != index:
                body = rebound(body, index, other)
        return with_indices(body, dict[Index, Place](names))

    def depends(self, node: Expression, by: Symbol) -> bool:
        """Whether anything in the expression is, or is computed from, the array of ``by``."""
        return any(
            isinstance(part, Symbol) and (part.family == by.family or by.family in self._reach(part.family))
            for part in walk(node)
        )

    def _reach(self, family: Family) -> frozenset[Family]:
        """Every letter that this one is computed from."""
        if family not in self._needs:
            found: set[Family] = set()
            if family in self._known:
                for part in walk(self._known[family][1]):
                    if isinstance(part, Symbol):
                        found |= {part.family} | self._reach(part.family)
            self._needs[family] = frozenset(found)
        return self._needs[family]


def rebound(node: Expression, index: Index, other: Index) -> Expression:
    """Every Sum or BigProduct over ``index`` written over ``other`` instead."""
    if isinstance(node, BINDERS) and node.index == index:
        return type(node)(other, rebound(with_indices(node.body, {index: other}), index, other))
    parts = children(node)
    return rebuilt(node, tuple(rebound(part, index, other) for part in parts)) if parts else node
