"""A derivation as a LaTeX document for pdflatex, with packages of every installation: amsmath, amssymb, xcolor."""

from __future__ import annotations

from chainrule.derivation.render import tex
from chainrule.derivation.render.boxes import Box
from chainrule.derivation.render.content import VIEWS, Block, Chapter, Line, chapters, shown
from chainrule.derivation.render.numbers import DIGITS, measured
from chainrule.derivation.render.prose import spans, statement
from chainrule.derivation.render.width import lines, width
from chainrule.derivation.steps import Derivation

TEXT_WIDTH = 33.0  # em of this package's own measure that fit on a line of the page
LONGEST_LEFT = 9.0  # em; a longer left side stands on a line of its own

_PREAMBLE = r"""\documentclass[11pt,a4paper,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{graphicx,xcolor}
\definecolor{accent}{HTML}{1D5A9E}
\definecolor{quiet}{HTML}{59626E}
\definecolor{good}{HTML}{21683A}
\definecolor{numbers}{HTML}{7A3D05}
\setlength{\parindent}{0pt}
\setlength{\parskip}{3pt}
\setlength{\mathindent}{2em}
\allowdisplaybreaks
\raggedbottom
% a line's number, its rule, the rule as a formula, its check
\makeatletter
\newcommand{\derivationline}[4]{\par\if@nobreak\else\addvspace{9pt}\fi\begingroup\small\color{quiet}#1\quad
  {\bfseries\color{accent}#2}\quad #3\hfill{\color{good}#4}\par\endgroup\nopagebreak}
% a line under a chapter's heading, which stays with what follows
\newcommand{\underchapter}[1]{{\small\color{quiet} #1\par}\nopagebreak\vspace{8pt}\global\@nobreaktrue}
\makeatother
% a formula wider than the page, less the space before it, is made smaller
\newcommand{\fitted}[2]{\resizebox{\ifdim\width>\dimexpr\linewidth-#1\relax\dimexpr\linewidth-#1\relax\else\width\fi}{!}{%
  $\displaystyle #2$}}
"""


def render(
    derivation: Derivation,
    *,
    views: str | tuple[str, ...] = VIEWS,
    document: bool = True,
    digits: int = DIGITS,
) -> str:
    r"""A LaTeX document, or its body.

    Parameters
    ----------
    derivation : Derivation
    views : tuple of {"symbols", "numbers", "code", "reasons"}, or text with commas
        What is shown of each line.
    document : bool
        False: without ``\documentclass`` and the commands and colours of the preamble, to be put into another
        document that loads amsmath and amssymb.
    digits : int
        Significant digits of measured numbers.

    Returns
    -------
    str, ASCII and Latin letters only, that pdflatex compiles.

    Raises
    ------
    SettingError
        A view is unknown, or none is named.
    """
    writer = _Writer(shown(views), document)
    title, subtitle = _prose(derivation.title), _prose(derivation.subtitle)
    if document:
        made = [_PREAMBLE, r"\begin{document}", rf"{{\LARGE {title}\par}}", r"\medskip"]
        made += [rf"{{\color{{quiet}}{subtitle}\par}}"] if subtitle else []
    else:
        made = [rf"\section*{{{title}}}", *([subtitle + r"\par"] if subtitle else [])]
    if derivation.chosen and "numbers" in writer.views:
        made.append(rf"{_prose(derivation.chosen)}\par")
    checked = sum(step.error is not None for step in derivation.steps)
    if checked:
        worst = measured(derivation.worst, 1)
        made.append(f"{checked} lines checked with numbers; the largest relative error is {worst}.\\par")
    for chapter in chapters(derivation, digits):
        made += writer.chapter(chapter)
    if document:
        made.append(r"\end{document}")
    return "\n".join(made) + "\n"


