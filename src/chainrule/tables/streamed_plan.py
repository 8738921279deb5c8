"""A table looked at in one pass, block by block: what was understood of it, and what will be trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.network import Network
from chainrule.tables.contract import Contract
from chainrule.tables.facts import Cells, TableFacts, is_missing
from chainrule.tables.gathered import GatheredFacts
from chainrule.tables.kinds import Judgement, Kind, judged
from chainrule.tables.medians import medians
from chainrule.tables.missing import dropped, filled, has_missing, target_is_missing
from chainrule.tables.numeric import numbers
from chainrule.tables.plan import (
    Plan,
    check_columns,
    check_options,
    constants,
    forced_kinds,
    network_for,
    size_notes,
    used,
)
from chainrule.tables.selection import Selection, ahead, chance
from chainrule.tables.source import Source
from chainrule.tables.sums import ColumnSums
from chainrule.tables.table import Table
from chainrule.tables.target import Guess, Target, guess, scaled_by
from chainrule.tables.target_facts import TargetFacts

Array = npt.NDArray[Any]
Told = Callable[[int], object]  # of the rows that were read


@dataclass(frozen=True)
class StreamedPlan:
    """As `Plan`, of a table that is not held in memory.

    Attributes
    ----------
    origin : Source
    selection : Selection
        Which rows are trained on and which held out.
    judgements, guess, target, contract, network, notes, settings
        See `Plan`.
    rows, training_rows, test_rows : int
    bound : int
        Bytes of memory that the training may take.
    """

    origin: Source
    selection: Selection
    judgements: dict[str, Judgement]
    guess: Guess
    target: Target
    contract: Contract
    network: Network
    rows: int
    training_rows: int
    test_rows: int
    notes: tuple[str, ...]
    settings: dict[str, Any]
    bound: int

    is_streamed = True

    @property
    def source(self) -> str:
        """What the table is called."""
        return self.origin.name

    def blocks(self, told: Told = lambda rows: None) -> Iterator[tuple[Table, Array, Array]]:
        """The usable rows block by block: with the columns that are read, their numbers, and which are held out."""
        first = 0
        for block in ahead(self.origin.blocks([*self.contract.names, self.target.name])):
            chosen = self.selection.of(block, first)
            first += block.rows
            yield chosen.table, chosen.rows, chosen.is_test
            told(first)

    def sample(self, most: int) -> Plan:
        """The plan of a part of the rows, at most about so many, in memory: as many of each side as they have."""
        share = min(1.0, most / self.rows)
        parts, is_test = [], []
        for table, rows, test in self.blocks():
            first = int(rows[0]) if len(rows) else 0
            inside = (
                chance(self.selection.seed + 2, share, first, int(rows[-1]) - first + 1)[rows - first]
                if len(rows)
                else test
            )
            keep = np.flatnonzero(inside)
            parts.append(table.take(keep))
            is_test.append(test[keep])
        test = np.concatenate(is_test)
        return Plan(
            replace(Table.joined(parts), source=self.source),
            self.judgements,
            self.guess,
            self.target,
            self.contract,
            self.network,
            np.flatnonzero(~test),
            np.flatnonzero(test),
            self.notes,
            self.settings,
        )


def streamed_plan(
    source: Source,
    target: str,
    *,
    task: str | None = None,
    hidden: str | None = None,
    drop: Sequence[str] = (),
    categories: Sequence[str] = (),
    as_numbers: Sequence[str] = (),
    missing: str = "refuse",
    missing_words: Sequence[str] = (),
    test_share: float = 0.2,
    seed: int = 0,
    bound: int,
    told: Told = lambda rows: None,
) -> StreamedPlan:
    """Look at a table in one pass and decide what to train, as `planned` does with a table in memory.

    Kinds of the columns, levels of categories, missing cells, means and scales come from the same pass. More passes
    are needed for medians (``missing="median"``, where cells are missing), for the figures of the rows that are left
    once those with missing cells are dropped, for the levels of a column of numbers that turned out to hold codes, and
    where a class had no row to train on.

    Parameters
    ----------
    source : Source
    bound : int
        Bytes of memory that the training may take.
    told : callable
        Told of the rows that were read, in the first pass.
    **others
        See `chainrule.tables.plan.planned`.

    Raises
    ------
    DataError, SettingError
    """
    check_options(missing, test_share, seed)
    check_columns(source.names, source.name, target, drop, categories, as_numbers)
    origin = source.with_words(missing_words)
    names = [name for name in source.names if name not in drop]
    selection = Selection(target, test_share, seed)
    forced = forced_kinds((), categories, as_numbers)
    look = _Look(selection, names, dict(forced))
    look.run(origin, told)
    forced = forced_kinds(look.categorical - {target}, categories, as_numbers)
    notes = _without_target(look, target, missing)
    found = guess(look.target, task or ("classify" if target in look.categorical else None))
    judgements = {name: judged(look.facts, name, forced.get(name)) for name in look.facts}
    notes += [judgement.note for judgement in judgements.values() if judgement.note]
    kinds = used(judgements)
    gone = {name: look.facts[name].missing for name in kinds if look.facts[name].missing.count}
    if gone and missing == "refuse":
        raise has_missing(gone)
    if gone and missing == "median":
        notes += filled(gone, kinds)
    if gone and missing == "drop":
        selection = replace(selection, complete=tuple(gone))
    if not all(look.sums[name].serves(kind) for name, kind in kinds.items()) or selection.complete:
        before = look.target.rows
        look = _Look(selection, [*kinds, target], kinds, is_first=False)
        look.run(origin)
        if selection.complete:
            notes.append(dropped(before - look.target.rows, before, gone))
            found = guess(look.target, found.target.task)
    lacking = _untrained(look, found)
    if lacking:
        selection = replace(selection, trained=frozenset(lacking))
        look = _Look(selection, [*kinds, target], kinds, is_first=False)
        look.run(origin)
    middles = _medians(look, origin, kinds) if missing == "median" else {}
    contract = Contract(
        tuple(look.sums[name].column(kind, missing == "median", middles.get(name)) for name, kind in kinds.items())
    )
    coding = _coding(look, found)
    notes += constants(contract, judgements, drop, source.name, target)
    notes += [*found.notes, *_lone_classes(look, origin), *_forgotten(look, kinds)]
    notes += size_notes(look.target.rows, look.target.rows - look.trained.rows, test_share)
    settings = {
        "source": source.name,
        "rows": look.target.rows,
        "training_rows": look.trained.rows,
        "missing": missing,
        "missing_words": list(missing_words),
        "test_share": test_share,
        "seed": seed,
        "streamed": True,
    }
    return StreamedPlan(
        origin,
        selection,
        judgements,
        found,
        coding,
        contract,
        network_for(len(contract.inputs), hidden, coding, look.trained.rows),
        look.target.rows,
        look.trained.rows,
        look.target.rows - look.trained.rows,
        (*source.notes, *notes),
        settings,
        bound,
    )


@dataclass
class _Look:
    """A pass: facts of all rows that have a target, sums of those that are trained on."""

    selection: Selection
    names: list[str]
    kinds: dict[str, Kind]
    is_first: bool = True
    rows: int = 0
    without_target: Cells = field(default_factory=Cells)
    categorical: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        name = self.selection.target
        inputs = [other for other in self.names if other != name]
        self.facts = {other: GatheredFacts(other) for other in inputs}
        self.sums = {other: ColumnSums(other, self.kinds.get(other)) for other in inputs}
        self.target, self.trained = TargetFacts(name, ""), TargetFacts(name, "")

    def run(self, origin: Source, told: Told = lambda rows: None) -> None:
        """Read the table once."""
        name = self.selection.target
        for block in ahead(origin.blocks(self.names)):
            self.categorical = block.categorical
            gone = is_missing(block.columns[name])
            self.without_target = self.without_target.plus(Cells.where(gone, block, name))
            chosen = self.selection.of(block, self.rows)
            self.rows += block.rows
            self.target.add(chosen.table, chosen.rows)
            training = chosen.training
            self.trained.add(training, chosen.rows[~chosen.is_test])
            for other, sums in self.sums.items():
                if self.is_first:
                    self.facts[other].add(TableFacts(chosen.table, other))
                sums.add(TableFacts(training, other))
            told(self.rows)


def _without_target(look: _Look, target: str, missing: str) -> list[str]:
    """What is said of rows without a target."""
    gone = look.without_target
    if not look.target.rows:
        raise DataError(f"The target {target!r} has no values.", "Name another column with --target.")
    if not gone.count:
        return []
    if missing == "refuse":
        raise target_is_missing(target, gone)
    more = f" and {gone.count - 1:,} more" if gone.count > 1 else ""
    return [f"{gone.count:,} row{'s' if gone.count > 1 else ''} without a target left out ({gone.place}{more})."]


def _untrained(look: _Look, found: Guess) -> list[int]:
    """The first row of each class that has none among the rows to train on; of all, where there is no row."""
    if not look.trained.rows:
        return [look.target.first_row]
    if found.target.task != "classify":
        return []
    trained = _trained(look)
    return [cells.row for cells in look.target.seen() if _key(look, cells.text) not in trained]


def _coding(look: _Look, found: Guess) -> Target:
    """The target's coding with the figures of the rows that are trained on."""
    if found.target.task != "classify":
        return scaled_by(found.target, look.trained.moments)
    trained = _trained(look)
    return replace(found.target, counts=tuple(trained.get(_key(look, name), 0) for name in found.target.classes))


