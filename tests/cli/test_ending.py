"""How a command ends when what it writes to goes away."""

from __future__ import annotations

import subprocess

import bad_inputs
from command import in_a_process


def test_a_reader_that_leaves_does_not_leave_files_unwritten(tmp_path):
    table = tmp_path / "flowers.csv"
    table.write_text(bad_inputs.flowers())
    arguments = ("--target", "kind", "--no-compare", "--report", tmp_path / "r.html")
    process = subprocess.Popen(
        in_a_process("train", table, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("Table")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=240) == 0
    process.stderr.close()
    assert "</html>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert (tmp_path / "flowers.model").exists()
    assert [*(tmp_path / "flowers-figures").glob("*.png")]