class _Writer:
    """Writes chapters with the views that are wanted."""

    def __init__(self, views: frozenset[str], document: bool) -> None:
        self.views = views
        self.document = document

    def chapter(self, chapter: Chapter) -> list[str]:
        heading = f"{chapter.number}\\quad {_prose(chapter.title)}"
        made = ["", rf"\{'section' if self.document else 'subsection'}*{{{heading}}}"]
        if chapter.sections and self.document:
            said = tex.escaped("In the article: " + "; ".join(chapter.sections))
            made.append(rf"\underchapter{{{said}}}")
        for block in chapter.blocks:
            made += self.block(block)
        return made

    def block(self, block: Block) -> list[str]:
        made: list[str] = []
        start: Box | None = None
        for line in block.lines:
            start = start if line.continues else line.left
            made += self.line(line, start)
        if not any(made):  # words alone, and words are off
            return []
        level = "subsection" if self.document else "subsubsection"
        return ["", *([rf"\{level}*{{{_prose(block.title)}}}"] if block.title else []), *made]

    def line(self, line: Line, start: Box | None) -> list[str]:
        """One line: rule, reason, formula, numbers, shapes, code. ``start`` is the left side it belongs to."""
        step, made = line.step, [""]
        if line.right is not None:
            made.append(self.head(line))
        if "reasons" in self.views and step.reason:
            made.append(_prose(step.reason))
        if "symbols" in self.views and line.right is not None:
            made.append(_display(line.left, line.right, start, self.document))
        if "symbols" in self.views and line.shapes:
            shapes = r",\quad ".join(f"${tex.formula(shape)}$" for shape in line.shapes)
            made.append(self.coloured("quiet", rf"\small Shapes: {shapes}") + r"\par")
        if "numbers" in self.views and line.numbers is not None:
            display = _display(*line.numbers, start, self.document, 1.12)
            made.append(r"\nopagebreak" + self.coloured("numbers", rf"\small{display}"))
        if "code" in self.views and step.code:
            made += map(_code, step.code.splitlines())
        return made

    def head(self, line: Line) -> str:
        rule = tex.escaped(line.step.rule)
        formula = f"${tex.formula(statement(line.step.statement))}$" if line.step.statement else ""
        check = rf"$\checkmark$ {tex.escaped(line.check)}" if line.check else ""
        if self.document:
            return rf"\derivationline{{{line.number}}}{{{rule}}}{{{formula}}}{{{check}}}"
        return rf"\par {line.number}\quad \textbf{{{rule}}}\quad {formula}\hfill {check}\par"

    def coloured(self, colour: str, text: str) -> str:
        return rf"{{\color{{{colour}}}{text}}}" if self.document else f"{{{text}}}"


def _display(left: Box | None, right: Box, start: Box | None, fit: bool, scale: float = 1.0) -> str:
    """A formula by itself: its sign under the sign above, broken where it is longer than a line."""
    most = TEXT_WIDTH * scale
    head = left if left is not None else start
    indent = width(head) if head is not None and width(head) <= LONGEST_LEFT else 1.5
    rows = lines(right, most - indent)
    first = tex.formula(left) if left is not None else ""
    if left is not None and width(left) > LONGEST_LEFT:
        first = _fitted(left, most, 2.5, fit) + r" \\ "
    elif left is None and head is not None and width(head) <= LONGEST_LEFT:
        first = rf"\hphantom{{{tex.formula(head)}}}"
    body = r" \\ &\quad ".join(_fitted(each, most - indent, indent * 1.3 + 4, fit) for each in rows)
    if r"\\" not in first and len(rows) == 1:
        return f"\\[\n{first} {{}}{body}\n\\]"
    return f"\\[\n\\begin{{aligned}}\n{first} &{body}\n\\end{{aligned}}\n\\]".replace(r"\\ ", "\\\\\n")


def _fitted(box: Box, most: float, before: float, fit: bool) -> str:
    """A row of a formula, made smaller where it is too wide for what is left beside ``before`` em."""
    made = tex.formula(box)
    return rf"\fitted{{{before:.1f}em}}{{{made}}}" if fit and width(box) > most else made


def _prose(text: str) -> str:
    """A sentence with its formulas between dollars."""
    return "".join(tex.escaped(piece) if isinstance(piece, str) else f"${tex.formula(piece)}$" for piece in spans(text))


def _code(line: str) -> str:
    """A line of code, which may be broken at its spaces."""
    bare = line.lstrip(" ")
    text = "~" * (len(line) - len(bare)) + tex.escaped(bare)
    return rf"\par{{\small\ttfamily\raggedright\hangindent=2em {text}\par}}"
