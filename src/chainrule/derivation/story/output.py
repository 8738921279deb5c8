"""The output layer: ∂J/∂y, the output law's derivative, and their collapse to t − y."""

from __future__ import annotations

from chainrule.derivation.expression import (
    Delta,
    Derivative,
)
from chainrule.derivation.rules.algebra import (
    CANCEL,
    EXPAND,
    recalling,
    rewriting,
)
from chainrule.derivation.rules.calculus import insert, through
from chainrule.derivation.rules.sums import CONTRACT, ONE_HOT, PULL_OUT, SPLIT
from chainrule.derivation.story.link import tell_link
from chainrule.derivation.story.softmax import tell_softmax
from chainrule.derivation.story.words import all_of, index_text, layer_name, of
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import contains, with_indices


def tell_output(writer: Writer, *, descent: bool) -> None:
    """The chapter of the output layer, up to δ^L."""
    section = "Hidden layer to output"
    writer.chapter(f"The error at {layer_name(writer.letters, writer.letters.net.L)}", section)
    _objective_by_output(writer)
    if writer.letters.net.law.name == "softmax":
        writer.section = "Appendix: softmax derivative"
        tell_softmax(writer)
    else:
        _output_by_preactivation(writer)
    _error(writer, descent=descent)
    writer.section = section
    tell_link(writer, descent=descent)
    writer.end()


def _objective_by_output(writer: Writer) -> None:
    """∂J_n/∂y_k."""
    letters, net = writer.letters, writer.letters.net
    Jn, y, k = letters.entry(("Jn", 0)), letters.entry(("z", net.L)), letters.index(net.L)
    left = Derivative(Jn, y)
    writer.heading(of(left), "dY")
    writer.start(left, f"{of(Jn)} is a sum with a term for each output; only this output's own term contains it.")
    other = k.primed()
    writer.apply(
        insert(Jn),
        f"The share of sample n is put in. Its sum runs over all outputs"
        f"{'' if net.K > 1 else ' (here there is one)'}, and {of(y)} is one of them: so its index "
        f"is renamed {index_text(other)}, since {index_text(k)} is taken by the {of(y)} that we differentiate by.",
    )
    writer.calculus(
        {
            "chain rule, logarithm": "The derivative of log y is 1/y.",
            "a variable by itself": (
                f"Outputs are here variables of their own: {of(with_indices(y, {k: other}))} changes with {of(y)} only "
                f"if {index_text(other)} = {index_text(k)}. That is the Kronecker delta: δ is 1 where its two indices "
                "are equal, else 0."
            ),
            "sum rule, under Σ": "The derivative of a sum is the sum of the derivatives.",
            "constant factor": "The targets are given numbers: they stay as factors.",
        },
        later={
            "sum rule": "The 1 is a constant and drops out." if net.law.name == "sigmoid" else "",
            "constant factor": "The factor −1 stays in front.",
            "a variable by itself": "The same delta.",
        },
    )
    if contains(writer.line, Delta):
        if not writer.fits(CONTRACT):
            writer.apply(SPLIT, "The sum of several terms is as many sums.")
        left_over = f"Of the whole sum the delta leaves one term, that with {index_text(other)} = {index_text(k)}."
        writer.apply(CONTRACT, left_over, repeat=True, code=_dY_code(writer), result=True)
    writer.known(left)


def _dY_code(writer: Writer) -> str:
    sign = "-" if writer.letters.objective == "E" else ""

    def signed(text: str) -> str:
        return f"-({text})" if sign else text

    return {
        "softmax": f"dY = {sign}T / Y",
        "sigmoid": f"dY = {signed('T / Y - (1 - T) / (1 - Y)')}",
        "identity": "dY = Y - T" if sign else "dY = T - Y",
        "exp": f"dY = {signed('T / Y - 1')}",
    }[writer.letters.net.law.name]


