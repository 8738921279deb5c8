"""The forward pass and the objective: what the network computes, and what is to be made large."""

from __future__ import annotations

from chainrule.derivation.expression import Expression, Function, MatMul
from chainrule.derivation.letters import Letters
from chainrule.derivation.story.code import numpy_code, output_code, special_words
from chainrule.derivation.story.words import (
    all_of,
    counted,
    index_text,
    layer_name,
    listed_words,
    of,
    ranged,
    unit_name,
    units_of,
)
from chainrule.derivation.story.writer import Writer

MOST_IN_ONE_LINE = 3  # layers


def tell_forward(writer: Writer) -> None:
    """The chapter of the forward pass."""
    letters, net = writer.letters, writer.letters.net
    writer.chapter("The forward pass", "Neural network feed-forward mechanism")
    writer.heading("The letters", "letters")
    writer.remark(_letters(letters))
    for l in range(1, net.L + 1):
        a, z, i, unit = letters.entry(("a", l)), letters.entry(("z", l)), letters.index(l - 1), letters.index(l)
        writer.heading(f"Into {layer_name(letters, l)}", f"forward{l}")
        body = writer.definitions.of(a)
        assert body is not None
        below = units_of(letters, l - 1) if l == 1 else f"outputs of the {units_of(letters, l - 1)}"
        what = unit_name(letters, l)
        writer.start(a)
        writer.state(
            body,
            "definition",
            f"In the same way {what} ({ranged(unit, net.M[l])}) weighs the {below} and adds its bias."
            if l > 1
            else f"{what[0].upper()}{what[1:]} ({ranged(unit, net.M[l])}) weighs the {below} for sample n: the sum "
            f"runs over {index_text(i)}. Then it adds its bias. The result is its pre-activation.",
            shapes=(letters.shape(("W", l)), letters.shape(("b", l)), letters.shape(("a", l))),
        )
        writer.start(letters.matrix(("a", l)))
        writer.state(
            MatMul((letters.matrix(("z", l - 1)), letters.matrix(("W", l)))) + letters.matrix(("b", l)),
            "matrix form",
            f"All N samples and {all_of(letters, l)} at once."
            if l > 1
            else f"The same for all N samples and {all_of(letters, l)} at once. Row n of X is sample n. The bias is "
            "added to every row.",
            code=f"{letters.code(('a', l))} = {letters.code(('z', l - 1))} @ {letters.code(('W', l))} + "
            f"{letters.code(('b', l))}",
            result=True,
        )
        writer.array(
            f"A{l}", MatMul((letters.matrix(("z", l - 1)), letters.matrix(("W", l)))) + letters.matrix(("b", l))
        )
        writer.start(z)
        _activation_line(writer, l)
    if 2 <= net.L <= MOST_IN_ONE_LINE:
        _in_one_line(writer)
    writer.end()


def _in_one_line(writer: Writer) -> None:
    """The whole network as one formula."""
    letters, net = writer.letters, writer.letters.net
    whole: Expression = letters.matrix(("z", 0))
    for l in range(1, net.L + 1):
        whole = MatMul((whole, letters.matrix(("W", l)))) + letters.matrix(("b", l))
        row = net.activations[l] if l < net.L else None
        name = net.law.name if row is None else row.name
        whole = whole if name == "identity" else Function(name, (whole,))
    Y = letters.matrix(("z", net.L))
    writer.heading("The whole network in one line", "forward")
    writer.start(Y)
    each = "each activation entry by entry" + (", the softmax row by row" if net.law.name == "softmax" else "")
    writer.state(
        whole,
        "matrix form",
        f"The layers put into one another, from the inputs on the inside to the outputs on the outside: {each}."
        + (
            " (The sigmoid is σ for short.)"
            if "sigmoid" in {net.law.name, *(layer.function for layer in net.layers)}
            else ""
        ),
    )


def _letters(letters: Letters) -> str:
    """What every letter and index means, in one paragraph."""
    net = letters.net
    L = net.L

    def show(what: str, l: int) -> str:
        return of(letters.entry((what, l)))

    hidden = "" if L == 1 else f"{show('z', 1)} is what hidden unit {index_text(letters.index(1))} passes on, "
    first = unit_name(letters, 1) if L == 1 else f"hidden {unit_name(letters, 1)}"
    sums = [
        f"{index_text(letters.index(l))} " + (f"from 1 to {net.M[l]}" if net.M[l] > 1 else "= 1 alone")
        for l in range(L + 1)
    ]
    deeper = "" if L < 3 else f" The same again in every layer, with an index of its own: {_deeper(letters)}."
    above = (
        f"An output's pre-activation is {show('a', 2)}; the sample n stands above a letter."
        if letters.as_post
        else "A number above a letter is its layer, and a power stands behind the indices."
    )
    return (
        f"{show('z', 0)} is {unit_name(letters, 0)} of sample n; {show('W', 1)} is the weight from "
        f"{unit_name(letters, 0)} to {first} and {show('b', 1)} that unit's bias; {show('a', 1)} is what it adds "
        f"up, its pre-activation; {hidden}{show('z', L)} is {unit_name(letters, L)} of the network and "
        f"{show('t', L)} its target.{deeper} {above} Capitals are whole arrays. The indices: {listed_words(sums)}; n "
        "from 1 to N, the number of samples."
    )


def _deeper(letters: Letters) -> str:
    """a²_ns and z²_ns in hidden layer 2, ..., a³_nk at the outputs."""
    L = letters.net.L
    parts = [
        f"{of(letters.entry(('a', l)))} and {of(letters.entry(('z', l)))} in {layer_name(letters, l)}"
        for l in range(2, L)
    ]
    if len(parts) > 2:
        parts = [parts[0], "…", parts[-1]]
    return listed_words([*parts, f"{of(letters.entry(('a', L)))} at {layer_name(letters, L)}"])


def _activation_line(writer: Writer, l: int) -> None:
    letters, net = writer.letters, writer.letters.net
    z = letters.entry(("z", l))
    body = writer.definitions.of(z)
    assert body is not None
    name = letters.code(("z", l))
    if l < net.L:
        row = net.activations[l]
        assert row is not None
        reason = (
            "The identity: each unit passes its pre-activation on as it is."
            if row.name == "identity"
            else f"The {row.name} function once more."
            if writer.is_told(f"forward {row.name}")
            else f"Each unit passes its pre-activation through the {row.name} function: its output."
        )
        code = f"{name} = {numpy_code(row.value, letters.code(('a', l)))}"
        writer.state(
            body,
            "definition",
            reason + special_words(writer, code),
            code=code,
            shapes=(letters.shape(("z", l)),),
            result=True,
        )
        return
    k = letters.index(l)
    reason = {
        "softmax": f"The softmax makes {counted(net.K, 'probability', 'probabilities')} of a sample's "
        "pre-activations: each positive, together 1. The sum in the denominator runs over all classes, so every "
        f"output depends on every pre-activation. Its index needs a letter of its own, j, because {index_text(k)} "
        "is the output's. (In the code the largest pre-activation is subtracted first: the factor cancels in the "
        "fraction, and the exponential cannot overflow.)",
        "sigmoid": f"The sigmoid makes a probability of {'the' if net.K == 1 else 'each'} pre-activation.",
        "identity": f"The output is the pre-activation itself: the mean that the network expects "
        f"{'' if net.K == 1 else 'for each target '}given x.",
        "exp": "The exponential makes a positive number of the pre-activation: the count expected given x.",
    }[net.law.name]
    writer.state(
        body,
        "definition",
        reason,
        code=output_code(letters),
        shapes=(letters.shape(("z", l)),),
        result=True,
    )
