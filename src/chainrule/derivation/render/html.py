"""A derivation as one HTML page that needs nothing else: MathML, an embedded font, no script."""

from __future__ import annotations

import functools
import hashlib
import re
from importlib import resources
from typing import Any

from chainrule.derivation.render import mathml
from chainrule.derivation.render.boxes import Box
from chainrule.derivation.render.content import VIEWS, Block, Chapter, Line, chapters, shown
from chainrule.derivation.render.font import font_face
from chainrule.derivation.render.numbers import DIGITS, measured
from chainrule.derivation.render.prose import spans, statement
from chainrule.derivation.render.width import pieces, width
from chainrule.derivation.steps import Derivation

LONGEST_LEFT = 11.0  # em; a longer left side stands on a line of its own
LONGEST_PIECE = 26.0  # em; a longer formula may be broken by the browser between its terms
_FONT_HERE = "/* the font */"
_NOTATION = re.compile(r"(?<![\w-])(\d+(?:-\d+(?: [A-Za-z]\w*)?)+,?)(?![\w-])")
_LABELS = {"symbols": "symbols", "numbers": "this sample's numbers", "code": "NumPy", "reasons": "reasons"}


def render(
    derivation: Derivation,
    *,
    views: str | tuple[str, ...] = VIEWS,
    fragment: bool = False,
    digits: int = DIGITS,
) -> str:
    """A page with every line of the derivation, or a fragment to put into another page.

    Parameters
    ----------
    derivation : Derivation
    views : tuple of {"symbols", "numbers", "code", "reasons"}, or text with commas
        Which views are on when the page opens. All are in the page and can be switched there.
    fragment : bool
        Whether to give a ``<style>`` and a ``<div>`` alone, as a notebook shows them: no rule of the style reaches
        beyond the ``<div>``, and no anchor of it clashes with another's.
    digits : int
        Significant digits of measured numbers.

    Returns
    -------
    str, HTML in UTF-8 that fetches nothing.

    Raises
    ------
    SettingError
        A view is unknown, or none is named.
    """
    on = shown(views)
    parts = chapters(derivation, digits)
    prefix = f"cr{_fingerprint(derivation)}-" if fragment else ""
    has = {
        "symbols": True,
        "numbers": any(step.numbers for step in derivation.steps),
        "code": any(step.code for step in derivation.steps),
        "reasons": True,
    }
    levels = ("h3", "h4", "h5") if fragment else ("h1", "h2", "h3")
    body: dict[str, Any] = {
        "fragment": fragment,
        "main": "div" if fragment else "main",
        **dict(zip(("h1", "h2", "h3"), levels, strict=True)),
        "title": heading(_prose(derivation.title)),
        "plain_title": derivation.title,
        "subtitle": _prose(derivation.subtitle),
        "chosen": _prose(derivation.chosen),
        "verdict": _verdict(derivation),
        "switches": [{"name": v, "label": _LABELS[v], "on": v in on} for v in VIEWS if has[v]],
        "chapters": [_chapter(part, prefix) for part in parts],
        "marked": any(step.acted_on is not None for step in derivation.steps),
        "version": _version(),
        "css": _safe(f"{_FONT_HERE}\n{_css()}"),
    }
    page = _template().render(body)
    # The font is cut to what the page holds, so it goes in last.
    return page.replace(_FONT_HERE, font_face(page), 1)


def _chapter(chapter: Chapter, prefix: str) -> dict[str, Any]:
    blocks = [_block(block, prefix) for block in chapter.blocks]
    return {
        "number": chapter.number,
        "title": _prose(chapter.title),
        "anchor": prefix + chapter.anchor,
        "sections": chapter.sections,
        "blocks": blocks,
        "named": [block for block in blocks if block["title"]],
    }


