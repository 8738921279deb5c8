"""A derivation as Markdown with LaTeX formulas, for notebooks and for the pages of forges.

Markdown takes a backslash before punctuation, an underscore after a bracket and a star for its own before a formula
is looked at. So formulas are written without them: ``\\cr`` for a line, ``\\thinspace`` for ``\\,``, ``\\lbrace``.
"""

from __future__ import annotations

import re

from chainrule.derivation.render import tex
from chainrule.derivation.render.boxes import Box, row
from chainrule.derivation.render.content import VIEWS, Line, chapters, shown
from chainrule.derivation.render.numbers import DIGITS, measured
from chainrule.derivation.render.prose import spans, statement
from chainrule.derivation.steps import Derivation

_PLAIN = {
    "\\\\": r"\cr",
    r"\,": r"\thinspace ",
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\_": " ",
    "*": r"\ast ",
    "<": r"\lt ",
    ">": r"\gt ",
    "|": r"\vert ",
}
_PLAIN_PATTERN = re.compile("|".join(re.escape(key) for key in _PLAIN))


def render(
    derivation: Derivation, *, views: str | tuple[str, ...] = VIEWS, digits: int = DIGITS, level: int = 1
) -> str:
    """Markdown with ``$...$`` and ``$$...$$``.

    Parameters
    ----------
    derivation : Derivation
    views : tuple of {"symbols", "numbers", "code", "reasons"}, or text with commas
        What is shown of each line.
    digits : int
        Significant digits of measured numbers.
    level : int
        The level of the title's heading, 1 to 4.

    Returns
    -------
    str

    Raises
    ------
    SettingError
        A view is unknown, or none is named.
    """
    on = shown(views)
    made = [f"{'#' * level} {_prose(derivation.title)}"]
    made += [_prose(derivation.subtitle)] if derivation.subtitle else []
    made += [f"> {_prose(derivation.chosen)}"] if derivation.chosen and "numbers" in on else []
    checked = sum(step.error is not None for step in derivation.steps)
    if checked:
        worst = measured(derivation.worst, 1)
        made.append(f"{checked} lines checked with numbers; the largest relative error is {worst}.")
    for chapter in chapters(derivation, digits):
        made.append(f"{'#' * (level + 1)} {chapter.number}. {_prose(chapter.title)}")
        if chapter.sections:
            made.append(f"In the article: {escaped('; '.join(chapter.sections))}")
        for block in chapter.blocks:
            lines = [part for line in block.lines for part in _line(line, on)]
            made += [f"{'#' * (level + 2)} {_prose(block.title)}"] if block.title and lines else []
            made += lines
    return "\n\n".join(made) + "\n"


def _line(line: Line, on: frozenset[str]) -> list[str]:
    """The paragraphs of one line."""
    step, made = line.step, []
    if line.right is not None:
        head = f"**{line.number}. {escaped(step.rule)}**"
        head += f" {_inline(statement(step.statement))}" if step.statement else ""
        made.append(head + (f" — ✓ {line.check}" if line.check else ""))
    if "reasons" in on and step.reason:
        made.append(_prose(step.reason))
    if "symbols" in on and line.right is not None:
        made.append(_display(line.left, line.right))
    if "symbols" in on and line.shapes:
        made.append("Shapes: " + ", ".join(_inline(shape) for shape in line.shapes))
    if "numbers" in on and line.numbers is not None:
        made.append("For this sample:\n\n" + _display(*line.numbers))
    if "code" in on and step.code:
        made.append(f"```python\n{step.code}\n```")
    return made


def formula(box: Box) -> str:
    """LaTeX that Markdown leaves alone."""
    made = _PLAIN_PATTERN.sub(lambda match: _PLAIN[match[0]], tex.formula(box))
    return re.sub(r" +", " ", made).strip()


def escaped(text: str) -> str:
    """Words that Markdown leaves alone."""
    made = re.sub(r"([\\`*_\[\]<>|$~])", r"\\\1", text)
    made = re.sub(r"^(\d+)([.)])", r"\1\\\2", made)
    return re.sub(r"^([#+-])", r"\\\1", made)


def _inline(box: Box) -> str:
    return f"${formula(box)}$"


def _display(left: Box | None, right: Box) -> str:
    """A formula by itself; on one line, so that nothing in it begins a list or a heading."""
    body = formula(row(left, right)) if left is not None else f"{{}} {formula(right)}"
    return f"$$\n{body}\n$$"


def _prose(text: str) -> str:
    """A sentence with its formulas between dollars."""
    made = ""
    for piece in spans(text):
        if isinstance(piece, str):
            made += re.sub(r"([\\`*_\[\]<>|$~])", r"\\\1", piece) if made else escaped(piece)
        else:
            # A dollar begins a formula only behind a space or a bracket, and ends one only before no letter or digit.
            made += f"{_inline(piece)}"
    return made
