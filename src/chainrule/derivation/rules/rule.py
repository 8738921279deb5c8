"""What a rule is, and how it is applied to an expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import Expression
from chainrule.derivation.walk import replaced


@dataclass(frozen=True)
class Context:
    """What a rule may look at beside the node: the definitions, and the whole line (to name new indices)."""

    definitions: Definitions
    line: Expression


@dataclass(frozen=True)
class Rule:
    """One rule of calculus or algebra.

    ``rewrite(node, context)`` is the node rewritten, or None where the rule does not fit it. ``statement`` is the
    rule as a formula.
    """

    name: str
    statement: str
    rewrite: Callable[[Expression, Context], Expression | None]


@dataclass(frozen=True)
class Applied:
    """A line after a rule, and the first part it acted on."""

    after: Expression
    acted_on: Expression


def apply(rule: Rule, line: Expression, definitions: Definitions, *, only: Expression | None = None) -> Applied | None:
    """The line with the rule applied wherever it fits (or to one part only); None where it fits nowhere."""
    first: list[Expression] = []
    context = Context(definitions, line)

    def change(node: Expression) -> Expression | None:
        if only is not None and node != only:
            return None
        new = rule.rewrite(node, context)
        if new is not None and new != node:
            first.append(node)
            return new
        return None

    after = replaced(line, change)
    return Applied(after, first[0]) if first else None


def to_the_end(rule: Rule, line: Expression, definitions: Definitions) -> Applied | None:
    """The rule applied again and again until it fits nowhere."""
    made, first = line, None
    for _ in range(100):
        step = apply(rule, made, definitions)
        if step is None:
            break
        made, first = step.after, first or step.acted_on
    return Applied(made, first) if first is not None else None
