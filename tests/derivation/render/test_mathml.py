"""Boxes to MathML: sound XML of MathML Core alone, which a screen reader can read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from chainrule.derivation.render import mathml
from chainrule.derivation.render.boxes import Big, Digits, Fence, Fraction, Letter, Role, Row, Scripts, Sign, Words
from chainrule.derivation.render.content import chapters

# https://www.w3.org/TR/mathml-core/: the elements, and the attributes that it keeps (columnalign, fontsize are gone).
CORE = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mfrac", "msqrt", "mroot", "mstyle", "msub", "msup",
        "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mpadded", "mphantom"}  # fmt: skip
ATTRIBUTES = {"class", "style", "display", "displaystyle", "alttext", "mathvariant", "form", "fence", "stretchy",
              "lspace", "rspace", "minsize", "maxsize", "largeop", "movablelimits", "scriptlevel"}  # fmt: skip
CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munderover": 3, "msqrt": 1, "mtd": 1}


def formulas(derivation):
    """Every formula of a derivation."""
    for chapter in chapters(derivation):
        for block in chapter.blocks:
            for line in block.lines:
                for box in (line.left, line.right, *(line.numbers or ()), *line.shapes):
                    if box is not None:
                        yield mathml.formula(box)


def test_every_formula_is_xml_of_mathml_core_with_the_right_number_of_children(derivations):
    for derivation in derivations:
        for text in formulas(derivation):
            for element in ElementTree.fromstring(text).iter():
                assert element.tag in CORE
                assert set(element.attrib) <= ATTRIBUTES
                assert len(element) == CHILDREN.get(element.tag, len(element)), text
                assert element.attrib.get("mathvariant", "normal") == "normal"  # all that Core keeps of it


def test_identifiers_operators_and_numbers_hold_what_they_are_for(derivations):
    for derivation in derivations:
        for text in formulas(derivation):
            for element in ElementTree.fromstring(text).iter():
                said = element.text or ""
                match element.tag:
                    case "mi":
                        assert re.fullmatch(r"[A-Za-zΑ-Ωα-ω_]+|[∂⊤⋯ℛ1∑∏∞]", said), said
                    case "mn":
                        assert re.fullmatch(r"\d+(\.\d+)?|∞|NaN", said), said
                    case "mo":
                        assert re.fullmatch(r"[=≈≠<>≤≥+−·×⊙⊘∑∏(){}|/,:!\u2061\u2062]|′+", said), repr(said)
                    case "mtext":
                        assert said.strip()
                    case _:
                        assert not said.strip()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Letter("k"), "<mi>k</mi>"),
        (Letter("∂", upright=True), '<mi mathvariant="normal">∂</mi>'),
        (Letter("tanh", upright=True), "<mi>tanh</mi>"),
        (Fraction(Digits("1"), Letter("y")), "<mfrac><mn>1</mn><mi>y</mi></mfrac>"),
        (Scripts(Letter("y"), Letter("k"), Digits("2")), "<msubsup><mi>y</mi><mi>k</mi><mn>2</mn></msubsup>"),
        (Scripts(Letter("y"), above=Letter("t")), "<msup><mi>y</mi><mi>t</mi></msup>"),
    ],
)
def test_a_box_is_the_element_made_for_it(box, expected):
    assert mathml.element(box) == expected


def test_names_and_words_that_hold_markup_are_escaped():
    text = mathml.formula(Row((Letter('a<b>&"', upright=True), Words(" </math> "))), spoken='"<&>"')
    root = ElementTree.fromstring(text)
    assert [element.text for element in root.iter() if element.tag in ("mi", "mtext")] == [
        'a<b>&"',
        "\u00a0</math>\u00a0",
    ]
    assert root.attrib["alttext"] == '"<&>"'


def test_products_and_applications_are_said_though_nothing_is_drawn():
    text = mathml.formula(Row((Letter("a"), Sign("", Role.JUXTAPOSED), Letter("b"))))
    assert "\u2062" in text
    assert "\u2061" in mathml.formula(Row((Letter("f"), Sign("", Role.APPLY), Fence("(", Letter("a"), ")"))))


def test_brackets_around_a_sum_are_not_as_tall_as_its_limits():
    text = mathml.element(Fence("(", Big("∑", Letter("k"), Letter("K")), ")", 2))
    assert text.count("maxsize") == 2
    assert "maxsize" not in mathml.element(Fence("(", Fraction(Letter("a"), Letter("b")), ")", 1))
