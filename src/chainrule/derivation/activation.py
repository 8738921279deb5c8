"""``activation``: a hidden activation of one's own from a formula, derived by the rules and usable everywhere."""

from __future__ import annotations

import dataclasses
import keyword
from typing import Any

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import Expression, Function, Symbol
from chainrule.derivation.formula import parsed
from chainrule.derivation.kinks import boundaries, from_the_left
from chainrule.derivation.numeric import evaluate_source
from chainrule.derivation.rules.calculus import differentiate
from chainrule.derivation.stable import numeric_source, piecewise, stable
from chainrule.derivation.tidy import tidy
from chainrule.derivation.walk import contains, put_in, walk
from chainrule.errors import DerivationError, FormulaError, NotationError
from chainrule.functions import OUTPUT_LAWS, Activation, register

A, Z = Symbol("a"), Symbol("z")
_MOST_NODES = 5000


def activation(name: str, formula: str) -> Activation:
    """Define a hidden activation by its formula; it can then be used in any notation.

    ``z = g(a)``; its slope dz/da and curvature d²z/da² are derived from the formula by the rules of
    differentiation and checked against the complex step.

    Parameters
    ----------
    name : str
        As it will stand in the notation, such as ``"bump"`` for ``"2-3 bump-3"``: a letter, then letters, digits
        or underscores. A user's activation of the same name is replaced; a built-in one is not.
    formula : str
        g in the letter ``a``, in Python's notation: numbers, ``+ - * / **``, ``pi``, exp, log, sqrt, tanh, sin, cos,
        erf, sigmoid, softplus, abs, maximum, minimum, ``where(a > 0, u, v)``.

    Returns
    -------
    Activation
        Its row of the table: value, slope and curvature as they are computed, and the places where the slope jumps.
        At such a place the slope from the left is used.

    Raises
    ------
    FormulaError
        The formula cannot be read (the message shows the place), does not contain ``a``, or is nowhere a real number.
    NotationError
        The name cannot stand in a notation, or is built in.

    Notes
    -----
    ``1/(1 + exp(-u))``, ``log(1 + exp(u))``, ``exp(u) - 1`` and ``log(1 + u)`` are computed in a form that neither
    overflows nor cancels, and the branch of a ``where`` that is not taken cannot overflow. Other formulas are computed
    as they are written: ``exp(a)**2 / exp(a)`` overflows above a = 355, and the logarithm of a negative number is NaN,
    which training reports as divergence.

    Source: the rules are those of "Appendix: softmax derivative" in the post, applied to any formula.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.activation("bump", "exp(-a**2)").slope
    '-2 * z * a'
    >>> cr.Network("2-3 bump-3").notation
    '2-3 bump-3 softmax'
    """
    _checked_name(name)
    g = parsed(formula)
    if not contains(g, A):
        raise FormulaError(f"The formula {formula!r} does not contain a.", "An activation is a function of a.")
    if any(isinstance(node, Function) and node.name == "log_gamma" for node in walk(g)):
        raise FormulaError(
            f"The formula {formula!r} contains log_gamma, whose derivative is not among the functions here.",
            "log_gamma serves in the law of counts, where its argument does not depend on the weights.",
        )
    left = stable(piecewise(from_the_left(g)))
    slope = tidy(differentiate(left, A, Definitions()))
    curvature = tidy(differentiate(slope, A, Definitions()))
    if sum(1 for _ in walk(curvature)) > _MOST_NODES:
        raise FormulaError(
            f"The second derivative of the formula of {name!r} is too long to be computed with.",
            f"It has more than {_MOST_NODES:,} parts.",
            "Write the formula with fewer nested functions.",
        )
    try:
        row = _row(name, formula, g, left, slope, curvature)
        _check(row)
    except (ZeroDivisionError, OverflowError):
        raise FormulaError(
            f"The formula {formula!r}, or its derivative, divides by zero or overflows whatever a is.",
            "See what it gives at a = 1.",
        ) from None
    return register(row)


def _row(
    name: str, formula: str, g: Expression, left: Expression, slope: Expression, curvature: Expression
) -> Activation:
    """The row of the table."""
    row = Activation(
        name,
        formula=formula.strip(),
        value=_value_source(g, left),
        slope=numeric_source(_through_output(slope, left)),
        curvature=numeric_source(_through_output(curvature, left)),
        kinks=(),
    )
    return _with_kinks(row, g)


