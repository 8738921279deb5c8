"""Words and columns on the terminal: names made safe and short, figures aligned."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.tables.score import Score
    from chainrule.tables.target import Target


def shown(name: object, most: int = 40) -> str:
    """A name for the terminal: no control character, and not too long."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(name))
    return text if len(text) <= most else text[: most - 1] + "…"


def width(text: str) -> int:
    """Columns that a text takes on a terminal: wide letters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def left(text: str, columns: int) -> str:
    """The text filled with spaces to the right."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """The text filled with spaces to the left."""
    return " " * (columns - width(text)) + text


def plural(number: int, noun: str, many: str | None = None) -> str:
    """``1 row``, ``1,200 rows``."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def several(names: Sequence[str], most: int = 6) -> str:
    """Names joined by commas, cut where there are many."""
    text = ", ".join(shown(name, 24) for name in names[:most])
    return text + (f", and {len(names) - most:,} more" if len(names) > most else "")


def wrapped(label: str, text: str, indent: int) -> str:
    """A label and a text beside it, broken to the terminal's width under itself."""
    import textwrap

    columns = max(40, shutil.get_terminal_size((100, 24)).columns)
    return textwrap.fill(
        text,
        columns,
        initial_indent=left(label, indent),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def score_lines(target: Target, score: Score, title: str) -> list[str]:
    """Figures beside those of a model without inputs, and the confusion matrix."""
    if not score.rows:
        return [f"{title}: no rows to score", *_unseen_lines(score)]
    heading = f"{title}, {plural(score.rows, 'row')}"
    rows: list[tuple[str, str, str, str]] = []
    likelihood = ("log-likelihood a row, nats", _figure(score.log_likelihood), _figure(score.plain_log_likelihood), "")
    if target.task == "classify":
        common = shown(target.classes[target.counts.index(max(target.counts))], 20)
        rows.append(("classification rate", f"{score.rate:.3f}", f"{score.plain_rate:.3f}", f"always {common}"))
        if max(target.counts) >= 1.5 * max(min(target.counts), 1):
            chance = 1 / max(int((score.confusion.sum(axis=1) > 0).sum()), 1)
            rows.append(("  mean over the classes", f"{score.balanced_rate:.3f}", f"{chance:.3f}", ""))
        rows.append(likelihood)
    else:
        name = "R²" if target.task == "regress" else "deviance explained"
        rows.append((name, _figure(score.rate, 3), _figure(0.0, 3), "always the mean"))
        rows.append(("RMSE, in the target's unit", _figure(score.error), _figure(score.plain_error), ""))
        rows.append(likelihood)
    first = max(width(heading), *(width(row[0]) + 2 for row in rows))
    second = max(7, *(width(row[1]) for row in rows))
    third = max(14, *(width(row[2]) for row in rows))
    lines = [f"{left(heading, first)}  {right('network', second)}  {right('without inputs', third)}"]
    for label, mine, plain, remark in rows:
        line = f"{left('  ' + label, first)}  {right(mine, second)}  {right(plain, third)}"
        lines.append(f"{line}  ({remark})" if remark else line)
    if target.task == "classify":
        lines += ["", *confusion_lines(score.confusion, target.classes)]
    return [*lines, *_unseen_lines(score)]


def confusion_lines(confusion: Any, classes: Sequence[str]) -> list[str]:
    """The matrix where it fits the terminal, else the commonest confusions."""
    names = [shown(name, 16) for name in classes]
    stub = max(width(name) for name in names)
    across = [max(width(name), len(f"{confusion[:, at].max():,}")) for at, name in enumerate(names)]
    total = 2 + stub + sum(columns + 2 for columns in across)
    if total <= shutil.get_terminal_size((100, 24)).columns:
        lines = ["Confusion (down: true class, across: predicted)"]
        lines.append("  " + " " * stub + "".join("  " + right(name, across[at]) for at, name in enumerate(names)))
        for i, name in enumerate(names):
            cells = (f"{confusion[i, j]:,}" if confusion[i, j] or i == j else "·" for j in range(len(names)))
            lines.append("  " + left(name, stub) + "".join("  " + right(c, across[j]) for j, c in enumerate(cells)))
        return lines
    pairs = sorted(
        ((int(confusion[i, j]), i, j) for i in range(len(names)) for j in range(len(names)) if i != j), reverse=True
    )
    found = [pair for pair in pairs if pair[0]][:10]
    if not found:
        return ["No row was taken for another class."]
    lines = ["Commonest confusions (true class, taken for)"]
    return lines + [f"  {left(names[i], stub)}  {left(names[j], stub)}  {count:>6,}" for count, i, j in found]


def _unseen_lines(score: Score) -> list[str]:
    if not score.unseen:
        return []
    rows = sum(score.unseen.values())
    labels = ", ".join(f"{shown(label, 20)!r} {count:,}" for label, count in list(score.unseen.items())[:6])
    more = " ..." if len(score.unseen) > 6 else ""
    return ["", f"{plural(rows, 'row')} of classes not seen in training, counted nowhere above: {labels}{more}"]


def _figure(value: float, decimals: int | None = None) -> str:
    if value != value:
        return "undefined"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"
