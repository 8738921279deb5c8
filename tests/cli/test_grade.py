"""``chainrule grade``: what it prints, exit status, JSON for scripts, several files; the page of the docs is true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from chainrule.teaching.grading.words import MISTAKES
from command import command

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "answers"
PAGE = ROOT / "docs" / "grading-answers.md"

RIGHT = """
import numpy as np

def forward(X, W1, b1, V, b2):
    Z = 1 / (1 + np.exp(-(X @ W1 + b1)))
    A = Z @ V + b2
    e = np.exp(A - A.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), Z

def derivative_v(Z, T, Y): return Z.T @ (T - Y)
def derivative_b2(T, Y): return (T - Y).sum(axis=0)
def derivative_w1(X, Z, T, Y, V): return X.T @ ((T - Y) @ V.T * Z * (1 - Z))
def derivative_b1(T, Y, V, Z): return ((T - Y) @ V.T * Z * (1 - Z)).sum(axis=0)
def cost(T, Y): return np.sum(T * np.log(Y))
"""


@pytest.fixture
def right(tmp_path):
    path = tmp_path / "right.py"
    path.write_text(RIGHT)
    return path


def test_right_answers_end_with_status_0(right):
    ended = command("grade", right, "2-3-3")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("right.py for 2-3 sigmoid-3 softmax: 6 of 6 right.")


def test_wrong_answers_end_with_status_1_and_json_holds_the_names(right):
    right.write_text(RIGHT.replace("T - Y).sum", "Y - T).sum"))
    ended = command("grade", right, "2-3-3", "--json")
    assert ended.status == 1
    found = {f["function"]: f["mistakes"] for f in json.loads(ended.out)["findings"]}
    assert found == {
        "forward": [],
        "derivative_v": [],
        "derivative_b2": ["sign"],
        "derivative_w1": [],
        "derivative_b1": [],
        "cost": [],
    }


def test_several_files_are_graded_one_after_the_other(right, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(RIGHT.replace("Z.T @ (T", "2 * Z.T @ (T"))
    ended = command("grade", right, other, "2-3-3")
    assert ended.status == 1
    assert "right.py for" in ended.out
    assert "other.py for" in ended.out
    both = json.loads(command("grade", right, other, "2-3-3", "--json").out)
    assert [report["passed"] for report in both] == [True, False]


def test_only_some_functions_can_be_asked_for(right):
    ended = command("grade", right, "2-3-3", "--only", "derivative_v,cost")
    assert "2 of 2 right" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py", "2-3-3"], "nowhere.py cannot be read"),
        (["2-3-3"], "The network of the exercise is missing."),
        (["RIGHT", "2-"], "cannot be read"),
        (["RIGHT", "2-3-3", "--sign", "up"], "sign is 'up'."),
        (["RIGHT", "2-3-3", "--format", "pdf"], "There is no format 'pdf'."),
        (["RIGHT", "2-3-3", "--time-limit", "-1"], "The time limit is -1.0."),
        (["RIGHT", "2-3-3", "--only", "derivative_q"], "called 'derivative_q'"),
    ],
)
def test_bad_input_ends_with_status_2(right, arguments, said):
    ended = command("grade", *[right if a == "RIGHT" else a for a in arguments])
    assert ended.status == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) <= 4


def test_the_posts_own_code_is_told_what_is_right_and_what_is_wrong():
    ended = command("grade", EXAMPLES / "the_post.txt", "2-3-3", "--json")
    report = json.loads(ended.out)
    found = {f["function"]: f["mistakes"] for f in report["findings"]}
    assert found.pop("forward") == ["unshifted-softmax"]
    assert found.pop("training loop") == ["updates-other", "undefined-name"]
    assert set(found) == {"derivative_v", "derivative_w1", "derivative_b1", "derivative_b2", "cost"}
    assert not any(found.values())
    assert any("xrange" in note for note in report["notes"])
    assert any("print" in note for note in report["notes"])


def test_what_a_file_does_to_the_process_is_reported_in_at_most_four_lines(tmp_path):
    path = tmp_path / "hostile.py"
    path.write_text(
        "import os, numpy as np\n"
        "def forward(X, W1, b1, V, b2):\n    os._exit(0)\n"
        "def derivative_v(Z, T, Y):\n    while True: pass\n"
        "def derivative_b2(T, Y):\n    raise SystemExit(0)\n"
        "def derivative_w1(X, Z, T, Y, V) return 1\n"
        "def derivative_b1(T, Y, V, Z):\n    return np.full(Z.shape[1], np.nan)\n"
    )
    ended = command("grade", path, "2-3-3", "--time-limit", 0.5, "--json")
    assert ended.status == 1
    findings = {f["function"]: f for f in json.loads(ended.out)["findings"]}
    assert {name: f["mistakes"] for name, f in findings.items()} == {
        "forward": ["ends-process"],
        "derivative_v": ["endless"],
        "derivative_b2": ["crash"],
        "derivative_w1": ["syntax"],
        "derivative_b1": ["not-finite"],
        "cost": ["missing-function"],
    }
    assert findings["derivative_v"]["line"] == 5
    assert findings["derivative_w1"]["line"] == 8
    assert all(len(f["message"].splitlines()) <= 4 for f in findings.values())


def _shown() -> list[tuple[str, str]]:
    """Each command of the page and what the page says that it prints."""
    blocks = re.findall(r"```\n\$ (chainrule grade [^\n]*)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [(line, said) for line, said in blocks]


@pytest.mark.parametrize("line", [line for line, _ in _shown()])
def test_what_the_page_shows_is_what_the_command_prints(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    assert _without_rounding(command(*shlex.split(line)[1:]).out) == _without_rounding(dict(_shown())[line])


def _without_rounding(text: str) -> str:
    """The last digits differ between processors, and an endless loop is stopped on any of its lines."""
    text = re.sub(r"difference (0|\de-1\d)\)", "difference tiny)", text)
    return re.sub(r"(endless  \(line|after 1 s at line) \d+", r"\1 L", text)


def test_the_page_shows_every_example_and_lists_every_mistake():
    text = PAGE.read_text(encoding="utf-8")
    for path in EXAMPLES.iterdir():
        if path.suffix in (".py", ".txt") and path.name != "conftest.py":
            assert f"examples/answers/{path.name}" in text
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|$", text, re.MULTILINE))
    assert rows == MISTAKES
