"""A trace as one HTML page that needs nothing else: MathML, an embedded font, no script."""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import __version__
from chainrule.derivation.render import mathml
from chainrule.derivation.render.boxes import Box, Role, Sign, row
from chainrule.derivation.render.font import font_face
from chainrule.derivation.render.html import heading
from chainrule.derivation.render.notation import Setting
from chainrule.derivation.render.prose import spans
from chainrule.derivation.render.width import pieces
from chainrule.teaching.trace_chapters import Chapter, Group, chapters, figure, sample_words, title, unit_name
from chainrule.teaching.trace_text import equation_box, signed

if TYPE_CHECKING:
    from chainrule.teaching.trace import Trace
    from chainrule.teaching.trace_why import Why

_PIECE = 13.0  # em; a longer formula may be broken by the browser between its terms
_FONT_HERE = "/* the font */"


def page(trace: Trace, *, fragment: bool) -> str:
    """The whole page, or a ``<style>`` and a ``<div>`` for a notebook."""
    parts = [_chapter(trace, number, chapter) for number, chapter in enumerate(chapters(trace), 1)]
    return _rendered(title(trace), sample_words(trace), parts, fragment)


def reasons_page(why: Why) -> str:
    """A page that says which samples move a weight."""
    rows = [*why.up, *why.down]
    top = max((abs(why.contributions[row]) for row in rows), default=0.0) or 1.0
    pulls = [
        {
            "name": why.names[row],
            "label": why.labels[row],
            "factors": f"{figure(why.delta[row])} · {figure(why.below[row])}" if why.factors[1] else "",
            "share": figure(why.contributions[row]),
            "width": f"{100 * abs(why.contributions[row]) / top:.1f}",
            "sign": "up" if why.contributions[row] > 0 else "down",
        }
        for row in rows
    ]
    factors = _prose(" · ".join(why.factors)) if why.factors[1] else []
    return _rendered(f"Why {why.name} moves", [why.summary], [], False, {"factors": factors, "rows": pulls})


def _rendered(
    head: str, sample: list[str], parts: list[dict[str, Any]], fragment: bool, pulls: dict[str, Any] | None = None
) -> str:
    body = {
        "fragment": fragment,
        "plain_title": head,
        "title": heading(_prose(head)),
        "sample": [_prose(words) for words in sample],
        "chapters": parts,
        "pulls": pulls,
        "version": __version__,
        "css": _safe(f"{_FONT_HERE}\n{_css()}"),
    }
    made = _template().render(body)
    return str(made.replace(_FONT_HERE, font_face(made), 1))


def _chapter(trace: Trace, number: int, chapter: Chapter) -> dict[str, Any]:
    return {
        "number": number,
        "title": _prose(chapter.title),
        "words": _prose(chapter.words),
        "jacobian": _jacobian(trace) if chapter.kind == "jacobian" else None,
        "flow": _flow(trace) if chapter.kind == "flow" else None,
        "groups": [_group(group) for group in chapter.groups],
    }


def _group(group: Group) -> dict[str, Any]:
    left, right = map(Setting().box, group.general)
    return {
        "words": _prose(group.words),
        "general": _broken(row(left, Sign("=", Role.RELATION), right)),
        "note": _prose(group.note),
        "lines": [_broken(equation_box(line)) for line in group.lines],
    }


def _jacobian(trace: Trace) -> dict[str, Any]:
    """Cells with their number and how strongly they are tinted, from -1 to 1."""
    units = trace.shown[trace.network.L]
    part = trace.jacobian[np.ix_(units, units)]
    largest = np.abs(part).max() or 1.0
    plain = 1e-3 <= largest < 1e4
    return {
        "columns": [_inline(f"a_{_index(unit)}") for unit in units],
        "rows": [
            {
                "name": _inline(f"y_{_index(unit)}"),
                "label": unit_name(trace, unit).partition(" ")[2],
                "cells": [
                    {
                        "text": signed(value, plain),
                        "tint": f"{100 * min(abs(value) / largest, 1) ** 0.7:.0f}",
                        "sign": "up" if value > 0 else "down" if value < 0 else "none",
                    }
                    for value in values
                ],
            }
            for unit, values in zip(units, part, strict=True)
        ],
        "cut": f"{len(units)} of {trace.network.K} outputs" if len(units) < trace.network.K else "",
    }


def _flow(trace: Trace) -> list[dict[str, str]]:
    largest = max((flow.delta for flow in trace.flow), default=0.0) or 1.0
    return [
        {
            "layer": str(flow.layer),
            "delta": figure(flow.delta),
            "share": f"{100 * flow.delta / largest:.2f}",
            "dW": figure(flow.dW),
            "slope": "" if flow.slope is None else figure(flow.slope),
        }
        for flow in trace.flow
    ]


def _index(unit: int) -> str:
    return str(unit + 1) if unit < 9 else f"({unit + 1})"


def _broken(box: Box) -> Any:
    """A formula in pieces between which the browser may break the line."""
    return _safe(" ".join(map(mathml.formula, pieces(box, _PIECE))))


def _inline(text: str) -> Any:
    return _safe("".join(piece if isinstance(piece, str) else mathml.inline(piece) for piece in spans(text)))


def _prose(text: str) -> list[Any]:
    """Words, which the template escapes, and formulas."""
    return [piece if isinstance(piece, str) else _safe(mathml.inline(piece)) for piece in spans(text)]


def _safe(markup: str) -> Any:
    """Markup that chainrule itself has written."""
    import jinja2

    return jinja2.utils.markupsafe.Markup(markup)


@functools.cache
def _css() -> str:
    return resources.files("chainrule.teaching").joinpath("trace.css").read_text(encoding="utf-8")


@functools.cache
def _template() -> Any:
    import jinja2

    source = resources.files("chainrule.teaching").joinpath("trace.html.jinja").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
