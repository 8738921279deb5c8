"""The column to predict: what kind of task it makes, and its coding to T and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError, SettingError, nearest
from chainrule.tables.columns import check_finite, location_and_scale
from chainrule.tables.kinds import DATE, as_text
from chainrule.tables.numeric import EXACT, LEADING_ZERO, numbers
from chainrule.tables.table import Table

Array = npt.NDArray[Any]
Task = Literal["classify", "regress", "count"]
TASKS: tuple[str, ...] = ("classify", "regress", "count")
LAWS = {"regress": "identity", "count": "exp"}

_MOST_WHOLE_CLASSES = 20  # whole numbers of more values than this are a quantity
_ROWS_A_CLASS = 5


@dataclass(frozen=True)
class Target:
    """The column to predict and its coding.

    Attributes
    ----------
    name : str
    task : {"classify", "regress", "count"}
    classes : tuple of str
        The classes as they are written in the table, in the order of the probabilities.
    type : {"text", "integer", "number", "boolean"}
        What a predicted value is in Python.
    mean, scale : float
        A regression target is trained on as ``(t - mean) / scale``; of the training rows. Scale 0: all were equal.
    spread : float
        Standard deviation of the target around a regression's prediction, in the target's unit.
    minimum, maximum : float
        Of a regression's or count's target in the training rows.
    counts : tuple of int
        Training rows of each class.
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()
    type: str = "number"
    mean: float = 0.0
    scale: float = 1.0
    spread: float = 1.0
    minimum: float = 0.0
    maximum: float = 0.0
    counts: tuple[int, ...] = ()

    @property
    def outputs(self) -> str:
        """The output layer in the notation: ``3 softmax``, ``1 sigmoid``, ``1 identity``, ``1 exp``."""
        if self.task == "classify":
            return f"{len(self.classes)} softmax" if len(self.classes) > 2 else "1 sigmoid"
        return f"1 {LAWS[self.task]}"

    @property
    def values(self) -> Array:
        """The classes as Python would have them: text, whole numbers, numbers or booleans (C,)."""
        match self.type:
            case "integer":
                return np.array([int(text) for text in self.classes], dtype=np.int64)
            case "boolean":
                return np.array([text == "true" for text in self.classes])
            case "number":
                return np.array([float(text.replace(",", ".")) for text in self.classes])
            case _:
                return np.array(self.classes)

    def check_types(self) -> None:
        """ValueError where a target that came from a file holds what `scaled` would never have made."""
        check_finite(self, ("mean", "scale", "spread", "minimum", "maximum"))
        if self.type not in ("text", "integer", "number", "boolean") or not isinstance(self.name, str):
            raise ValueError(f"target {str(self.name)[:40]!r} of type {str(self.type)[:40]!r}")
        if len(set(self.values.tolist())) < len(self.classes) or not all(isinstance(c, str) for c in self.classes):
            raise ValueError(f"classes of {self.name[:40]!r}")
        if self.task == "classify" and (
            len(self.counts) != len(self.classes) or not all(type(n) is int and n >= 0 for n in self.counts)
        ):
            raise ValueError("counts of the classes")

    def codes(self, table: Table) -> Array:
        """Position of each row's class (N,), int64; -1 where it was not seen in training or is missing."""
        text = as_text(table.columns[self.name])
        at: dict[Any, int]
        if self.type in ("integer", "number"):  # 1 and 1.0 are one class
            values, _ = numbers(table.columns[self.name], table.decimal_comma)
            known = [float(value) for value in self.values]
            at = dict(zip(known, range(len(known)), strict=True))
            return np.array([at.get(value, -1) for value in values.tolist()], dtype=np.int64)
        at = {text: at for at, text in enumerate(self.classes)}
        return np.array([at.get(cell, -1) for cell in text.to_list()], dtype=np.int64)

    def numbers(self, table: Table) -> Array:
        """The target as numbers (N,), in its own unit; NaN where missing.

        Raises
        ------
        DataError
            A cell is no number, or (task count) is negative.
        """
        return _checked_numbers(table, self.name, self.task)

    def code(self, table: Table) -> Array:
        """T (N, K) float64, for the output law. Every class must be known, every number present."""
        if self.task == "classify":
            at = self.codes(table)
            if len(self.classes) == 2:
                return at.astype(np.float64).reshape(-1, 1)
            return np.eye(len(self.classes))[at]
        values = self.numbers(table)
        if self.task == "count":
            return values.reshape(-1, 1)
        return ((values - self.mean) / (self.scale or 1.0)).reshape(-1, 1)

    def probabilities(self, Y: Array) -> Array:
        """One column a class (N, C), from outputs (N, K)."""
        return np.column_stack([1 - Y, Y]) if Y.shape[1] == 1 else Y

    def decode(self, Y: Array) -> Array:
        """Predicted number of each row in the target's unit (N,), from outputs (N, 1)."""
        return Y[:, 0] if self.task == "count" else self.mean + self.scale * Y[:, 0]

    def to_json(self) -> dict[str, Any]:
        """The coding as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, target: Mapping[str, Any]) -> Self:
        """The coding from what `to_json` gave."""
        return cls(**{**target, "classes": tuple(target["classes"]), "counts": tuple(target["counts"])})


@dataclass(frozen=True)
class Guess:
    """A target's task and classes, how many rows each has, and what a person should know."""

    target: Target
    counts: tuple[int, ...]
    notes: tuple[str, ...]


