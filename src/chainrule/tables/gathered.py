"""The facts of a column whose rows come block after block."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.tables.distinct import Distinct
from chainrule.tables.facts import FEW, MOST_WORDS, Cells, TableFacts, may_be_identifier

Array = npt.NDArray[Any]

_MIX = np.uint64(0x9E3779B97F4A7C15)


class GatheredFacts:
    """`Facts` of all blocks that were added, in the rows' order; what no decision can ask for is not counted on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype: Any = None
        self.decimal_comma = False
        self.rows = self.there = self._good = 0
        self.missing = self._wrong = self.infinite = self.padded = self._commas = Cells()
        self.dates = self.clocks = self.dressed = self.thousands = self.first = Cells()
        self.beyond_exact, self.are_whole, self.is_whole_text = False, True, True
        self._words: list[str] = []
        self._booleans: frozenset[str] | None = frozenset()
        self._few: Array | None = np.empty(0)
        self._run: tuple[float, float] | None = None  # the first and last of numbers that count the rows
        self._is_run = True
        self._points = 0
        self._has_points = self._commas_are_first = False
        self._texts, self._numbers = Distinct(), Distinct()
        self._may_be_identifier = may_be_identifier(name)

    def add(self, block: TableFacts) -> None:
        """The rows that follow."""
        if self.dtype is None or (self.dtype.is_integer() and block.dtype.is_float()):
            self.dtype, self.decimal_comma = block.dtype, block.decimal_comma
        self.rows += block.rows
        self.there += block.there
        self.missing = self.missing.plus(block.missing)
        if not self.first.count:
            self.first = block.first
        if not (block.is_text or block.dtype.is_numeric() or block.dtype.is_decimal()):
            return
        self.infinite = self.infinite.plus(block.infinite)
        self._add_numbers(block.numbers, block.rows)
        if block.is_text:
            self._add_text(block)
        else:
            self.is_whole_text &= block.is_whole_text

    def _add_numbers(self, there: Array, rows: int) -> None:
        self._good += len(there)
        if self._is_run:
            with np.errstate(invalid="ignore"):  # of infinite values
                run = len(there) == rows and bool((np.diff(there) == 1).all())
            begins = bool(rows) and run and there[0] in ((0, 1) if self._run is None else (self._run[1] + 1,))
            self._is_run = begins or not rows
            if begins:
                self._run = (there[0] if self._run is None else self._run[0], there[-1])
        if not len(there):
            return
        if not self.beyond_exact:
            self.beyond_exact = bool(there.max() > 2.0**53 or there.min() < -(2.0**53))
        self.are_whole = self.are_whole and bool((there == np.floor(there)).all())
        if self._few is not None:
            few = np.unique(np.concatenate([self._few, there]))
            self._few = few if len(few) <= FEW else None
        if self._may_be_identifier and self.are_whole:
            self._numbers.add((there + 0.0).view(np.uint64) * _MIX)  # + 0.0: -0 is 0

    def _add_text(self, block: TableFacts) -> None:
        before = self._wrong.count
        self._wrong = self._wrong.plus(block.wrong)
        if block.wrong.count and len(self._words) < MOST_WORDS:
            self._words += [word for word in block.words if word not in self._words]
        if block.uses_comma:
            self._commas_are_first |= not before
            self._commas = self._commas.plus(block.commas)
        if block.decimal_comma:
            self._has_points |= block.has_points
            self._points += block.points
            self.thousands = self.thousands.plus(block.thousands)
        if self.is_whole_text:
            self.padded = self.padded.plus(block.padded)
            self.is_whole_text = block.is_whole_text
        if block.wrong.count:
            self.dates, self.clocks = self.dates.plus(block.dates), self.clocks.plus(block.clocks)
            self.dressed = self.dressed.plus(block.dressed)
        elif block.there:  # numbers only: none is a date, and each may stand among numbers with signs
            self.dressed = self.dressed.plus(Cells(block.there, block.first.place, block.first.text))
        if self._booleans is not None and block.there:
            both = self._booleans | block.booleans
            self._booleans = both if block.booleans and len(both) <= 2 else None
        texts = block.column.drop_nulls()
        if len(texts):
            self._texts.add(texts.hash(seed=0).to_numpy())

    @property
    def wrong(self) -> Cells:
        """Cells that are no numbers: where others have points, those with decimal commas, too."""
        if not (self._commas.count and self._has_points):
            return self._wrong
        pair = (self._commas, self._wrong) if self._commas_are_first else (self._wrong, self._commas)
        return pair[0].plus(pair[1])

    @property
    def good(self) -> int:
        """Cells that are numbers."""
        return self._good - (self.wrong.count - self._wrong.count)

    @property
    def words(self) -> tuple[str, ...]:
        """Some of the cells that are no numbers."""
        more = [self._commas.text] if self.wrong.count > self._wrong.count else []
        return (*more, *self._words)

    @property
    def booleans(self) -> frozenset[str]:
        """The texts in small letters, where they are at most two."""
        return self._booleans or frozenset()

    @property
    def has_few(self) -> bool:
        """Whether there are at most 20 different numbers."""
        return self._few is not None

    @property
    def all_differ(self) -> bool:
        """Whether each number is there once: of a part of them, where there are many."""
        return self._numbers.all_differ()

    @property
    def counts_rows(self) -> bool:
        """Whether the numbers are 0 or 1, and then one more in each row."""
        return self._is_run and self._run is not None

    @property
    def uses_comma(self) -> bool:
        """Whether numbers have decimal commas."""
        return self._commas.count > 0 and not self._has_points

    @property
    def only_thousands(self) -> bool:
        """Whether there are points, and only before three digits."""
        return 0 < self.thousands.count == self._points

    @property
    def levels(self) -> int:
        """Different texts, to within about 1 %."""
        if self._texts.is_exact:
            return self._texts.values()
        return self.there if self._texts.all_differ() else self._texts.values()

    @property
    def mostly_differ(self) -> bool:
        """Whether more than nine tenths of the cells have a text of their own."""
        return self.levels > 0.9 * self.there if self._texts.is_exact else self._texts.share() > 0.9

    @property
    def is_text(self) -> bool:
        """Whether the cells are text."""
        return bool(self.dtype == pl.String)
