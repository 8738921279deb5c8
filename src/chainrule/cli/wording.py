"""Words and columns on the terminal: names made safe and short, figures aligned."""

from __future__ import annotations

import math
import shutil
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.cli.compare import Other
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


def score_lines(target: Target, score: Score, title: str, others: Sequence[Other] = ()) -> list[str]:
    """Figures beside those of a model without inputs and of other models, and the confusion matrix."""
    if not score.rows:
        return [f"{title}: no rows to score", *_unseen_lines(score)]
    heading = f"{title}, {plural(score.rows, 'row')}"
    scores = [score, *(other.score for other in others if other.score is not None)]
    likelihood = ["log-likelihood a row, nats", _nats(score.log_likelihood), _nats(score.plain_log_likelihood)]
    likelihood += ["–" if math.isnan(one.log_likelihood) else _nats(one.log_likelihood) for one in scores[1:]]
    if target.task == "classify":
        without = f"always {shown(target.classes[target.counts.index(max(target.counts))], 20)}"
        main = ["classification rate", f"{score.rate:.3f}", f"{score.plain_rate:.3f}"]
        rows = [[*main, *(f"{one.rate:.3f}" for one in scores[1:])]]
        if max(target.counts) >= 1.5 * max(min(target.counts), 1):
            chance = 1 / max(int((score.confusion.sum(axis=1) > 0).sum()), 1)
            balanced = ["  mean over the classes", f"{score.balanced_rate:.3f}", f"{chance:.3f}"]
            rows.append([*balanced, *(f"{one.balanced_rate:.3f}" for one in scores[1:])])
    else:
        without = "always the mean"
        main = ["R²" if target.task == "regress" else "deviance explained", _figure(score.rate, 3), _figure(0.0, 3)]
        error = ["RMSE, in the target's unit", _figure(score.error), _figure(score.plain_error)]
        rows = [[*main, *(_figure(one.rate, 3) for one in scores[1:])]]
        rows.append([*error, *(_figure(one.error) for one in scores[1:])])
    rows.append(likelihood)
    names = ["network", "without inputs", *(other.name for other in others if other.score is not None)]
    lines = _aligned([heading, *names], rows)
    if others:
        lines += ["", *_other_lines(without, others)]
    else:
        lines[1] += f"  ({without})"
    if target.task == "classify":
        lines += ["", *confusion_lines(score.confusion, target.classes)]
    return [*lines, *_unseen_lines(score)]


def _aligned(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading and rows of figures, each column as wide as its widest cell."""
    first = max(width(heading[0]), *(width(row[0]) + 2 for row in rows))
    wide = [max(width(row[at]) for row in (heading, *rows)) for at in range(1, len(heading))]
    lines = []
    for label, row in [(heading[0], heading), *((f"  {row[0]}", row) for row in rows)]:
        lines.append(left(label, first) + "".join("  " + right(cell, w) for cell, w in zip(row[1:], wide, strict=True)))
    return lines


def _other_lines(without: str, others: Sequence[Other]) -> list[str]:
    """What the other models are, how long each took, or why it is not there."""
    rows = [("without inputs", without)]
    for other in others:
        how = f"not compared: {other.why_not}" if other.score is None else f"{other.seconds:.1f} s"
        rows.append((other.name, f"{other.title}, {how}"))
    stub = max(width(name) for name, _ in rows) + 2
    return [wrapped(f"  {name}", text, stub + 2) for name, text in rows]


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


def _nats(value: float) -> str:
    """A log-likelihood with as many decimals as mean something."""
    return _figure(value, 3 if abs(value) < 1e5 else None)


def _figure(value: float, decimals: int | None = None) -> str:
    if value != value:
        return "undefined"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"
