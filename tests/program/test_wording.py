"""Numeric forms spelled as NumPy."""

from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import pytest

from chainrule.functions import OUTPUT_LAWS, activation_named, activation_names
from chainrule.kernels.primitives import evaluate
from chainrule.program.vocabulary import written_out
from chainrule.program.wording import body, called, letters, numpy_text

ROWS = [activation_named(name) for name in activation_names() if not name.startswith("program_")]
FORMS = [form for row in ROWS for form in (row.value, row.slope, row.curvature)]
FORMS += [form for law in OUTPUT_LAWS.values() for form in (law.mean, law.log_density)]
LONG = (
    "where(a > 0, log(1 + a**2) * tanh(3 * a) / (1 + exp(-2 * a)) + sin(a)**2 * 0.125 - abs(a) * sign(a), "
    "-a**2 * exp(a) - (2 - (1 - a)) / (3 / (a - 7)))"
)


def scope(source):
    """What a script has when it runs a form."""
    names = {"np": np}
    definitions, _ = written_out(called(source))
    exec("import math\n" + "\n".join(definitions), names)
    return names


def ruff_format(text):
    return subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("source", [*FORMS, LONG])
def test_the_numpy_text_computes_the_same_numbers(source):
    a = np.linspace(-30, 30, 240).reshape(-1, 3) + 0.01
    z, t = np.tanh(a) * 0.9, np.abs(np.round(a))
    given = {name: {"a": a, "z": z, "t": t}[name] for name in letters(source)}
    with np.errstate(all="ignore"):
        made = eval(numpy_text(source), scope(source), given)
        assert np.allclose(made, evaluate(source, **given), rtol=3e-14, atol=1e-15, equal_nan=True)


@pytest.mark.parametrize("source", [*FORMS, LONG])
@pytest.mark.parametrize("width", [84, 50])
def test_the_lines_of_a_function_compute_the_same_numbers_and_are_short(source, width):
    a = np.linspace(-5, 5, 60).reshape(-1, 3) + 0.01
    given = {name: {"a": a, "z": np.tanh(a), "t": np.abs(np.round(a))}[name] for name in letters(source)}
    lines = body(source, width)
    assert max(map(len, lines)) <= width
    names = scope(source)
    exec(f"def f({', '.join(given)}):\n" + "\n".join(f"    {line}" for line in lines), names)
    assert np.allclose(names["f"](**given), evaluate(source, **given), rtol=3e-14, atol=1e-15)


@pytest.mark.parametrize("source", [LONG, *(row.slope for row in ROWS)])
def test_nothing_is_computed_twice_in_a_function(source):
    trees = [ast.parse(line.removeprefix("return ")) for line in body(source, 84)]
    calls = [ast.dump(node) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert len(calls) == len(set(calls))


def test_the_formatter_leaves_every_form_as_it_is():
    lines = [f"{numpy_text(source)}\n" for source in FORMS if len(numpy_text(source)) <= 88]
    for source in [*FORMS, LONG]:
        lines += [line.replace("return ", "result = ") + "\n" for line in body(source, 80)]
    text = "".join(lines)
    assert ruff_format(text) == text


@pytest.mark.parametrize(
    "source",
    [
        "-a**2",
        "(-a)**2",
        "a - (1 - a)",
        "a / (2 / a)",
        "a / 2 / a",
        "2**-a",
        "(a**2)**3",
        "-(a + 1)",
        "-(a * 2)",
        "(1 + a) * 2",
    ],
)
def test_brackets_stay_where_they_change_the_result(source):
    assert eval(numpy_text(source), {"a": 3.0}) == eval(source, {"a": 3.0})


def test_special_functions_carry_the_complex_step():
    a = np.linspace(-3, 3, 13)
    for name, sign in (("erf", 2), ("erfc", -2)):
        function = scope(f"{name}(a)")[name]
        assert np.allclose(function(a + 1e-30j).imag / 1e-30, sign / np.sqrt(np.pi) * np.exp(-(a**2)), rtol=1e-15)


def test_erfc_is_exact_in_its_tail():
    import mpmath

    erfc = scope("erfc(a)")["erfc"]
    for a in (-5.0, 0.1, 3.0, 10.0, 25.0):
        exact = mpmath.erfc(mpmath.mpf(a))
        assert abs(mpmath.mpf(float(erfc(np.array([a]))[0])) - exact) < 1e-15 * exact
