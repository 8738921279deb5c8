"""Numbers: so many digits, and = only where the number is the one that is shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.derivation.expression import Mul, Number, Symbol
from chainrule.derivation.render import tex
from chainrule.derivation.render.content import chapters
from chainrule.derivation.render.numbers import decimal, measured, number_box, shown_exactly


@given(st.floats(min_value=1e-300, max_value=1e300), st.integers(2, 12))
def test_a_number_is_shown_to_its_digits(value, digits):
    mantissa, power = decimal(value, digits)
    assert math.isclose(float(f"{mantissa}e{power}"), value, rel_tol=0.5000001 * 10 ** (1 - digits))
    assert len(mantissa.replace(".", "").lstrip("0")) <= max(digits, 6)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.25, "0.25"), (123456.0, "123500"), (9.9999e-5, "0.0001"),
     (1e-9, "10^{-9}"), (1e6, "10^{6}"), (math.inf, r"\infty")],
)  # fmt: skip
def test_a_number_in_a_formula(value, shown):
    assert tex.formula(number_box(value)).strip() == shown


def test_a_rounded_number_stands_behind_the_sign_for_about_equal():
    assert shown_exactly(Mul((Number(0.25), Number(1.5), Symbol("a"))))
    assert not shown_exactly(Mul((Number(0.25), Number(1 / 3))))


def test_the_sign_of_every_line_of_numbers_says_whether_it_is_rounded(derivations):
    signs = set()
    for derivation in derivations:
        for chapter in chapters(derivation):
            for block in chapter.blocks:
                for line in block.lines:
                    if line.numbers is not None and line.step.numbers is not None:
                        first = tex.formula(line.numbers[1]).split()[0]
                        assert first == ("=" if shown_exactly(line.step.numbers.filled) else r"\approx")
                        signs.add(first)
    assert signs == {"=", r"\approx"}


@pytest.mark.parametrize(("error", "said"), [(0.0, "0"), (2.22e-16, "2e-16"), (3e-9, "3e-9"), (1.0, "1e0")])
def test_an_error_in_a_sentence(error, said):
    assert measured(error, 1) == said
