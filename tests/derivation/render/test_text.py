"""Formulas on one line of a terminal: unambiguous, and as a person writes them."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule.derivation.expression import (
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Function,
    Hadamard,
    Index,
    MatMul,
    Matrix,
    Mul,
    Number,
    Sum,
    Symbol,
    Transpose,
    exp,
    log,
)
from chainrule.derivation.formula import parsed
from chainrule.derivation.render.text import expression_text

K, N, M2 = Index("k", "K"), Index("n", "N"), Index("m2", "M2")
y, t = Symbol("y", (N, K)), Symbol("t", (N, K))
W, z = Symbol("W", (M2, K), layer=3), Symbol("z", (N, M2), layer=2)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (y - t, "y_nk − t_nk"),
        (-(y - t), "−(y_nk − t_nk)"),
        (y - (t - 1), "y_nk − (t_nk − 1)"),
        (y * (1 - y), "y_nk (1 − y_nk)"),
        (y / (t * y), "y_nk/(t_nk y_nk)"),
        (y / t / 2, "y_nk/(2 t_nk)"),
        (1 / (1 + exp(-t)), "1/(1 + e^(−t_nk))"),
        (exp(t) ** 2, "(e^t_nk)²"),
        (y**t, "y_nk^t_nk"),
        ((1 - y) ** (1 - t), "(1 − y_nk)^(1 − t_nk)"),
        (log(y) * t, "(log y_nk) t_nk"),
        (t * log(y), "t_nk log y_nk"),
        (log(y * t), "log (y_nk t_nk)"),
        (Sum(K, t * log(y)) + 1, "Σ_k t_nk log y_nk + 1"),
        (1 - Sum(K, t * log(y)), "1 − Σ_k t_nk log y_nk"),
        (1 - Sum(K, t) * y, "1 − (Σ_k t_nk) y_nk"),
        (-Sum(K, t + y), "−Σ_k (t_nk + y_nk)"),
        (Sum(N, Sum(K, t + y)), "Σ_n Σ_k (t_nk + y_nk)"),
        (BigProduct(N, BigProduct(K, y**t)), "Π_n Π_k y_nk^t_nk"),
        (Sum(K, y * W) * z, "(Σ_k y_nk W³_m₂k) z²_nm₂"),
        (z * Sum(K, W), "z²_nm₂ Σ_k W³_m₂k"),
        (W.at((1, 2)), "W³_12"),
        (W.at((1, 12)), "W³_1,12"),
        (Symbol("y", (K.primed(),), sample=N), "yⁿ_k'"),
        (Symbol("δ", (K,), layer=2, sample=N), "δ²ⁿ_k"),
        (Delta(K.primed(), K), "δ_k'k"),
        (Derivative(y, t), "∂y_nk/∂t_nk"),
        (Derivative(y * t, t), "∂[y_nk t_nk]/∂t_nk"),
        (Derivative(y, t) / 2, "(∂y_nk/∂t_nk)/2"),
        (Directional(y), "R{y_nk}"),
        (Cases(((y, Condition(K.primed(), "=", K)), (-t, None))), "{ y_nk if k' = k; −t_nk otherwise }"),
        (Function("gelu", (z,), 1), "gelu′(z²_nm₂)"),
        (MatMul((Transpose(Matrix("Z", 1)), Matrix("δ", 2))), "Z¹ᵀ δ²"),
        (Hadamard((Matrix("Z", 1), 1 - Matrix("Z", 1))), "Z¹ ⊙ (1 − Z¹)"),
        (1 - Matrix("Z", 2) ** 2, "1 − (Z²)²"),
        (Matrix("Z") ** 2, "Z²"),
        (Number(-0.25), "−0.25"),
        (Mul((Number(-0.7), Number(1.303))), "(−0.7)·1.303"),
        (Number(1.2) + Mul((Number(-0.7), Number(1.303))), "1.2 + (−0.7)·1.303"),
        (parsed("a / 2 - 3 * a**2 / 4"), "a/2 − 3 a²/4"),
        (parsed("-a / (2 * pi)"), "−a/(2 π)"),
        (parsed("sqrt(2 * pi) * abs(a)"), "√(2 π) { a if a > 0; −a otherwise }"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_formula_reads_as_a_person_writes_it(node, text):
    assert expression_text(node) == text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_lines_keep_to_the_width(width):
    net = cr.Network("3-4 tanh-5 gelu-2")
    text = cr.derive(net, weights=net.initial_weights(), x=[0.1, 2, -1], t=[1, 0]).text(width=width, code=False)
    assert max(map(len, text.splitlines())) <= max(width, 100)
    assert "  # " in text


def test_each_view_can_be_left_out():
    found = cr.derive("2-3-3")
    assert ">>>" in found.text()
    assert ">>>" not in found.text(code=False)
    assert "adds its bias" not in found.text(reasons=False)
