"""Numbers in a formula: how many digits, powers of ten, and whether what is shown is the number itself."""

from __future__ import annotations

import math
from fractions import Fraction as Ratio

from chainrule.derivation.expression import Expression, Number, Scalar
from chainrule.derivation.render.boxes import Box, Digits, Fraction, Role, Scripts, Sign, row
from chainrule.derivation.walk import walk

DIGITS = 4  # significant digits of a measured number


def number_box(value: Scalar, digits: int = DIGITS) -> Box:
    """A number that is not negative, with so many significant digits; powers of ten where it is very large or small."""
    if isinstance(value, Ratio):
        return Fraction(Digits(str(value.numerator)), Digits(str(value.denominator)))
    if isinstance(value, int) or value == 0:  # a float may be −0.0
        return Digits(str(int(value)))
    mantissa, power = decimal(value, digits)
    if not power:
        return Digits(mantissa)
    ten = Scripts(Digits("10"), above=exponent_box(power))
    return ten if mantissa == "1" else row(Digits(mantissa), Sign("×", Role.TIMES), ten)


def exponent_box(power: int) -> Box:
    """A whole number as an exponent."""
    return row(Sign("−", Role.PREFIX), Digits(str(-power))) if power < 0 else Digits(str(power))


def decimal(value: float, digits: int = DIGITS) -> tuple[str, int]:
    """Mantissa and power of ten of a number that is not negative: ``("0.9511", 0)``, ``("3.2", -7)``.

    Examples
    --------
    >>> decimal(0.951113), decimal(1.2), decimal(1500.0), decimal(3.2e-7)
    (('0.9511', 0), ('1.2', 0), ('1500', 0), ('3.2', -7))
    """
    if value != value or value in (float("inf"), float("-inf")):
        return {"inf": "∞"}.get(str(value), "NaN"), 0
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(power) < 6:
        plain = f"{float(f'{value:.{digits - 1}e}'):.{max(digits - 1 - int(power), 0)}f}"
        return (plain.rstrip("0").rstrip(".") if "." in plain else plain), 0
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa), int(power)


def shown_exactly(*nodes: Expression, digits: int = DIGITS) -> bool:
    """Whether every number of these expressions is the number that is shown: then it stands behind =, else behind ≈."""
    return all(
        math.isclose(float(f"{part.value:.{digits - 1}e}"), part.value, rel_tol=1e-13)
        for node in nodes
        for part in walk(node)
        if isinstance(part, Number) and isinstance(part.value, float)
    )


def measured(value: float, digits: int = 2) -> str:
    """A small number for a sentence: ``2.2e-16`` as it is read, 2e-16; zero is ``0``."""
    return "0" if value == 0 else f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e")
