"""What a formula looks like, before it is LaTeX or MathML: fractions, scripts, fences, rows.

`notation` turns an expression into boxes, `latex` and `mathml` write boxes down. Every decision about how a
formula is set (where a fraction stands, what needs a bracket, where a line may break) is made once, in `notation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum


class Role(Enum):
    """What a sign does, which decides the space around it and whether a line may break before it."""

    RELATION = "relation"  # = ≈ ≤
    PLUS = "plus"  # + and − between two terms, ⊙
    TIMES = "times"  # the dot between numbers, a break of second choice
    JUXTAPOSED = "juxtaposed"  # two factors side by side: nothing is written
    PREFIX = "prefix"  # − in front of a term
    APPLY = "apply"  # a function in front of its argument: nothing is written
    NAME = "name"  # a function in front of an argument without brackets
    POSTFIX = "postfix"  # ′
    COMMA = "comma"
    SLASH = "slash"  # a fraction on one line


class Box:
    """Any box."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Letter(Box):
    """A letter in italics, or a name of several letters upright."""

    text: str
    upright: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Digits(Box):
    """A number without sign."""

    text: str


@dataclass(frozen=True, slots=True)
class Words(Box):
    """Plain words inside a formula."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign(Box):
    """An operator or a relation."""

    text: str
    role: Role


@dataclass(frozen=True, slots=True)
class Row(Box):
    """Boxes side by side."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Box):
    """One box over another; ``large`` keeps full size inside the parts, where they hold fractions of their own."""

    over: Box
    under: Box
    large: bool = False


@dataclass(frozen=True, slots=True)
class Scripts(Box):
    """A base with a subscript, a superscript or both."""

    base: Box
    below: Box | None = None
    above: Box | None = None


@dataclass(frozen=True, slots=True)
class Big(Box):
    """A large Σ or Π with its limits."""

    sign: str
    below: Box
    above: Box


@dataclass(frozen=True, slots=True)
class Fence(Box):
    """Brackets around a box: ``size`` 0 as the letters, 1 grown to the body, 2 for a Σ (not as tall as its limits)."""

    left: str
    body: Box
    right: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Root(Box):
    """A square root."""

    body: Box


@dataclass(frozen=True, slots=True)
class Marked(Box):
    """A part that the eye should find: what the next rule rewrites."""

    body: Box


@dataclass(frozen=True, slots=True)
class Branches(Box):
    """A large brace with cases: a value and when it holds."""

    rows: tuple[tuple[Box, Box], ...]


def row(*parts: Box) -> Box:
    """Boxes side by side: flattened, a single one as it is."""
    flat: list[Box] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Row) else (part,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def inside(box: Box) -> Iterator[Box]:
    """The box and everything in it."""
    yield box
    if isinstance(box, Branches):
        for pair in box.rows:
            for part in pair:
                yield from inside(part)
        return
    for field in fields(box):  # type: ignore[arg-type]  # every box is a dataclass
        value = getattr(box, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Box):
                yield from inside(part)


def height(box: Box) -> int:
    """How tall a box stands: 0 as a letter, 1 as a fraction, 2 as a sum with limits."""
    match box:
        case Fraction() | Branches():
            return 1
        case Big():
            return 2
        case Row(parts):
            return max(map(height, parts), default=0)
        case Fence(_, body, _, size):
            return max(size, height(body))
        case Scripts(base) | Root(base) | Marked(base):
            return height(base)
    return 0
