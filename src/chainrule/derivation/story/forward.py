"""The forward pass and the objective: what the network computes, and what is to be made large."""

from __future__ import annotations

from chainrule.derivation.expression import (
    MatMul,
)
from chainrule.derivation.letters import Letters
from chainrule.derivation.story.code import numpy_code, output_code
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
            code=f"{letters.code(('a', l))} = {letters.code(('z', l - 1))} @ W{l} + b{l}",
            result=True,
        )
        writer.array(
            f"A{l}", MatMul((letters.matrix(("z", l - 1)), letters.matrix(("W", l)))) + letters.matrix(("b", l))
        )
        writer.start(z)
        _activation_line(writer, l)
    writer.end()


def _letters(letters: Letters) -> str:
    """What every letter and index means, in one paragraph."""
    net = letters.net
    L = net.L

    def show(what: str, l: int) -> str:
        return of(letters.entry((what, l)))

    hidden = "" if L == 1 else f"{show('z', 1)} is what hidden unit {index_text(letters.index(1))} gives on, "
    first = unit_name(letters, 1) if L == 1 else f"hidden {unit_name(letters, 1)}"
    sums = [f"{index_text(letters.index(l))} from 1 to {net.M[l]}" for l in range(L + 1)]
    above = (
        "u is the hidden layer's pre-activation and a the outputs'; the sample n stands above a letter."
        if letters.as_post
        else "A number above a letter is its layer, and a power stands behind the indices."
    )
    return (
        f"{show('z', 0)} is {unit_name(letters, 0)} of sample n; {show('W', 1)} is the weight from "
        f"{unit_name(letters, 0)} to {first} and {show('b', 1)} that unit's bias; {show('a', 1)} is what it adds "
        f"up, its pre-activation; {hidden}{show('z', L)} is {unit_name(letters, L)} of the network and "
        f"{show('t', L)} its target. {above} Capitals are whole arrays. The indices: {listed_words(sums)}; n from 1 "
        "to N, the number of samples."
    )


def _activation_line(writer: Writer, l: int) -> None:
    letters, net = writer.letters, writer.letters.net
    z = letters.entry(("z", l))
    body = writer.definitions.of(z)
    assert body is not None
    name = letters.code(("z", l))
    if l < net.L:
        row = net.activations[l]
        assert row is not None
        writer.state(
            body,
            "definition",
            "The identity: each unit gives its pre-activation on as it is."
            if row.name == "identity"
            else f"The {row.name} function once more."
            if writer.is_told(f"forward {row.name}")
            else f"Each unit passes its pre-activation through the {row.name} function: its output.",
            code=f"{name} = {numpy_code(row.value, letters.code(('a', l)))}",
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
