"""Small helps for sentences about a network: counts, lists, letters."""

from __future__ import annotations

from chainrule.derivation.expression import Cases, Expression, Index
from chainrule.derivation.letters import Letters
from chainrule.derivation.render.text import condition_text, expression_text, index_text, name_text

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def counted(count: int, singular: str, plural: str = "") -> str:
    """three units, one unit."""
    number = NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"
    return f"{number} {singular if count == 1 else plural or singular + 's'}"


def listed_words(parts: list[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def of(node: Expression) -> str:
    """An expression inside a sentence."""
    return expression_text(node)


def in_words(node: Expression) -> str:
    """An expression inside a sentence, its pieces told one by one: 1 where z > 0 and 0 elsewhere."""
    if not isinstance(node, Cases):
        return of(node)
    parts = [of(u) + (f" where {condition_text(c)}" if c else " elsewhere") for u, c in node.branches]
    return listed_words(parts)


def ranged(index: Index, size: int) -> str:
    """k = 1 … 3; only k = 1."""
    return f"{index_text(index)} = 1 … {size}" if size > 1 else f"there is one, {index_text(index)} = 1"


def layer_name(letters: Letters, l: int) -> str:
    """the inputs, the hidden layer, hidden layer 2, the outputs."""
    L = letters.net.L
    if l == 0:
        return "the inputs"
    if l == L:
        return "the output" if letters.net.K == 1 else "the outputs"
    return "the hidden layer" if L == 2 else f"hidden layer {l}"


def unit_name(letters: Letters, l: int) -> str:
    """input d, unit m, output k."""
    kind = "input" if l == 0 else "output" if l == letters.net.L else "unit"
    return f"{kind} {index_text(letters.index(l))}"


def units_of(letters: Letters, l: int) -> str:
    """three inputs, three units of the hidden layer, three outputs."""
    if l in (0, letters.net.L):
        return counted(letters.net.M[l], "input" if l == 0 else "output")
    return f"{counted(letters.net.M[l], 'unit')} of {layer_name(letters, l)}"


def all_of(letters: Letters, l: int) -> str:
    """all three outputs, both units of the hidden layer, the one output."""
    units = units_of(letters, l)
    _number, _, rest = units.partition(" ")
    return {1: f"the one {rest}", 2: f"both {rest}"}.get(letters.net.M[l], f"all {units}")


__all__ = [
    "all_of",
    "counted",
    "in_words",
    "index_text",
    "layer_name",
    "listed_words",
    "name_text",
    "of",
    "ranged",
    "unit_name",
    "units_of",
]
