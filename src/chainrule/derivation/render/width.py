"""How wide a formula is, roughly, and where a long one is broken."""

from __future__ import annotations

import itertools

from chainrule.derivation.render.boxes import (
    Big,
    Box,
    Branches,
    Digits,
    Fence,
    Fraction,
    Letter,
    Marked,
    Role,
    Root,
    Row,
    Scripts,
    Sign,
    Words,
    row,
)

_SIGN = {
    Role.RELATION: 1.35,
    Role.PLUS: 1.25,
    Role.TIMES: 0.75,
    Role.JUXTAPOSED: 0.17,
    Role.PREFIX: 0.75,
    Role.APPLY: 0.05,
    Role.NAME: 0.17,
    Role.POSTFIX: 0.3,
    Role.COMMA: 0.45,
    Role.SLASH: 0.45,
}
_SCRIPT = 0.72


def width(box: Box) -> float:
    """The width of a box in em, a little more rather than less."""
    match box:
        case Letter(text, upright):
            return 0.5 * len(text) + (0.1 if upright else 0.12 * text.isupper())
        case Digits(text):
            return 0.5 * len(text)
        case Words(text):
            return 0.47 * len(text)
        case Sign(_, role):
            return _SIGN[role]
        case Row(parts):
            return sum(map(width, parts))
        case Fraction(over, under, large):
            return max(width(over), width(under)) * (1 if large else 0.98) + 0.25
        case Scripts(base, below, above):
            return width(base) + _SCRIPT * max((width(part) for part in (below, above) if part is not None), default=0)
        case Big(_, below, above):
            return max(1.25, _SCRIPT * width(below), _SCRIPT * width(above)) + 0.17
        case Fence(_, body, _, size):
            return width(body) + (0.75, 1.0, 1.3)[size]
        case Root(body):
            return width(body) + 0.9
        case Marked(body):
            return width(body)
        case Branches(rows):
            return 1.9 + max(width(value) for value, _ in rows) + max(width(when) for _, when in rows)
    raise TypeError(f"{type(box).__name__} has no width")


def pieces(box: Box, most: float) -> list[Box]:
    """A row broken before its relations, its plus and minus signs, and where that is not enough between factors.

    A row not wider than ``most`` em is one piece. The pieces in their order are the row: nothing is lost or added.
    Brackets no taller than a letter are opened where what stands between them is too long.
    """
    if width(box) <= most or not isinstance(box, Row | Fence):
        return [box]
    found: list[Box] = [box]
    for roles in ((Role.RELATION, Role.PLUS), (Role.TIMES, Role.JUXTAPOSED)):
        found = [part for piece in found for part in (_broken(piece, roles) if width(piece) > most else [piece])]
    return [part for piece in found for part in (_opened(piece, most) if width(piece) > most else [piece])]


def lines(box: Box, most: float) -> list[Box]:
    """The pieces of a row put together again into lines not wider than ``most`` em, where the pieces allow it."""
    filled: list[Box] = []
    for piece in pieces(box, most):
        if filled and width(filled[-1]) + width(piece) <= most:
            filled[-1] = row(filled[-1], piece)
        else:
            filled.append(piece)
    return filled


def _opened(box: Box, most: float) -> list[Box]:
    """A piece with its long brackets taken as signs, broken between what stands in them."""
    parts: list[Box] = []
    for part in box.parts if isinstance(box, Row) else (box,):
        if isinstance(part, Fence) and part.size == 0 and width(part) > most / 2:
            parts += [Sign(part.left, Role.SLASH), part.body, Sign(part.right, Role.SLASH)]
        else:
            parts.append(part)
    made = row(*parts)
    return pieces(made, most) if made != box else [box]


def _broken(box: Box, roles: tuple[Role, ...]) -> list[Box]:
    """A row cut before every sign with one of these roles."""
    if not isinstance(box, Row):
        return [box]
    cuts = [i for i, part in enumerate(box.parts) if i and isinstance(part, Sign) and part.role in roles]
    bounds = [0, *cuts, len(box.parts)]
    return [row(*box.parts[a:b]) for a, b in itertools.pairwise(bounds)]
