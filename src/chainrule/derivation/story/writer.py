"""The writer of a derivation: applies a rule to the current line and keeps the step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import Condition, Derivative, Expression, Index, Sum, Symbol
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import CountPoint, UnitPoint
from chainrule.derivation.rules.calculus import CALCULUS
from chainrule.derivation.rules.rule import Applied, Context, Rule, apply, to_the_end
from chainrule.derivation.rules.sums import renaming
from chainrule.derivation.steps import Shape, Step
from chainrule.derivation.story.reasons import PLAIN, SMALL, WORDS
from chainrule.derivation.walk import free_indices, replaced, walk, with_indices
from chainrule.errors import DerivationError


class Writer:
    """Steps in the making.

    Attributes
    ----------
    letters, definitions
        Of the network.
    lines : list of (before, after)
        Derivatives that were worked out, for later use at any indices.
    line : Expression
        Where the current chain of equal expressions stands.
    """

    def __init__(self, letters: Letters, detail: str) -> None:
        self.letters, self.detail = letters, detail
        self.definitions = Definitions()
        self.lines: list[tuple[Expression, Expression]] = []
        self.steps: list[Step] = []
        self.units: dict[int, UnitPoint | CountPoint] = {}  # steps that are checked on one unit's values, by position
        self.group = self.section = self.block = ""
        self.anchor = ""
        self._count: dict[str, int] = {}
        self._chain: list[Step] = []
        self._summary = ""
        self._told: set[str] = set()
        self._is_again = False
        self._unit: UnitPoint | CountPoint | None = None
        self.line: Expression
        self.names = Definitions()  # δ and what it was found to be
        self.gradients: dict[str, Expression] = {}
        self.arrays: dict[str, Expression] = {}

    def chapter(self, group: str, section: str) -> None:
        """Begin a chapter; ``section`` is the post's."""
        self.end()
        self.group, self.section, self.block = group, section, ""

    def heading(self, block: str, anchor: str, unit: UnitPoint | CountPoint | None = None) -> None:
        """Begin a block of lines."""
        self.end()
        self.block, self.anchor, self._unit = block, anchor, unit

    def start(self, before: Expression, summary: str = "", *, again: str = "", topic: str = "") -> None:
        """Begin a chain of lines.

        ``summary`` says in one sentence what all of it does, for the short form. A chain whose ``topic`` was told
        before, for another layer, becomes one line in the full form too, with ``again`` as its reason.
        """
        self.end()
        self.line, self._summary = before, summary
        self._is_again = bool(topic) and topic in self._told
        if self._is_again:
            self._summary = again
        self._told.add(topic)

    def end(self) -> None:
        """End the chain: in the short form, or where it repeats one told before, its lines become one."""
        chain, self._chain = self._chain, []
        if (self.detail == "short" or self._is_again) and len(chain) > 1:
            names = list(dict.fromkeys(name for step in chain for name in step.rule.split("; ")))
            names = [name for name in names if name not in PLAIN] or names[:1]
            chain = [
                dataclasses.replace(
                    chain[-1],
                    before=chain[0].before,
                    rule="; ".join(names),
                    statement="",
                    acted_on=None,
                    reason=self._summary or chain[-1].reason,
                    shapes=tuple(dict.fromkeys(shape for step in chain for shape in step.shapes)),
                    code=next((step.code for step in reversed(chain) if step.code), ""),
                    is_result=any(step.is_result for step in chain),
                )
            ]
        for step in chain:
            number = self._count[self.anchor] = self._count.get(self.anchor, 0) + 1
            if self._unit is not None:
                self.units[len(self.steps)] = self._unit
            self.steps.append(dataclasses.replace(step, anchor=f"{self.anchor}-{number}"))

    def remark(self, reason: str, code: str = "") -> None:
        """Words alone."""
        self.end()
        self._chain = [self._step(None, None, "remark", reason, code=code)]
        self.end()

    def state(self, after: Expression, rule: str, reason: str, **more: Any) -> None:
        """A line that no rule makes: a definition, a name, a matrix form, a count. Its check decides."""
        self._add(after, rule, reason, **more)

    def apply(
        self, rule: Rule | Sequence[Rule], reason: str, *, repeat: bool = False, named: str = "", **more: Any
    ) -> None:
        """The line rewritten by a rule, or by several in turn as one step (``named`` by one of them).

        Raises
        ------
        DerivationError
            The rule fits nowhere in the line: the story is wrong for this network.
        """
        rules = [rule] if isinstance(rule, Rule) else list(rule)
        after, acted_on = self.line, None
        for one in rules:
            found = to_the_end(one, after, self.definitions) if repeat else apply(one, after, self.definitions)
            if found is None:
                raise DerivationError(
                    f"The {one.name} does not fit a line of the derivation of {self.letters.net.notation}.",
                    f"The line: {after}.",
                    "This is a fault of chainrule, please report it.",
                )
            after, acted_on = found.after, acted_on or found.acted_on
        name = named or "; ".join(dict.fromkeys(one.name for one in rules))
        more.setdefault("statement", rules[0].statement if len(rules) == 1 else "")
        self._add(after, name, reason, acted_on=None if acted_on == self.line else acted_on, **more)

    def fits(self, rule: Rule) -> bool:
        """Whether a rule would change the line."""
        return apply(rule, self.line, self.definitions) is not None

    def calculus(
        self, words: dict[str, str], later: dict[str, str] | None = None, *, briefly: bool = False, **more: Any
    ) -> None:
        """Rules of differentiation, one a line, until no derivative is left; ``words`` has reasons by rule name.

        ``later`` has reasons for a rule's second line and those after it, where these differ.

        ``briefly``: numbers that stay in front, and ∂a/∂a = 1, are done in the same line as the rule before them.
        """
        used: set[str] = set()
        while (found := self._next_rule(self.line)) is not None:
            rule, applied = found
            again = (later or {}).get(rule.name) if rule.name in used else None
            reason = again or words.get(rule.name) or WORDS.get(rule.name, "")
            used.add(rule.name)
            acted_on = None if applied.acted_on == self.line else applied.acted_on
            after = applied.after
            while briefly and (small := self._next_rule(after)) is not None and small[0].name in SMALL:
                after = small[1].after
            self._add(after, rule.name, reason, acted_on=acted_on, statement=rule.statement, **more)

    def known(self, before: Expression) -> None:
        """Keep ``before`` = the current line for use at other indices."""
        self.lines.append((before, self.line))

    def named(self, symbol: Symbol, body: Expression) -> None:
        """Keep what a named quantity (a δ) was found to be."""
        self.names.define(symbol, body)

    def array(self, name: str, body: Expression) -> None:
        """Keep an answer in matrix form."""
        self.arrays[name] = body

    def is_told(self, topic: str) -> bool:
        """Whether a chain on this topic was told before; from now on it is."""
        told = topic in self._told
        self._told.add(topic)
        return told

    def mark_result(self, more: str, code: str = "") -> None:
        """Say that the chain's last line is an answer, and add a sentence to its reason."""
        last = self._chain[-1]
        self._chain[-1] = dataclasses.replace(
            last, is_result=True, code=code or last.code, reason=f"{last.reason} {more}".strip()
        )

    def unprimed(self) -> None:
        """Bound indices without primes where the plain letter is free, in the last step."""
        if not self._chain:
            return
        made = self.line
        for node in list(walk(made)):
            if isinstance(node, Sum) and node.index.primes:
                plain = Index(node.index.letter, node.index.range)
                if plain not in free_indices(made):
                    found = apply(renaming(node.index, plain), made, self.definitions)
                    made = found.after if found else made
        self.line = made
        self._chain[-1] = dataclasses.replace(self._chain[-1], after=made)

    def _next_rule(self, line: Expression) -> tuple[Rule, Applied] | None:
        """The first rule that fits the first derivative, applied to every derivative it is the first to fit."""
        context = Context(self.definitions, line)
        for node in walk(line):
            rule = _first(node, context)
            if rule is None:
                continue
            chosen = rule

            def change(part: Expression, chosen: Rule = chosen) -> Expression | None:
                return chosen.rewrite(part, context) if _first(part, context) is chosen else None

            return chosen, Applied(replaced(line, change), node)
        return None

    def _add(self, after: Expression, rule: str, reason: str, **more: Any) -> None:
        self._chain.append(self._step(self.line, after, rule, reason, **more))
        self.line = after

    def _step(
        self,
        before: Expression | None,
        after: Expression | None,
        rule: str,
        reason: str,
        statement: str = "",
        given: Condition | None = None,
        acted_on: Expression | None = None,
        shapes: tuple[Shape, ...] = (),
        code: str = "",
        result: bool = False,
    ) -> Step:
        return Step(
            before=before,
            after=after,
            rule=rule,
            reason=reason,
            statement=statement,
            given=given,
            acted_on=acted_on,
            block=self.block,
            group=self.group,
            section=self.section,
            shapes=shapes,
            code=code,
            is_result=result,
        )


def _first(node: Expression, context: Context) -> Rule | None:
    """The first rule of calculus that fits a node."""
    if not isinstance(node, Derivative):
        return None
    if isinstance(node.of, Symbol) and isinstance(node.by, Symbol) and node.of.family != node.by.family:
        return None if context.definitions.depends(node.of, node.by) else CALCULUS[0]
    return next((rule for rule in CALCULUS if rule.rewrite(node, context) is not None), None)


def at(node: Expression, mapping: dict[Index, Any]) -> Expression:
    """Free indices of an expression set to others or to numbers."""
    return with_indices(node, mapping)
