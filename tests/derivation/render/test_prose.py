"""Which words of a sentence are formulas."""

from __future__ import annotations

import pytest

from chainrule.derivation.render import tex
from chainrule.derivation.render.boxes import Box
from chainrule.derivation.render.prose import spans, statement


def set_in(text: str) -> str:
    """The sentence with its formulas between dollars."""
    return "".join(piece if isinstance(piece, str) else f"${tex.formula(piece)}$" for piece in spans(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every output y_k' moves with a_k", "every output $y_{k'}$ moves with $a_{k}$"),
        ("∂J/∂W²", r"$\partial J/\partial W^{2}$"),
        ("∂J_n/∂a²_nk, both cases", r"$\partial J_{n}/\partial a_{nk}^{2}$, both cases"),
        ("a weight W²_mk of δ²", r"a weight $W_{mk}^{2}$ of $\delta^{2}$"),
        ("k' ≠ k", "$k'$ ≠ $k$"),
        ("unit m₂ of z¹_nm₂", "unit $m_{2}$ of $z_{nm_{2}}^{1}$"),
        ("y_k^n and e^a_k and e^(−a)", "$y_{k}^{n}$ and $e^{a_{k}}$ and $e^{-a}$"),
        ("Σ_k t_k = 1", r"$\textstyle\sum_{k}$ $t_{k}$ = 1"),
        ("(u_j + v_j)", "($u_{j}$ + $v_{j}$)"),
        ("u'_j of W' and m₄'", "$u_{j}'$ of $W'$ and $m_{4}'$"),
        ("t a − C", "$t$ $a$ − $C$"),
        ("R{u} is R of u", r"$\mathcal{R}${$u$} is $R$ of $u$"),
        ("A sum is a sum. I think so", "A sum is a sum. I think so"),
        ("J's maximum, W²'s shape, it's", "$J$'s maximum, $W^{2}$'s shape, it's"),
        ("pre-activation k-th Z-score", "pre-activation k-th Z-score"),
        ("the file x_ray and my_name", "the file x_ray and my_name"),
        ("", ""),
    ],
)
def test_letters_with_indices_become_formulas_and_words_stay_words(text, expected):
    assert set_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(u/v)' = (u' v − u v')/v²", r"(u/v)' = (u'\,v - u\,v')/v^{2}"),
        ("(u^c)' = c u^(c−1) u'", r"(u^{c})' = c\,u^{c-1}\,u'"),
        ("(exp u)' = exp(u) u'", r"(\exp \,u)' = \exp (u)\,u'"),
        ("∂q_i/∂q_j = δ_ij", r"\partial q_{i}/\partial q_{j} = \delta_{ij}"),
        ("log(u v) = log u + log v", r"\log (u\,v) = \log \,u + \log \,v"),
    ],
)
def test_a_rule_is_one_formula(text, expected):
    made = statement(text)
    assert isinstance(made, Box)
    assert tex.formula(made) == expected


def test_nothing_of_any_sentence_is_lost(derivations):
    for derivation in derivations:
        for step in derivation.steps:
            for text in (step.reason, step.block):
                words = "".join(piece for piece in spans(text) if isinstance(piece, str))
                letters = [character for character in words if character.isalpha()]
                assert len([c for c in text if c.isalpha()]) >= len(letters)
                rest = iter(text)
                assert all(character in rest for character in words)
