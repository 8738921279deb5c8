"""Breaking long formulas: nothing is lost, and what can be broken is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chainrule.derivation.expression import Add, Mul, Number, Symbol
from chainrule.derivation.render import boxes, tex
from chainrule.derivation.render.content import chapters
from chainrule.derivation.render.notation import Setting
from chainrule.derivation.render.width import lines, pieces, width

NUMBERS = st.floats(-100, 100).map(Number)
TERMS = st.recursive(
    NUMBERS | st.sampled_from("abcxyz").map(Symbol),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=6).map(lambda parts: Add(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: Mul(tuple(parts)))
    ),
    max_leaves=40,
)


def plain(box: boxes.Box) -> str:
    """What a row shows, without the groups that nothing shows."""
    return tex.formula(box).replace(" ", "")


@given(TERMS, st.floats(3, 40))
def test_the_pieces_of_a_formula_are_the_formula(node, most):
    box = Setting().box(node)
    assert "".join(map(plain, pieces(box, most))) == plain(box)
    assert "".join(map(plain, lines(box, most))) == plain(box)


@given(TERMS, st.floats(12, 40))
def test_a_long_formula_of_terms_fits_after_it_is_broken(node, most):
    for line in lines(Setting().box(node), most):
        assert width(line) <= most


def test_what_fits_is_not_broken():
    box = Setting().box(Symbol("a") + Symbol("b"))
    assert pieces(box, 20) == [box]


def test_every_box_of_every_derivation_has_a_width(derivations):
    for derivation in derivations:
        for chapter in chapters(derivation):
            for block in chapter.blocks:
                for line in block.lines:
                    for box in (line.left, line.right):
                        assert box is None or 0.2 < width(box) < 120
