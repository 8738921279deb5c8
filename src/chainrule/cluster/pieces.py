"""Dask arrays and data frames as pieces of rows, and one look at them: how many rows, which columns, which classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.cluster import is_dask
from chainrule.errors import ChainruleError, DataError, counted, listed
from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]

ROWS_A_PIECE = 65_536  # of arrays that are in memory
_NUMBERS, _TEXT = "biuf", "UOST"


class Span(NamedTuple):
    """Rows ``first`` to before ``end`` of a piece."""

    piece: int
    first: int
    end: int


@dataclass(frozen=True)
class Pieces:
    """A column block of a table (its X, its T or its weights) in pieces, in the order of the rows.

    Attributes
    ----------
    name : str
        For messages.
    parts : tuple of Delayed
        Each an array or a data frame of pandas.
    lengths : tuple of int or None
        Rows of each piece, where they are known.
    dimensions : int
        1 or 2.
    width : int or None
        Columns; 1 where there is one dimension.
    columns : tuple of str or None
        Their names.
    dtype : dtype or None
    """

    name: str
    parts: tuple[Any, ...]
    lengths: tuple[int, ...] | None
    dimensions: int
    width: int | None
    columns: tuple[str, ...] | None = None
    dtype: Any = None

    @property
    def rows(self) -> int:
        """Of all pieces, once their lengths are known."""
        assert self.lengths is not None
        return sum(self.lengths)

    @property
    def is_known(self) -> bool:
        """Whether the numbers of rows and columns are."""
        return self.lengths is not None and self.width is not None

    def stand_in(self) -> Array:
        """An array without rows of the same kind, to ask what it would be taken for."""
        shape = (0,) if self.dimensions == 1 else (0, self.width or 0)
        try:
            return np.empty(shape, self.dtype)
        except TypeError:  # a type of pandas: text, categories
            return np.empty(shape, object)

    def spans(self, first: int, end: int) -> list[Span]:
        """Where these rows of the table lie."""
        assert self.lengths is not None
        found, begin = [], 0
        for number, length in enumerate(self.lengths):
            a, b = max(first - begin, 0), min(end - begin, length)
            if a < b:
                found.append(Span(number, a, b))
            begin += length
        return found

    def looked_at(self, looks: Sequence[Look]) -> Pieces:
        """With what a look has found."""
        width = self.width or next((look.width for look in looks if look.rows), None)
        return replace(self, lengths=tuple(look.rows for look in looks), width=width)


class Look(NamedTuple):
    """What one piece is: its rows and columns, its classes where these are asked for, or what is wrong with it."""

    rows: int
    width: int
    classes: Array | None
    fault: tuple[str, ...] = ()


def pieces_of(values: Any, name: str) -> Pieces:
    """The pieces of a Dask array, of a Dask data frame, or of an array that is in memory.

    Raises
    ------
    DataError
        It is another of Dask's collections, or has not one or two dimensions.
    """
    import dask.array as da

    if isinstance(values, da.Array):
        return _of_array(values, name)
    if is_dask(values) and type(values).__module__.startswith("dask.dataframe"):
        return _of_frame(values, name)
    if is_dask(values):
        raise DataError(
            f"{name} is a Dask {type(values).__name__}, whose rows and columns are not known.",
            "Give a Dask array or a Dask data frame.",
        )
    array = np.asarray(values)
    if array.ndim not in (1, 2):
        raise DataError(f"{name} must have one or two dimensions, not shape {array.shape}.")
    return _of_array(da.from_array(array, chunks=(ROWS_A_PIECE, *array.shape[1:])), name)


def _of_frame(values: Any, name: str) -> Pieces:
    is_table = hasattr(values, "columns") and getattr(values, "ndim", 2) == 2
    columns = tuple(str(column) for column in values.columns) if is_table else None
    dtype = None if is_table else values.dtype
    return Pieces(name, tuple(values.to_delayed()), None, 2 if is_table else 1, len(columns or (1,)), columns, dtype)


def _of_array(values: Any, name: str) -> Pieces:
    if values.ndim not in (1, 2):
        raise DataError(f"{name} must have one or two dimensions, not shape {tuple(values.shape)}.")
    if values.ndim == 2 and values.numblocks[1] > 1:
        values = values.rechunk({1: -1})
    lengths = values.chunks[0]
    width = 1 if values.ndim == 1 else values.shape[1]
    return Pieces(
        name,
        tuple(values.to_delayed().ravel()),
        None if np.isnan(lengths).any() else tuple(int(length) for length in lengths),
        values.ndim,
        None if np.isnan(width) else int(width),
        dtype=values.dtype,
    )


def look_at(piece: Any, columns: tuple[str, ...] | None, width: int | None, wants_classes: bool) -> Look:
    """One piece, where it is; what is wrong is a value, so that the first piece's fault is the one that is told."""
    rows = len(piece)
    own = tuple(str(column) for column in piece.columns) if getattr(piece, "ndim", 1) == 2 and columns else None
    found = int(piece.shape[1]) if len(piece.shape) == 2 else 1
    if own != columns and columns is not None:
        lacks, more = [c for c in columns if c not in (own or ())], [c for c in own or () if c not in columns]
        words = [f"lacks {listed(lacks, most=4)}"] * bool(lacks) + [f"has {listed(more, most=4)} besides"] * bool(more)
        return Look(rows, found, None, (f"It {' and '.join(words) or 'has its columns in another order'}.",))
    if width is not None and found != width:
        return Look(rows, found, None, (f"It has {counted(found, 'column')}, and the others have {width}.",))
    if not wants_classes or not rows:
        return Look(rows, found, None)
    try:
        return Look(rows, found, LabelCoding.of(np.asarray(piece)).classes)
    except ChainruleError as error:
        return Look(rows, found, None, tuple(str(error).splitlines()))


def check_looks(name: str, looks: Sequence[Look]) -> None:
    """DataError for the first piece in which something is wrong, or whose width is not that of those before."""
    first, width = 0, None
    for number, look in enumerate(looks):
        where = f"Partition {number} of {name} begins at row {first:,} of the table"
        if look.fault:
            raise DataError(*look.fault[:3], f"{where}; rows are counted within it.")
        if look.rows:
            width = look.width if width is None else width
            if look.width != width:
                raise DataError(f"{where} and has {counted(look.width, 'column')}; those before have {width}.")
        first += look.rows


def classes_of(looks: Sequence[Look]) -> LabelCoding:
    """The classes of all pieces together: also those that a single one has.

    Raises
    ------
    DataError
        Some pieces hold text and others numbers, or there are no labels.
    """
    found = [(number, look.classes) for number, look in enumerate(looks) if look.classes is not None]
    if not found:
        raise DataError("There are no labels: X and the labels have no rows.")
    kinds = [(number, classes, classes.dtype.kind in _NUMBERS) for number, classes in found]
    for number, classes, is_numeric in kinds:
        if is_numeric != kinds[0][2]:
            words = ("numbers" if kinds[0][2] else "text", "numbers" if is_numeric else "text")
            raise DataError(
                f"The labels are of mixed types: {words[0]} in partition {kinds[0][0]}, {words[1]} in partition"
                f" {number}.",
                f"There the first are {kinds[0][1][0]!r} and {classes[0]!r}.",
                "Make them all text, or all numbers.",
            )
    return LabelCoding.of(np.concatenate([classes for _, classes in found]))


def rows_of(piece: Any, first: int, end: int) -> Any:
    """Some rows of a piece; all of it where it is all."""
    if first == 0 and end == len(piece):
        return piece
    return piece.iloc[first:end] if hasattr(piece, "iloc") else piece[first:end]
