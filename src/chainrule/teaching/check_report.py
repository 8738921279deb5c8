"""What ``check`` found: a row for each gradient, and the report as text and HTML."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

from chainrule.errors import counted
from chainrule.network import Network

_RIGHT = 'style="text-align:right; font-variant-numeric:tabular-nums; padding-left:1em"'


@dataclass(frozen=True)
class Row:
    """J or one gradient: the entry in which two ways differ most.

    Attributes
    ----------
    name : str
        ``J``, ``W1``, ``b1`` ...
    entry : str
        ``W1[0,2]``, counted from 0.
    values : dict of str to float
        By way of computing it.
    error : float
        Their largest difference, relative to the largest entry or, where they cancel, to the terms of its sums.
    entries : int
        How many of its entries went through the complex step.
    """

    name: str
    entry: str
    values: dict[str, float]
    error: float
    entries: int


@dataclass(frozen=True)
class CheckReport:
    """The gradient of one network, computed in several ways; made by ``cr.check``.

    Attributes
    ----------
    network : Network
    samples : int
    ways : tuple of str
        ``program``, ``reference``, ``compiled`` where present, ``complex step``.
    absent : tuple of (str, str)
        Ways that are not there, and why.
    lines : int
        Lines of the derivation that were checked.
    derivation_error : float
        The largest relative error of one.
    fault : str
        The line of the derivation that failed, or nothing.
    rows : tuple of Row
        J, then each gradient.
    looked_at : int
        Weights that went through the complex step.
    tolerance : float
        What ``passed`` allows.
    """

    network: Network
    samples: int
    ways: tuple[str, ...]
    absent: tuple[tuple[str, str], ...]
    lines: int
    derivation_error: float
    fault: str
    rows: tuple[Row, ...]
    looked_at: int
    tolerance: float

    @property
    def worst(self) -> float:
        """The largest relative difference of any row, or error of any line."""
        return max([self.derivation_error, *(row.error for row in self.rows)])

    @property
    def passed(self) -> bool:
        """Whether everything agrees."""
        return bool(self.worst <= self.tolerance) and not self.fault

    @property
    def summary(self) -> str:
        """One line."""
        said = "all agree" if self.passed else "they DIFFER"
        return f"{self.network.notation}, {counted(self.samples, 'sample')}: {said} (worst {self.worst:.0e})"

    def text(self) -> str:
        """For a terminal: the worst entry of each gradient, a column for each way."""
        lines = [self.summary, "", self._about_derivation(), *self._about_ways(), ""]
        heads = ["worst entry", *self.ways, "difference"]
        cells = [
            [row.entry, *(_number(row.values.get(way)) for way in self.ways), f"{row.error:.0e}"] for row in self.rows
        ]
        widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(len(heads))]
        for line, row in zip([heads, *cells], [None, *self.rows], strict=True):
            shown = "  ".join(
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            wrong = row is not None and not row.error <= self.tolerance
            lines.append(f"  {shown}{'  DIFFERS' if wrong else ''}".rstrip())
        return "\n".join(lines) + "\n"

    def _about_derivation(self) -> str:
        if self.fault:
            return "Derivation:    " + self.fault.replace("\n", "\n               ")
        return f"Derivation:    {self.lines} lines, each checked (largest relative error {self.derivation_error:.0e})"

    def _about_ways(self) -> list[str]:
        some = "" if self.looked_at == self.network.size else f" (a random choice of {self.network.size:,})"
        lines = [f"Complex step:  {self.looked_at:,} weights{some}, Im J(w + iε)/ε with ε = 1e-30"]
        for name, why in self.absent:
            lines += textwrap.wrap(f"{name.capitalize() + ':':<15}not compared. {why}", 100, subsequent_indent=" " * 15)
        return lines

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{html.escape(head)}</th>" for head in ("worst entry", *self.ways, "difference"))
        rows = []
        for row in self.rows:
            cells = "".join(f"<td {_RIGHT}>{_number(row.values.get(way))}</td>" for way in self.ways)
            mark = "" if row.error <= self.tolerance else " ✗"
            rows.append(
                f"<tr><td><code>{html.escape(row.entry)}</code></td>{cells}<td {_RIGHT}>{row.error:.0e}{mark}</td></tr>"
            )
        about = "<br>".join(html.escape(line) for line in (self._about_derivation(), *self._about_ways()))
        return (
            f"<p><b>{html.escape(self.summary)}</b></p><p>{about}</p>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<CheckReport {self.summary}>"


def _number(value: float | None) -> str:
    """Twelve figures: so many that a difference of 1e-9 shows."""
    return "" if value is None else f"{value:.12g}".replace("-", "−")
