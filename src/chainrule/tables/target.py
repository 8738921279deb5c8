"""The column to predict: what kind of task it makes, and its coding to T and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import DataError, SettingError, nearest
from chainrule.tables.columns import check_finite
from chainrule.tables.kinds import as_text
from chainrule.tables.moments import Moments
from chainrule.tables.numeric import numbers
from chainrule.tables.table import Table
from chainrule.tables.target_facts import TargetFacts

Array = npt.NDArray[Any]
Task = Literal["classify", "regress", "count"]
TASKS: tuple[str, ...] = ("classify", "regress", "count")
LAWS = {"regress": "identity", "count": "exp"}

_MOST_WHOLE_CLASSES = 20  # whole numbers of more values than this are a quantity
_ROWS_A_CLASS = 5
_MOSTLY = 0.8  # share of cells from which on a column holds dates


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
        facts = TargetFacts(self.name, table.source)
        values = facts.add(table, classes=False)
        facts.check_numbers(self.task)
        return values

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
        if Y.shape[1] > 1:
            return Y
        P = np.empty((2, len(Y)), Y.dtype)  # class by class in memory, as it is written
        np.subtract(1, Y[:, 0], out=P[0])
        P[1] = Y[:, 0]
        return P.T

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
    """The task that the target's column makes, from the rows of a table in memory, where it is present; see `guess`."""
    facts = TargetFacts(name, table.source)
    facts.add(table)
    return guess(facts, task)


def guess(facts: TargetFacts, task: str | None = None) -> Guess:
    """The task that the target's column makes.

    Text and booleans are classes, and so are whole numbers of few values; other numbers are a quantity. Counts
    are never guessed.

    Raises
    ------
    SettingError
        The task is unknown.
    DataError
        The column holds dates, cannot serve the task, or has one class.
    """
    if task is not None and task not in TASKS:
        raise SettingError(f"There is no task {task!r}.", f"Known: {', '.join(TASKS)}.", nearest(task, TASKS))
    name = facts.name
    if facts.dtype.is_temporal() or facts.dates.count > _MOSTLY * facts.rows:
        raise DataError(
            f"The target {name!r} holds dates or times ({facts.first.text}).",
            "Predict a number instead, such as days since.",
        )
    if facts.dtype.is_nested():
        raise DataError(f"The target {name!r} holds {str(facts.dtype).lower()} values, not one a cell.")
    notes: list[str] = []
    chosen = task or _task(facts)
    if chosen == "classify":
        return _classes(facts, task is None, notes)
    facts.check_numbers(chosen)
    low, high = facts.moments.low, facts.moments.high
    if low == high:
        notes.append(f"The target {name!r} is {low:g} in every row: the model will always predict it.")
    if task is None and facts.looks_like_counts:
        notes.append(f"The target {name!r} holds whole numbers from 0; if they are counts, try --task count.")
    return Guess(Target(name, chosen, minimum=low, maximum=high), (), tuple(notes))


def scaled(target: Target, table: Table) -> Target:
    """The coding with the scaling that these training rows make."""
    if target.task == "classify":
        counts = np.bincount(target.codes(table), minlength=len(target.classes))
        return replace(target, counts=tuple(int(count) for count in counts))
    return scaled_by(target, Moments.of(target.numbers(table)))


def scaled_by(target: Target, moments: Moments) -> Target:
    """The coding of a quantity or count with the scaling of training rows with these moments."""
    found = replace(target, mean=moments.mean, minimum=moments.low, maximum=moments.high)
    return found if target.task == "count" else replace(found, scale=moments.scale, spread=moments.scale)


def _task(facts: TargetFacts) -> str:
    if not facts.is_numeric:
        return "classify"
    few = facts.different <= min(_MOST_WHOLE_CLASSES, max(2, facts.rows // _ROWS_A_CLASS))
    return "classify" if facts.are_whole and few and facts.different > 1 else "regress"


def _classes(facts: TargetFacts, is_guess: bool, notes: list[str]) -> Guess:
    """The classes in order: by value where they are numbers, else by text."""
    name, is_numeric = facts.name, facts.is_numeric
    classes, counts = facts.classes()
    if is_numeric:
        whole = facts.are_whole and not facts.beyond_exact
        kind = "integer" if whole and all(_reads_as_int(cell) for cell in classes) else "number"
    else:
        kind = "boolean" if facts.dtype == pl.Boolean else "text"
    if len(classes) == 1:
        raise DataError(
            f"The target {name!r} is {classes[0][:60]!r} in all {facts.rows:,} rows: there is nothing to tell apart.",
            "Give a table with at least two classes.",
        )
    if len(classes) > 20 and len(classes) > facts.rows / 2:
        raise DataError(
            f"The target {name!r} has {len(classes):,} different values in {facts.rows:,} rows: these are no classes.",
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


def _reads_as_int(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
