"""Wrong answers are called wrong by the right name, right ones pass, whatever their manner."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DataError, NotationError, SettingError
from chainrule.teaching.grade import grade


def _answers():
    """The file beside this one: it is no test, so pytest's import mode does not find it by name."""
    place = Path(__file__).with_name("wrong_answers.py")
    spec = importlib.util.spec_from_file_location("wrong_answers", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ANSWERS = _answers()


@functools.cache
def finding(answer):
    name = answer.function.__name__
    report = grade({name: answer.function}, answer.network, only=name, **dict(answer.options))
    return report.findings[0]


@pytest.mark.parametrize("answer", ANSWERS.WRONG, ids=lambda answer: answer.id)
def test_a_wrong_answer_is_called_wrong_and_by_no_false_name(answer):
    found = finding(answer)
    assert not found.correct
    assert set(found.mistakes) <= set(answer.mistakes), found.message


def test_nine_in_ten_wrong_answers_are_named_and_there_are_more_than_sixty():
    named = [set(finding(answer).mistakes) == set(answer.mistakes) for answer in ANSWERS.WRONG]
    assert len(named) >= 60
    assert sum(named) >= 0.9 * len(named)


def test_the_list_of_wrong_answers_has_every_mistake_of_the_contract_on_some_network():
    words = (
        "sign factor transposed missing-slope extra-slope slope-at-z missing-one-minus-z missing-z output-slope"
        " softmax-diagonal wrong-layer bias-not-summed missing-sum-over-k updated-weights softmax-axis"
        " unshifted-softmax wrong-law"
    )
    contract = words.split()
    count = Counter(name for answer in ANSWERS.WRONG for name in answer.mistakes)
    assert min(count[name] for name in contract) >= 2, count


@pytest.mark.parametrize("answer", ANSWERS.RIGHT, ids=lambda answer: answer.id)
def test_a_right_answer_passes_whatever_its_manner(answer):
    found = finding(answer)
    assert found.correct, found.message
    assert not found.mistakes


def test_there_are_thirty_right_answers():
    assert len(ANSWERS.RIGHT) >= 30


@pytest.mark.parametrize("seed", range(4))
def test_the_verdict_does_not_depend_on_the_seed(seed):
    for answer in ANSWERS.WRONG[:: 9 + seed]:
        name = answer.function.__name__
        report = grade({name: answer.function}, answer.network, only=name, seed=seed, **dict(answer.options))
        assert set(report.findings[0].mistakes) == set(answer.mistakes), answer.id


def test_the_smallest_factor_is_seen_and_rounding_is_not():
    def nearly(by):
        return {"derivative_v": lambda Z, T, Y: Z.T @ (T - Y) * by}

    assert not grade(nearly(1.0005), "2-3-3", only="derivative_v").passed
    assert grade(nearly(1 + 1e-9), "2-3-3", only="derivative_v").passed


def test_a_number_that_no_mistake_of_the_list_gives_gets_no_name_but_the_ratio():
    rng = np.random.default_rng(0)
    report = grade({"derivative_v": lambda Z, T, Y: rng.standard_normal((Z.shape[1], T.shape[1]))}, "2-3-3")
    (found,) = [f for f in report.findings if f.function == "derivative_v"]
    assert (found.correct, found.mistakes) == (False, ())
    assert "9 of 9 entries of dV differ" in found.message
    assert "yours over the truth is" in found.message


NO_KNOWN_MISTAKE = {
    "abs": np.abs,
    "clipped": lambda g: np.clip(g, -0.1, 0.1),
    "rounded": lambda g: np.round(g, 2),
    "cubed": lambda g: g**3,
    "squashed": np.tanh,
    "only what is positive": lambda g: np.maximum(g, 0),
    "rows turned": lambda g: g[::-1],
    "running sum": lambda g: np.cumsum(g, axis=0),
    "normalised": lambda g: g / np.linalg.norm(g),
    "one entry lost": lambda g: np.where(np.arange(g.size).reshape(g.shape) == 0, 0, g),
    "shrunk": lambda g: g - 0.1 * np.sign(g),
}


@pytest.mark.parametrize("notation", ["2-3-3", "2-2-1", "3-2-2 identity"])
@pytest.mark.parametrize("change", NO_KNOWN_MISTAKE.values(), ids=NO_KNOWN_MISTAKE.keys())
def test_what_is_wrong_in_another_way_never_gets_a_name(notation, change):
    def derivative_w1(X, Z, T, Y, V):
        return change(X.T @ ((T - Y) @ V.T * Z * (1 - Z)))

    found = grade({"derivative_w1": derivative_w1}, notation, only="dW1").findings[0]
    assert found.mistakes == ()
    assert not found.correct


def test_zeros_are_no_mistake_of_the_list():
    report = grade({"derivative_w1": lambda X, Z, T, Y, V: np.zeros((X.shape[1], Z.shape[1]))}, "2-3-3", only="dW1")
    assert report.findings[0].mistakes == ()
    assert "Every entry of dW1 is 0." in report.findings[0].message


def test_the_message_holds_the_line_of_the_derivation_and_numbers_that_are_true():
    def derivative_w1(X, Z, T, Y, V):
        return X.T @ ((T - Y) @ V.T * Z)

    message = grade({"derivative_w1": derivative_w1}, "2-3-3", only="derivative_w1").findings[0].message
    assert "∂z/∂a = z (1 − z)" in message
    import re

    z, right, hers = map(
        float, re.search(r"at z = (\S+) \(a = \S+\) the slope is (\S+), not (\S+)\.\n", message).groups()
    )
    assert right == pytest.approx(z * (1 - z), rel=1e-3)
    assert hers == z


def test_the_solution_is_told_only_when_asked_and_is_right():
    functions = {"derivative_w1": lambda X, H, T, Y, V: X.T @ ((T - Y) @ V.T)}
    assert grade(functions, "2-3 tanh-3", only="dW1").findings[0].solution == ""
    lines = grade(functions, "2-3 tanh-3", only="dW1", solution=True).findings[0].solution
    names = {"np": np}

    def fixed(X, H, T, Y, V):
        names.update(X=X, H=H, T=T, Y=Y, V=V)
        exec(lines, names)
        return names["dW1"]

    assert grade({"derivative_w1": fixed}, "2-3 tanh-3", only="dW1").passed


@pytest.mark.parametrize("notation", ["2-3-3", "3-4 gelu-1", "2-3 relu-2 exp"])
def test_the_solutions_of_forward_and_gradient_run(notation):
    report = grade({"forward": lambda X, weights: 0, "gradient": lambda X, T, weights: 0}, notation, solution=True)
    net = cr.Network(notation)
    weights, X, T = net.initial_weights(seed=3), np.ones((2, net.D)), np.ones((2, net.K)) / net.K
    for found in report.findings:
        names = {"np": np, "math": __import__("math"), "X": X, "T": T, **{n: weights[n] for n in net.names}}
        exec(found.solution, names)
    assert names["dW1"] == pytest.approx(cr.gradient(net, weights, X, T).W[1])


def test_a_mistake_in_forward_does_not_make_gradient_wrong():
    def forward(X, weights):
        (W1, _), (W2, b2) = weights
        Z = np.tanh(X @ W1)  # no bias
        e = np.exp(Z @ W2 + b2 - (Z @ W2 + b2).max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), Z

    def gradient(X, T, weights):
        Y, Z = forward(X, weights)
        delta2 = T - Y
        delta1 = delta2 @ weights[1][0].T * (1 - Z**2)
        return [(X.T @ delta1, delta1.sum(0)), (Z.T @ delta2, delta2.sum(0))]

    first, second = grade({"forward": forward, "gradient": gradient}, "2-3 tanh-3").findings
    assert (first.correct, first.mistakes) == (False, ("missing-bias",))
    assert second.correct
    assert "your own forward" in second.message


def test_of_two_mistakes_one_in_forward_and_one_in_gradient_each_is_told_where_it_is():
    def forward(X, weights):
        (W1, _), (W2, b2) = weights
        Z = np.tanh(X @ W1)
        e = np.exp(Z @ W2 + b2 - (Z @ W2 + b2).max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), Z

    def gradient(X, T, weights):
        Y, Z = forward(X, weights)
        delta2 = T - Y
        delta1 = delta2 @ weights[1][0].T
        return [(X.T @ delta1, delta1.sum(0)), (Z.T @ delta2, delta2.sum(0))]

    first, second = grade({"forward": forward, "gradient": gradient}, "2-3 tanh-3").findings
    assert first.mistakes == ("missing-bias",)
    assert second.mistakes == ("missing-slope",)


def test_the_notes_tell_of_a_changed_argument():
    def derivative_b2(T, Y):
        T -= Y
        return T.sum(axis=0)

    report = grade({"derivative_b2": derivative_b2}, "2-3-3", only="db2")
    assert report.passed
    assert "changes its argument T" in report.notes[0]


def test_sizes_that_are_written_into_a_right_function_are_remarked():
    def derivative_b2(T, Y):
        total = np.zeros(3)
        for n in range(len(T)):
            for k in range(3):
                total[k] += T[n, k] - Y[n, k]
        return total

    found = grade({"derivative_b2": derivative_b2}, "2-3-3", only="db2").findings[0]
    assert found.correct
    assert "take the sizes from the arguments" in found.message


def test_a_function_that_fails_for_one_sample_alone_is_wrong():
    found = grade({"derivative_v": lambda Z, T, Y: Z.squeeze().T @ (T - Y).squeeze()}, "2-3-3", only="dW2").findings[0]
    assert not found.correct


@pytest.mark.parametrize(
    ("function", "mistake", "said"),
    [
        (lambda Z, T, Y: None, "no-result", "None"),
        (lambda Z, T, Y: "W", "no-result", "a str"),
        (lambda Z, T, Y: Z.T @ (T - Y) * np.nan, "not-finite", "NaN"),
        (lambda Z, T, Y: Z.T @ (T - Y) + 1j, "complex", "complex"),
        (lambda Z, T, Y: (Z.T @ (T - Y)).ravel(), "wrong-shape", "(9,)"),
        (lambda Z, T, Y: 1 / 0, "crash", "ZeroDivisionError"),
        (lambda Z, T, Y: undefined, "crash", "NameError"),  # noqa: F821
        (lambda Z, T, Q, R: Z, "not-callable", "derivative_v(Z, T, Y)"),
        (lambda *arrays: arrays, "not-callable", "derivative_v(Z, T, Y)"),
    ],
)
def test_what_is_no_gradient_at_all_is_said_in_at_most_four_lines(function, mistake, said):
    found = grade({"derivative_v": function}, "2-3-3", only="derivative_v").findings[0]
    assert (found.correct, found.mistakes) == (False, (mistake,))
    assert said in found.message
    assert len(found.message.splitlines()) <= 4


def test_a_missing_function_is_reported_with_its_signature():
    report = grade({"derivative_v": lambda Z, T, Y: Z.T @ (T - Y)}, "2-3-3")
    missing = [found for found in report.findings if found.mistakes == ("missing-function",)]
    assert [found.function for found in missing] == [
        "forward",
        "derivative_b2",
        "derivative_w1",
        "derivative_b1",
        "cost",
    ]
    assert "derivative_w1(X, Z, T, Y, V)" in missing[2].message
    assert not report.passed


def test_options_outside_what_is_allowed_are_refused(tmp_path):
    functions = {"derivative_v": lambda Z, T, Y: Z}
    with pytest.raises(SettingError, match="sign"):
        grade(functions, "2-3-3", sign="up")
    with pytest.raises(SettingError, match="reduction"):
        grade(functions, "2-3-3", reduction="total")
    with pytest.raises(SettingError, match="time limit"):
        grade(functions, "2-3-3", time_limit=0)
    with pytest.raises(SettingError, match="derivative_v"):
        grade(functions, "2-3-3", only="derivative_x")
    with pytest.raises(NotationError):
        grade(functions, "2")
    with pytest.raises(DataError, match="not a function"):
        grade({"forward": 3}, "2-3-3")
    with pytest.raises(DataError, match="cannot be read"):
        grade(tmp_path / "nowhere.py", "2-3-3")


def test_the_report_is_text_markdown_html_and_json():
    report = grade({"derivative_v": lambda Z, T, Y: Z.T @ (Y - T)}, "2-3-3", only="dW2")
    assert report.text().startswith("answers for 2-3 sigmoid-3 softmax: 0 of 1 right.\n\nWRONG  derivative_v  sign\n")
    assert "✗ `derivative_v`: `sign`" in report.markdown()
    assert "<code>sign</code>" in report._repr_html_()
    plain = json.loads(report.json())
    assert plain["passed"] is False
    assert plain["findings"][0]["mistakes"] == ["sign"]
