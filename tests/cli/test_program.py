"""`chainrule program`."""

from __future__ import annotations

import subprocess
import sys

import chainrule as cr
from command import command, write_csv


def test_the_script_is_printed_as_it_is():
    status, out, err = command("program", "2-3-3", "--epochs", 5, "--rate", 1e-3, "--seed", 4)
    assert (status, err) == (0, "")
    assert out == cr.program("2-3-3", epochs=5, learning_rate=1e-3, seed=4)


def test_only_the_gradient():
    assert command("program", "2-3-3", "--only", "gradient").out == cr.program("2-3-3", only="gradient")


def test_a_file_is_written_and_runs(tmp_path):
    table = write_csv(tmp_path / "t.csv", ["a", "kind", "b"], [[1, "x", 2], [2, "x", 3], [7, "y", 1], [8, "y", 0]])
    out = tmp_path / "net.py"
    status, said, err = command(
        "program", "2-3 tanh-2", "--data", table, "--target", "kind", "--epochs", 5, "--solver", "adam",
        "--scheme", "he", "--out", out,
    )  # fmt: skip
    assert (status, said) == (0, "")
    assert f"written to {out}" in err
    ended = subprocess.run([sys.executable, "-I", out], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "he" in out.read_text(encoding="utf-8")


def test_bad_input_ends_in_words_and_status_2(tmp_path):
    for arguments, words in (
        (["2--3"], "cannot be read"),
        (["2-3", "--only", "forward"], "only is 'forward'"),
        (["2-3", "--data", tmp_path / "none.csv"], "cannot be read"),
        (["2-3", "--out", tmp_path / "no" / "x.py"], "no"),
        (["2-3", "--epochs", "-1"], "epochs must be"),
    ):
        status, out, err = command("program", *arguments)
        assert (status, out) == (2, ""), arguments
        assert words in err
        assert "Traceback" not in err