def _trained(look: _Look) -> dict[float | str, int]:
    """Rows to train on of each class."""
    return {_key(look, cells.text): cells.count for cells in look.trained.seen(look.target.is_numeric)}


def _key(look: _Look, text: str) -> float | str:
    """What tells a class from others: 1 and 1.0 are one where classes are numbers."""
    return float(text.replace(",", ".")) if look.target.is_numeric else text


def _lone_classes(look: _Look, origin: Source) -> list[str]:
    """What is said of classes that only one of many files has."""
    if len(origin.files) < 2 or look.target.different > 1000:
        return []
    lone = [cells for cells in look.target.seen() if cells.files[0] == cells.files[1]]
    if not lone or len(lone) == len(look.target.seen()):
        return []
    where = [
        f"{cells.text[:30]!r} in {origin.files[cells.files[0]].name} (from {cells.place.split(' of ')[0]} on)"
        for cells in lone[:4]
    ]
    more = f" and {len(lone) - 4} more" if len(lone) > 4 else ""
    return [f"Classes that only one of the files has: {', '.join(where)}{more}."]


def _forgotten(look: _Look, kinds: dict[str, Kind]) -> list[str]:
    """What is said of categories with so many texts that the rarest were not counted to the end."""
    found = [
        name
        for name, kind in kinds.items()
        if kind is Kind.CATEGORY and (tally := look.sums[name].tally) is not None and not tally.is_exact
    ]
    return [f"Column {name!r} has so many texts that its 100 commonest were found approximately." for name in found]


def _medians(look: _Look, origin: Source, kinds: dict[str, Kind]) -> dict[str, float]:
    """The medians, over the rows to train on, of the columns of numbers."""
    counts = {name: look.sums[name].moments.count for name, kind in kinds.items() if kind is Kind.NUMBER}
    selection = look.selection

    def read(names: list[str]) -> Iterator[dict[str, Array]]:
        first = 0
        for block in ahead(origin.blocks([*dict.fromkeys([*names, selection.target, *selection.complete])])):
            training = selection.of(block, first).training
            first += block.rows
            values = {name: numbers(training.columns[name], training.decimal_comma)[0] for name in names}
            yield {name: there[~np.isnan(there)] for name, there in values.items()}

    return medians(counts, read)
