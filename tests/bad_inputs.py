"""Bad inputs of the command line, as one table: what is handed in, and what must be said.

The identifiers are those of the page of bad inputs ("option": a wrong option). A case either is refused (exit status
2, at most four lines on standard error, nothing written) or is accepted and says what was done.
"""

from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Content = str | bytes | Callable[[], bytes]


def flowers(rows: int = 40, colour: str = "colour") -> str:
    """A small table that trains well: two numbers, a category, two classes."""
    rng = np.random.default_rng(3)
    lines = [f"length,width,{colour},kind"]
    for at in range(rows):
        big = at % 2
        length, width = rng.normal(3 + 2 * big, 0.4), rng.normal(1 + big, 0.3)
        lines.append(f"{length:.3f},{width:.3f},{('red', 'blue', 'white')[at % 3]},{('small', 'large')[big]}")
    return "\n".join(lines) + "\n"


def changed(row: int, column: int, cell: str) -> str:
    """`flowers` with one cell changed; row 1 is line 2."""
    lines = [line.split(",") for line in flowers().splitlines()]
    lines[row][column] = cell
    return "\n".join(",".join(line) for line in lines) + "\n"


def with_column(name: str, cell: Callable[[int], str]) -> str:
    """`flowers` with one more column in front."""
    lines = flowers().splitlines()
    return "\n".join([f"{name},{lines[0]}", *(f"{cell(at)},{line}" for at, line in enumerate(lines[1:]))]) + "\n"


def with_target(cell: Callable[[int], str]) -> str:
    """`flowers` with another target."""
    lines = [line.rsplit(",", 1)[0] for line in flowers().splitlines()]
    return "\n".join([f"{lines[0]},kind", *(f"{line},{cell(at)}" for at, line in enumerate(lines[1:]))]) + "\n"


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, W=np.ones(3))
    return file.getvalue()


@dataclass(frozen=True)
class Case:
    """One bad input.

    ``table`` is the content of the table, ``options`` what stands after ``train TABLE --target kind``;
    ``said`` must all be in what is printed.
    """

    id: str
    what: str
    table: Content
    said: tuple[str, ...]
    options: tuple[str, ...] = ()
    policy: Literal["refuse", "accept"] = "refuse"
    name: str = "table.csv"
    model: Content = ""


