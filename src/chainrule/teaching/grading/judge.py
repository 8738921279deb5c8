"""One array that a function returned, on all problems: right, or wrong and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.teaching.grading import words
from chainrule.teaching.grading.diagnose import Evaluates, Explanation, explain
from chainrule.teaching.grading.lesson import Lines, example, number, shape_text
from chainrule.teaching.grading.mutations import Mutation
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.tolerance import agrees, difference, is_something

Array = npt.NDArray[Any]
OWN_SIZES = ("given", "again", "single", "small")


@dataclass
class Verdict:
    """What is said of one array.

    Attributes
    ----------
    name : str
        Of the array: ``dW2``, ``Y``, ``J``.
    correct : bool
    mistakes : tuple of str
    lines : list of str
        The message.
    notes : list of str
        What is worth saying though it is right.
    explanation : Explanation or None
    error : float
        The largest relative difference, where it is right.
    """

    name: str
    correct: bool
    mistakes: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    explanation: Explanation | None = None
    error: float = 0.0


class Judge:
    """Compares arrays with the truth and words what is found.

    Parameters
    ----------
    problems : sequence of Problem
    lines : Lines
        Of the derivation.
    scale : function of a problem
        What J is multiplied by in the course: −1 for descent, 1/N for a mean.
    """

    def __init__(self, problems: Sequence[Problem], lines: Lines, scale: Callable[[Problem], float]) -> None:
        self.problems, self.lines, self.scale = problems, lines, scale
        self.small = next(p for p in problems if p.name == "small")

    def judge(
        self,
        name: str,
        received: Sequence[tuple[Problem, Array]],
        evaluate: Evaluates,
        mutations: Sequence[Mutation],
        *,
        scaled: bool = True,
        shown: str = "",
    ) -> Verdict:
        """The verdict on one array; ``scaled`` where the convention of the course applies to it."""
        scale = self.scale if scaled else (lambda problem: 1.0)
        shown = shown or name
        plain = [(p, _real(a)) for p, a in received]
        expected = {p.name: p.truth[name] * scale(p) for p, _ in plain}
        wrong = [(p, a) for p, a in plain if a is None or not agrees(a, expected[p.name])]
        if not wrong:
            errors = [difference(a, expected[p.name]) for p, a in plain if a is not None]
            return Verdict(name, True, error=max(errors, default=0.0))
        own = [(p, a) for p, a in wrong if p.name in OWN_SIZES]
        if not own and any(p.name == "given" for p, _ in plain):
            return Verdict(name, True, notes=[_fixed_size(wrong[0][0])])
        if any(a is None for _, a in plain):
            text = "It returns complex numbers, and every derivative here is real."
            return Verdict(name, False, ("complex",), [text])
        numbers = [(p, a) for p, a in plain if a is not None]
        if fault := _not_finite(numbers):
            return Verdict(name, False, ("not-finite",), [fault, self._derived(name)])
        order = sorted(numbers, key=lambda pair: (pair[0].name == "single", pair[0].name != "sizes"))
        leading = evaluate.depends_on(self.small.program)
        relevant = [m for m in mutations if m.target in leading]
        found = explain(order, evaluate, relevant, scale)
        if found is not None and found.size:
            return Verdict(name, False, found.names, self._lesson(name, found, numbers, expected, shown), [], found)
        return self._unexplained(name, numbers, expected, shown)

    def _lesson(
        self,
        name: str,
        found: Explanation,
        numbers: Sequence[tuple[Problem, Array]],
        expected: dict[str, Array],
        shown: str,
    ) -> list[str]:
        """What is wrong, the line it breaks, numbers."""
        lines = []
        for mutation in found.mutations:
            lines.append(words.sentence(mutation.name, self.lines.spoken(mutation.words)))
            if found.rate is not None and mutation.has_rate:
                lines.append(f"The numbers fit a learning rate of {number(found.rate)}.")
            if line := self.lines.text(mutation.target, mutation.name):
                lines.append(f"The derivation: {line}")
            if text := example(mutation, self.small, found.rate, descends=self.scale(self.small) < 0):
                lines.append(text)
        if found.factor.is_negative:
            lines.append(words.sentence("sign"))
        if found.factor.words:
            lines.append(words.factor_sentence(found.factor.words))
        if not found.mutations and (line := self.lines.text(name)):
            lines.append(f"The derivation: {line}")
        if compared := _compared(numbers, expected, shown):
            lines.append(compared)
        return lines

    def _unexplained(
        self, name: str, numbers: Sequence[tuple[Problem, Array]], expected: dict[str, Array], shown: str
    ) -> Verdict:
        """No mistake of the list gives these numbers: which entries differ, and by what ratio."""
        problem, array = next(
            ((p, a) for p, a in numbers if p.name == "given" and not agrees(a, expected[p.name])),
            next((p, a) for p, a in numbers if not agrees(a, expected[p.name])),
        )
        truth = expected[problem.name]
        about = f"with {problem.N} sample{'s' if problem.N > 1 else ''}"
        if array.shape != truth.shape:
            text = f"Its shape is {shape_text(array.shape)} {about} and must be {shape_text(truth.shape)}."
            right_elsewhere = any(agrees(a, expected[p.name]) for p, a in numbers if p.name in OWN_SIZES)
            more = "It is right for other numbers of samples." if right_elsewhere else self._derived(name)
            return Verdict(name, False, ("wrong-shape",), [text, more])
        if not is_something(array):
            return Verdict(name, False, (), [f"Every entry of {shown} is 0.", self._derived(name)])
        lines = [_entries(array, truth, shown, about), self._derived(name), _compared(numbers, expected, shown)]
        if problem.name == "single" and problem.N == 1:
            lines.insert(0, "It is right for several samples and wrong for one.")
        return Verdict(name, False, (), [line for line in lines if line])

    def _derived(self, name: str) -> str:
        line = self.lines.text(name)
        return f"The derivation: {line}" if line else ""


def _real(array: Array) -> Array | None:
    """Real numbers, or None where they are complex; whole numbers as float64."""
    if array.dtype.kind == "c":
        return array.real if not array.imag.any() else None
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _not_finite(numbers: Sequence[tuple[Problem, Array]]) -> str:
    """What is said where NaN or infinity came back on an ordinary problem."""
    for problem, array in numbers:
        bad = ~np.isfinite(array)
        if bad.any():
            kind = "NaN" if np.isnan(array).any() else "infinite"
            many = f"{int(bad.sum())} of {array.size} entries are" if array.size > 1 else "It is"
            return f"{many} {kind} on a problem with {problem.N} ordinary samples."
    return ""


def _fixed_size(problem: Problem) -> str:
    return (
        f"It is right for this network's sizes, and fails for others ({problem.net.notation}, {problem.N} samples): "
        f"take the sizes from the arguments."
    )


def _entries(array: Array, truth: Array, shown: str, about: str) -> str:
    """How many entries differ, where most, and the range of the ratios."""
    scale = max(float(np.abs(truth).max(initial=0.0)), 1e-12)
    off = np.abs(array - truth) > 1e-6 * scale
    with np.errstate(all="ignore"):
        ratios = (array / truth)[off & (np.abs(truth) > 1e-9 * scale)]
    text = f"{int(off.sum())} of {off.size} entries of {shown} differ {about}" if off.size > 1 else f"{shown} differs"
    if ratios.size:
        low, high = number(ratios.min()), number(ratios.max())
        text += f": yours over the truth is {low}" + (f" to {high}" if low != high else "")
    return text + "; none of the known mistakes gives these numbers."


def _compared(numbers: Sequence[tuple[Problem, Array]], expected: dict[str, Array], shown: str) -> str:
    """One entry of hers beside the true one, on the small problem."""
    for problem, array in numbers:
        truth = expected[problem.name]
        if problem.name == "small" and array.shape == truth.shape and np.isfinite(array).all():
            if not truth.ndim:
                return f"On two samples {shown} = {number(array)}, and should be {number(truth)}."
            at = np.unravel_index(int(np.abs(array - truth).argmax()), truth.shape)
            place = ", ".join(str(int(i)) for i in at)
            return f"On two samples {shown}[{place}] = {number(array[at])}, and should be {number(truth[at])}."
    return ""
