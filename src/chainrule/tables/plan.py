"""A table looked at: what was understood of it, and what will be trained."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from chainrule.errors import DataError, SettingError, listed
from chainrule.network import Network, generator
from chainrule.tables.contract import Contract
from chainrule.tables.facts import TableFacts
from chainrule.tables.kinds import Judgement, Kind, judged
from chainrule.tables.missing import with_cells, with_target
from chainrule.tables.read import read
from chainrule.tables.split import held_out
from chainrule.tables.table import Table, check_has
from chainrule.tables.target import Guess, Target, guessed, scaled

Array = npt.NDArray[Any]
MISSING = ("refuse", "median", "drop")


@dataclass(frozen=True)
class Plan:
    """What was understood of a table, and what will be trained; nothing is trained yet.

    Attributes
    ----------
    table : Table
        Rows with a target, and with every cell that must be there.
    judgements : dict of str to Judgement
        Kind of each column but the target.
    guess : Guess
        The task, and rows of each class in the whole table.
    target : Target
        With the training rows' scaling.
    contract : Contract
        With the training rows' scaling.
    network : Network
    training, test : int arrays
        Positions of the rows trained on and held out.
    notes : tuple of str
    settings : dict
        How the table was read.
    """

    table: Table
    judgements: dict[str, Judgement]
    guess: Guess
    target: Target
    contract: Contract
    network: Network
    training: Array
    test: Array
    notes: tuple[str, ...]
    settings: dict[str, Any]

    is_streamed = False

    @property
    def source(self) -> str:
        """What the table is called."""
        return self.table.source

    @property
    def rows(self) -> int:
        """Rows of the table that are used."""
        return self.table.rows

    @property
    def training_rows(self) -> int:
        """How many are trained on."""
        return len(self.training)

    @property
    def test_rows(self) -> int:
        """How many are held out."""
        return len(self.test)

    @property
    def training_table(self) -> Table:
        """The rows trained on."""
        return self.table.take(self.training)

    @property
    def test_table(self) -> Table:
        """The rows held out."""
        return self.table.take(self.test)


def planned(
    source: Any,
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
    header: bool | None = None,
    separator: str | None = None,
) -> Plan:
    """Look at a table and decide what to train.

    Parameters
    ----------
    source : path, Table, data frame or mapping of columns
    target : str
        The column to predict.
    task : {"classify", "regress", "count"}, optional
        Guessed where left out: text, booleans and whole numbers of few values are classes.
    hidden : str, optional
        Hidden layers, as in ``"32 tanh-16"``; ``"none"`` for none. Where left out, one tanh layer of about the
        square root of the number of training rows.
    drop, categories, as_numbers : sequences of str
        Columns left out, taken as categories, and taken as numbers.
    missing : {"refuse", "median", "drop"}
        What to do with missing cells: refuse; fill with the median (a category gets a level of its own); or leave
        out the rows.
    missing_words : sequence of str
        Text that stands for a missing cell.
    test_share : float
        Of the rows to hold out, from 0 to below 1.
    seed : int
    header, separator
        See `read`.

    Raises
    ------
    DataError, SettingError
        The table or an option is not what can be trained on; the message says where.
    """
    check_options(missing, test_share, seed)
    table = read(source, header=header, separator=separator, missing_words=missing_words)
    check_columns(table.names, table.source, target, drop, categories, as_numbers)
    table = table.without(drop)
    table, notes = with_target(table, target, missing)
    guess = guessed(table, target, task or ("classify" if target in table.categorical else None))
    forced = forced_kinds(table.categorical, categories, as_numbers)
    facts = {name: TableFacts(table, name) for name in table.columns if name != target}
    judgements = {name: judged(facts, name, forced.get(name)) for name in facts}
    notes += [judgement.note for judgement in judgements.values() if judgement.note]
    kinds = used(judgements)
    table, filled = with_cells(table, kinds, missing)
    notes += filled
    if len(filled) and missing == "drop":
        guess = guessed(table, target, guess.target.task)
    codes = guess.target.codes(table) if guess.target.task == "classify" else None
    training, test = held_out(table.rows, test_share, seed, codes)
    rows = table.take(training)
    coding = scaled(guess.target, rows)
    contract = Contract.of(rows, kinds, fills=missing == "median")
    notes += constants(contract, judgements, drop, table.source, target)
    check_width(contract, len(training))
    notes += [*guess.notes, *size_notes(table.rows, len(test), test_share)]
    network = network_for(len(contract.inputs), hidden, coding, len(training))
    settings = {
        "source": table.source,
        "rows": table.rows,
        "training_rows": len(training),
        "missing": missing,
        "missing_words": list(missing_words),
        "test_share": test_share,
        "seed": seed,
    }
    every = (*table.notes, *notes)
    return Plan(table, judgements, guess, coding, contract, network, training, test, every, settings)


def check_options(missing: str, test_share: float, seed: int) -> None:
    """SettingError where an option is outside its range."""
    if missing not in MISSING:
        raise SettingError(f"missing must be one of {listed(MISSING)}, not {missing!r}.")
    generator(seed)  # refuses what is no seed
    if not 0 <= test_share < 1:
        raise SettingError(f"The share of rows held out must be from 0 to below 1, not {test_share!r}.")


def check_columns(
    names: Sequence[str],
    source: str,
    target: str,
    drop: Sequence[str],
    categories: Sequence[str],
    as_numbers: Sequence[str],
) -> None:
    """DataError or SettingError where an option names a column that is not there, or the target twice."""
    every = (([target], "--target"), (drop, "--drop"), (categories, "--categories"), (as_numbers, "--numbers"))
    for wanted, option in every:
        check_has(wanted, names, source, option)
    if target in drop:
        raise SettingError(f"{target!r} is both the target and dropped.", "Drop another column.")


def forced_kinds(categorical: Iterable[str], categories: Sequence[str], as_numbers: Sequence[str]) -> dict[str, Kind]:
    """The kinds that a column's type or a person says."""
    return {**dict.fromkeys([*categorical, *categories], Kind.CATEGORY), **dict.fromkeys(as_numbers, Kind.NUMBER)}


