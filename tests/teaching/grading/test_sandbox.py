"""A learner's code in its own process: whatever it does, the results before it are kept and it comes to an end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.teaching.grading import runner
from chainrule.teaching.grading.sandbox import run_apart, run_here

ARRAYS = {"X": np.arange(3.0), "W": np.eye(2), "b": np.ones(2)}


def calls(*functions, **more):
    return [
        {"call": at, "function": name, "arguments": {"X": "X"}, "positional": [], **more}
        for at, name in enumerate(functions)
    ]


def outcome(body, *, time_limit=5.0, **options):
    """What comes of ``f`` with this body, between two calls of a harmless function."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"import numpy as np, os, sys, time\ndef f(X):\n{lines}\ndef good(X):\n    return X + 1\n"
    results = run_apart(source, "a.py", calls("good", "f"), ARRAYS, time_limit=time_limit, **options)
    assert results.records[0]["value"].tolist() == [1, 2, 3]
    return results


@pytest.mark.parametrize(
    ("body", "kind", "line"),
    [
        ("return 1 / 0", "ZeroDivisionError", 3),
        ("y = 1\nreturn np.zeros(2) + X", "ValueError", 4),
        ("sys.exit(3)", "SystemExit", 3),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 3),
        ("return input()", "EOFError", 3),
        ("return f(X)", "RecursionError", 3),
        ("return np.ones(10**11)", "MemoryError", 3),
        ("return __import__('nowhere')", "ModuleNotFoundError", 3),
    ],
)
def test_an_exception_comes_back_with_its_line(body, kind, line):
    error = outcome(body).records[1]["error"]
    assert (error["type"], error["line"]) == (kind, line)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os.abort()", "SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_the_end_of_the_process_is_told_and_what_came_before_is_kept(body, said):
    results = outcome(body)
    assert said in results.ended["f"]["text"]
    assert 1 not in results.records


def test_after_a_function_that_ends_the_process_the_next_is_called():
    source = "import os\ndef f(X):\n    os._exit(1)\ndef good(X):\n    return X\n"
    results = run_apart(source, "a.py", calls("f", "good"), ARRAYS, time_limit=5)
    assert set(results.ended) == {"f"}
    assert results.records[1]["value"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("body", ["while True:\n    X = X + 1", "time.sleep(1000)", "while True: pass"])
def test_an_endless_loop_is_ended_and_its_line_is_told(body):
    ended = outcome(body, time_limit=0.5).ended["f"]
    assert ended["type"] == "time"
    assert ended["line"] in (3, 4)


def test_a_file_that_never_ends_loading_is_ended():
    source = "x = 0\nwhile True:\n    x += 1\ndef f(X):\n    return x\n"
    results = run_apart(source, "a.py", calls("f"), ARRAYS, time_limit=0.5)
    assert results.ended["f"]["type"] == "time"


def test_a_process_that_it_leaves_behind_is_ended_too(tmp_path):
    mark = tmp_path / "pid"
    body = (
        "import subprocess\n"
        f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(p.pid))\nreturn X"
    )
    outcome(body)
    number = int(mark.read_text())
    for _ in range(3000):
        try:
            state = Path(f"/proc/{number}/stat").read_text().split()[2]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    os.kill(number, 9)
    pytest.fail("it still runs")


def test_prints_are_captured_and_do_not_disturb():
    results = outcome("print('hello', flush=True); print('x' * 10**6); return X")
    assert results.printed.startswith("hello")
    assert len(results.printed) <= 2000
    assert results.records[1]["value"].tolist() == [0, 1, 2]


def test_nothing_secret_of_the_environment_is_passed_on(monkeypatch):
    monkeypatch.setenv("CHAINRULE_TEST_SECRET", "open sesame")
    value = outcome("return [float('CHAINRULE_TEST_SECRET' in os.environ), float(os.listdir('.') == [])]").records[1]
    assert value["value"].tolist() == [0, 1]


def test_objects_that_would_run_code_when_unpickled_come_back_as_a_word():
    value = outcome("class Evil:\n    def __reduce__(self): return (print, ('run',))\nreturn [Evil(), X]").records[1][
        "value"
    ]
    assert value["list"][0] == {"other": "a Evil"}


def test_a_result_that_is_too_large_comes_back_as_a_word():
    value = outcome("return np.zeros((4000, 4000))").records[1]["value"]
    assert value == {"other": "an array of shape (4000, 4000)"}


def test_a_forged_result_is_passed_over():
    with pytest.raises(ValueError, match="no such kind"):
        runner.decoded({"array": ["object", "|O8", [1], ""]})
    with pytest.raises(ValueError):
        runner.decoded({"array": ["float64", "<f8", [3], "AAAA"]})


@pytest.mark.parametrize(
    "value", [np.float32([[1, 2]]), np.array(3), np.array([True]), np.array([1 + 2j]), np.zeros((0, 3)), np.arange(4)]
)
def test_numbers_cross_the_border_as_they_are(value):
    import json

    back = runner.decoded(json.loads(json.dumps(runner.encoded(value))))
    assert back.shape == value.shape
    assert back.dtype == value.dtype
    assert np.array_equal(back, value)


def test_weights_answer_to_every_way_of_asking():
    layers = runner.Layers([(np.eye(2), np.ones(2)), (np.zeros((2, 1)), np.zeros(1))])
    assert [W.shape for W, _ in layers] == [(2, 2), (2, 1)]
    assert layers[0][1] is layers["b1"] is layers.b[1]
    assert layers["W2"] is layers["w2"] is layers.W[2]
    assert dict(layers.items()).keys() == {"W1", "b1", "W2", "b2"}
    assert len(layers.values()) == 4


def test_a_function_that_unpacks_all_weights_gets_them_in_a_row():
    def f(X, weights):
        W, b = weights
        return W @ b

    def g(weights):
        _W1, _b1, W2, b2 = weights
        return W2 @ b2

    pairs = [["W", "b"], ["W", "b"]]
    found = run_here(
        {"f": f, "g": g},
        [
            {"call": 0, "function": "f", "arguments": {"X": "X", "weights": [["W", "b"]]}, "positional": []},
            {"call": 1, "function": "g", "arguments": {"weights": pairs}, "positional": ["weights"]},
        ],
        ARRAYS,
    )
    assert found.records[0]["value"].tolist() == [1, 1]
    assert found.records[1]["value"].tolist() == [1, 1]


def test_a_function_cannot_change_what_the_next_call_receives():
    def f(X):
        X += 1
        return X

    found = run_here({"f": f}, calls("f", "f"), ARRAYS)
    assert found.records[1]["value"].tolist() == [1, 2, 3]
    assert found.records[1]["changed"] == ["X"]
    assert ARRAYS["X"].tolist() == [0, 1, 2]
