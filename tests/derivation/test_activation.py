"""A user's activation: read from a formula, derived, and used everywhere at once."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import FormulaError
from chainrule.functions import activation_named
from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate
from support import complex_step, problem, worst

FORMULAS = {
    "bump": "exp(-a**2)",
    "mine": "a / (1 + exp(-a))",
    "hinge": "maximum(-1, minimum(a, 1))",
    "softsign": "a / (1 + abs(a))",
    "wave": "sin(a) + 0.1 * a",
    "halves": "where(a >= 0.5, a, exp(a))",
    "line": "2 * a + 1",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_it_trains_and_its_gradient_and_hessian_product_are_right(name):
    cr.activation(name, FORMULAS[name])
    net = cr.Network(f"2-4 {name}-3 {name}-3")
    weights, X, T = problem(net, rows=20, seed=1)
    gradient = cr.gradient(net, weights, X, T)
    truth = complex_step(lambda flat: reference.log_likelihood(net, net.weights_from(flat), X, T), weights.flat)
    assert worst(gradient.flat, truth) < 1e-12
    v = net.initial_weights(seed=2)
    product = cr.hessian_product(net, weights, X, T, v)

    def along(step):
        moved = net.weights_from(weights.flat + 1j * step * v.flat)
        return np.imag(reference.gradient(net, moved, X, T)[1]) / step

    assert worst(product.flat, along(1e-30)) < 1e-11
    run = cr.train(net, X, T, learning_rate=1e-3, epochs=30, seed=0)
    assert run.history.J[-1] > run.history.J[0]


def test_its_derivation_shows_its_formula_and_checks():
    cr.activation("bump", FORMULAS["bump"])
    found = cr.derive("2-3 bump-3")
    assert found.worst < 1e-12
    assert "z = e^(−a²)" in found.text()
    assert "= −2 e^(−a²) a" in found.text()
    assert "bump′(a¹_nm)" in found.text()


def test_its_slope_goes_through_the_output_where_the_formula_stands_in_it():
    assert cr.activation("bump", "exp(-a**2)").slope == "-2 * z * a"
    assert not cr.activation("growth", "exp(a)").slope_needs_preactivation


@pytest.mark.parametrize(
    ("formula", "kinks"),
    [
        ("maximum(-1, minimum(a, 1))", (-1.0, 1.0)),
        ("abs(a - 0.3)", (0.3,)),
        ("where(a >= 0.5, a, exp(a))", (0.5,)),
        ("a / (1 + abs(a))", ()),
        ("where(a < 0, a, a + a**2)", ()),
        ("where(a > 0, 1 + 0 * a, 0)", (0.0,)),
        ("maximum(a, a**2)", (0.0, 1.0)),
        ("sin(a)", ()),
    ],
)
def test_kinks_are_where_the_slope_jumps(formula, kinks):
    assert cr.activation("tested", formula).kinks == pytest.approx(kinks, abs=1e-9)


@pytest.mark.parametrize("condition", ["a > 0", "a >= 0", "0 < a", "0 <= a"])
def test_at_a_kink_the_slope_is_the_one_from_the_left(condition):
    row = cr.activation("tested", f"where({condition}, 3 * a, 2 * a)")
    assert evaluate(row.slope, a=np.array([0.0]), z=np.array([0.0])) == 2


@pytest.mark.parametrize("condition", ["a < 0", "a <= 0", "0 > a", "0 >= a"])
def test_at_a_kink_written_the_other_way_round_too(condition):
    row = cr.activation("tested", f"where({condition}, 2 * a, 3 * a)")
    assert evaluate(row.slope, a=np.array([0.0]), z=np.array([0.0])) == 2


@pytest.mark.parametrize("formula", ["maximum(a, 0)", "maximum(0, a)", "abs(a)", "-minimum(-a, 0)", "minimum(0, a)"])
def test_at_a_kink_of_max_min_and_abs_too(formula):
    row = cr.activation("tested", formula)
    left = evaluate(row.slope, a=np.array([-1e-3]), z=evaluate(row.value, a=np.array([-1e-3])))
    assert evaluate(row.slope, a=np.array([0.0]), z=np.array([0.0])) == left


@pytest.mark.parametrize(
    "formula",
    ["1 / (1 + exp(-a))", "log(1 + exp(a))", "a / (1 + exp(-a))", "exp(a) / (1 + exp(a))", "a * tanh(log(1 + exp(a)))"],
)
@pytest.mark.parametrize("at", [-800.0, -40.0, 40.0, 800.0])
def test_known_patterns_neither_overflow_nor_become_nan(formula, at):
    row = cr.activation("tested", formula)
    a = np.array([at])
    z = evaluate(row.value, a=a)
    assert np.isfinite([z, evaluate(row.slope, a=a, z=z), evaluate(row.curvature, a=a, z=z)]).all()


def test_a_branch_that_is_not_taken_cannot_overflow():
    row = cr.activation("tested", "where(a > 0, a, exp(a) - 1)")
    a = np.array([1000.0])
    assert evaluate(row.value, a=a) == 1000
    assert evaluate(row.slope, a=a, z=a) == 1


def test_small_values_keep_their_digits():
    row = cr.activation("tested", "where(a > 0, a, exp(a) - 1)")
    assert evaluate(row.value, a=np.array([-1e-12]))[0] == pytest.approx(-1e-12, rel=1e-11)


@pytest.mark.parametrize(
    ("formula", "slope_at_4"),
    [
        ("maximum(a, 0)**1.5", 3.0),
        ("sqrt(a**2 + 1) + maximum(a, 0)**1.5", 4 / 17**0.5 + 3),
        ("(9 * maximum(a, 0))**0.5 + 0 * a", 0.75),
        ("sqrt(maximum(a, 0))", 0.25),
        ("where(a > 0, a**1.5, 0)", 3.0),
    ],
)
def test_a_root_of_a_piece_that_is_zero_has_the_slope_zero_there_and_no_warning(formula, slope_at_4):
    row = cr.activation("tested", formula)
    a = np.array([-2.0, 0.0, 4.0])
    z = evaluate(row.value, a=a)
    slope, curvature = evaluate(row.slope, a=a, z=z), evaluate(row.curvature, a=a, z=z)
    assert slope[2] == pytest.approx(slope_at_4, rel=1e-14)
    smooth = a[:2] / np.sqrt(a[:2] ** 2 + 1) if "a**2 + 1" in formula else 0
    assert np.array_equal(slope[:2], smooth + np.zeros(2))
    assert np.isfinite(curvature).all()
    assert cr.derive("2-3 tested-2", order=2).worst < 1e-12


def test_a_slope_that_cancels_to_zero_is_not_called_wrong():
    row = cr.activation("tested", "a * where(a > 0, 1 / a, 0)")
    assert abs(evaluate(row.slope, a=np.array([0.3]), z=np.array([1.0]))[0]) < 1e-14


def test_a_derivative_that_is_no_number_where_the_formula_is_one_is_refused_with_a_way_out():
    with pytest.raises(FormulaError, match=r"divides by zero there[\s\S]*where\(a > 0, a\*\*1.5, 0\)"):
        cr.activation("tested", "(maximum(a, 0) * minimum(a, 1))**1.5")


@pytest.mark.parametrize(
    ("name", "formula", "error", "said"),
    [
        ("ok", "", cr.ChainruleError, "empty"),
        ("ok", None, cr.ChainruleError, "empty"),
        ("ok", "exp(a", cr.ChainruleError, "At character 4"),
        ("ok", "a + b", cr.ChainruleError, "no letter 'b'"),
        ("ok", "sigmod(a)", cr.ChainruleError, "Did you mean 'sigmoid'"),
        ("ok", "a.real", cr.ChainruleError, "not allowed"),
        ("ok", "__import__('os').system('x')", cr.ChainruleError, "not allowed"),
        ("ok", "(lambda: a)()", cr.ChainruleError, "not allowed"),
        ("ok", "a if a > 0 else 0", cr.ChainruleError, "not allowed"),
        ("ok", "where(a, 1, 2)", cr.ChainruleError, "not a comparison"),
        ("ok", "exp(a, a)", cr.ChainruleError, "takes 1 argument"),
        ("ok", "a**1000", cr.ChainruleError, "too large"),
        ("ok", "a / 0", cr.ChainruleError, "zero"),
        ("ok", "a / (1 - 1)", cr.ChainruleError, "zero"),
        ("ok", "a / (a - a)", cr.ChainruleError, "zero|nowhere"),
        ("ok", "a * 10**64**64", cr.ChainruleError, "too large|overflows"),
        ("ok", "a * 1e999", cr.ChainruleError, "too large"),
        ("ok", "3", cr.ChainruleError, "does not contain a"),
        ("ok", "True + a", cr.ChainruleError, "not a number"),
        ("ok", "1j * a", cr.ChainruleError, "not allowed"),
        ("ok", "log(-1 - a**2)", cr.ChainruleError, "nowhere a real number"),
        ("ok", "+".join(["a"] * 400), cr.ChainruleError, "too long"),
        ("two words", "a", cr.ChainruleError, "name"),
        ("3a", "a", cr.ChainruleError, "name"),
        ("", "a", cr.ChainruleError, "name"),
        (7, "a", cr.ChainruleError, "name"),
        ("é", "a", cr.ChainruleError, "name"),
        ("softmax", "a", cr.ChainruleError, "output law"),
        ("relu", "a", cr.ChainruleError, "built in"),
    ],
)
def test_what_cannot_be_an_activation_is_refused_with_the_place(name, formula, error, said):
    with pytest.raises(error, match=said) as caught:
        cr.activation(name, formula)
    assert len(str(caught.value).splitlines()) <= 4


def test_a_refused_formula_leaves_the_one_before_in_place():
    cr.activation("kept", "a**2")
    with pytest.raises(cr.ChainruleError):
        cr.activation("kept", "a +")
    assert activation_named("kept").formula == "a**2"


def test_a_users_activation_can_be_defined_anew():
    cr.activation("again", "a**2")
    cr.activation("again", "a**3")
    assert activation_named("again").formula == "a**3"


def test_a_function_without_a_derivative_here_is_refused_by_name():
    with pytest.raises(FormulaError, match="log_gamma"):
        cr.activation("grows", "log_gamma(1 + exp(a))")
