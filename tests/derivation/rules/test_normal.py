"""The normal form sees that two formulas are one, and never that two different ones are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.derivation.expression import Expression, Function, Number, Symbol, exp, log
from chainrule.derivation.formula import parsed
from chainrule.derivation.numeric import evaluate_source
from chainrule.derivation.rules.normal import same
from chainrule.derivation.source import source
from chainrule.derivation.tidy import tidy

A = Symbol("a")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("exp(-a) / (1 + exp(-a))**2", "(1 / (1 + exp(-a))) * (1 - 1 / (1 + exp(-a)))"),
        ("(exp(a) - exp(-a)) / (exp(a) + exp(-a))", "(exp(2 * a) - 1) / (exp(2 * a) + 1)"),
        ("exp(log(1 + exp(a)))", "1 + exp(a)"),
        ("exp(-log(1 + exp(a)))", "1 / (1 + exp(a))"),
        ("1 / (1 + exp(-a))", "exp(a) / (1 + exp(a))"),
        ("sigmoid(-a)", "1 - sigmoid(a)"),
        ("exp(-(a / sqrt(2))**2)", "exp(-a**2 / 2)"),
        ("sqrt(2 * pi)", "sqrt(2) * sqrt(pi)"),
        ("(a + 1)**3", "a**3 + 3 * a**2 + 3 * a + 1"),
        ("erf(-a)", "-erf(a)"),
        ("exp(a + 2 * a**2)", "exp(a) * exp(a**2)**2"),
        ("a / 2 + a / 3", "5 * a / 6"),
    ],
)
def test_two_ways_to_write_one_formula_are_seen_to_be_one(left, right):
    assert same(parsed(left), parsed(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("exp(-a)", "exp(a)"),
        ("1 / (1 + exp(-a))", "1 / (1 + exp(a))"),
        ("a**2", "a**3"),
        ("exp(a**2)", "exp(a)**2"),
        ("sqrt(2)", "2"),
        ("log(1 + a)", "log(1 - a)"),
        ("where(a > 0, a, 0)", "where(a > 0, a, 1)"),
    ],
)
def test_different_formulas_are_not_taken_for_one(left, right):
    assert not same(parsed(left), parsed(right))


def test_a_quotient_by_zero_is_like_nothing_else():
    nothing = A / (A - A + exp(A) - exp(A))
    assert not same(nothing, nothing + 1)
    assert not same(nothing, A)


def formulas():
    leaf: st.SearchStrategy[Expression] = st.sampled_from([A, Number(1), Number(2), exp(A), exp(-A)])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, b: a - b, inner, inner),
            st.builds(lambda a, b: a * b, inner, inner),
            st.builds(lambda a, b: a / (2 + b**2), inner, inner),
            st.builds(lambda a: log(2 + a**2), inner),
            st.builds(lambda a: Function("tanh", (a,)), inner),
        ),
        max_leaves=7,
    )


POINTS = np.array([-1.3, -0.4, 0.21, 0.9, 1.7])


def numbers(node: Expression) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(evaluate_source(source(node), a=POINTS)) + 0 * POINTS


@given(formulas(), formulas(), formulas())
def test_formulas_seen_to_be_one_have_one_value(u, v, w):
    left, right = (u + v) * w, u * w + w * v
    assume(same(left, right))
    assert not same(left, right + 1)
    a, b = numbers(left), numbers(right)
    use = np.isfinite(a) & np.isfinite(b) & (np.abs(a) < 1e6)
    assert np.allclose(a[use], b[use], rtol=1e-6, atol=1e-9)


@given(formulas())
def test_tidying_and_writing_out_keep_the_value(node):
    a, b = numbers(node), numbers(tidy(node))
    use = np.isfinite(a) & np.isfinite(b) & (np.abs(a) < 1e6)
    assert np.allclose(a[use], b[use], rtol=1e-6, atol=1e-9)
    again = numbers(parsed(source(node)))
    use = np.isfinite(a) & np.isfinite(again)
    assert np.allclose(a[use], again[use], rtol=1e-12, atol=1e-12)
