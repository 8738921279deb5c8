"""What the training rows make of each column and of the target, block after block: moments, and rows of each text."""

from __future__ import annotations

import math

import polars as pl

from chainrule.kernels.blocks import TreeSum
from chainrule.tables.columns import Column, category, scaled_column
from chainrule.tables.facts import TableFacts
from chainrule.tables.kinds import WORDS, Kind, as_text
from chainrule.tables.moments import Moments

MOST_TEXTS = 100_000  # different texts of a column that are counted at a time
_MOST_NUMBERS = 1_000  # different texts up to which a column of numbers may still turn out to hold codes


class Tally:
    """Rows of each text; where there are more than 100,000 texts, the rarest so far are forgotten now and then.

    Source: Manku, Motwani, Approximate frequency counts over data streams, VLDB 2002 (lossy counting).
    """

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []
        self._size = 0
        self.is_exact = True

    def add(self, texts: pl.Series) -> None:
        """Cells, none null."""
        counted = texts.alias("text").value_counts().with_columns(pl.col("count").cast(pl.Int64))
        self._parts.append(counted)
        self._size += len(counted)
        if self._size > 4 * MOST_TEXTS:
            self._join()

    def counts(self) -> dict[str, int]:
        """Rows of each text; where it is not exact, a little less of the rare ones."""
        self._join()
        return dict(self._parts[0].iter_rows()) if self._parts else {}

    def different(self) -> int:
        """Different texts that are counted."""
        self._join()
        return self._size

    def _join(self) -> None:
        if not self._parts:
            return
        joined = pl.concat(self._parts).group_by("text").agg(pl.col("count").sum())
        if len(joined) > 2 * MOST_TEXTS:
            self.is_exact = False
            joined = joined.sort(["count", "text"], descending=[True, False]).head(MOST_TEXTS)
        self._parts, self._size = [joined], len(joined)


class ColumnSums:
    """One column, in the training rows.

    Parameters
    ----------
    name : str
    kind : Kind, optional
        What it is; where left out that is not known yet, and everything is counted that it may turn out to need.
    """

    def __init__(self, name: str, kind: Kind | None = None) -> None:
        self.name, self._kind = name, kind
        self._moments = TreeSum(Moments.plus)
        self._blocks = 0
        self.missing = 0
        self.tally: Tally | None = Tally()
        self._only_numbers = True

    def add(self, block: TableFacts) -> None:
        """The training rows of the block that follows."""
        moments = Moments()
        text = block.is_text
        if self._kind is not Kind.CATEGORY:
            values = block.numbers
            moments = Moments.of(values[abs(values) < math.inf])
            self._only_numbers = self._only_numbers and not block.wrong.count
        self._moments.add(self._blocks, moments)
        self._blocks += 1
        self.missing += block.missing.count
        if self.tally is not None and (self._kind is Kind.CATEGORY or (text and self._kind is not Kind.NUMBER)):
            self.tally.add(as_text(block.column).drop_nulls())
            if self._kind is None and self._only_numbers and self.tally.different() > _MOST_NUMBERS:
                self.tally = None  # numbers, most likely

    def serves(self, kind: Kind) -> bool:
        """Whether what was counted tells all that a kind needs."""
        return kind is Kind.NUMBER or self.tally is not None

    @property
    def moments(self) -> Moments:
        """Of the numbers that are there."""
        found: Moments = self._moments.total(self._blocks) if self._blocks else Moments()
        return found

    def column(self, kind: Kind, fills: bool, middle: float | None = None) -> Column:
        """The column's part of the contract; ``middle`` is its median, where cells are filled."""
        if kind is Kind.CATEGORY:
            assert self.tally is not None
            return category(self.name, self.tally.counts(), self.missing if fills else 0)
        moments = self._of_words() if kind is Kind.BOOLEAN else self.moments
        if not moments.count:
            return scaled_column(self.name, kind, moments, 0.0 if fills else None)
        if not fills:
            return scaled_column(self.name, kind, moments, None)
        if kind is Kind.BOOLEAN:
            middle = float(moments.mean > 0.5)
        assert middle is not None
        return scaled_column(self.name, kind, moments.plus(Moments(self.missing, middle, 0.0, middle, middle)), middle)

    def _of_words(self) -> Moments:
        """Of a column of yes and no."""
        if self.moments.count or self.tally is None:
            return self.moments
        ones = zeros = 0
        for text, count in self.tally.counts().items():
            ones, zeros = (ones + count, zeros) if WORDS[text.lower()] else (ones, zeros + count)
        found = Moments(zeros, 0.0, 0.0, 0.0, 0.0) if zeros else Moments()
        return found.plus(Moments(ones, 1.0, 0.0, 1.0, 1.0)) if ones else found
