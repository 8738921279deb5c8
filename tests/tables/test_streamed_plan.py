"""A table looked at block by block: the same decisions as of the table in memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bad_inputs
from chainrule.errors import ChainruleError, DataError
from chainrule.tables import csv_text, parquet, plain_lines
from chainrule.tables.plan import planned
from chainrule.tables.source import in_memory, opened_source
from chainrule.tables.streamed_plan import StreamedPlan, streamed_plan

BOUND = 10**9


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few rows, however the table is read."""
    monkeypatch.setattr(parquet, "rows_per_block", lambda columns: 7)
    monkeypatch.setattr(plain_lines, "_CHUNK", 120)
    monkeypatch.setattr(csv_text, "_ROWS_AT_ONCE", 5)


def streamed(path: Path, target: str, **options) -> StreamedPlan:
    return streamed_plan(opened_source(path), target, bound=BOUND, **options)


def said(note: str) -> str:
    """A note; of rows without a target, without the list of their places: in blocks only the first is remembered."""
    return note.split(" (")[0] if "without a target" in note else note


def both_ways(path: Path, target: str, **options) -> list[Any]:
    """What is made of a table in memory, and in blocks: a plan, or the kind and the text of an error."""
    options = {"test_share": 0.0, **options}
    found: list[Any] = []
    for look in (
        lambda: planned(in_memory(opened_source(path)), target, **options),
        lambda: streamed(path, target, **options),
    ):
        try:
            found.append(look())
        except ChainruleError as error:
            found.append((type(error), str(error)))
    return found


def exactly(value: float, **_: float) -> float:
    return value


def decided(outcome: Any, near: Callable[..., Any] = exactly) -> Any:
    """All that a plan decides, or the error as it is; ``near`` is what means and scales are held against."""
    if isinstance(outcome, tuple):
        return outcome
    columns = [
        (column.name, column.kind, column.levels, column.has_missing_level, column.is_constant, column.minimum,
         column.maximum, column.fill, near(column.scale, rel=1e-12, abs=0.0),
         near(column.mean, rel=1e-12, abs=1e-13 * column.scale))
        for column in outcome.contract.columns
    ]  # fmt: skip
    notes = {said(note) for note in outcome.notes}
    sizes = (outcome.rows, outcome.training_rows, outcome.network, outcome.target.counts)
    return outcome.judgements, outcome.guess, notes, sizes, columns


CASES = [case for case in bad_inputs.TRAIN if case.name == "table.csv"]


