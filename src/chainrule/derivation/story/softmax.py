"""The softmax's derivative: the quotient rule, both cases k' = k and k' ≠ k, and the delta form."""

from __future__ import annotations

from chainrule.derivation.expression import (
    Cases,
    Condition,
    Delta,
    Derivative,
    Expression,
    Index,
)
from chainrule.derivation.rules.algebra import (
    CANCEL,
    EXPAND,
    JOIN_CASES,
    factoring,
    folding,
    rewriting,
    under_delta,
)
from chainrule.derivation.rules.calculus import insert
from chainrule.derivation.rules.rule import Rule, to_the_end
from chainrule.derivation.rules.sums import CONTRACT, EQUAL_DELTA, at_case
from chainrule.derivation.story.words import index_text, of
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import with_indices


def tell_softmax(writer: Writer) -> None:
    """∂y_k'/∂a_k: the quotient rule, both cases, the delta form."""
    letters, net = writer.letters, writer.letters.net
    L, k = net.L, letters.index(net.L)
    y, a, other = letters.entry(("z", L)), letters.entry(("a", L)), letters.index(L).primed()
    y2 = with_indices(y, {k: other})
    left = Derivative(y2, a)
    writer.heading(of(left), "dYdA")
    writer.start(left, "The quotient rule; the variable is in the denominator always, in the numerator only if k' = k.")
    writer.apply(
        insert(y),
        f"The softmax put in. {of(a)} stands in the sum below whatever {index_text(other)} is, and on top as well "
        f"if {index_text(other)} = {index_text(k)}.",
    )
    writer.calculus(
        {
            "quotient rule": "Both numerator and denominator depend on the variable: (u/v)' = (u' v − u v')/v².",
            "chain rule, exponential": "The derivative of e^u is e^u times the derivative of u.",
            "sum rule, under Σ": "The sum over j is differentiated term by term.",
            "a variable by itself": f"{of(with_indices(a, {k: other}))} and {of(a)} are the same variable only if "
            f"{index_text(other)} = {index_text(k)}: the Kronecker delta again.",
        },
        later={
            "chain rule, exponential": "The same for every term of the sum.",
            "a variable by itself": f"And {of(with_indices(a, {k: Index('j', k.range)}))} is {of(a)} only if j = "
            f"{index_text(k)}.",
        },
    )
    writer.apply(CONTRACT, f"In the sum over j only the term j = {index_text(k)} is left.")
    general = writer.line

    same, differs = Condition(other, "=", k), Condition(other, "≠", k)
    writer.heading(f"{of(left)}, case {index_text(other)} = {index_text(k)}", "dYdA-same")
    writer.start(
        Derivative(y, a), "Both indices the same: the square of the denominator is shared out, and y is put back."
    )
    here = with_indices(general, {other: k})
    found = _with_equal_deltas(writer, here)
    writer.state(
        found, "case of equal indices", f"In the line above, {index_text(other)} is set to {index_text(k)}, and δ is 1."
    )
    writer.apply(EXPAND, "The fraction is split in two, one for each term on top.")
    writer.apply(CANCEL, "The sum cancels once in the first fraction.", repeat=True)
    writer.apply(folding(y), f"e to the pre-activation over the sum is {of(y)} itself.")
    writer.apply(factoring(y), f"{of(y)} in front.")
    same_value = writer.line

    writer.heading(f"{of(left)}, case {index_text(other)} ≠ {index_text(k)}", "dYdA-other")
    writer.start(left, "Different indices: the numerator does not depend on the variable, only the sum below does.")
    writer.state(
        _simplified(writer, general, at_case(other, None)),
        "case of different indices",
        f"In the general line, δ is 0: {of(a)} is not in the numerator, so only the denominator's share is left.",
        given=differs,
    )
    writer.apply(folding(y), f"The denominators are shared out, and both fractions are outputs: {of(y2)} and {of(y)}.",
                 given=differs)  # fmt: skip
    other_value = writer.line

    writer.heading(f"{of(left)}, both cases in one", "dYdA-delta")
    writer.start(left, "The Kronecker delta writes both cases as one product.")
    writer.state(Cases(((same_value, same), (other_value, differs))), "two cases", "Both results side by side.")
    writer.apply(JOIN_CASES, "δ is 1 in the first case and 0 in the second; 1 − δ the other way round.")
    writer.apply(
        under_delta(k, other),
        f"Beside δ either index may be written, since δ is 0 unless they are equal: {of(y)} may be called {of(y2)}.",
    )
    wanted = y2 * (Delta(other, k) - y)
    writer.apply(
        rewriting(wanted, "multiplied out and gathered"),
        f"Multiplied out, the two terms δ {of(y2)} {of(y)} cancel, and {of(y2)} is a common factor. Note which "
        f"index is where: the output on the left, {of(y2)}, stands in front, and inside the brackets is {of(y)}. "
        f"With the same index in both places the formula would be right only for {index_text(other)} = "
        f"{index_text(k)}.",
        code="dY_dA = np.diag(y) - np.outer(y, y)  # one sample: y is its row of Y",
        result=True,
    )
    writer.known(left)


def _with_equal_deltas(writer: Writer, here: Expression) -> Expression:
    """A line whose deltas have equal indices, with 1 in their place."""
    return _simplified(writer, here, EQUAL_DELTA)


def _simplified(writer: Writer, line: Expression, rule: Rule) -> Expression:
    found = to_the_end(rule, line, writer.definitions)
    return found.after if found else line
