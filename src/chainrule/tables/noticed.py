"""What a person should know of a table that a model read: cells filled, levels not seen, rows far outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from chainrule.errors import listed
from chainrule.tables.columns import Column
from chainrule.tables.kinds import Kind

_SHOWN = 4  # levels that are named


class Far(NamedTuple):
    """Rows far outside the training range: how many, which, the first, how far the farthest is, and what it holds."""

    rows: int
    places: str
    first: str
    distance: float
    words: str


@dataclass
class Noticed:
    """Counts over the rows of a table, or of some blocks of it.

    Attributes
    ----------
    filled : dict of Column to int
        Cells that were filled.
    unseen : dict of str to (levels, rows)
        Of each category, levels that training did not see, and the rows that have one.
    far : Far or None
    """

    filled: dict[Column, int] = field(default_factory=dict)
    unseen: dict[str, tuple[list[str], int]] = field(default_factory=dict)
    far: Far | None = None

    def plus(self, later: Noticed) -> Noticed:
        """These, and those of later rows."""
        found = Noticed(dict(self.filled), dict(self.unseen), self.far or later.far)
        for column, rows in later.filled.items():
            found.filled[column] = found.filled.get(column, 0) + rows
        for name, (levels, rows) in later.unseen.items():
            before, count = found.unseen.get(name, ([], 0))
            new = [level for level in levels if level not in before] if len(before) < 1000 else []
            found.unseen[name] = (before + new, count + rows)
        if self.far and later.far:
            farthest = max(self.far, later.far, key=lambda far: far.distance)
            rows = self.far.rows + later.far.rows
            places = f"{self.far.first} and {rows - 1:,} more"
            found.far = Far(rows, places, self.far.first, farthest.distance, farthest.words)
        return found

    def notes(self) -> list[str]:
        """What was done with cells, and which rows lie far outside."""
        found = []
        for column, rows in self.filled.items():
            is_number = column.kind == Kind.NUMBER.value
            assert column.fill is not None
            value = f"{column.fill:.6g}" if is_number else ("no", "yes")[int(column.fill)]
            word = "median" if is_number else "commoner value"
            found.append(f"Column {column.name!r}: {_rows(rows)} without a value filled with the {word}, {value}.")
        if self.far:
            lie = "rows lie" if self.far.rows > 1 else "row lies"
            found.append(
                f"{self.far.rows:,} {lie} far outside the training range ({self.far.places}); {self.far.words}."
            )
        return found

    def not_seen(self) -> list[str]:
        """What is said of levels that training did not see."""
        return [
            f"Column {name!r}: {listed(levels, most=_SHOWN)} {'was' if len(levels) == 1 else 'were'} not seen in"
            f" training; in {_rows(rows)} all inputs of the column are 0."
            for name, (levels, rows) in self.unseen.items()
        ]


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
