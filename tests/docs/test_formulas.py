"""The pages' formulas as MathML."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from docs.pages import PAGES, extension, without_code

FORMULAS = extension("formulas")
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$([^$\n]+?(?:\n[^$\n]+?)?)\$(?!\d)", re.S)


def formulas(page):
    return [block or inline for block, inline in _FORMULA.findall(without_code(page))]


@pytest.mark.parametrize("page", [page for page in PAGES if formulas(page)], ids=lambda page: page.stem)
def test_every_formula_of_the_page_becomes_mathml_that_is_whole(page):
    for formula in formulas(page):
        tree = ElementTree.fromstring(FORMULAS.mathml(formula))
        assert tree.get("alttext") == formula.strip()
        assert "\\" not in "".join(tree.itertext())


@pytest.mark.parametrize("formula", [r"\nosuchthing x", r"\text{a} + \alpa"])
def test_a_misspelt_command_is_refused(formula):
    with pytest.raises(ValueError, match="not understood"):
        FORMULAS.mathml(formula)


def test_a_prime_stands_beside_its_letter_and_a_name_before_its_letter():
    made = FORMULAS.mathml(r"\log y_{k'}")
    assert "<msup>" not in made
    assert '<mi>log</mi><mspace width="0.167em"/>' in made
