"""A line of a derivation, and the derivation: what renderers, the program and the checks read."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.derivation.expression import Condition, Expression

if TYPE_CHECKING:
    from chainrule.network import Network


@dataclass(frozen=True)
class Shape:
    """The shape of an array of the line: ``of`` is the array, ``axes`` its letters, ``sizes`` its numbers (N: None)."""

    of: Expression
    axes: tuple[str, ...]
    sizes: tuple[int | None, ...]


@dataclass(frozen=True)
class SampleNumbers:
    """A line with one sample's numbers in it: ``left = filled = value``.

    Attributes
    ----------
    left : Expression
        ``before`` with its free indices set to the chosen ones: ∂J/∂W²_12.
    filled : Expression
        ``after`` with a Number at the place of every letter.
    value : float
        What ``filled`` comes to.
    """

    left: Expression
    filled: Expression
    value: float


@dataclass(frozen=True)
class Step:
    """One line of a derivation: ``before = after``, by one named rule.

    Where ``before`` equals ``after`` of the step above in the same ``block``, the line continues that one
    and is written ``= after`` under it.

    Attributes
    ----------
    before, after : Expression or None
        The two sides. Both None: a remark, ``reason`` alone.
    rule : str
        Its name: ``"quotient rule"``.
    reason : str
        Why this line follows, in words about this network.
    statement : str
        The rule itself as a short formula, ``"(u/v)' = (u'v − uv')/v²"``, or nothing.
    given : Condition or None
        The line holds for these indices only: k' ≠ k. Written behind it: "for k' ≠ k".
    acted_on : Expression or None
        The part of ``before`` that the rule rewrote, where it is not the whole line.
    block : str
        What this and its neighbours work out, ``"∂J/∂W²"``: the heading of a run of lines.
    anchor : str
        A name for links, unique in the derivation: ``"dW2-3"``.
    group : str
        The chapter: ``"The output layer"``.
    section : str
        The section of the post this line belongs to.
    shapes : tuple of Shape
        Of the arrays that are new in this line.
    code : str
        The line of NumPy that computes it, or nothing.
    is_result : bool
        Whether the line is an answer to keep: an equation of the forward pass, a δ, a gradient.
    numbers : SampleNumbers or None
        The same line with one sample's numbers, where weights, x and t were given.
    error : float or None
        The relative error of the line's numeric check. None where there is nothing to check: a remark, a
        definition.
    """

    before: Expression | None
    after: Expression | None
    rule: str
    reason: str
    statement: str = ""
    given: Condition | None = None
    acted_on: Expression | None = None
    block: str = ""
    anchor: str = ""
    group: str = ""
    section: str = ""
    shapes: tuple[Shape, ...] = ()
    code: str = ""
    is_result: bool = False
    numbers: SampleNumbers | None = None
    error: float | None = None

    @property
    def is_remark(self) -> bool:
        """Whether it is words alone."""
        return self.before is None

    def __str__(self) -> str:
        return f"{self.before} = {self.after}    [{self.rule}]" if not self.is_remark else self.reason


class Answers(dict[str, Expression]):
    """The answers of a derivation by name, which read as formulas where they are printed."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {formula}" for name, formula in self.items()) + "}"


@dataclass(frozen=True)
class Derivation:
    """The gradient of a network, derived line by line; made by ``cr.derive``.

    Attributes
    ----------
    network : Network
    steps : tuple of Step
        In reading order.
    title, subtitle : str
        ``"The gradient of 2-3 sigmoid-3 softmax, by the chain rule"`` and what the network is, in words.
    sizes : dict of str to int
        What each range's letter stands for: ``{"D": 2, "M": 3, "K": 3}``; N is the number of samples and is not in it.
    chosen : str
        Where numbers are shown: which sample and which indices they are for, in words. Else nothing.
    options : dict of str to Any
        What ``derive`` was asked: wanted, detail, sign, reduction, letters, order.
    gradients : dict of str to Expression
        The answers in index form: ``{"W2": ..., "b2": ..., "W1": ...}``.
    arrays : dict of str to Expression
        The answers in matrix form, in the order they are computed:
        ``{"A1": ..., "A2": ..., "delta2": ..., "W2": ..., "b2": ..., "delta1": ...}``.
    """

    network: Network
    steps: tuple[Step, ...]
    title: str
    subtitle: str
    sizes: dict[str, int]
    chosen: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    gradients: dict[str, Expression] = field(default_factory=dict)
    arrays: dict[str, Expression] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """The chapters in reading order, each with its steps."""
        return tuple(_runs(self.steps, "group"))

    @staticmethod
    def blocks(steps: tuple[Step, ...]) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Runs of steps under one heading, within the steps of a chapter."""
        return tuple(_runs(steps, "block"))

    @property
    def worst(self) -> float:
        """The largest relative error of any line's check."""
        return max((step.error for step in self.steps if step.error is not None), default=0.0)

    def text(self, **options: Any) -> str:
        """Unicode text for a terminal."""
        return self._render("text", options)

    def latex(self, **options: Any) -> str:
        """A LaTeX document."""
        return self._render("latex", options)

    def markdown(self, **options: Any) -> str:
        """Markdown with LaTeX formulas."""
        return self._render("markdown", options)

    def html(self, **options: Any) -> str:
        """A self-contained page with MathML."""
        return self._render("html", options)

    def _render(self, form: str, options: dict[str, Any]) -> str:
        return importlib.import_module(f"chainrule.derivation.render.{form}").render(self, **options)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        return self.html(fragment=True)

    def _repr_latex_(self) -> str:
        return self.latex(document=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython's terminal: the text."""
        printer.text(str(self))

    def __str__(self) -> str:
        from chainrule.derivation.render.text import terminal_width

        return self.text(width=terminal_width())

    def __repr__(self) -> str:
        return f"<Derivation of {self.network.notation}: {len(self.steps)} steps, worst error {self.worst:.0e}>"


def _runs(steps: tuple[Step, ...], name: str) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Neighbours with the same value of an attribute, together."""
    for key, run in itertools.groupby(steps, key=lambda step: getattr(step, name)):
        yield key, tuple(run)
