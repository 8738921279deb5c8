"""Folders of files, and tables larger than memory."""

from __future__ import annotations

import signal
import subprocess
import time

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.errors import DataError
from chainrule.tables.size import plan_for
from chainrule.tables.source import in_memory, opened_source
from chainrule.tables.streamed_plan import streamed_plan
from command import command, in_a_process
from fault_table.entry import entry, refused


def frame(rows=400, seed=0, columns=2):
    rng = np.random.default_rng(seed)
    found = {f"x{at}": rng.normal(size=rows) for at in range(columns)}
    found["kind"] = np.where(found["x0"] + 0.3 * rng.normal(size=rows) > 0, "up", "down")
    return pl.DataFrame(found)


def parts(folder, *frames):
    for number, part in enumerate(frames):
        part.write_parquet(folder / f"part-{number}.parquet")
    return folder


def streamed(path):
    return streamed_plan(opened_source(path), "kind", bound=10**9)


def missing_far_down(folder):
    one = frame(150_000)
    x = one["x1"].to_numpy().copy()
    x[140_000] = np.nan
    parts(folder, frame(), one.with_columns(x1=x))
    refused(lambda: streamed(folder), "1 missing value in column 'x1' (first at row 140,001 of part-1.parquet)")


def ragged_columns(folder):
    parts(folder, frame(), frame().drop("x1"))
    refused(lambda: streamed(folder), "part-1.parquet has not the columns of part-0.parquet", "lacks 'x1'")
    parts(folder, frame(), frame().with_columns(pl.col("x1").cast(pl.String)))
    refused(lambda: streamed(folder), "Column 'x1' holds text in part-1.parquet and numbers in part-0.parquet")


def a_class_in_one_file(folder):
    odd = frame().with_columns(pl.Series("kind", ["sideways"] + ["up"] * 399))
    plan = streamed(parts(folder, frame(), odd))
    assert plan.target.classes == ("down", "sideways", "up")
    assert min(plan.target.counts) >= 1
    assert any("'sideways' in part-1.parquet (from row 1 on)" in note for note in plan.notes)


def empty_files(folder):
    whole = in_memory(opened_source(parts(folder, frame(), frame(0), frame(10))))
    assert whole.rows == 410
    assert "'part-1.parquet'" in whole.notes[0]
    (folder / "part-1.parquet").write_bytes(b"")
    refused(lambda: streamed(folder), "part-1.parquet is empty (0 bytes)")
    refused(lambda: streamed(parts(folder, frame(0), frame(0), frame(0))), "no rows")


def no_parquet_in_a_folder(folder):
    refused(lambda: opened_source(folder), "has no Parquet file", "It is empty")
    (folder / "year=2020").mkdir()
    refused(lambda: opened_source(folder), "year=2020", "not looked into")
    (folder / "t.parquet").write_text("a,b\n1,2\n")
    refused(lambda: opened_source(folder), "t.parquet", "is no Parquet file")


def cut_off(folder):
    parts(folder, frame(), frame())
    whole = (folder / "part-1.parquet").read_bytes()
    (folder / "part-1.parquet").write_bytes(whole[: len(whole) // 2])
    refused(lambda: streamed(folder), "part-1.parquet", "does not end as one")
    (folder / "part-1.parquet").write_bytes(whole[:-8] + b"\xff\xff\xff\x7fPAR1")
    refused(lambda: streamed(folder), "footer", "part-1.parquet")
    damaged = bytearray(whole)
    damaged[100:400] = bytes(300)
    (folder / "part-1.parquet").write_bytes(damaged)
    with pytest.raises(DataError, match=r"part-1\.parquet"):
        streamed(folder)


def changed_or_gone(folder):
    plan = streamed(parts(folder, frame(), frame(seed=1)))
    frame(401).write_parquet(folder / "part-1.parquet")
    refused(lambda: list(plan.blocks()), "part-1.parquet' changed while it was read")
    (folder / "part-1.parquet").unlink()
    refused(lambda: list(plan.blocks()), "part-1.parquet' vanished while it was read")


def text_after_numbers(folder):
    path = folder / "t.csv"
    lines = [f"{at % 997}.5,{'ab'[at % 2]}" for at in range(500_000)]
    lines[450_000] = "n.a.,a"
    path.write_text("x,kind\n" + "\n".join(lines) + "\n")
    refused(lambda: streamed(path), "Column 'x' holds numbers, except in 1 row (first at line 450,002: 'n.a.')")


def absurd_memory(folder):
    frame().write_parquet(folder / "t.parquet")
    for text in ("0", "-1", "abc", "1KB", "", "nan", "1e400 GB", "2 XB"):
        status, _, err = command("train", folder / "t.parquet", "--target", "kind", "--memory", text)
        assert status == 2
        assert "memory" in err
        assert len(err.splitlines()) <= 4
    assert not plan_for(folder / "t.parquet", "kind", memory="10TB").is_streamed


def stopped(folder):
    parts(folder, *(frame(100_000, seed, 30) for seed in range(4)))
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        model = folder / f"{status}.model"
        options = ("--memory", "210MB", "--hidden", "4 tanh", "--epochs", 10**6, "--out", model)
        arguments = in_a_process("train", folder, "--target", "kind", "--no-figures", *options)
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith("Memory"):
                    break
            time.sleep(3)
            process.send_signal(number)
            out, err = process.communicate(timeout=240)
        assert process.returncode == status, out + err
        assert ("weights so far are saved" in out) == model.exists()
        if model.exists():
            assert np.isfinite(cr.load(model).weights.flat).all()


LARGE = (
    entry(
        "T1",
        "A missing value far down in a folder",
        "refuse",
        "Found in the first pass: file and row.",
        missing_far_down,
    ),
    entry(
        "T2",
        "Files of a folder with other columns or types",
        "refuse",
        "Names the file and the column.",
        ragged_columns,
    ),
    entry(
        "T3",
        "A class that only one file of a folder has",
        "accept",
        "It is a class like others, has a row to train on, and is named with its file and row.",
        a_class_in_one_file,
    ),
    entry(
        "T4",
        "A file of a folder without rows, or of 0 bytes",
        "adapt refuse",
        "Without rows: passed over, and said. Of 0 bytes, or no row at all: an error.",
        empty_files,
    ),
    entry(
        "T5",
        "A folder without Parquet files",
        "refuse",
        "Says what it holds, or which folder in it.",
        no_parquet_in_a_folder,
    ),
    entry("T6", "A Parquet file that was cut off or damaged", "refuse", "An error with the file's name.", cut_off),
    entry(
        "T7",
        "A file that changes or vanishes while it is read",
        "refuse",
        "An error with the file's name. Once the training itself runs, the files are not needed any more.",
        changed_or_gone,
    ),
    entry(
        "T8",
        "A column of a CSV that turns to text far down",
        "refuse",
        "An error with column and line.",
        text_after_numbers,
    ),
    entry(
        "T9",
        "`--memory` of 0, -1, abc, 1KB, 10TB",
        "refuse accept",
        "Says what is allowed; 10TB is taken as it is.",
        absurd_memory,
    ),
    entry(
        "T10",
        "Ctrl-C or SIGTERM while a large table is trained on",
        "keep",
        "The weights so far are saved, once there are some; status 130 or 143. Scratch files are gone.",
        stopped,
    ),
)
