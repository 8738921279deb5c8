"""A script that reads its data from a CSV, and the data it makes up."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.program import program
from command import write_csv

RNG = np.random.default_rng(5)
LENGTH, WIDTH = RNG.normal(50, 20, 60), RNG.normal(-3, 0.1, 60)
KIND = ["long" if value > 55 else "short" if value < 40 else "between" for value in LENGTH]


@pytest.fixture
def flowers(tmp_path):
    rows = [[f"{a:.3f}", f"{b:.4f}", kind] for a, b, kind in zip(LENGTH, WIDTH, KIND, strict=True)]
    return write_csv(tmp_path / "flowers.csv", ["length", "width", "kind"], rows)


def written(path, net, **options):
    """The script beside its table."""
    script = path.with_name("script.py")
    script.write_text(program(net, **{"epochs": 40, **options}), encoding="utf-8")
    return script


def run_alone(script):
    return subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, timeout=240)


def data_of(script):
    names = {"__name__": "script"}
    exec(script.read_text(encoding="utf-8"), names)
    return names["read_table"](names["TABLE"])


def standard(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_classes_of_a_table_are_learned(flowers):
    script = written(flowers, "2-4 tanh-3", data=flowers, epochs=300)
    X, T = data_of(script)
    assert np.allclose(X, standard(np.column_stack([LENGTH.round(3), WIDTH.round(4)])), atol=1e-12)
    assert [["between", "long", "short"][k] for k in T.argmax(axis=1)] == KIND
    ended = run_alone(script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert float(ended.stdout.split()[-1]) > 0.9


@pytest.mark.parametrize(
    ("net", "target", "law"),
    [
        ("2-1", "yes", "sigmoid"),
        ("2-3-1", "word", "sigmoid"),
        ("3-2 sigmoid", "yes,no", "sigmoid"),
        ("4-3 tanh-1 identity", "length", "identity"),
        ("4-1 exp", "count", "exp"),
    ],
)
def test_every_law_reads_its_targets(tmp_path, net, target, law):
    columns = {
        "length": LENGTH, "width": WIDTH, "yes": (LENGTH > 50) * 1, "no": (LENGTH <= 50) * 1,
        "count": RNG.poisson(2, 60), "word": np.where(LENGTH > 50, "yes", "no"),
    }  # fmt: skip
    targets = target.split(",")
    inputs = [name for name in columns if name not in (*targets, "word")][: int(net[0])]
    names = [*inputs, *targets]
    table = write_csv(tmp_path / "t.csv", names, zip(*(columns[name] for name in names), strict=True))
    script = written(table, net, data=table, target=target)
    X, T = data_of(script)
    assert np.allclose(X.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(X.std(axis=0), 1)
    raw = np.column_stack([columns["yes"] if name == "word" else columns[name] for name in targets])
    assert np.allclose(T, standard(raw) if law == "identity" else raw)
    ended = run_alone(script)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_table_that_does_not_fit_is_refused_before_there_is_a_script(flowers, tmp_path):
    cases = {
        "3-4-3": "2 input columns.*\n.*\nBegin the notation with 2",
        "2-4-2": "3 classes, the network is for 2",
        "1-4-2 identity": "'kind' is no number",
    }
    for net, words in cases.items():
        with pytest.raises(cr.ChainruleError, match=words):
            program(net, data=flowers)
    with pytest.raises(cr.ChainruleError, match="Did you mean 'kind'"):
        program("2-3", data=flowers, target="kinds")
    with pytest.raises(cr.ChainruleError, match="No such file"):
        program("2-3", data=tmp_path / "none.csv")
    with pytest.raises(cr.ChainruleError, match="'a' twice"):
        program("2-3", data=write_csv(tmp_path / "twice.csv", ["a", "a", "b"], []))
    with pytest.raises(cr.ChainruleError, match="has no rows"):
        program("1-3", data=write_csv(tmp_path / "empty.csv", ["a", "b"], []))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("short", "short,9", 1), ""),
        (lambda text: text.replace(text.split("\n")[2].split(",")[0], "five", 1), "row 3: 'five' in column 'length'"),
        (lambda text: text.replace(text.split("\n")[1].split(",")[1], "nan", 1), "row 2: column 'width' is not finite"),
        (lambda text: text.replace(text.split("\n")[4].split(",")[2], "", 1), "has no 'kind'"),
        (lambda text: text.replace("width", "breadth", 1), "no column 'width'"),
        (lambda text: text.replace("between", "long"), "2 classes, the network is for 3"),
        (lambda text: "", "has no rows"),
        (None, "cannot be read"),
    ],
    ids=["longer row", "text", "nan", "no class", "renamed", "fewer classes", "emptied", "gone"],
)
def test_the_script_says_what_is_wrong_with_a_table_that_has_changed(flowers, change, words):
    script = written(flowers, "2-4-3", data=flowers, epochs=2)
    if change is None:
        flowers.unlink()
    else:
        flowers.write_text(change(flowers.read_text()))
    ended = run_alone(script)
    assert "Traceback" not in ended.stderr
    assert words in ended.stderr
    assert ended.returncode == (1 if words else 0)


def test_column_names_of_any_kind_are_quoted_right(tmp_path):
    names = [
        'say "hi"',
        "it's",
        "back\\slash",
        "Größe in mm, with a rather long name that fills a line",
        "{braces}",
        "y",
    ]
    table = write_csv(tmp_path / "names.csv", names, RNG.normal(size=(20, 6)).round(3))
    script = written(table, "5-1 identity", data=table, epochs=2)
    assert run_alone(script).returncode == 0
    for arguments in (["format", "--check"], ["check"]):
        ended = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--isolated", script], capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("net", ["3-4", "6-8 tanh-2", "3-1", "4-5-3 sigmoid", "4-6 tanh-2 identity", "3-5 tanh-1 exp"])
def test_made_up_data_can_be_learned(tmp_path, net):
    script = tmp_path / "made.py"
    script.write_text(program(net, epochs=800), encoding="utf-8")
    ended = run_alone(script)
    assert ended.returncode == 0
    first, last = (float(ended.stdout.splitlines()[at].split()[-1]) for at in (2, -1))
    assert last > max(first, 0.25)
