"""A trace as Unicode text for a terminal, and as Markdown."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.derivation.expression import Number
from chainrule.derivation.render.boxes import Role, Sign, row
from chainrule.derivation.render.markdown import escaped, formula
from chainrule.derivation.render.notation import Setting
from chainrule.derivation.render.numbers import shown_exactly
from chainrule.derivation.render.prose import spans
from chainrule.derivation.render.text import expression_text
from chainrule.teaching.trace_chapters import (
    Chapter,
    Group,
    chapters,
    equation_text,
    figure,
    sample_words,
    title,
    unit_name,
)
from chainrule.teaching.trace_lines import Line

if TYPE_CHECKING:
    from chainrule.derivation.render.boxes import Box
    from chainrule.teaching.trace import Trace

_SHADES = " ░▒▓█"
_BAR = 16
_CELL = 9  # letters of one number of the Jacobian with its shade
_EQUALS = Sign("=", Role.RELATION)


def text(trace: Trace, width: int) -> str:
    """The whole trace, one scalar a line."""
    top = _wrap(title(trace), width)
    lines = [*top, "═" * max(map(len, top)), *(w for words in sample_words(trace) for w in _wrap(words, width))]
    for number, chapter in enumerate(chapters(trace), 1):
        heading = f"{number}. {chapter.title}"
        lines += ["", "", heading, "─" * len(heading), *_wrap(chapter.words, width)]
        if chapter.kind == "jacobian":
            lines += ["", *_jacobian(trace, width)]
        if chapter.kind == "flow":
            lines += ["", *_flow(trace)]
        for group in chapter.groups:
            lines += _group(group, width)
    return "\n".join(lines) + "\n"


def _group(group: Group, width: int) -> list[str]:
    left, right = map(expression_text, group.general)
    lines = ["", *_wrap(f"▸ {group.words}:  {left} = {right}", width, "  ")]
    lines += _wrap(group.note, width, indent="  ")
    first = max(len(equation_text(line)[0]) for line in group.lines)
    for line in group.lines:
        name, *rest = equation_text(line)
        lines += _wrap(f"  {name:<{first}} = {' = '.join(rest)}", width, " " * (first + 5))
    return lines


def _jacobian(trace: Trace, width: int) -> list[str]:
    """The Jacobian as aligned numbers, shaded by their size; the outputs that fit the width."""
    units = trace.shown[trace.network.L]
    stub = max(len(f"y_{unit_name(trace, unit)}") for unit in units)
    fit = max(1, (width - stub - 2) // (_CELL + 2))
    if len(units) > fit:  # those that move most
        units = sorted(sorted(units, key=lambda unit: -trace.jacobian[unit, unit])[:fit])
    part = trace.jacobian[np.ix_(units, units)]
    largest = np.abs(part).max() or 1.0
    plain = 1e-3 <= largest < 1e4
    cells = [[f"{_shade(v / largest)} {signed(v, plain)}" for v in values] for values in part]
    heads = [f"a_{unit + 1}" for unit in units]
    names = [f"y_{unit_name(trace, unit)}" for unit in units]
    wide = max(len(cell) for cells_of_row in cells for cell in cells_of_row)
    lines = [f"  {'':<{stub}}  " + "  ".join(f"{head:>{wide}}" for head in heads)]
    lines += [
        f"  {name:<{stub}}  " + "  ".join(f"{cell:>{wide}}" for cell in found)
        for name, found in zip(names, cells, strict=True)
    ]
    if len(units) < trace.network.K:
        lines.append(f"  ({len(units)} of {trace.network.K} outputs)")
    return lines


def signed(value: float, plain: bool) -> str:
    """A number with its sign, of one width in a table."""
    shown = f"{value:+.4f}" if plain else f"{value:+.1e}"
    return ("+" + shown[1:] if float(shown) == 0 else shown).replace("-", "−")


def _shade(share: float) -> str:
    return (
        _SHADES[min(int(np.ceil(abs(share) * (len(_SHADES) - 1) - 1e-9)), len(_SHADES) - 1)] if share == share else "?"
    )


def _flow(trace: Trace) -> list[str]:
    largest = max((flow.delta for flow in trace.flow), default=0.0) or 1.0
    lines = [f"  {'layer':>5}  {'|δ|':>9}  {'':<{_BAR}}  {'|∂J/∂W|':>9}  {'mean slope':>10}"]
    for flow in trace.flow:
        slope = "" if flow.slope is None else figure(flow.slope)
        lines.append(
            f"  {flow.layer:>5}  {figure(flow.delta):>9}  {bar(flow.delta / largest):<{_BAR}}  {figure(flow.dW):>9}"
            f"  {slope:>10}".rstrip()
        )
    return lines


def bar(share: float) -> str:
    """A bar in eighths of a letter."""
    eighths = round(_BAR * 8 * share) if share == share else 0
    return "█" * (eighths // 8) + ("", *"▏▎▍▌▋▊▉")[eighths % 8] or ("▏" if share > 0 else "")


def _wrap(words: str, width: int, after: str = "", indent: str = "") -> list[str]:
    return textwrap.wrap(
        words,
        width,
        initial_indent=indent,
        subsequent_indent=indent + after,
        break_long_words=False,
        break_on_hyphens=False,
    )


def markdown(trace: Trace) -> str:
    """The whole trace with LaTeX formulas."""
    parts = [f"# {escaped(title(trace))}", *map(_prose, sample_words(trace))]
    for number, chapter in enumerate(chapters(trace), 1):
        parts += [f"## {number}. {escaped(chapter.title)}", *([_prose(chapter.words)] if chapter.words else [])]
        parts += _markdown_extra(trace, chapter)
        for group in chapter.groups:
            general = row(Setting().box(group.general[0]), _EQUALS, Setting().box(group.general[1]))
            parts.append(f"{_prose(group.words)}: ${formula(general)}$")
            parts += [_prose(group.note)] if group.note else []
            parts.append("\n".join(f"- ${formula(equation_box(line))}$" for line in group.lines))
    return "\n\n".join(parts) + "\n"


def _markdown_extra(trace: Trace, chapter: Chapter) -> list[str]:
    if chapter.kind == "jacobian":
        units = trace.shown[trace.network.L]
        part = trace.jacobian[np.ix_(units, units)]
        plain = 1e-3 <= (np.abs(part).max() or 1.0) < 1e4
        head = "| | " + " | ".join(f"$a_{{{unit + 1}}}$" for unit in units) + " |"
        rows = []
        for i, (unit, values) in enumerate(zip(units, part, strict=True)):
            cells = [signed(v, plain) if i != j else f"**{signed(v, plain)}**" for j, v in enumerate(values)]
            rows.append(f"| $y_{{{unit + 1}}}$ | {' | '.join(cells)} |")
        return ["\n".join([head, "|---|" + "---:|" * len(units), *rows])]
    if chapter.kind == "flow":
        rows = [
            f"| {f.layer} | {figure(f.delta)} | {figure(f.dW)} | {'' if f.slope is None else figure(f.slope)} |"
            for f in trace.flow
        ]
        return ["\n".join(["| layer | length of δ | length of ∂J/∂W | mean slope |", "|---:|---:|---:|---:|", *rows])]
    return []


def equation_box(line: Line) -> Box:
    """left = filled = value; ≈ before a value that is rounded."""
    setting, value = Setting(), Number(line.value)
    filled, left = setting.box(line.filled), setting.box(line.left)
    last = Sign("=" if shown_exactly(line.filled, value) else "≈", Role.RELATION)
    if isinstance(line.filled, Number):
        return row(left, last, setting.box(value))
    return row(left, _EQUALS, filled, last, setting.box(value))


def _prose(words: str) -> str:
    pieces: list[Any] = spans(words)
    return "".join(escaped(p) if isinstance(p, str) else f"${formula(p)}$" for p in pieces)
