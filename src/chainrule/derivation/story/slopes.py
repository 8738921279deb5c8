"""The slope of an activation, derived from its formula, and written through the output where that is possible."""

from __future__ import annotations

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import (
    Cases,
    Condition,
    Derivative,
    Expression,
    Function,
    Number,
    Symbol,
    exp,
)
from chainrule.derivation.formula import parsed
from chainrule.derivation.kinks import formula_of
from chainrule.derivation.point import UnitPoint
from chainrule.derivation.rules.calculus import insert
from chainrule.derivation.rules.normal import same
from chainrule.derivation.rules.rule import Rule
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import put_in, replaced
from chainrule.functions import BUILT_IN, Activation

A, Z = Symbol("a"), Symbol("z")

# How each slope reads best (in a and z), and why it is the one derived.
READABLE: dict[str, tuple[str, str]] = {
    "sigmoid": (
        "z * (1 - z)",
        "The fraction is 1/(1 + e^−a) times e^−a/(1 + e^−a). The first factor is z, and the second is what is "
        "missing to 1: 1 − z. So the slope needs no exponential: the output is enough.",
    ),
    "tanh": (
        "1 - z**2",
        "Shared out, the fraction is 1 minus the square of (e^a − e^−a)/(e^a + e^−a), which is z.",
    ),
    "softplus": ("1 - exp(-z)", "Since z = log(1 + e^a), e^z is 1 + e^a, and e^a/(1 + e^a) is 1 − 1/e^z."),
    "elu": ("where(z > 0, 1, 1 + z)", "To the left z = e^a − 1, so e^a is 1 + z; and z > 0 exactly where a > 0."),
    "swish": (
        "sigmoid(a) + z * (1 - sigmoid(a))",
        "With sigmoid(a) = 1/(1 + e^−a): the product rule's two parts, the second with z = a sigmoid(a) put back.",
    ),
    "gelu": (
        "(1 + erf(a / sqrt(2))) / 2 + a * exp(-a**2 / 2) / sqrt(2 * pi)",
        "Multiplied out: the normal law's distribution function, plus a times its density.",
    ),
    "mish": (
        "tanh(softplus(a)) + a * (1 - tanh(softplus(a))**2) * sigmoid(a)",
        "With softplus(a) = log(1 + e^a) and sigmoid(a) = e^a/(1 + e^a).",
    ),
    "relu": ("where(z > 0, 1, 0)", "z > 0 exactly where a > 0, so the output tells the side."),
    "leaky_relu": ("where(z > 0, 1, 0.01)", "z > 0 exactly where a > 0, so the output tells the side."),
}


def slope_expression(row: Activation, a: Expression, z: Expression) -> Expression:
    """The slope as the later lines use it: through the output where the table has it so, else as g'(a)."""
    if row.name == "identity":
        return Number(1)
    if row.slope_needs_preactivation:
        return Function(row.name, (a,), 1)
    readable = READABLE.get(row.name, (row.slope, ""))[0]
    return _expm1_out(parsed(readable, {"a": a, "z": z}))


def tell_slope(writer: Writer, row: Activation, layers: str, unit: UnitPoint) -> None:
    """The block of an activation's slope, from its formula."""
    writer.heading(f"The slope of {row.name}", f"slope-{row.name}", unit)
    formula = formula_of(row, A)
    writer.start(Z)
    writer.state(
        formula,
        "definition",
        f"One unit of {layers}, written without indices: pre-activation a, output z.",
    )
    outer = writer.definitions
    writer.definitions = Definitions()  # a and z stand for themselves here
    writer.definitions.define(Z, formula)
    writer.start(Derivative(Z, A), f"The slope of {row.name}, from its formula.")
    writer.apply(insert(Z), "The formula put in; now the rules of differentiation, one at a time.")
    writer.calculus(
        {
            "piece by piece": "Each piece is differentiated where it holds."
            + (
                f" At a = {row.kinks[0]:g} both slopes meet; there the one from the left is used."
                if len(row.kinks) == 1
                else ""
            ),
        },
        briefly=True,
    )
    derived = writer.line
    text, reason = READABLE.get(row.name, ("", ""))
    if not text and not row.slope_needs_preactivation:
        text = row.slope
        reason = (
            "Through the output: z > 0 exactly where a > 0, and on each side z gives a back."
            if row.name in BUILT_IN
            else "The output z stands in it, and is put back."
        )
    if text:
        wanted = _expm1_out(parsed(text, {"a": A, "z": Z}))
        if wanted != derived and (row.name in BUILT_IN or proven(derived, wanted, formula)):
            writer.apply(_through_output(wanted, formula), reason)
    writer.mark_result("")
    writer.definitions = outer


def _through_output(wanted: Expression, formula: Expression) -> Rule:
    """The slope written in a and z, accepted only where putting z's formula in gives the same normal form."""

    def rewrite(node: Expression, context: object) -> Expression | None:
        line = getattr(context, "line", None)
        if node != line:
            return None
        return wanted if proven(node, wanted, formula) else None

    return Rule("through the output", "z is what it stands for", rewrite)


def proven(derived: Expression, wanted: Expression, formula: Expression) -> bool:
    """Whether both slopes are one, piece by piece, with z replaced by its formula."""
    if isinstance(derived, Cases) and isinstance(formula, Cases):
        pieces = zip(derived.branches, formula.branches, strict=True)
        for at, ((slope, condition), (piece, own)) in enumerate(pieces):
            there = wanted
            if isinstance(wanted, Cases):
                there, asked = wanted.branches[at]
                # z > 0 stands for a > 0 where z is positive on that side alone; the numbers check it
                if (asked is None) != (condition is None) or (asked is not None and not _same_side(asked, condition)):
                    return False
            if condition != own or not same(slope, put_in(there, Z, piece)):
                return False
        return True
    return same(derived, put_in(wanted, Z, formula))


def _same_side(asked: Condition, condition: Condition | None) -> bool:
    """z > 0 for a > 0: the same relation to the same number."""
    return asked == condition or (
        condition is not None and (asked.relation, asked.right) == (condition.relation, condition.right)
    )


def _expm1_out(node: Expression) -> Expression:
    """expm1(u) as e^u − 1."""

    def change(part: Expression) -> Expression | None:
        if isinstance(part, Function) and part.name == "expm1":
            return exp(part.arguments[0]) - 1
        return None

    return replaced(node, change)