@pytest.mark.parametrize("missing", ["refuse", "median", "drop"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_of_each_odd_table_the_same_is_decided_as_in_memory(case, missing, tmp_path, small_blocks):
    path = tmp_path / "table.csv"
    content = case.table() if callable(case.table) else case.table
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    memory, stream = both_ways(path, "kind", missing=missing)
    assert decided(stream) == decided(memory, pytest.approx)


CELLS = st.sampled_from(
    [
        "1",
        "2",
        "3.5",
        "007",
        "1e3",
        "12,5",
        "1.234",
        "yes",
        "no",
        "",
        "NA",
        "2024-01-05",
        "$5",
        "x y",
        "inf",
        "9007199254740999",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_of_any_table_the_same_is_decided_as_in_memory(data, tmp_path, small_blocks):
    rows = data.draw(st.integers(1, 40))
    separator = data.draw(st.sampled_from([",", ";"]))
    lines = [separator.join(["a", "customer_id", "kind"])]
    pools = [data.draw(st.lists(CELLS, min_size=1, max_size=4)) for _ in range(3)]
    counter = data.draw(st.booleans())
    for at in range(rows):
        cells = [data.draw(st.sampled_from(pool)) for pool in pools]
        if counter:
            cells[1] = str(at)
        lines.append(separator.join(f'"{cell}"' if separator in cell else cell for cell in cells))
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    memory, stream = both_ways(path, "kind", missing=data.draw(st.sampled_from(["refuse", "median", "drop"])))
    assert decided(stream) == decided(memory, pytest.approx)


def written(folder: Path, parts: list[pl.DataFrame]) -> Path:
    folder.mkdir()
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"part-{number}.parquet")
    return folder


def frame(rows: int = 60, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x, at = rng.normal(size=rows), rng.integers(3, size=rows)
    y = np.where(x + 0.3 * rng.normal(size=rows) > 0, "up", "down")
    return pl.DataFrame({"x": x, "colour": np.array(["red", "green", "blue"])[at], "flag": at == 1, "kind": y})


def test_a_folder_is_one_table_in_the_order_of_the_names_of_its_files(tmp_path, small_blocks):
    whole = frame()
    folder = written(tmp_path / "parts", [whole[:11], whole[11:12], whole[12:12], whole[12:]])
    assert in_memory(opened_source(folder)).columns["x"].to_list() == whole["x"].to_list()
    memory, stream = both_ways(folder, "kind")
    assert decided(stream) == decided(memory, pytest.approx)
    assert "1 file without rows passed over: 'part-2.parquet'." in streamed(folder, "kind").notes


def test_rows_are_held_out_by_their_own_number(tmp_path, small_blocks):
    whole = frame(400)
    whole[:300].write_parquet(tmp_path / "less.parquet")
    whole.write_parquet(tmp_path / "more.parquet")
    less, more = (
        np.concatenate([t for _, _, t in streamed(tmp_path / name, "kind", seed=3).blocks()])
        for name in ("less.parquet", "more.parquet")
    )
    assert (more[:300] == less).all()
    assert 50 < less.sum() < 70 + 20
    other = np.concatenate([test for _, _, test in streamed(tmp_path / "less.parquet", "kind", seed=4).blocks()])
    assert (other != less).any()


def test_the_figures_of_the_columns_are_those_of_the_rows_to_train_on(tmp_path, small_blocks):
    frame(300).write_parquet(tmp_path / "t.parquet")
    plan = streamed(tmp_path / "t.parquet", "kind")
    trained = np.concatenate([table.columns["x"].to_numpy()[~test] for table, _, test in plan.blocks()])
    assert plan.contract.columns[0].mean == pytest.approx(trained.mean(), abs=1e-15)
    assert plan.contract.columns[0].scale == pytest.approx(trained.std(), rel=1e-14)
    assert sum(plan.target.counts) == len(trained) == plan.training_rows


def test_each_class_has_a_row_to_train_on(tmp_path, small_blocks):
    whole = frame(40)
    rare = pl.Series("kind", [f"class {at}" if at < 12 else "usual" for at in range(40)])
    whole.with_columns(rare).write_parquet(tmp_path / "t.parquet")
    plan = streamed(tmp_path / "t.parquet", "kind", test_share=0.6)
    assert min(plan.target.counts) == 1
    assert plan.test_rows > 5


def test_a_class_that_only_one_file_has_is_named_with_its_place(tmp_path, small_blocks):
    whole = frame(60)
    odd = whole[40:].with_columns(pl.Series("kind", ["sideways", *whole["kind"][41:]]))
    plan = streamed(written(tmp_path / "parts", [whole[:20], whole[20:40], odd]), "kind")
    assert plan.target.classes == ("down", "sideways", "up")
    assert "Classes that only one of the files has: 'sideways' in part-2.parquet (from row 1 on)." in plan.notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda part: part.drop("flag"), "part-1.parquet has not the columns of part-0.parquet.\nIt lacks 'flag'."),
        (lambda part: part.with_columns(new=1), "has 'new' besides"),
        (
            lambda part: part.with_columns(pl.col("x").cast(pl.String)),
            "Column 'x' holds text in part-1.parquet and numbers",
        ),
        (
            lambda part: part.with_columns(x=pl.Series([None, *part["x"][1:]])),
            "1 missing value in column 'x' (first at row 1 of part-1.parquet).",
        ),
        (
            lambda part: part.with_columns(x=pl.Series([*part["x"][:-1], math.inf])),
            "infinite or too large (first at row 30 of part-1.parquet: 'inf')",
        ),
    ],
)
def test_what_is_wrong_in_one_file_of_many_is_named_with_its_place(change, said, tmp_path, small_blocks):
    whole = frame()
    folder = written(tmp_path / "parts", [whole[:30], change(whole[30:])])
    with pytest.raises(DataError) as caught:
        streamed(folder, "kind")
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


def test_a_file_that_changes_or_vanishes_while_it_is_read_is_named(tmp_path, small_blocks):
    folder = written(tmp_path / "parts", [frame()[:30], frame()[30:]])
    plan = streamed(folder, "kind")
    frame(61)[30:].write_parquet(folder / "part-1.parquet")
    with pytest.raises(DataError, match=r"part-1.parquet' changed while it was read"):
        list(plan.blocks())
    (folder / "part-1.parquet").unlink()
    with pytest.raises(DataError, match=r"part-1.parquet' vanished"):
        list(plan.blocks())


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    frame().write_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for end in range(4, len(whole), 97):
        (tmp_path / "t.parquet").write_bytes(whole[:end])
        with pytest.raises(DataError):
            in_memory(opened_source(tmp_path / "t.parquet"))