def used(judgements: Mapping[str, Judgement]) -> dict[str, Kind]:
    """The columns that make inputs, and their kinds."""
    return {
        name: judgement.kind
        for name, judgement in judgements.items()
        if judgement.kind not in (Kind.IDENTIFIER, Kind.EMPTY)
    }


def constants(
    contract: Contract, judgements: dict[str, Judgement], drop: Sequence[str], source: str, target: str
) -> list[str]:
    """What is said of columns of one value; DataError where no other is left."""
    constant = [column.name for column in contract.columns if column.is_constant]
    if not contract.inputs:
        raise DataError(
            f"No column of {source} is left to learn from.",
            f"Besides the target {target!r} there {_what_is_there(judgements, constant, drop)}.",
            "Give columns that differ from row to row.",
        )
    if not constant:
        return []
    one = len(constant) == 1
    return [
        f"Column{'' if one else 's'} {listed(constant, most=5)} {'has' if one else 'have'} one value throughout:"
        f" {'it carries' if one else 'they carry'} no weight."
    ]


def _what_is_there(judgements: dict[str, Judgement], constant: list[str], drop: Sequence[str]) -> str:
    left = [name for name, judgement in judgements.items() if judgement.kind is Kind.IDENTIFIER]
    empty = [name for name, judgement in judgements.items() if judgement.kind is Kind.EMPTY]
    counts = ((constant, "constant"), (left, "identifier"), (empty, "empty"), (drop, "dropped"))
    parts = [f"{len(names)} {word}" for names, word in counts if names]
    return f"are only columns of these kinds: {', '.join(parts)}" if parts else "is no column"


def size_notes(rows: int, test_rows: int, test_share: float) -> list[str]:
    """What is said of a table that is very small."""
    if rows == 1:
        return ["The table has one row: the model can only repeat it."]
    if test_share and not test_rows:
        return [f"{rows} rows are too few to hold any out: there are no held-out figures."]
    return []


def check_width(contract: Contract, rows: int) -> None:
    """DataError where X alone would take more than half of the machine's memory."""
    import os

    needed = 8 * rows * len(contract.inputs)
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not tell
        return
    if needed > there / 2:
        widest = max(contract.columns, key=lambda column: len(column.inputs))
        raise DataError(
            f"{rows:,} rows of {len(contract.inputs):,} inputs take {needed / 1e9:.1f} GB; the machine has"
            f" {there / 1e9:.1f} GB.",
            f"The column with the most inputs is {widest.name!r}: {len(widest.inputs):,}.",
            "Leave columns out with --drop, or train on fewer rows.",
        )


def network_for(inputs: int, hidden: str | None, target: Target, rows: int) -> Network:
    """The network asked for, or one tanh layer of about the square root of the number of rows."""
    if hidden is None:
        layers = [f"{min(128, max(4, 2 ** round(math.log2(math.sqrt(rows)))))} tanh"]
    elif hidden.strip().lower() in ("", "none", "0"):
        layers = []
    else:
        layers = [part.strip() for part in hidden.replace("–", "-").strip().strip("-").split("-")]
    return Network(inputs, hidden=layers, outputs=target.outputs)
