"""The canonical link: why every output law ends in t − y."""

from __future__ import annotations

from chainrule.derivation.expression import (
    ZERO,
    Derivative,
    Expression,
    Index,
    Sum,
    exp,
    log,
    mul,
)
from chainrule.derivation.formula import parsed
from chainrule.derivation.rules.algebra import (
    rewriting,
)
from chainrule.derivation.rules.sums import CONTRACT
from chainrule.derivation.story.meanings import without_gamma
from chainrule.derivation.story.words import of
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import contains


def tell_link(writer: Writer, *, descent: bool) -> None:
    """The canonical link: why every output law ends in t − y."""
    letters, net = writer.letters, writer.letters.net
    L, k, law = net.L, letters.index(net.L), net.law
    a, t, y = letters.entry(("a", L)), letters.entry(("t", L)), letters.entry(("z", L))
    Jn, j = letters.entry(("Jn", 0)), Index("j", letters.index(L).range)
    writer.heading(f"Why it is so simple: {law.name} fits the {law.distribution.split(' ')[0]} law", "why")
    aj = a.at((*a.places[:-1], j))
    C: Expression
    rest: Expression = ZERO
    match law.name:
        case "softmax":
            C = log(Sum(j, exp(aj)))
            share = Sum(k, t * a) - C
        case "sigmoid":
            C = log(1 + exp(a))
            share = Sum(k, t * a - C)
        case "exp":
            C = exp(a)
            rest = without_gamma(parsed("-log_gamma(t + 1)", {"t": t}))
            share = Sum(k, t * a - C + rest)
        case _:
            C = a**2 / 2
            rest = parsed("-t**2 / 2 - log(2 * pi) / 2", {"t": t})
            share = Sum(k, t * a - C + rest)
    sign = -1 if descent else 1
    writer.start(Jn, "Written in the pre-activations, a sample's share is t a minus a function C of a alone.")
    writer.state(
        mul(sign, share),
        "in terms of the pre-activation",
        "The outputs written out in the pre-activations and the logarithm taken: what remains is "
        f"{'minus the difference of ' if descent else ''}target times pre-activation "
        f"{'and' if descent else 'minus'} C = {of(C)}"
        + (
            ", and a part with t alone."
            if rest != ZERO
            else "."
            if law.name != "softmax"
            else " (the targets add up to 1)."
        ),
    )
    writer.start(Derivative(C, a), "The derivative of C is the output.")
    writer.calculus({})
    if contains(writer.line, Sum) and writer.fits(CONTRACT):
        writer.apply(CONTRACT, "One term of the sum is left.")
    if writer.line != y:
        writer.apply(rewriting(y, "definition, read backwards", unfold=(y,)), f"This is the output {of(y)}.")
    writer.remark(
        "So the derivative of t a − C is t − "
        f"{'a' if law.name == 'identity' else 'y'}{' (= t − y)' if law.name == 'identity' else ''}, without the "
        "detour through y. A law of this form belongs to the exponential family, and the output function that is "
        "the derivative of its C is its canonical link: softmax for classes, sigmoid for yes or no, identity for a "
        "Gaussian, exp for counts. All four give t − "
        f"y{' (here, with the sign of descent, y − t)' if descent else ''}."
    )
