"""What ``derive`` accepts, what it tells, and how it is laid out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation.expression import Derivative, Matrix, Sum
from chainrule.derivation.render.text import expression_text
from chainrule.derivation.walk import walk
from chainrule.errors import DataError, DerivationError, NotationError, SettingError
from support import KINKED, SMOOTH, networks, problem

POST = cr.derive("2-3-3", letters="post")


def answers(found, name):
    return expression_text(found.gradients[name])


def test_the_posts_network_has_the_posts_answers_with_their_sums_restored():
    assert answers(POST, "W2") == "Σ_n (tⁿ_k − yⁿ_k) zⁿ_m"
    assert answers(POST, "b2") == "Σ_n (tⁿ_k − yⁿ_k)"
    written = [s for s in POST.steps if s.anchor.startswith("dW1-out")]
    assert expression_text(written[-1].after) == "Σ_n (Σ_k (tⁿ_k − yⁿ_k) V_mk) zⁿ_m (1 − zⁿ_m) xⁿ_d"
    assert expression_text(written[0].before) == "∂J/∂W_dm"


def test_the_softmax_has_the_appendixs_delta_form_and_not_the_texts():
    lines = {expression_text(s.after): expression_text(s.before) for s in POST.steps if not s.is_remark}
    assert "yⁿ_k' (δ_k'k − yⁿ_k)" in lines
    assert "yⁿ_k' (δ_k'k − yⁿ_k')" not in lines


def test_the_story_has_every_part_of_the_posts_text_and_appendix():
    sections = {step.section for step in POST.steps}
    assert sections == {
        "Neural network feed-forward mechanism",
        "Training a neural network through backpropagation",
        "Hidden layer to output",
        "Inputs to hidden layer",
        "Recursiveness in deeper networks",
        "Appendix: softmax derivative",
    }
    rules = {step.rule for step in POST.steps}
    for name in (
        "quotient rule",
        "chain rule, sum over all paths",
        "delta picks one term",
        "targets add up to one",
        "case of equal indices",
        "case of different indices",
        "both cases in one, by the delta",
        "out of the sum",
        "logarithm of a product",
        "matrix form",
    ):
        assert name in rules


@pytest.mark.parametrize("law", ["softmax", "sigmoid", "identity", "exp"])
@pytest.mark.parametrize("sign", ["ascent", "descent"])
def test_every_law_ends_in_target_minus_output(law, sign):
    found = cr.derive(f"3-2 tanh-2 {law}", sign=sign)
    last = [s for s in found.steps if s.anchor.startswith("delta2-") and not isinstance(s.before, Matrix)][-1]
    assert expression_text(last.after) == ("t_nk − y_nk" if sign == "ascent" else "y_nk − t_nk")


def test_without_a_hidden_layer_it_is_logistic_regression():
    found = cr.derive("4-1")
    assert set(found.gradients) == {"W1", "b1"}
    assert answers(found, "W1") == "Σ_n (t_nk − y_nk) x_nd"
    assert "logistic regression" in found.text()


def test_one_weight_needs_only_the_way_down_to_it():
    whole, upper, lower = cr.derive("3-4-5-2"), cr.derive("3-4-5-2", "W3"), cr.derive("3-4-5-2", "b1")
    assert set(upper.gradients) == {"W3"}
    assert set(lower.gradients) == {"b1"}
    assert len(upper.steps) < len(lower.steps) < len(whole.steps)
    assert not any("δ²" in step.reason for step in upper.steps)
    assert answers(lower, "b1") == answers(whole, "b1")


def test_the_mean_divides_every_gradient_by_the_number_of_samples():
    found = cr.derive("2-3-3", reduction="mean")
    assert answers(found, "W1") == "(Σ_n δ¹_nm x_nd)/N"
    assert all("N" in answers(found, name) for name in found.gradients)


def test_the_short_form_has_the_answers_of_the_full_one():
    full, short = cr.derive("2-3 relu-4-2"), cr.derive("2-3 relu-4-2", detail="short")
    assert short.gradients == full.gradients
    assert short.arrays == full.arrays
    assert len(short.steps) < len(full.steps) / 2
    assert all(step.reason for step in short.steps)


def test_every_step_says_its_rule_its_reason_and_where_it_belongs():
    for net in networks(16, range(4), ("sigmoid", "relu", "gelu", "identity"), seed=2):
        found = cr.derive(net, order=2)
        for step in found.steps:
            assert step.rule
            assert step.reason or step.rule == "this network's sizes", step
            assert step.group
            assert step.section
        assert len({step.anchor for step in found.steps}) == len(found.steps)


def test_a_line_continues_the_one_above_or_begins_anew():
    continued = sum(
        later.before == earlier.after and later.block == earlier.block
        for earlier, later in zip(POST.steps[:-1], POST.steps[1:], strict=True)
        if not later.is_remark
    )
    assert continued > len(POST.steps) / 2


def test_no_symbolic_part_imports_sympy_and_sympy_is_never_needed():
    code = "import sys, chainrule as cr; cr.derive('2-3-3'); assert 'sympy' not in sys.modules; import chainrule"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_tree_and_the_rules_import_no_numpy():
    import ast
    from pathlib import Path

    import chainrule.derivation as home

    root = Path(home.__file__).parent
    symbolic = ["expression.py", "walk.py", "definitions.py", "tidy.py", "stable.py", "formula.py", "derive.py"]
    for path in [*(root / name for name in symbolic), *root.glob("rules/*.py"), *root.glob("story/*.py")]:
        for node in ast.parse(path.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("numpy", "scipy", "sympy") for name in names), path


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("2-3-3", "W3"), SettingError, "no weights named 'W3'"),
        (("2-3-3", "w1"), SettingError, "Did you mean 'W1'"),
        (("2-3-3", 1), SettingError, "no weights named 1"),
        (("2-x",), NotationError, "cannot be read"),
    ],
)
def test_what_cannot_be_derived_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        cr.derive(*arguments)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"detail": "long"}, SettingError, "Allowed: 'full', 'short'"),
        ({"sign": "up"}, SettingError, "ascent"),
        ({"reduction": "avg"}, SettingError, "mean"),
        ({"letters": "greek"}, SettingError, "post"),
        ({"order": 3}, SettingError, "Allowed: 1"),
        ({"x": [1, 2]}, SettingError, "weights and t are missing"),
        ({"weights": np.zeros(21), "x": [1, 2, 3], "t": [1, 0, 0]}, DataError, "x has 3 numbers"),
        ({"weights": np.zeros(21), "x": [1, np.nan], "t": [1, 0, 0]}, DataError, "not finite"),
        ({"weights": np.zeros(21), "x": [1, 2], "t": [1, 1, 0]}, DataError, "categorical"),
        ({"weights": np.zeros(20), "x": [1, 2], "t": [1, 0, 0]}, DataError, "21 weights"),
        ({"weights": np.zeros(21), "x": ["a", "b"], "t": [1, 0, 0]}, DataError, "not hold numbers"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_in_at_most_four_lines(options, error, said):
    with pytest.raises(error, match=said) as caught:
        cr.derive("2-3-3", **options)
    assert len(str(caught.value).splitlines()) <= 4


def test_the_posts_letters_are_for_one_hidden_layer():
    with pytest.raises(SettingError, match="one hidden layer"):
        cr.derive("2-3-3-3", letters="post")


def test_weights_of_another_network_are_refused():
    other = cr.Network("2-4-3").initial_weights()
    with pytest.raises(DataError, match="not of 2-3 sigmoid-3 softmax"):
        cr.derive("2-3-3", weights=other, x=[1, 2], t=[0, 1, 0])


def test_a_samples_numbers_stand_beside_every_line():
    net = cr.Network("2-3-3")
    weights, X, T = problem(net, rows=1, seed=4)
    found = cr.derive(net, weights=weights, x=X[0], t=T[0])
    gradient = cr.gradient(net, weights, X, T)
    true = int(T[0].argmax())
    shown = {expression_text(s.numbers.left): s.numbers.value for s in found.steps if s.numbers is not None}
    assert shown[f"∂J/∂W²_1{true + 1}"] == pytest.approx(gradient.W[2][0, true], rel=1e-12)
    assert shown["∂J/∂W¹_11"] == pytest.approx(gradient.W[1][0, 0], rel=1e-12)
    assert shown["∂J/∂b¹_1"] == pytest.approx(gradient.b[1][0], rel=1e-12)
    for step in found.steps:
        if not step.is_remark and not isinstance(step.before, Matrix | Derivative) and step.group != "What it costs":
            assert step.numbers is not None or "matrix form" in step.rule


def test_the_numbers_in_a_line_make_its_value():
    net = cr.Network("2-3 tanh-2 sigmoid")
    weights, X, T = problem(net, rows=1, seed=6)
    from chainrule.derivation.evaluate import evaluate
    from chainrule.derivation.letters import Letters
    from chainrule.derivation.point import random_point

    point = random_point(Letters(net), descent=False, mean=False)
    for step in cr.derive(net, weights=weights, x=X[0], t=T[0]).steps:
        if step.numbers is not None:
            assert not any(isinstance(node, Sum | Derivative) for node in walk(step.numbers.filled))
            value = float(np.asarray(evaluate(step.numbers.filled, point)))
            assert value == pytest.approx(step.numbers.value, rel=1e-9, abs=1e-12)


def test_saturated_numbers_are_shown_as_they_are():
    net = cr.Network("2-3-3")
    weights = net.weights_from(np.full(net.size, 400.0))
    found = cr.derive(net, weights=weights, x=[3.0, 2.0], t=[1, 0, 0])
    assert found.worst < 1e-6
    values = [step.numbers.value for step in found.steps if step.numbers is not None]
    assert len(values) > 80
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", [*SMOOTH, *KINKED])
def test_numbers_exactly_at_a_kink_use_the_slope_from_the_left(name):
    net = cr.Network(f"2-3 {name}-3")
    found = cr.derive(net, weights=np.zeros(net.size), x=[1, 2], t=[0, 1, 0])
    assert found.worst < 1e-9


@pytest.mark.parametrize(
    "formula",
    [
        "maximum(0, a)",
        "maximum(a, 0)",
        "abs(a)",
        "where(a < 0, 0 * a, a)",
        "where(a >= 0, 3 * a, 2 * a)",
        "where(a > 0, 1 + a, a)",
    ],
)
def test_numbers_exactly_at_a_kink_of_ones_own_too(formula):
    cr.activation("kinked", formula)
    net = cr.Network("2-3 kinked-3")
    assert cr.derive(net, weights=np.zeros(net.size), x=[1, 2], t=[0, 1, 0]).worst < 1e-9


def test_what_it_costs_is_counted_for_this_network():
    text = cr.derive("10-20-30-5").text()
    # by hand: B = 150+600+200 + 150+600 + 30+20; S = 150·1 + 600·5·3 + 200·30·5·5
    assert "Backpropagation needs 1,750 multiplications where the sum over paths needs 159,150" in text


def test_a_failing_line_is_named():
    from chainrule.derivation.check import checked
    from chainrule.derivation.letters import Letters
    from chainrule.derivation.point import random_point

    step = next(s for s in cr.derive("2-3-3").steps if s.anchor == "dW2-6")
    import dataclasses

    wrong = dataclasses.replace(step, after=1.0005 * step.after)
    with pytest.raises(DerivationError, match="dW2-6"):
        checked(wrong, random_point(Letters(cr.Network("2-3-3")), descent=False, mean=False))


def test_a_dropped_sum_is_a_failing_line_even_before_numbers():
    from chainrule.derivation.check import difference
    from chainrule.derivation.letters import Letters
    from chainrule.derivation.point import random_point
    from chainrule.derivation.steps import Step

    letters = Letters(cr.Network("2-3-3"))
    t, y = letters.entry(("t", 2)), letters.entry(("z", 2))
    step = Step(Sum(letters.index(2), t * y), t * y, "wrong", "")
    assert difference(step, random_point(letters, descent=False, mean=False)) == float("inf")


def test_it_reads_as_text_in_notebooks_and_consoles():
    found = cr.derive("2-2", detail="short")
    assert "∂J/∂W¹" in str(found)
    assert "worst error" in repr(found)
    assert max(map(len, found.text(width=100).splitlines())) <= 100
    assert "np.exp" not in found.text(code=False)
    assert "weighs" not in found.text(reasons=False)


def test_printed_in_a_terminal_it_is_as_wide_as_the_terminal(monkeypatch):
    found = cr.derive("2-3-3", "W2", detail="short")
    assert str(found) == found.text(width=100)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    assert str(found) == found.text(width=80)
    for net in ("2-3-3", "12-16 tanh-8 relu-3 exp", "8-1"):
        assert max(map(len, str(cr.derive(net)).splitlines())) <= 80


def test_the_answers_print_as_formulas():
    assert repr(cr.derive("2-3-3", "W1").gradients) == "{'W1': Σ_n δ¹_nm x_nd}"
    assert "'delta1': (δ² W²ᵀ) ⊙ Z¹ ⊙ (1 − Z¹)" in str(cr.derive("2-3-3").arrays)


def test_the_title_of_one_gradient_names_it_in_its_letters():
    assert cr.derive("2-3-3", "b2").title.startswith("The gradient with respect to b² of 2-3 sigmoid-3 softmax")
    found = cr.derive("2-3-3", "V", letters="post")
    assert found.title.startswith("The gradient with respect to V of")
    assert set(found.gradients) == {"W2"}
    with pytest.raises(SettingError, match="no weights named 'V'"):
        cr.derive("2-3-3", "V")


@pytest.mark.parametrize(
    ("net", "words"),
    [
        ("2-3 relu-3", "The slope of relu, as derived above, is 1 where z > 0 and 0 elsewhere."),
        ("2-3 selu-3", "The slope of selu, as derived above, is 1.051 where z > 0 and 1.758 + z elsewhere."),
        ("2-3 gelu-3", "The slope of gelu, derived above, is written gelu′(a) for short."),
        ("8-1", "Output k (there is one, k = 1) weighs the eight inputs"),
        ("8-1", "3. The error at the output ────"),
        ("2-3-1", "for each of the six weights of W¹ there is one path"),
        ("2-3-1", "the error of the one output comes back to this weight"),
        ("2-3-4-5-2", "a²_nr and z²_nr in hidden layer 2, a³_ns and z³_ns in hidden layer 3 and a⁴_nk at the outputs"),
        ("2-3 gelu-2 exp", "(In the code, special is scipy.special.)"),
    ],
)
def test_the_words_fit_the_network(net, words):
    assert words in " ".join(cr.derive(net).text().split())


@pytest.mark.parametrize("net", ["2-3-3", "3-4 tanh-2 relu-2 identity", "3-4 swish-1", "2-5 gelu-2 exp"])
def test_the_whole_network_in_one_line_is_the_network(net):
    from chainrule.derivation.evaluate import evaluate
    from chainrule.derivation.letters import Letters
    from chainrule.derivation.point import Point
    from chainrule.kernels import outputs

    net = cr.Network(net)
    weights, X, T = problem(net, rows=4, seed=2)
    given = {("z", 0): X, ("t", net.L): T}
    for l in range(1, net.L + 1):
        given["W", l], given["b", l] = weights.W[l], weights.b[l]
    letters = Letters(net)
    point = Point(letters, given, {**{letters.index(l).range: net.M[l] for l in range(net.L + 1)}, "N": 4})
    (step,) = [step for step in cr.derive(net).steps if step.anchor == "forward-1"]
    assert np.allclose(evaluate(step.after, point), outputs(net, weights, X), rtol=1e-13, atol=1e-15)


def test_numbers_of_a_wide_network_are_those_of_the_kernel():
    net = cr.Network("12-150-120-4")
    weights, X, T = problem(net, rows=1, seed=4)
    found = cr.derive(net, "W1", weights=weights, x=X[0], t=T[0])
    shown = {expression_text(s.numbers.left): s.numbers.value for s in found.steps if s.numbers is not None}
    assert shown["∂J/∂W¹_11"] == pytest.approx(cr.gradient(net, weights, X, T).W[1][0, 0], rel=1e-11)