def _checked_name(name: Any) -> None:
    if not isinstance(name, str) or not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        raise NotationError(
            f"{name!r} cannot be the name of an activation.",
            "A name is a letter, then letters, digits or underscores.",
            'Write for example cr.activation("bump", "exp(-a**2)").',
        )
    if name in OUTPUT_LAWS and name not in ("sigmoid", "identity"):
        raise NotationError(f"{name!r} is the name of an output law.", "Choose another name for your activation.")


def _through_output(slope: Expression, g: Expression) -> Expression:
    """The slope with z where the whole formula stands in it, which saves computing that again."""
    return put_in(slope, g, Z) if contains(g, Function) else slope


def _value_source(g: Expression, left: Expression) -> str:
    """The value's numeric text, of the branches to the left where they meet unless the value jumps there."""
    import numpy as np

    own, other = numeric_source(stable(g)), numeric_source(left)
    at = np.array(boundaries(g))
    with np.errstate(all="ignore"):
        meets = np.allclose(evaluate_source(own, a=at) + 0 * at, evaluate_source(other, a=at) + 0 * at, equal_nan=True)
    return other if meets else own


def _with_kinks(row: Activation, g: Expression) -> Activation:
    """The row with the places where its slope, or its value, jumps."""
    import numpy as np

    found = []
    for at in boundaries(g):
        step = 1e-7 * max(1.0, abs(at))
        a = np.array([at - step, at + step])
        with np.errstate(all="ignore"):
            z = evaluate_source(row.value, a=a)
            slopes = evaluate_source(row.slope, a=a, z=z) + 0 * a
        jumps = abs(slopes[1] - slopes[0]) > 1e-5 * max(1.0, abs(slopes).max()) or abs(z[1] - z[0]) > 1e-5 * max(
            1.0, abs(z).max()
        )
        if jumps:
            found.append(round(at, 12) + 0.0)
    return dataclasses.replace(row, kinks=tuple(found))


def _check(row: Activation) -> None:
    """Slope and curvature against the complex step on both sides of 0."""
    import numpy as np

    a = np.concatenate([np.random.default_rng(0).normal(0, 1.5, 60), [-8.1, 7.3]])
    with np.errstate(all="ignore"):
        z = evaluate_source(row.value, a=a) + 0 * a
        real = np.isfinite(z)
        if not real.any():
            raise FormulaError(f"The formula {row.formula!r} is nowhere a real number.", "See what it gives at a = 1.")
        moved = a + 1e-30j
        z_moved = evaluate_source(row.value, a=moved) + 0 * moved
        slope = evaluate_source(row.slope, a=a, z=z) + 0 * a
        bend = evaluate_source(row.curvature, a=a, z=z) + 0 * a
        truths = [
            ("slope", slope, np.imag(z_moved) / 1e-30),
            ("curvature", bend, np.imag(evaluate_source(row.slope, a=moved, z=z_moved) + 0 * moved) / 1e-30),
        ]
    for what, received, truth in truths:
        use = real & np.isfinite(truth)
        size = float(np.abs(z[use]).max(initial=0.0))  # a slope of 0 comes out as its terms' rounding
        scale = max(float(np.abs(truth[use]).max(initial=0.0)), 1e-4 * size, 1e-300)
        if use.any() and not (np.abs(received - truth)[use] <= 1e-9 * scale).all():
            off = np.abs(received - truth)[use]
            at = float(a[use][np.nan_to_num(off, nan=np.inf).argmax()])
            if not np.isfinite(off).all():
                raise FormulaError(
                    f"The {what} of {row.name!r} cannot be computed at a = {at:.4g}: it divides by zero there.",
                    f"Formula: {row.formula}.",
                    "Write its pieces with where, such as where(a > 0, a**1.5, 0).",
                )
            raise DerivationError(
                f"The {what} derived for {row.name!r} is wrong at a = {at:.4g}.",
                f"Formula: {row.formula}.",
                "This is a fault of chainrule, please report it.",
            )
