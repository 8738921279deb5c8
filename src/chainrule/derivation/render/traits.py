"""What the setting of a formula asks of its parts: does it begin with a minus, stand under a line, hold letters."""

from __future__ import annotations

import re

from chainrule.derivation.expression import Delta, Expression, Function, Matrix, Mul, Number, Power, Symbol
from chainrule.derivation.render.boxes import (
    Box,
    Digits,
    Letter,
    Marked,
    Role,
    Root,
    Row,
    Scripts,
    Sign,
    height,
    inside,
    row,
)
from chainrule.derivation.walk import walk

LEFT_OUT = Symbol("…")  # stands in a sum of numbers for the terms that are not written
BESIDE, _DOT = Sign("", Role.JUXTAPOSED), Sign("·", Role.TIMES)


def letter_and_digits(name: str) -> tuple[str, str]:
    """A letter and the digits at its end."""
    found = re.fullmatch(r"(.*?)(\d*)", name)
    return (found[1], found[2]) if found else (name, "")


def sign_taken(node: Expression) -> tuple[bool, Expression]:
    """Whether a term begins with a minus, and the term without it."""
    match node:
        case Number(value, "") if value < 0:
            return True, Number(-value)
        case Mul((Number(value, ""), *rest)) if value < 0:
            kept = tuple(rest) if value == -1 else (Number(-value), *rest)
            return True, kept[0] if len(kept) == 1 else Mul(kept)
    return False, node


def inverse(node: Expression) -> Expression | None:
    """What stands under the line, where the node is a power with a negative number above."""
    if isinstance(node, Power) and isinstance(node.exponent, Number) and node.exponent.value < 0:
        return node.base if node.exponent.value == -1 else Power(node.base, Number(-node.exponent.value))
    return None


def in_numerator(node: Expression) -> bool:
    """Whether it is short enough to be written behind the ∂ of a numerator."""
    if isinstance(node, Function):
        return len(node.arguments) == 1 and isinstance(node.arguments[0], Symbol | Matrix)
    return isinstance(node, Symbol | Matrix)


def is_numeric(*nodes: Expression) -> bool:
    """Whether no letter occurs in it."""
    parts = (part for node in nodes for part in walk(node))
    return not any(isinstance(part, Symbol | Delta | Matrix) and part != LEFT_OUT for part in parts)


def holds_matrix(node: Expression) -> bool:
    """Whether it is an array as a whole."""
    return any(isinstance(part, Matrix) for part in walk(node))


def fits_above(box: Box) -> bool:
    """Whether an exponent is low and simple enough to be written above an e."""
    e = Letter("e")
    return height(box) == 0 and not any(part == e or isinstance(part, Root) for part in inside(box))


def joined(parts: list[Box], between: Box) -> list[Box]:
    """Boxes with one between each two."""
    return [piece for at, part in enumerate(parts) for piece in ((between, part) if at else (part,))]


def side_by_side(boxes: list[tuple[Box, bool]]) -> Box:
    """Factors with a dot before a number and nothing else between them."""
    parts: list[Box] = []
    for at, (box, numeric) in enumerate(boxes):
        if at:
            dotted = numeric and (boxes[at - 1][1] or _begins_with_digit(box))
            parts.append(_DOT if dotted else BESIDE)
        parts.append(box)
    return row(*parts)


def _begins_with_digit(box: Box) -> bool:
    """Whether a digit stands first."""
    while isinstance(box, Row | Scripts | Marked):
        box = box.parts[0] if isinstance(box, Row) else box.base if isinstance(box, Scripts) else box.body
    return isinstance(box, Digits)
