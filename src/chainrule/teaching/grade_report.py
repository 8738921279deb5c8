"""What ``grade`` found: a finding for each function, and the report as text, Markdown, HTML and JSON."""

from __future__ import annotations

import html
import json
import re
import textwrap
from dataclasses import dataclass
from typing import Any

from chainrule.errors import counted
from chainrule.network import Network

_TOP = 'style="vertical-align:top"'


@dataclass(frozen=True)
class Finding:
    """What is said of one function.

    Attributes
    ----------
    function : str
        As it is called in the file; where it is missing, as the post calls it.
    correct : bool
    mistakes : tuple of str
        Stable names; empty where it is right, and where no known mistake gives its numbers.
    message : str
        For the learner: what is wrong, the line of the derivation it breaks, that line with numbers.
    line : int or None
        Of the file, where one line is to blame or where the function begins.
    solution : str
        The right lines of NumPy, where they were asked for and it is wrong.
    """

    function: str
    correct: bool
    mistakes: tuple[str, ...] = ()
    message: str = ""
    line: int | None = None
    solution: str = ""

    def __repr__(self) -> str:
        said = "correct" if self.correct else f"wrong: {', '.join(self.mistakes) or 'no known mistake'}"
        return f"<Finding {self.function}: {said}>"


@dataclass(frozen=True)
class GradeReport:
    """What was found in a file of answers; made by ``cr.grade``.

    Attributes
    ----------
    network : Network
    name : str
        Of the file.
    findings : tuple of Finding
        One a function; the training loop and the file itself where something is wrong with them.
    notes : tuple of str
        What does not count as wrong: old Python, a changed argument.
    printed : str
        The beginning of what the functions printed.
    """

    network: Network
    name: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    printed: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything is right."""
        return bool(self.findings) and all(finding.correct for finding in self.findings)

    @property
    def summary(self) -> str:
        """``answers.py for 2-3 sigmoid-3 softmax: 4 of 6 right``."""
        right = sum(finding.correct for finding in self.findings)
        return f"{self.name} for {self.network.notation}: {right} of {len(self.findings)} right"

    def text(self, width: int = 100) -> str:
        """For a terminal."""
        longest = max((len(finding.function) for finding in self.findings), default=0)
        lines = [f"{self.summary}.", ""]
        for finding in self.findings:
            mark = "right" if finding.correct else "WRONG"
            names = f"  {', '.join(finding.mistakes)}" if finding.mistakes else ""
            place = f"  (line {finding.line})" if finding.line and not finding.correct else ""
            lines.append(f"{mark}  {finding.function:<{longest}}{names}{place}".rstrip())
            lines += [row for part in finding.message.splitlines() for row in _wrapped(part, width, "       ")]
            if finding.solution:
                lines += ["       Right:", *(f"           {row}" for row in finding.solution.splitlines())]
        if self.notes:
            lines += ["", *(row for note in self.notes for row in _wrapped(f"Note: {note}", width, ""))]
        return "\n".join(lines) + "\n"

    def markdown(self) -> str:
        """For a notebook, a forge, a learning platform."""
        lines = [f"**{_escaped(self.summary)}**", ""]
        for finding in self.findings:
            mark = "✓" if finding.correct else "✗"
            names = f": {', '.join(f'`{name}`' for name in finding.mistakes)}" if finding.mistakes else ""
            place = f" (line {finding.line})" if finding.line and not finding.correct else ""
            lines.append(f"- {mark} `{finding.function}`{names}{place}  ")
            lines += [f"  {_escaped(part)}  " for part in finding.message.splitlines()]
            if finding.solution:
                lines += ["", "  ```python", *(f"  {row}" for row in finding.solution.splitlines()), "  ```", ""]
        lines += ["", *(f"Note: {_escaped(note)}  " for note in self.notes)] if self.notes else []
        return "\n".join(line if line.endswith("  ") else line.rstrip() for line in lines).rstrip() + "\n"

    def json(self) -> str:
        """For scripts: network, file, passed, findings, notes."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "file": self.name,
            "network": self.network.notation,
            "passed": self.passed,
            "findings": [
                {
                    "function": finding.function,
                    "correct": finding.correct,
                    "mistakes": list(finding.mistakes),
                    "message": finding.message,
                    "line": finding.line,
                    **({"solution": finding.solution} if finding.solution else {}),
                }
                for finding in self.findings
            ],
            "notes": list(self.notes),
            "printed": self.printed,
        }

    def _repr_html_(self) -> str:
        rows = []
        for finding in self.findings:
            mark = "✓" if finding.correct else "✗"
            message = "<br>".join(html.escape(part) for part in finding.message.splitlines())
            if finding.solution:
                message += f"<pre>{html.escape(finding.solution)}</pre>"
            names = ", ".join(f"<code>{html.escape(name)}</code>" for name in finding.mistakes)
            rows.append(
                f"<tr {_TOP}><td>{mark}</td><td><code>{html.escape(finding.function)}</code></td>"
                f'<td>{names}</td><td style="text-align:left">{message}</td></tr>'
            )
        notes = "".join(f"<p>Note: {html.escape(note)}</p>" for note in self.notes)
        head = "<tr><th></th><th>function</th><th>mistakes</th><th></th></tr>"
        return (
            f'<p><b>{html.escape(self.summary)}</b></p><table><thead style="text-align:left">{head}</thead>'
            f"<tbody>{''.join(rows)}</tbody></table>{notes}"
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<GradeReport {self.summary}, {counted(len(self.notes), 'note')}>"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    kept = re.sub(r"\([^()]{1,16}\)", lambda found: found[0].replace(" ", "\xa0"), text)  # (1 − y) on one line
    rows = textwrap.wrap(
        kept, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [row.replace("\xa0", " ") for row in rows] or [""]


def _escaped(text: str) -> str:
    """Markdown that shows these characters."""
    for letter in "\\`*_[]<>|":
        text = text.replace(letter, f"\\{letter}")
    return text
