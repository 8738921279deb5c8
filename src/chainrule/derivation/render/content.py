"""What every rendering of a derivation shows, in its order: chapters, blocks, lines with their formulas as boxes."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.derivation.expression import Derivative, Expression, Number
from chainrule.derivation.render.boxes import Box, Digits, Letter, Role, Sign, Words, row
from chainrule.derivation.render.notation import Setting
from chainrule.derivation.render.numbers import DIGITS, measured, shown_exactly
from chainrule.derivation.steps import Derivation, SampleNumbers, Shape, Step
from chainrule.errors import SettingError, listed, nearest

VIEWS = ("symbols", "numbers", "code", "reasons")


@dataclass(frozen=True)
class Line:
    """One step as it is shown.

    ``left`` is None where the line continues the one above it; ``right`` begins with its sign. ``numbers`` are the
    same line for one sample, in the same two parts, and ``spoken`` are both sides as plain text. A remark has none.
    """

    number: int
    step: Step
    left: Box | None
    right: Box | None
    numbers: tuple[Box | None, Box] | None
    shapes: tuple[Box, ...]
    check: str
    spoken: tuple[str, str]

    @property
    def continues(self) -> bool:
        """Whether it goes on from the line above."""
        return self.left is None and self.right is not None


@dataclass(frozen=True)
class Block:
    """Lines that work out one thing."""

    title: str
    anchor: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter; ``sections`` are the sections of the post that its lines belong to."""

    number: int
    title: str
    anchor: str
    sections: tuple[str, ...]
    blocks: tuple[Block, ...]


def chapters(derivation: Derivation, digits: int = DIGITS) -> tuple[Chapter, ...]:
    """The derivation in chapters, its lines numbered from 1."""
    found, number = [], 0
    for at, (title, steps) in enumerate(derivation.groups, 1):
        blocks = []
        for index, (heading, run) in enumerate(derivation.blocks(steps), 1):
            lines = []
            for previous, step, following in zip((None, *run), run, (*run[1:], None), strict=False):
                number += not step.is_remark
                lines.append(_line(number, previous, step, following, digits))
            blocks.append(Block(heading, f"chapter-{at}-{index}", tuple(lines)))
        sections = tuple(dict.fromkeys(step.section for step in steps if step.section))
        found.append(Chapter(at, title, f"chapter-{at}", sections, tuple(blocks)))
    return tuple(found)


def shown(views: str | tuple[str, ...] | list[str]) -> frozenset[str]:
    """The views by name, from a tuple or from text with commas.

    Raises
    ------
    SettingError
        One of them is unknown, or there is none.
    """
    names = [name.strip() for name in views.split(",")] if isinstance(views, str) else list(views)
    for name in names:
        if name not in VIEWS:
            raise SettingError(
                f"There is no view of a derivation named {name!r}.",
                f"Known: {listed(VIEWS)}.",
                nearest(str(name), VIEWS),
            )
    if not names:
        raise SettingError("A derivation with no view shows nothing.", f"Name at least one of {listed(VIEWS)}.")
    return frozenset(names)


def _line(number: int, previous: Step | None, step: Step, following: Step | None, digits: int) -> Line:
    """A step with its formulas set; marked in them is what the rule of the next line rewrites."""
    plain = Setting(digits)
    shapes = tuple(shape_box(plain, shape) for shape in step.shapes)
    if step.before is None or step.after is None:
        return Line(number, step, None, None, None, shapes, check(step), ("", ""))
    goes_on = _goes_on(previous, step)
    left = None if goes_on else Setting(digits, step.acted_on).box(step.before)
    next_acts_on = following.acted_on if following is not None and _goes_on(step, following) else None
    right = row(Sign("=", Role.RELATION), Setting(digits, next_acts_on).box(step.after))
    if step.given is not None:
        right = row(right, Words(" for "), plain.condition(step.given))
    spoken = ("" if goes_on else str(step.before), f"= {step.after}")
    return Line(number, step, left, right, _filled(plain, step.numbers, digits, goes_on), shapes, check(step), spoken)


def _goes_on(previous: Step | None, step: Step) -> bool:
    """Whether a line continues the one above it."""
    return (
        previous is not None
        and previous.after is not None
        and previous.after == step.before
        and previous.given == step.given
    )


def _filled(
    setting: Setting, numbers: SampleNumbers | None, digits: int, goes_on: bool
) -> tuple[Box | None, Box] | None:
    """``left`` and ``= filled ≈ value``; one of them only where both are the same number."""
    if numbers is None:
        return None
    value: Expression = Number(numbers.value)
    if numbers.value == int(numbers.value) if abs(numbers.value) < 1e6 else False:
        value = Number(int(numbers.value))
    left = None if goes_on else setting.box(numbers.left)
    last = setting.box(value)
    middle = setting.box(numbers.filled)
    exact = shown_exactly(numbers.filled, digits=digits)
    sign = Sign("=" if exact else "≈", Role.RELATION)
    if middle == last:
        return left, row(sign, last)
    result = Sign("=" if exact and shown_exactly(value, digits=digits) else "≈", Role.RELATION)
    return left, row(sign, middle, result, last)


def shape_box(setting: Setting, shape: Shape) -> Box:
    """``W² : M × K = 3 × 3``; a vector has one axis, a number none."""
    by = Sign("×", Role.TIMES)
    axes: list[Box] = []
    sizes: list[Box] = []
    for axis, size in zip(shape.axes, shape.sizes, strict=True):
        axes += [*([by] if axes else []), setting.range(axis)]
        sizes += [*([by] if sizes else []), setting.range(axis) if size is None else Digits(str(size))]
    of = shape.of
    if isinstance(of, Derivative):  # on one line, as words are
        d = Letter("∂", upright=True)
        name = row(d, setting.box(of.of), Sign("/", Role.SLASH), d, setting.box(of.by))
    else:
        name = setting.box(of)
    head = [name, Sign(":", Role.RELATION)]
    if not axes:
        return row(*head, Digits("1"))
    tail = [Sign("=", Role.RELATION), *sizes] if sizes != axes else []
    return row(*head, *axes, *tail)


def check(step: Step) -> str:
    """``checked, error 2e-16``, or nothing where a line has no check."""
    return "" if step.error is None else f"checked, error {measured(step.error, 1)}"