def guessed(table: Table, name: str, task: str | None = None) -> Guess:
    """The task that the target's column makes, from rows where it is present.

    Text and booleans are classes, and so are whole numbers of few values; other numbers are a quantity. Counts
    are never guessed.

    Raises
    ------
    SettingError
        The task is unknown.
    DataError
        The column is not there, holds dates, cannot serve the task, or has one class.
    """
    if task is not None and task not in TASKS:
        raise SettingError(f"There is no task {task!r}.", f"Known: {', '.join(TASKS)}.", nearest(task, TASKS))
    column = table.columns[name]
    if column.dtype.is_temporal() or (
        column.dtype == pl.String and column.drop_nulls().str.contains(DATE).mean() > 0.8  # type: ignore[operator]
    ):
        raise DataError(
            f"The target {name!r} holds dates or times ({column.drop_nulls()[0]}).",
            "Predict a number instead, such as days since.",
        )
    if column.dtype.is_nested():
        raise DataError(f"The target {name!r} holds {str(column.dtype).lower()} values, not one a cell.")
    values, wrong = numbers(column, table.decimal_comma)
    padded = column.dtype == pl.String and bool(column.str.contains(LEADING_ZERO).any())
    is_numeric = column.dtype != pl.Boolean and not wrong.any() and not padded
    notes: list[str] = []
    chosen = task or _task(values, is_numeric)
    if chosen == "classify":
        return _classes(table, name, values, is_numeric, task is None, notes)
    values = _checked_numbers(table, name, chosen)
    low, high = float(values.min()), float(values.max())
    if low == high:
        notes.append(f"The target {name!r} is {low:g} in every row: the model will always predict it.")
    if task is None and _looks_like_counts(values):
        notes.append(f"The target {name!r} holds whole numbers from 0; if they are counts, try --task count.")
    return Guess(Target(name, chosen, minimum=low, maximum=high), (), tuple(notes))


def scaled(target: Target, table: Table) -> Target:
    """The coding with the scaling that these training rows make."""
    if target.task == "classify":
        counts = np.bincount(target.codes(table), minlength=len(target.classes))
        return replace(target, counts=tuple(int(count) for count in counts))
    values = target.numbers(table)
    mean, scale = location_and_scale(values)
    found = replace(target, mean=mean, minimum=float(values.min()), maximum=float(values.max()))
    return found if target.task == "count" else replace(found, scale=scale, spread=scale)


def _task(values: Array, is_numeric: bool) -> str:
    if not is_numeric:
        return "classify"
    different = np.unique(values)
    is_whole = bool((different == np.floor(different)).all())
    few = len(different) <= min(_MOST_WHOLE_CLASSES, max(2, len(values) // _ROWS_A_CLASS))
    return "classify" if is_whole and few and len(different) > 1 else "regress"


def _classes(table: Table, name: str, values: Array, is_numeric: bool, is_guess: bool, notes: list[str]) -> Guess:
    """The classes in order: by value where they are numbers, else by text."""
    column = table.columns[name]
    text = as_text(column)
    if is_numeric:
        different, first, counts = np.unique(values, return_index=True, return_counts=True)
        classes = [str(text[int(at)]) for at in first]
        whole = bool((different == np.floor(different)).all()) and bool((np.abs(different) <= EXACT).all())
        kind = "integer" if whole and all(_reads_as_int(cell) for cell in classes) else "number"
    else:
        counted = sorted(text.value_counts().iter_rows())
        classes, counts = [cell for cell, _ in counted], np.array([count for _, count in counted])
        kind = "boolean" if column.dtype == pl.Boolean else "text"
    if len(classes) == 1:
        raise DataError(
            f"The target {name!r} is {classes[0][:60]!r} in all {table.rows:,} rows: there is nothing to tell apart.",
            "Give a table with at least two classes.",
        )
    if len(classes) > 20 and len(classes) > table.rows / 2:
        raise DataError(
            f"The target {name!r} has {len(classes):,} different values in {table.rows:,} rows: these are no classes.",
            "Name another column with --target" + (", or say --task regress." if is_numeric else "."),
        )
    single = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    if single:
        shown = ", ".join(repr(cell[:30]) for cell in single[:4]) + (" ..." if len(single) > 4 else "")
        plural = "es have" if len(single) > 1 else " has"
        notes.append(f"{len(single)} class{plural} a single row, which is trained on and not held out: {shown}.")
    if is_guess and is_numeric and len(classes) > 2:
        notes.append(
            f"The {len(classes)} values of {name!r} are taken as classes; for a quantity say --task regress (or count)."
        )
    return Guess(Target(name, "classify", tuple(classes), kind), tuple(int(count) for count in counts), tuple(notes))


def _checked_numbers(table: Table, name: str, task: str) -> Array:
    values, wrong = numbers(table.columns[name], table.decimal_comma)
    if table.columns[name].dtype == pl.Boolean:
        wrong = np.ones(len(wrong), bool)
    wrong |= np.isinf(values)
    words = "numbers"
    if task == "count":
        with np.errstate(invalid="ignore"):
            wrong |= (values < 0) | (values != np.floor(values)) & ~np.isnan(values)
        words = "counts: whole numbers from 0"
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise DataError(
            f"The target {name!r} must hold {words}, and {len(rows):,} row{'s do' if len(rows) > 1 else ' does'} not"
            f" (first at {table.place(rows[0])}: {str(table.columns[name][int(rows[0])])[:60]!r}).",
            "Correct the cells, or choose another --task.",
        )
    return values


def _looks_like_counts(values: Array) -> bool:
    whole = (values >= 0).all() and (values == np.floor(values)).all()
    return bool(whole and (values == 0).mean() > 0.01 and values.max() < 1e6 and values.var() >= values.mean())


def _reads_as_int(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
