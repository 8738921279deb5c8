"""The command line as a whole."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

import chainrule as cr
from chainrule.cli import wording
from command import command, in_a_process


def test_help_names_every_command():
    status, out, _ = command("--help")
    assert status == 0
    for name in ("train", "predict", "evaluate", "doctor", "demo"):
        assert name in out


def test_the_version_is_printed():
    assert command("--version").out == f"chainrule {cr.__version__}\n"


@pytest.mark.parametrize("arguments", [("trian",), ("train",), ("train", "t.csv"), ("predict", "--what")])
def test_wrong_usage_ends_with_two_and_no_traceback(arguments):
    status, _, err = command(*arguments)
    assert status == 2
    assert err
    assert "Traceback" not in err


def test_help_loads_nothing_heavy():
    script = """
import sys
sys.argv = ["chainrule", "--help"]
from chainrule.cli.app import main
try:
    main()
except SystemExit:
    pass
heavy = {"numpy", "polars", "matplotlib", "sklearn", "scipy", "numba"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_letter_that_the_terminal_cannot_show_is_no_fault(tmp_path):
    (tmp_path / "é.csv").write_text("x,y\n" + "".join(f"{i},{3 * i}\n" for i in range(40)))
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    arguments = in_a_process("train", tmp_path / "é.csv", "--target", "y", "--no-figures", "--no-compare")
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "words"),
    [("a\nb", "a\\nb"), ("\x1b[31mred", "\\x1b[31mred"), ("x" * 50, "x" * 39 + "…"), ("é", "é")],
)
def test_names_are_made_safe_for_the_terminal(name, words):
    assert wording.shown(name) == words


def test_wide_letters_and_marks_keep_columns_aligned():
    assert [wording.width(text) for text in ("abc", "日本", "e\u0301", "")] == [3, 4, 1, 0]
    assert wording.left("日", 4) == "日  "
    assert wording.right("日", 4) == "  日"


def test_a_matrix_too_wide_for_the_terminal_becomes_a_list(monkeypatch):
    import numpy as np

    monkeypatch.setenv("COLUMNS", "60")
    confusion = np.diag(np.full(30, 5))
    confusion[3, 7], confusion[1, 2] = 4, 9
    lines = wording.confusion_lines(confusion, [f"class {at}" for at in range(30)])
    assert lines[1].split() == ["class", "1", "class", "2", "9"]
    assert lines[2].split() == ["class", "3", "class", "7", "4"]
    assert len(lines) == 3


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)],
    ids=["int", "term", "hup"],
)
def test_the_demo_ends_by_a_signal_with_its_status_and_leaves_nothing(number, status, tmp_path):
    arguments = in_a_process("demo", "--epochs", 10_000_000, "--out", tmp_path / "demo")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("Data")
        process.send_signal(number)
        _, err = process.communicate(timeout=240)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert not (tmp_path / "demo").exists()