def _block(block: Block, prefix: str) -> dict[str, Any]:
    lefts = [line.left for line in block.lines] + [line.numbers[0] for line in block.lines if line.numbers]
    column = max((w for w in (width(left) for left in lefts if left is not None) if w <= LONGEST_LEFT), default=1.0)
    return {
        "title": _prose(block.title),
        "anchor": prefix + block.anchor,
        "column": f"{column:.1f}",
        "lines": [_line(line, prefix, column) for line in block.lines],
    }


def _line(line: Line, prefix: str, column: float) -> dict[str, Any]:
    step = line.step
    return {
        "number": line.number,
        "anchor": prefix + (step.anchor or f"line-{line.number}"),
        "rule": step.rule,
        "statement": [_safe(mathml.inline(statement(step.statement)))] if step.statement else [],
        "check": line.check,
        "reason": _prose(step.reason),
        "left": _left(line.left, line.spoken[0]),
        "right": _right(line.right, column, line.spoken[1]),
        "shapes": [_safe(mathml.inline(shape)) for shape in line.shapes],
        "numbers_left": _left(line.numbers[0]) if line.numbers else None,
        "numbers_right": _right(line.numbers[1], column) if line.numbers else None,
        "code": step.code,
        "result": step.is_result,
        "remark": step.is_remark,
    }


def _left(box: Box | None, spoken: str = "") -> dict[str, Any] | None:
    if box is None:
        return None
    return {"math": _safe(mathml.formula(box, spoken)), "width": f"{width(box):.1f}", "long": width(box) > LONGEST_LEFT}


def _right(box: Box | None, column: float, spoken: str = "") -> dict[str, Any] | None:
    """A right side, in pieces between which the browser may break."""
    if box is None:
        return None
    parts = pieces(box, LONGEST_PIECE)
    made = [mathml.formula(part, spoken if len(parts) == 1 else "") for part in parts]
    return {
        "math": _safe("<wbr>".join(made)),
        "width": f"{max(map(width, parts)):.1f}",
        "column": f"{column:.1f}",
    }


def _prose(text: str) -> list[Any]:
    """Words, which the template escapes, and formulas; a formula keeps the bracket and the comma beside it."""
    found: list[Any] = []
    for piece in spans(text):
        if not isinstance(piece, str):
            found.append(_safe(mathml.inline(piece)))
            continue
        close = re.match(r"[^\s\w(]{1,3}", piece) if found else None
        if close is not None and _is_formula(found[-1]):
            found[-1] = _safe('<span class="whole">{}{}</span>').format(found[-1], close[0])
            piece = piece[close.end() :]
        if piece:
            found.append(piece)
    return found


def heading(pieces: list[Any]) -> list[Any]:
    """The same with each notation, ``2-3-3``, in one line where it fits into one."""
    found: list[Any] = []
    for piece in pieces:
        if _is_formula(piece):
            found.append(piece)
            continue
        for at, part in enumerate(_NOTATION.split(piece)):
            found.append(_safe('<span class="notation">{}</span>').format(part) if at % 2 else part)
    return [piece for piece in found if piece]


def _is_formula(piece: Any) -> bool:
    return hasattr(piece, "__html__")


def _verdict(derivation: Derivation) -> dict[str, Any] | None:
    """How many lines were checked, and how well the worst of them holds."""
    checked = sum(step.error is not None for step in derivation.steps)
    return {"lines": checked, "worst": measured(derivation.worst, 1)} if checked else None


def _fingerprint(derivation: Derivation) -> str:
    """A short name for this derivation, the same each time."""
    said = repr((derivation.title, derivation.chosen, sorted(derivation.options.items(), key=str)))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _safe(text: str) -> Any:
    """Text that is HTML already."""
    from markupsafe import Markup

    return Markup(text)


@functools.cache
def _css() -> str:
    return resources.files("chainrule.derivation.render").joinpath("page.css").read_text("utf-8")


@functools.cache
def _template() -> Any:
    import jinja2

    source = resources.files("chainrule.derivation.render").joinpath("page.html.jinja").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(source)


def _version() -> str:
    from chainrule import __version__

    return __version__
