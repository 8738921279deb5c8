"""CSV text and other files: structure, encodings, what stands for nothing, bombs."""

from __future__ import annotations

import csv
import os

import numpy as np

import bad_inputs
from command import command
from fault_table.entry import entry


def formulas_in_predictions(folder):
    table, out = folder / "t.csv", folder / "p.csv"
    table.write_text(bad_inputs.with_target(lambda at: ("=cmd|' /C calc'!A0", "@SUM(1)")[at % 2]), encoding="utf-8")
    assert command("train", table, "--target", "kind", "--no-figures", "--no-compare", "--epochs", 5).status == 0
    assert command("predict", folder / "t.model", table, "--out", out).status == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert all(row[0].startswith(("'=", "'@")) for row in rows[1:])
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def scripts_in_a_report(folder):
    nasty = "<script>alert(1)</script>"
    table, report = folder / "t.csv", folder / "r.html"
    table.write_text(bad_inputs.flowers(colour=nasty).replace("small", "<img src=x onerror=alert(2)>"))
    options = ("--no-figures", "--no-compare", "--epochs", 5, "--penalty", 1, "--report", report)
    status, out, err = command("train", table, "--target", "kind", *options)
    assert status == 0, out + err
    html = report.read_text(encoding="utf-8")
    assert nasty not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)" in html


def no_regular_file(folder):
    os.mkfifo(folder / "fifo")
    for path, words in (
        (folder, "has no Parquet file"),
        (folder / "fifo", "pipe or a device"),
        ("/dev/zero", "a device"),
    ):
        status, _, err = command("train", path, "--target", "kind", "--out", folder / "m.model")
        assert status == 2
        assert words in err


def many_lines_without_end(folder):
    path = folder / "t.csv"
    with path.open("wb") as file:
        file.write(b"length,kind\n1,a\n")
        file.write(np.full(9_000_000, ord("7"), np.uint8).tobytes())
    status, _, err = command("train", path, "--target", "kind", "--out", folder / "m.model")
    assert status == 2
    assert "Line 3" in err


CSV = (
    entry("C1", "A byte-order mark, UTF-16, Windows-1252", "accept", "Read; an encoding that was guessed is said."),
    entry(
        "C3",
        "A separator at the end of lines, a first line longer than the rest",
        "refuse",
        "An error with the line and both counts. No column is shifted, none becomes an index.",
    ),
    entry("C4", "A row too long", "refuse", "An error with the line's number and its text."),
    entry("C5", "A row too short", "refuse", "An error with the line's number; nothing is filled in."),
    entry(
        "C6",
        "Semicolons, tabs, bars; decimal commas; thousands",
        "adapt refuse",
        "The separator is found and said; decimal commas are read where the separator is another. What can be read in"
        " two ways is refused with both.",
    ),
    entry(
        "C8",
        "NA, None, null as text",
        "accept refuse",
        "Only an empty cell is missing, unless `--missing-words` says otherwise. In a column of numbers: refused, with"
        " the line.",
    ),
    entry("C9", "Leading zeros (zip 01234)", "adapt", "Kept as a category, and that is said."),
    entry(
        "C10",
        "Identifiers: whole numbers beyond 2^53, a different text in every row, row numbers",
        "adapt",
        "Left out or pointed at, with the option that does the opposite.",
    ),
    entry("C12", "An empty file, a header alone, blank lines alone", "refuse", "Each in its own words."),
    entry("C13", "No header", "refuse adapt", "A first line of numbers is asked about: `--header` or `--no-header`."),
    entry(
        "C15",
        "Quoted line ends, quotes, emoji; a quote never closed",
        "accept refuse",
        "Read as they stand; a quote never closed is refused with its line.",
    ),
    entry(
        "C17",
        "Compressed with gzip; a bomb",
        "accept refuse",
        "Unpacked as a stream, at most 200 times its size and 16 GiB.",
    ),
    entry(
        "C18",
        "A cell that a spreadsheet would run, `=cmd|...`",
        "adapt",
        "Text to us; in the CSV of predictions an apostrophe stands before it.",
        formulas_in_predictions,
    ),
    entry(
        "C19", "A column named `<script>`", "accept", "Escaped wherever it is shown, in the report too.",
        scripts_in_a_report,
    ),
    entry(
        "C20", "A line without end", "refuse", "Refused beyond 8 million characters, before memory is spent on it.",
        many_lines_without_end,
    ),
    entry(
        "C21",
        "A folder, a pipe, /dev/zero, a workbook, a database",
        "refuse",
        "Named for what it is, with what to do.",
        no_regular_file,
    ),
)  # fmt: skip