TRAIN = (
    Case("C1", "a byte-order mark", "﻿" + flowers(), ("40 rows",), policy="accept"),
    Case("C1", "UTF-16 with a mark", flowers().encode("utf-16"), ("40 rows",), policy="accept"),
    Case(
        "C1",
        "Windows-1252 text",
        flowers(colour="größe").encode("cp1252"),
        ("read as Windows-1252",),
        policy="accept",
    ),
    Case(
        "C3",
        "a comma at the end of every line but the first",
        flowers().replace("small\n", "small,\n"),
        ("Line 2", "5 cells", "line 1 has 4", "ends with a separator"),
    ),
    Case("C4", "a row too long", flowers() + "1,2,red,small,extra\n", ("Line 42", "5 cells", "has 4", "extra")),
    Case("C5", "a row too short", flowers() + "1,2,red\n", ("Line 42", "3 cells", "has 4")),
    Case(
        "C6",
        "points that may part thousands, beside decimal commas",
        "a;b;kind\n" + "1,5;1.234;x\n2,5;12.500;y\n" * 9,
        ("Column 'b' can be read in two ways: '1.234' (line 2)", "--numbers b"),
    ),
    Case(
        "C6",
        "numbers with a currency and thousands",
        with_column("price", lambda at: f'"${at},500.00"'),
        ("Column 'price' may hold numbers with other signs", "line 2: '$0,500.00'", "1234.5"),
    ),
    Case(
        "C6",
        "semicolons and decimal commas",
        flowers().replace(",", ";").replace(".", ","),
        ("semicolon", "decimal commas", "2 numbers"),
        policy="accept",
    ),
    Case(
        "C6",
        "semicolons, where commas stand in names and quotes in cells",
        "town;temperature, °C;kind\n" + '"the ""Hague""";20.5;a\nParis, TX;30.5;b\n' * 10,
        ("semicolon", "1 number, 1", "2 classes"),
        policy="accept",
    ),
    Case(
        "C8",
        "the country NA",
        flowers().replace("red", "NA").replace("blue", "DE"),
        ("2 numbers, 1 category, which make 5 inputs",),
        policy="accept",
    ),
    Case(
        "C8",
        "NA in a column of numbers",
        changed(7, 0, "NA"),
        ("Column 'length' holds numbers", "line 8: 'NA'", "--missing-words NA"),
    ),
    Case(
        "C8",
        "NA told to be missing, and filled",
        changed(7, 0, "NA"),
        ("'length': 1 missing, filled with the median",),
        ("--missing-words", "NA", "--missing", "median"),
        policy="accept",
    ),
    Case(
        "C9",
        "zip codes with leading zeros",
        with_column("zip", lambda at: ("01234", "10115", "09999")[at % 3]),
        ("leading zeros", "2 categories"),
        policy="accept",
    ),
    Case(
        "C10",
        "whole numbers that float64 cannot tell apart",
        with_column("id", lambda at: str(2**53 + 1 + at)),
        ("above 2^53", "left out", "--numbers id"),
        policy="accept",
    ),
    Case(
        "C10",
        "a different text in every row",
        with_column("name", lambda at: f"flower {at}"),
        ("different text in every row", "left out"),
        policy="accept",
    ),
    Case(
        "C10",
        "a column that counts the rows",
        with_column("n", str),
        ("'n' counts the rows", "--drop n", "3 numbers"),
        policy="accept",
    ),
    Case(
        "C10",
        "a column without a name that counts the rows",
        with_column("", str),
        ("'column 1' counts the rows: left out", "2 numbers", "1 column left out"),
        policy="accept",
    ),
    Case(
        "C10",
        "a column of different whole numbers named as an identifier",
        with_column("customer_id", lambda at: str(40_000 - 7 * at)),
        ("as an identifier is", "--drop customer_id"),
        policy="accept",
    ),
    Case("C12", "an empty file", "", ("is empty",)),
    Case("C12", "a header and no rows", "length,width,colour,kind\n", ("a header and no rows",)),
    Case("C12", "blank lines only", "\n\n\n", ("only blank lines",)),
    Case("C13", "no header", "1,2,0\n3,4,1\n" * 20, ("only numbers", "--no-header"), ("--target", "column 3")),
    Case(
        "C13",
        "no header, and told so",
        "1,2,0\n3,4,1\n2,1,0\n4,5,1\n" * 10,
        ("column 3", "40 rows"),
        ("--no-header", "--target", "column 3"),
        policy="accept",
    ),
    Case("C13", "a header of numbers, and told so", "1,2,kind\n" + "1,2,a\n2,1,b\n" * 9, ("18 rows",), policy="accept"),
    Case(
        "C15",
        "quoted newlines, emoji, an accent",
        flowers().replace("red", '"deep\nréd 🌹"'),
        ("40 rows", "1 category"),
        policy="accept",
    ),
    Case("C15", "a quote that is never closed", flowers() + '1,2,"red,small\n', ("Line 42", "never closed")),
    Case("C15", "text after a closing quote", flowers() + '1,2,"red"x,small\n', ("Line 42", "follows a closing quote")),
    Case("C17", "a gzip bomb", lambda: gzip.compress(b"a,b\n" + b"0" * 50_000_000), ("unpacks to more than", "bomb")),
    Case("C17", "a table packed with gzip", lambda: gzip.compress(flowers().encode()), ("40 rows",), policy="accept"),
    Case("C17", "a damaged gzip file", lambda: gzip.compress(flowers().encode())[:-20], ("damaged",)),
    Case("C20", "a line without end", "a,b\n" + "x" * 9_000_000, ("longer than",)),
    Case("C21", "an Excel workbook", b"PK\x03\x04" + bytes(60), ("zip archive", "Save it as CSV")),
    Case("C21", "zero bytes", b"length,kind\n1,a\n\0\0,b\n", ("not text", "line 3")),
    Case("C21", "a damaged Parquet file", b"PAR1" + bytes(40) + b"PAR1", ("Parquet",)),
    Case("S1", "no column but the target", "kind\n" + "a\nb\n" * 10, ("left to learn from",)),
    Case("S2", "one row", "x,kind\n1,a\n", ("nothing to tell apart",)),
    Case("option", "a target that is not there", flowers(), ("'sort'", "no such column"), ("--target", "sort")),
    Case("option", "a target nearly right", flowers(), ("Did you mean 'kind'?",), ("--target", "kinds")),
    Case("S9", "two columns of one name", flowers(colour="width"), ("more than once", "'width' (2, 3)")),
    Case("V1", "a missing number", changed(12, 1, ""), ("1 missing value in column 'width'", "line 13", "--missing")),
    Case(
        "V1",
        "missing numbers, rows dropped",
        changed(12, 1, ""),
        ("1 of 40 rows", "left out"),
        ("--missing", "drop"),
        policy="accept",
    ),
    Case(
        "V1",
        "a missing category, filled",
        changed(12, 2, ""),
        ("a level of its own",),
        ("--missing", "median"),
        policy="accept",
    ),
    Case("V1", "an empty column", with_column("void", lambda at: ""), ("'void' has no values",), policy="accept"),
    Case("V2", "a number too large", changed(5, 0, "1e999"), ("infinite or too large", "line 6: '1e999'")),
    Case("V2", "the word inf", changed(5, 0, "-inf"), ("infinite", "line 6: '-inf'")),
    Case("V4", "a constant column", with_column("one", lambda at: "1"), ("'one' has one value",), policy="accept"),
    Case(
        "V5", "a column of scale 1e12", with_column("big", lambda at: f"{at % 7}e12"), ("3 numbers",), policy="accept"
    ),
    Case("V11", "a constant target", with_target(lambda at: "1.5"), ("always predict it",), policy="accept"),
    Case(
        "V14",
        "a learning rate that is no number",
        flowers(),
        ("learning_rate", "above 0"),
        ("--learning-rate", "nan"),
    ),
    Case("V12", "a learning rate of 1e10", flowers(), ("diverged", "Try --learning-rate"), ("--learning-rate", "1e10")),
    Case("V17", "subnormal numbers", with_column("tiny", lambda at: f"{at % 9}e-310"), ("3 numbers",), policy="accept"),
    Case("L1", "one class", with_target(lambda at: "a"), ("'a' in all 40 rows", "at least two")),
    Case("L5", "a missing label", changed(3, 3, ""), ("missing value in the target", "line 4", "--missing drop")),
    Case(
        "L5",
        "a missing label, dropped",
        changed(3, 3, ""),
        ("1 row without a target left out (line 4)",),
        ("--missing", "drop"),
        policy="accept",
    ),
    Case(
        "L14", "labels 0, 2, 5", with_target(lambda at: str((0, 2, 5)[at % 3])), ("3 classes (0 14",), policy="accept"
    ),
    Case(
        "L15", "uneven classes", with_target(lambda at: "ab"[at % 8 == 0]), ("mean over the classes",), policy="accept"
    ),
    Case(
        "L15",
        "a class of one row",
        with_target(lambda at: "ab"[at == 3]),
        ("1 class has a single row",),
        policy="accept",
    ),
    Case(
        "L15",
        "as many classes as rows",
        with_target(lambda at: f"class {at}"),
        ("40 different values in 40 rows", "no classes"),
    ),
    Case(
        "S18", "a column of dates", with_column("day", lambda at: f"2024-03-{at % 28 + 1:02d}"), ("dates", "--drop day")
    ),
    Case("S18", "a target of dates", with_target(lambda at: f"2024-03-{at % 28 + 1:02d}"), ("dates",)),
    Case("S17", "numbers with a slip among them", changed(9, 0, "3..1"), ("except in 1 row", "line 10: '3..1'")),
    Case(
        "option",
        "a column to drop that is not there",
        flowers(),
        ("--drop names 'color'", "Did you mean"),
        ("--drop", "color"),
    ),
    Case("option", "a task that is none", flowers(), ("no task 'guess'",), ("--task", "guess")),
    Case("option", "text to regress on", flowers(), ("must hold numbers", "line 2"), ("--task", "regress")),
    Case(
        "option",
        "negative counts",
        with_target(lambda at: str(at - 3)),
        ("counts: whole numbers from 0", "line 2: '-3'"),
        ("--task", "count"),
    ),
    Case("option", "a network that cannot be read", flowers(), ("cannot be read",), ("--hidden", "32 tanh-x")),
    Case("option", "an unknown activation", flowers(), ("no activation named",), ("--hidden", "8 tahn")),
    Case("option", "a share that leaves nothing", flowers(), ("from 0 to below 1",), ("--test-share", "1")),
    Case("option", "a seed below zero", flowers(), ("seed",), ("--seed", "-1")),
)

FILES = (
    Case("M1", "a pickle", "", ("pickle", "never opened"), model=lambda: pickle.dumps({"a": 1})),
    Case("M1", "an npz file", "", ("zip archive", "never opened"), model=_npz),
    Case("M1", "a text file", "", ("not a model file",), model=flowers()),
    Case("M2", "an empty file", "", ("empty",), model=b""),
)
