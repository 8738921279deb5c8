"""What the cells of a column are: counted, with the place of the first of each sort."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.tables.numeric import COMMA, EXACT, LEADING_ZERO, WHOLE, numbers, uses_comma
from chainrule.tables.table import Table

Array = npt.NDArray[Any]

DATE = r"^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})([T ][0-9]{1,2}:.*)?$"
CLOCK = r"^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"
DRESSED = r"^[^\pL0-9]{0,3}[0-9]{1,3}([.,' ]?[0-9]{3})*([.,][0-9]+)?\s*[^0-9\s]{0,4}$"  # $1,234.50, 12 %, 80kg
POINT_THOUSANDS = r"^[+-]?[0-9]{1,3}(\.[0-9]{3})+$"
_POINT = r"^[+-]?[0-9]*\.[0-9]"
_IDENTIFIER_NAME = re.compile(
    r"(?i)(^|[_ .-])(id|ids|uuid|guid|index|key|number|nr|no)$|^(id|row)([_ .-]|$)|[a-z]I[dD]$"
)
FEW = 20  # different values up to which a column may be codes
MOST_WORDS = 50  # different cells that are looked at where numbers were expected


@dataclass(frozen=True)
class Cells:
    """Some cells of a column: how many, and of the first its place and text."""

    count: int = 0
    place: str = ""
    text: str = ""

    def plus(self, later: Cells) -> Cells:
        """These and some of later rows."""
        first = self if self.count else later
        return Cells(self.count + later.count, first.place, first.text)

    @classmethod
    def where(cls, mask: Array, table: Table, name: str) -> Cells:
        """The cells where a mask (N,) is true."""
        count = int(np.count_nonzero(mask))
        if not count:
            return cls()
        row = int(mask.argmax())
        return cls(count, table.place(row), str(table.columns[name][row])[:60])


class Facts(Protocol):
    """What is known of a column: of a table in memory, or of blocks that passed.

    Attributes
    ----------
    name : str
    dtype : polars type
    decimal_comma : bool
        Whether "1,5" may be a number.
    rows : int
    there : int
        Cells that are not null.
    missing, wrong, infinite, padded, dates, clocks, dressed, thousands, first : Cells
        Null or NaN; no number; infinite; with a leading zero; like a date, a time, a number with a sign; like a number
        whose points may part thousands; any at all.
    words : tuple of str
        Some of the cells that are no numbers.
    booleans : frozenset of str
        The texts in small letters, where they are at most two.
    good : int
        Cells that are numbers.
    has_few : bool
        Whether these are at most 20 different ones.
    beyond_exact, are_whole, all_differ, counts_rows : bool
        Of the numbers: some above 2^53; without fractions; each once; 0 or 1, and then one more in each row.
    is_whole_text : bool
        Whether every cell is written as a whole number, or is one by its type.
    uses_comma, only_thousands : bool
        Numbers with decimal commas; points, where there are any, only before three digits.
    levels : int
        Different texts.
    mostly_differ : bool
        Whether more than nine tenths of the cells have a text of their own.
    """

    name: str
    dtype: Any
    decimal_comma: bool
    rows: int

    @property
    def there(self) -> int: ...
    @property
    def missing(self) -> Cells: ...
    @property
    def wrong(self) -> Cells: ...
    @property
    def infinite(self) -> Cells: ...
    @property
    def padded(self) -> Cells: ...
    @property
    def dates(self) -> Cells: ...
    @property
    def clocks(self) -> Cells: ...
    @property
    def dressed(self) -> Cells: ...
    @property
    def thousands(self) -> Cells: ...
    @property
    def first(self) -> Cells: ...
    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def booleans(self) -> frozenset[str]: ...
    @property
    def good(self) -> int: ...
    @property
    def has_few(self) -> bool: ...
    @property
    def beyond_exact(self) -> bool: ...
    @property
    def are_whole(self) -> bool: ...
    @property
    def all_differ(self) -> bool: ...
    @property
    def counts_rows(self) -> bool: ...
    @property
    def is_whole_text(self) -> bool: ...
    @property
    def uses_comma(self) -> bool: ...
    @property
    def only_thousands(self) -> bool: ...
    @property
    def levels(self) -> int: ...
    @property
    def mostly_differ(self) -> bool: ...


class TableFacts:
    """The `Facts` of a column of a table in memory, each found when it is first asked for."""

    def __init__(self, table: Table, name: str) -> None:
        self._table, self.name = table, name
        self.column = table.columns[name]
        self.dtype, self.rows, self.decimal_comma = self.column.dtype, table.rows, table.decimal_comma

    @property
    def is_text(self) -> bool:
        """Whether the cells are text."""
        return bool(self.dtype == pl.String)

    @property
    def there(self) -> int:
        return self.rows - self.column.null_count()

    @cached_property
    def missing(self) -> Cells:
        return Cells.where(is_missing(self.column), self._table, self.name)

    @cached_property
    def read(self) -> tuple[Array, Array]:
        """Values (N,), NaN where there is none, and which cells are no numbers (N,)."""
        return numbers(self.column, self.decimal_comma)

    @cached_property
    def numbers(self) -> Array:
        """The numbers among the cells."""
        values, _ = self.read
        return values[~np.isnan(values)]

    @property
    def good(self) -> int:
        return len(self.numbers)

    @cached_property
    def wrong(self) -> Cells:
        return Cells.where(self.read[1], self._table, self.name)

    @cached_property
    def words(self) -> tuple[str, ...]:
        wrong = self.column.filter(pl.Series(self.read[1], dtype=pl.Boolean))
        return tuple(str(cell) for cell in wrong.unique(maintain_order=True).head(MOST_WORDS))

    @cached_property
    def infinite(self) -> Cells:
        return Cells.where(np.isinf(self.read[0]), self._table, self.name)

    @cached_property
    def booleans(self) -> frozenset[str]:
        if not self.is_text:
            return frozenset()
        if self.column.head(100).str.to_lowercase().n_unique() > 3:  # null counts as one
            return frozenset()
        found = self.column.drop_nulls().str.to_lowercase().unique()
        return frozenset(found.to_list()) if len(found) <= 2 else frozenset()

    @cached_property
    def different(self) -> Array:
        """The numbers, each once, in ascending order."""
        found: Array = np.unique(self.numbers)
        return found

    @property
    def has_few(self) -> bool:
        return len(self.different) <= FEW

    @cached_property
    def beyond_exact(self) -> bool:
        return bool((np.abs(self.numbers) > EXACT).any())

    @cached_property
    def are_whole(self) -> bool:
        return bool((self.numbers == np.floor(self.numbers)).all())

    @property
    def all_differ(self) -> bool:
        return len(self.different) == self.good

    @cached_property
    def counts_rows(self) -> bool:
        there = self.numbers
        is_full = 0 < len(there) == self.rows
        return bool(is_full and there[0] in (0, 1) and (np.diff(there) == 1).all())

    @cached_property
    def is_whole_text(self) -> bool:
        if self.is_text:
            return bool(self.column.drop_nulls().str.contains(WHOLE).all())
        return bool(self.dtype.is_integer())

    @cached_property
    def commas(self) -> Cells:
        """Numbers with a decimal comma, where the table may have them."""
        return self._like(COMMA) if self.decimal_comma else Cells()

    @cached_property
    def has_points(self) -> bool:
        """Whether a cell has a decimal point."""
        return bool(self.is_text and self.column.str.contains(_POINT).any())

    @cached_property
    def uses_comma(self) -> bool:
        return bool(self.decimal_comma and self.is_text and uses_comma(self.column))

    @cached_property
    def points(self) -> int:
        """Cells with a point in them."""
        return int(self.column.str.contains(".", literal=True).sum()) if self.is_text else 0

    @cached_property
    def thousands(self) -> Cells:
        return self._like(POINT_THOUSANDS) if self.decimal_comma else Cells()

    @property
    def only_thousands(self) -> bool:
        return 0 < self.thousands.count == self.points

    @cached_property
    def padded(self) -> Cells:
        return self._like(LEADING_ZERO)

    @cached_property
    def dates(self) -> Cells:
        return self._like(DATE)

    @cached_property
    def clocks(self) -> Cells:
        return self._like(CLOCK)

    @cached_property
    def dressed(self) -> Cells:
        return self._like(DRESSED)

    @cached_property
    def first(self) -> Cells:
        return Cells.where(self.column.is_not_null().to_numpy(), self._table, self.name)

    @cached_property
    def levels(self) -> int:
        return self.column.drop_nulls().n_unique()

    @property
    def mostly_differ(self) -> bool:
        return self.levels > 0.9 * self.there

    def _like(self, pattern: str) -> Cells:
        """The cells that match a pattern."""
        if not self.is_text:
            return Cells()
        return Cells.where(self.column.str.contains(pattern).fill_null(False).to_numpy(), self._table, self.name)


def may_be_identifier(name: str) -> bool:
    """Whether a column's name is one that identifiers have.

    >>> [may_be_identifier(name) for name in ("customer_id", "ID", "idea", "number")]
    [True, True, False, True]
    """
    return _IDENTIFIER_NAME.search(name) is not None


def is_missing(column: pl.Series) -> Array:
    """Which cells are null or NaN (N,)."""
    gone = column.is_null().to_numpy()
    return gone | column.is_nan().fill_null(False).to_numpy() if column.dtype.is_float() else gone
