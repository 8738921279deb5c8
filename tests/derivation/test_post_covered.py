"""The post's formulas in the post's order, each found among the lines of the derivation of its network.

On the left what the post prints, in its letters; on the right the line that says it, with the post's slips put right
(docs/the-post.md has them one by one) and u for the pre-activation of the hidden layer, which the post calls a as well.
A line is ``left = right``; a name of a line stands for a chain, whose first left and last right side are equal.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.derivation.render.text import condition_text, expression_text

ROOT = Path(__file__).parents[2]

MAIN_TEXT = [
    ("z_j = sigmoid(sum_i w_ij x_i + b_j): inside", "uⁿ_m = Σ_d xⁿ_d W_dm + b_m"),
    ("z_j = sigmoid(sum_i w_ij x_i + b_j): outside", "zⁿ_m = 1/(1 + e^(−uⁿ_m))"),
    ("sigma(XW + b) = Z", "U = X W + b"),
    ("y = sigma(sigma(XW + b)V + c)", "Y = softmax(sigmoid(X W + b) V + c)"),
    ("p(y = k given x) = e^a_k / sum_j e^a_j", "yⁿ_k = e^aⁿ_k/(Σ_j e^aⁿ_j)"),
    ("a_k = sum_m V_mk z_m, and the bias", "aⁿ_k = Σ_m zⁿ_m V_mk + c_k"),
    ("P(T given X, W, V) = prod_n prod_k y^t", "P = Π_n Π_k yⁿ_k^tⁿ_k"),
    ("J = sum_n sum_k t log y", "J = Σ_n Σ_k tⁿ_k log yⁿ_k"),
    ("dJ/dV_mk = dJ/dy dy/da da/dV: over samples and pre-activations", "∂J/∂V_mk = Σ_n Σ_k' ∂Jⁿ/∂aⁿ_k' ∂aⁿ_k'/∂V_mk"),
    ("dJ/dV_mk = dJ/dy dy/da da/dV: over outputs", "∂Jⁿ/∂aⁿ_k = Σ_k' ∂Jⁿ/∂yⁿ_k' ∂yⁿ_k'/∂aⁿ_k"),
    ("dJ/dy_k = t / y", "∂Jⁿ/∂yⁿ_k = tⁿ_k/yⁿ_k"),
    ("dy_k'/da_k where k = k'", "∂yⁿ_k/∂aⁿ_k = yⁿ_k (1 − yⁿ_k)"),
    ("dy_k'/da_k where k and k' differ", "∂yⁿ_k'/∂aⁿ_k = −yⁿ_k' yⁿ_k    for k' ≠ k"),
    ("both cases side by side", "∂yⁿ_k'/∂aⁿ_k = { yⁿ_k (1 − yⁿ_k) if k' = k; −yⁿ_k' yⁿ_k if k' ≠ k }"),
    ("dy_k'/da_k = y_k' (delta_kk' - y_k)", "∂yⁿ_k'/∂aⁿ_k = yⁿ_k' (δ_k'k − yⁿ_k)"),
    ("da_k/dV_mk = z_m", "∂aⁿ_k'/∂V_mk = zⁿ_m δ_k'k"),
    ("dJ/dV_mk = sum_n (t - y) z", "∂J/∂V_mk = Σ_n (tⁿ_k − yⁿ_k) zⁿ_m"),
    ("dJ/dW_dm = dJ/dz dz/da da/dW: down to z", "∂Jⁿ/∂zⁿ_m = Σ_k ∂Jⁿ/∂aⁿ_k ∂aⁿ_k/∂zⁿ_m"),
    ("dJ/dW_dm = dJ/dz dz/da da/dW: down to the pre-activation", "∂Jⁿ/∂uⁿ_m = Σ_m' ∂Jⁿ/∂zⁿ_m' ∂zⁿ_m'/∂uⁿ_m"),
    ("dJ/dz_m = sum_k (t - y) V_mk: t - y has the name delta", "∂Jⁿ/∂zⁿ_m = Σ_k δ²ⁿ_k V_mk"),
    ("dJ/dz_m = sum_k (t - y) V_mk: what delta is", "δ²ⁿ_k = tⁿ_k − yⁿ_k"),
    ("dz_m/da_m = z (1 - z)", "∂z/∂a = z (1 − z)"),
    ("da_m/dW_dm = x_d", "∂uⁿ_m'/∂W_dm = xⁿ_d δ_m'm"),
    ("dJ/dW_dm, all of it", "∂J/∂W_dm = Σ_n (Σ_k (tⁿ_k − yⁿ_k) V_mk) zⁿ_m (1 − zⁿ_m) xⁿ_d"),
    ("derivative_v", "∂J/∂V = Zᵀ δ²"),
    ("derivative_w1: dZ", "δ¹ = (δ² Vᵀ) ⊙ Z ⊙ (1 − Z)"),
    ("derivative_w1", "∂J/∂W = Xᵀ δ¹"),
    ("derivative_b2", "∂J/∂c_k = Σ_n (tⁿ_k − yⁿ_k)"),
    ("derivative_b1", "∂J/∂b_m = Σ_n δ¹ⁿ_m"),
]
# The appendix applies the product rule to e^a times 1/sum; the derivation here the quotient rule to the same fraction.
APPENDIX = [
    ("the rule applied", "(∂[e^aⁿ_k']/∂aⁿ_k Σ_j e^aⁿ_j − e^aⁿ_k' ∂[Σ_j e^aⁿ_j]/∂aⁿ_k)/(Σ_j e^aⁿ_j)²"),
    ("k = k': e^a/sum - (e^a)^2/sum^2", "e^aⁿ_k/(Σ_j e^aⁿ_j) − (e^aⁿ_k)²/(Σ_j e^aⁿ_j)²"),
    ("k = k': y - y^2", "yⁿ_k − yⁿ_k²"),
    ("k = k': y (1 - y)", "yⁿ_k (1 − yⁿ_k)"),
    ("k and k' differ: -e^a e^a'/sum^2", "−e^aⁿ_k' e^aⁿ_k/(Σ_j e^aⁿ_j)²"),
    ("k and k' differ: -y y'", "−yⁿ_k' yⁿ_k"),
    ("combined: y_k' (delta - y_k)", "yⁿ_k' (δ_k'k − yⁿ_k)"),
    ("sum t 1/y y (delta - y)", "Σ_k' tⁿ_k' yⁿ_k' (δ_k'k − yⁿ_k)/yⁿ_k'"),
    ("sum t (delta - y)", "Σ_k' tⁿ_k' (δ_k'k − yⁿ_k)"),
    ("sum t delta - sum t y", "Σ_k' tⁿ_k' δ_k'k − Σ_k' tⁿ_k' yⁿ_k"),
    ("t - sum t y", "tⁿ_k − Σ_k' tⁿ_k' yⁿ_k"),
    ("t - y sum t", "tⁿ_k − yⁿ_k Σ_k' tⁿ_k'"),
    ("t - y", "tⁿ_k − yⁿ_k"),
]
# The post's deeper network: three hidden layers with the indices q, r, s.
DEEPER = [
    ("dJ/dW3_sk", "∂J/∂W⁴_sk = Σ_n (t_nk − y_nk) z³_ns"),
    ("dJ/dW2_rs", "∂J/∂W³_rs = Σ_n (Σ_k (t_nk − y_nk) W⁴_sk) z³_ns (1 − z³_ns) z²_nr"),
    (
        "dJ/dW1_qr",
        "∂J/∂W²_qr = Σ_n (Σ_s (Σ_k (t_nk − y_nk) W⁴_sk) z³_ns (1 − z³_ns) W³_rs) z²_nr (1 − z²_nr) z¹_nq",
    ),
]
# What the post says in words, and where the derivation says it.
WORDS = [
    ("a predicted probability depends on all classes", "every output depends on every pre-activation"),
    ("the Kronecker delta", "the Kronecker delta: δ is 1 where its two indices are equal, else 0"),
    ("delta gets rid of the sum", "In the first sum the delta leaves the term k' = k"),
    ("y does not depend on the sum", "yⁿ_k does not depend on k', so it leaves the sum"),
    ("the targets are 1 for one class", "The targets of a sample add up to 1"),
    ("k is not on the left side: the total derivative", "a sum over k on the right although k is not on the left"),
    ("the error of each class backpropagates", "Each unit above sends its error back along the weight"),
    ("a pattern emerges", "Every layer does two things with its error δ"),
    ("ascent, not descent", "J will be made as large as possible (ascent)"),
    ("the bias is the same without z", "As for the weights, with the factor 1 in place of zⁿ_m"),
    ("shapes", "V is (M, K) = (3, 3)"),
]


def equations(found):
    """Every line, and every chain from its first left side to each of its right sides."""
    lines, expressions, start = set(), set(), None
    last = None
    for step in found.steps:
        if step.is_remark:
            last = None
            continue
        if last is None or last.after != step.before or last.given != step.given:
            start = step.before
        given = "" if step.given is None else f"    for {condition_text(step.given)}"
        after = expression_text(step.after)
        lines |= {f"{expression_text(left)} = {after}{given}" for left in (start, step.before)}
        expressions.add(after)
        last = step
    return lines, expressions


@pytest.fixture(scope="module")
def post():
    return cr.derive("2-3-3", letters="post")


@pytest.mark.parametrize(("printed", "line"), MAIN_TEXT, ids=[printed for printed, _ in MAIN_TEXT])
def test_each_formula_of_the_posts_text_is_a_line_of_the_derivation(post, printed, line):
    assert line in equations(post)[0]


@pytest.mark.parametrize(("printed", "side"), APPENDIX, ids=[printed for printed, _ in APPENDIX])
def test_each_line_of_the_posts_appendix_is_a_line_of_the_derivation(post, printed, side):
    assert side in equations(post)[1]


def test_the_appendixs_lines_come_in_the_posts_order(post):
    sides = [expression_text(step.after) for step in post.steps if not step.is_remark]
    at = [sides.index(side) for _, side in APPENDIX[:-1]]
    assert at == sorted(at)


@pytest.mark.parametrize(("printed", "line"), DEEPER, ids=[printed for printed, _ in DEEPER])
def test_the_deeper_networks_gradients_are_there_with_their_sums_restored(printed, line):
    assert line in equations(cr.derive("2-4-4-4-3"))[0]


@pytest.mark.parametrize(("said", "words"), WORDS, ids=[said for said, _ in WORDS])
def test_what_the_post_says_in_words_is_said(post, said, words):
    assert words in " ".join(post.text(width=100).split())


def test_none_of_the_posts_slips_is_a_line(post):
    lines, sides = equations(post)
    for slip in ("∂yⁿ_k'/∂aⁿ_k = yⁿ_k' (δ_k'k − yⁿ_k')", "∂Jⁿ/∂zⁿ_m = Σ_n (tⁿ_k − yⁿ_k) V_mk"):
        assert slip not in lines
    assert "aⁿ_k = Σ_m zⁿ_m V_mk" not in lines  # the bias left out
    assert not any("zⁿ_m" in side and "Σ_n (tⁿ_k − yⁿ_k) V_mk" in side for side in sides)


def test_the_posts_letters_are_used_throughout(post):
    """No W², b¹ or a¹ anywhere: neither in a formula, nor in words, nor in the NumPy lines."""
    text = post.text(width=100)
    assert not re.search(r"[WbazA]¹|[WbaA]²|\b[WbAZ][12]\b|d[Wb][12]", text)
    assert {"dW = X.T @ delta1", "dV = Z.T @ delta2"} <= {line.strip("> ") for line in text.splitlines()}


def test_the_numpy_lines_in_the_posts_letters_compute_the_gradient(post):
    import numpy as np

    from support import problem, worst

    net = cr.Network("2-3-3")
    weights, X, T = problem(net, rows=7, seed=3)
    names = {"np": np, "X": X, "T": T}
    names |= {"W": weights.W[1], "b": weights.b[1], "V": weights.W[2], "c": weights.b[2]}
    for step in post.steps:
        if step.code and not any(word in step.code for word in ("dY", "learning_rate")):
            exec(step.code, names)
    flat = np.concatenate([np.ravel(names[name]) for name in ("dW", "db", "dV", "dc")])
    assert worst(flat, cr.gradient(net, weights, X, T).flat) < 1e-13