def _output_by_preactivation(writer: Writer) -> None:
    """∂y_k'/∂a_k where each output has its own pre-activation alone."""
    letters, net = writer.letters, writer.letters.net
    L, k = net.L, letters.index(net.L)
    y, a, other = letters.entry(("z", L)), letters.entry(("a", L)), letters.index(L).primed()
    y2, a2 = with_indices(y, {k: other}), with_indices(a, {k: other})
    left = Derivative(y2, a)
    writer.heading(of(left), "dYdA")
    writer.start(left, "Each output depends on its own pre-activation alone.")
    writer.apply(insert(y), f"The {'exponential' if net.law.name == 'exp' else net.law.name} put in.")
    writer.calculus(
        {
            "a variable by itself": (
                f"{of(a2)} and {of(a)} are one variable only if {index_text(other)} = {index_text(k)}: each output "
                "depends on its own pre-activation alone, and δ says so."
            ),
        }
    )
    match net.law.name:
        case "sigmoid":
            writer.apply(
                rewriting(y2 * (1 - y2) * Delta(other, k), "definition, read backwards", unfold=(y,)),
                f"1/(1 + e^−a) is {of(y2)}, and the other factor, e^−a/(1 + e^−a), is what is missing to 1: 1 − "
                f"{of(y2)}.",
            )
        case "exp":
            writer.apply(
                rewriting(y2 * Delta(other, k), "definition, read backwards", unfold=(y,)),
                f"The exponential is its own derivative: {of(y2)} again.",
            )
    writer.known(left)


def _error(writer: Writer, *, descent: bool) -> None:
    """δ^L_k = ∂J_n/∂a_k, down to t − y."""
    letters, net = writer.letters, writer.letters.net
    L, k = net.L, letters.index(net.L)
    Jn, y, a, t = letters.entry(("Jn", 0)), letters.entry(("z", L)), letters.entry(("a", L)), letters.entry(("t", L))
    delta, other = letters.entry(("delta", L)), letters.index(L).primed()
    left = Derivative(Jn, a)
    writer.heading(f"{of(delta)}, the error at {layer_name(letters, L)}", f"delta{L}")
    writer.start(delta, "All paths from the pre-activation to the objective, one through each output.")
    writer.state(
        left,
        "a name",
        f"How {of(Jn)} changes with the pre-activation of output {index_text(k)} of sample n: this is the quantity "
        "that travels back through the network, and it gets a name, δ with the layer above. (The Kronecker delta "
        "has two indices below and no layer.)",
        shapes=(letters.shape(("delta", L)),),
    )
    paths = (
        f"{of(a)} reaches {of(Jn)} through {all_of(letters, net.L)}, because the softmax ties them together: the "
        "contributions of all paths add up (the total derivative)."
        if net.law.name == "softmax"
        else f"From {of(a)} to {of(Jn)} through {all_of(letters, net.L)}: in general all paths add up (the total "
        "derivative)."
    )
    writer.apply(through(y, (k,)), paths)
    writer.apply(recalling(writer.lines), "Both derivatives from above put in.")
    wanted = y - t if descent else t - y
    if net.law.name == "softmax":
        writer.apply(CANCEL, f"The {of(with_indices(y, {k: other}))} under the target and the one in front cancel.")
        writer.apply(EXPAND, "The bracket multiplied out.")
        writer.apply(SPLIT, "The sum of a difference is the difference of the sums.")
        writer.apply(
            CONTRACT,
            f"In the first sum the delta leaves the term {index_text(other)} = {index_text(k)}: the target of "
            f"output {index_text(k)} itself.",
        )
        writer.apply(PULL_OUT, f"{of(y)} does not depend on {index_text(other)}, so it leaves the sum.")
        writer.apply(
            ONE_HOT,
            "The targets of a sample add up to 1. That is all that is needed of them: one-hot targets have it, and "
            "so have soft ones such as (0.1, 0.7, 0.2).",
        )
    else:
        if contains(writer.line, Delta):
            writer.apply(CONTRACT, "Only the path through the output of the same index is left.")
        if writer.fits(EXPAND) and net.law.name != "identity":
            writer.apply(EXPAND, "The bracket multiplied out.")
            if writer.fits(CANCEL):
                writer.apply(CANCEL, "What stands above and below cancels.", repeat=True)
    if writer.line != wanted:
        writer.apply(rewriting(wanted, "tidied"), f"What is left is {of(wanted)}.")
    order = "output minus target" if descent else "target minus output"
    code = f"delta{L} = {'Y - T' if descent else 'T - Y'}"
    writer.mark_result(f"The error is {order}.")
    writer.known(left)
    writer.named(delta, wanted)
    writer.start(letters.matrix(("delta", L)))
    Y, T = letters.matrix(("z", L)), letters.matrix(("t", L))
    writer.state(
        Y - T if descent else T - Y,
        "matrix form",
        f"All samples and {all_of(letters, L)} at once.",
        code=code,
        result=True,
    )
    writer.array(f"delta{L}", Y - T if descent else T - Y)
