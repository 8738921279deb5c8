"""Slopes and curvatures of every activation against SymPy's derivatives, evaluated by mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import Symbol
from chainrule.derivation.formula import parsed
from chainrule.derivation.numeric import evaluate_source
from chainrule.derivation.rules.calculus import differentiate
from chainrule.derivation.source import source
from chainrule.derivation.story.slopes import READABLE
from chainrule.derivation.tidy import tidy
from chainrule.functions import activation_named
from support import KINKED, SMOOTH

A = Symbol("a")
POINTS = [-6.5, -2.3, -0.7, -0.01, 0.02, 0.4, 1.9, 5.8]


def sympy_derivative(formula: str, at: float, order: int = 1) -> float:
    """The derivative by SymPy, at 30 digits."""
    sympy = pytest.importorskip("sympy")
    a = sympy.Symbol("a", real=True)
    names = {
        name: getattr(sympy, name) for name in ("exp", "log", "sqrt", "tanh", "sin", "cos", "erf", "erfc", "pi")
    } | {
        "a": a,
        "where": lambda condition, u, v: u if bool(condition.subs(a, at)) else v,
        "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
        "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
        "maximum": lambda u, v: u if sympy.sympify(u - v).subs(a, at) > 0 else v,
        "abs": lambda u: u if u.subs(a, at) > 0 else -u,
    }
    node = sympy.sympify(eval(formula, {"__builtins__": {}}, names))
    return float(sympy.diff(node, a, order).subs(a, sympy.Float(at, 30)).evalf(30))


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_the_derived_slope_is_sympys(name):
    formula = activation_named(name).formula
    derived = differentiate(parsed(formula), A, Definitions())
    for at in POINTS:
        received = float(evaluate_source(source(derived), a=np.float64(at)))
        assert received == pytest.approx(sympy_derivative(formula, at), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_the_derived_curvature_is_the_tables(name):
    row = activation_named(name)
    derived = tidy(differentiate(differentiate(parsed(row.formula), A, Definitions()), A, Definitions()))
    a = np.array(POINTS)
    z = evaluate_source(row.value, a=a)
    received = evaluate_source(source(derived), a=a) + 0 * a
    assert np.allclose(received, evaluate_source(row.curvature, a=a, z=z), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", sorted(READABLE))
def test_the_readable_form_of_a_slope_is_the_tables(name):
    row = activation_named(name)
    a = np.array(POINTS)
    z = evaluate_source(row.value, a=a)
    readable = evaluate_source(source(parsed(READABLE[name][0], {"a": A, "z": Symbol("z")})), a=a, z=z)
    assert np.allclose(readable, evaluate_source(row.slope, a=a, z=z), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "formula",
    [
        "exp(-a**2)",
        "a / (1 + abs(a))",
        "2**a + a**3",
        "sqrt(1 + a**2) * sin(3 * a)",
        "log(2 + cos(a)) / (1 + exp(-2 * a))",
        "tanh(a * sigmoid(a)) - erf(a)",
        "softplus(a) * where(a > 0.3, a, a**2)",
        "exp(exp(-a**2)) / a",
        "(1 + a**2)**a",
        "maximum(sin(a), a / 3) * pi",
    ],
)
def test_any_formulas_slope_and_curvature_are_sympys(formula):
    row = cr.activation("tested", formula)
    for at in POINTS:
        a = np.float64(at)
        z = evaluate_source(row.value, a=a)
        for order, text in ((1, row.slope), (2, row.curvature)):
            received = float(evaluate_source(text, a=a, z=z))
            assert received == pytest.approx(sympy_derivative(formula, at, order), rel=1e-9, abs=1e-12), (at, order)


def test_the_chain_rule_of_erf_has_the_factor_of_the_normal_law():
    derived = source(differentiate(parsed("erf(a)"), A, Definitions()))
    for at in POINTS:
        assert float(evaluate_source(derived, a=np.float64(at))) == pytest.approx(
            float(mpmath.diff(mpmath.erf, at)), rel=1e-12
        )
