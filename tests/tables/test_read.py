"""Files to tables: every cell where it belongs, every fault with its line."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import DataError
from chainrule.tables import opening
from chainrule.tables.read import read

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    separator=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_writes_is_read_back_but_for_space_around_cells(tmp_path_factory, rows, separator, newline):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=newline, quoting=csv.QUOTE_ALL)
    names = [f"name {at}" for at in range(len(rows[0]))]
    writer.writerows([names, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    kept = [row for row in rows if len(row) > 1 or row[0].strip()]  # of one column, an empty cell is a blank line
    if not kept:
        with pytest.raises(DataError, match="no rows"):
            read(path, separator=separator)
        return
    table = read(path, separator=separator)
    assert table.names == names
    assert [[*row] for row in zip(*(column.to_list() for column in table.columns.values()), strict=True)] == [
        [polars_stripped(cell) for cell in row] for row in kept
    ]


def polars_stripped(cell: str) -> str | None:
    return pl.Series([cell]).str.strip_chars()[0] or None


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"x\ny"\n\n2,z\n3,"q"\n')
    assert read(path).lines.tolist() == [2, 5, 6]
    path.write_text('sep=;\na;b\n1;"x\ny"\n2;z\n')
    table = read(path)
    assert table.lines.tolist() == [3, 5]
    assert table.names == ["a", "b"]


def test_old_mac_line_ends_are_lines(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\r1,x\r2,y\r")
    assert read(tmp_path / "t.csv").columns["b"].to_list() == ["x", "y"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_also_when_others_are_in_the_text(separator, tmp_path):
    others = "".join(set(",;\t|") - {separator})
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([["a", "b", "c"], *([f"x{others}y", 1, "z"] for _ in range(9))])
    assert read(tmp_path / "t.csv").names == ["a", "b", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_text_of_the_usual_encodings_is_read(encoding, tmp_path):
    words = "größe, naïve, 5 €" if encoding != "latin-1" else "größe \x81"
    (tmp_path / "t.csv").write_bytes(f'a,b\n"{words}",1\n'.encode(encoding))
    assert read(tmp_path / "t.csv").columns["a"].to_list() == [words]


def test_a_character_cut_by_a_block_of_reading_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_CHUNK", 7)
    (tmp_path / "t.csv").write_text("a,b\n" + "é🌹,1\n" * 40, encoding="utf-8")
    assert set(read(tmp_path / "t.csv").columns["a"]) == {"é🌹"}


def test_rows_of_many_blocks_are_all_there(tmp_path):
    count = 45_001  # more than two blocks of rows
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{at},{at * 2}\n" for at in range(count)))
    table = read(tmp_path / "t.csv")
    assert table.columns["b"].cast(pl.Int64).to_list() == [2 * at for at in range(count)]
    assert table.lines.tolist() == [*range(2, count + 2)]


def test_only_the_words_told_are_missing(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nNA,1\n ,2\nnull,3\n")
    assert read(tmp_path / "t.csv").columns["a"].to_list() == ["NA", None, "null"]
    assert read(tmp_path / "t.csv", missing_words=["NA", "null"]).columns["a"].null_count() == 3


def test_parquet_keeps_the_types(tmp_path):
    frame = pl.DataFrame({"n": [1, None], "x": [0.5, 1.5], "t": [" a", ""], "b": [True, False]})
    frame.write_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert [column.dtype for column in table.columns.values()] == [pl.Int64, pl.Float64, pl.String, pl.Boolean]
    assert table.columns["t"].to_list() == ["a", None]
    assert table.place(1) == "row 2"


@pytest.mark.parametrize("maker", [dict, pl.DataFrame, pd.DataFrame])
def test_frames_and_mappings_are_tables(maker):
    table = read(maker({"a": [1.5, 2.5], "b": ["x", None]}))
    assert table.names == ["a", "b"]
    assert table.columns["b"].to_list() == ["x", None]
    assert table.columns["a"].to_list() == [1.5, 2.5]


def test_pandas_missing_values_and_types_are_understood():
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "c": pd.Categorical(["x", None]),
        },
        index=[7, 7],
    )
    table = read(frame)
    assert [column.to_list() for column in table.columns.values()] == [[1, None], [True, None], ["x", None]]


def test_frames_that_are_no_tables_are_refused():
    with pytest.raises(DataError, match="several levels"):
        read(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])))
    with pytest.raises(DataError, match="differ in length"):
        read({"a": [1], "b": [1, 2]})
    with pytest.raises(DataError, match="mixed types"):
        read({"a": [1, "x"]})
    with pytest.raises(DataError, match="more than once"):
        read(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="cannot be made of"):
        read(np.ones(3))
