"""A hidden layer: the errors of the units above come back, pass the slope, and are this layer's own error."""

from __future__ import annotations

from chainrule.derivation.expression import (
    Cases,
    Delta,
    Derivative,
    Expression,
    Function,
    Hadamard,
    MatMul,
    Mul,
    Number,
    Transpose,
    mul,
)
from chainrule.derivation.rules.algebra import recalling
from chainrule.derivation.rules.calculus import insert, through
from chainrule.derivation.rules.rule import Context, Rule
from chainrule.derivation.rules.sums import CONTRACT
from chainrule.derivation.story.code import slope_code
from chainrule.derivation.story.slopes import A, Z, slope_expression
from chainrule.derivation.story.words import all_of, in_words, index_text, layer_name, of, unit_name
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import children, rebuilt, with_indices
from chainrule.functions import Activation


def tell_back(writer: Writer, l: int) -> None:
    """∂J_n/∂z^l: the sum over the units above."""
    letters, net = writer.letters, writer.letters.net
    Jn, z, a_above = letters.entry(("Jn", 0)), letters.entry(("z", l)), letters.entry(("a", l + 1))
    unit, above = letters.index(l), letters.index(l + 1)
    m, k = index_text(unit), index_text(above)
    W, delta_above = letters.entry(("W", l + 1)), letters.entry(("delta", l + 1))
    left = Derivative(Jn, z)
    writer.heading(of(left), f"dZ{l}")

    writer.start(
        Derivative(a_above, z),
        "A pre-activation is linear in the outputs below: the factor is the weight.",
        topic="back",
        again=f"As one layer up: in the pre-activation of {unit_name(letters, l + 1)} the factor of {of(z)} is the "
        "weight between the two.",
    )
    writer.apply(
        insert(a_above),
        f"First, how a pre-activation of {layer_name(letters, l + 1)} changes with what {unit_name(letters, l)} of "
        f"{layer_name(letters, l)} passes on.",
    )
    writer.calculus(
        {
            "sum rule": "The bias does not depend on z and drops out.",
            "sum rule, under Σ": "The sum is differentiated term by term.",
            "constant factor": "Now the weights are the given factors, and z is the variable.",
            "a variable by itself": "One of the outputs is the one we differentiate by.",
        }
    )
    writer.apply(CONTRACT, f"What is left is the weight from {unit_name(letters, l)} to {unit_name(letters, l + 1)}.")
    writer.known(Derivative(a_above, z))

    writer.start(left, f"Every error above comes back along the weight by which unit {m} fed it.")
    only = net.M[l + 1] == 1
    writer.apply(
        through(a_above, (above,)),
        f"Unit {m} feeds the one {unit_name(letters, l + 1).split()[0]} above, and changes {of(Jn)} through it."
        if only
        else f"{unit_name(letters, l)[0].upper()}{unit_name(letters, l)[1:]} of {layer_name(letters, l)} feeds "
        f"{all_of(letters, l + 1)}: again a path through each of them, and the sum over {k} adds them up."
        if writer.is_told("paths")
        else f"Unit {m} feeds {all_of(letters, l + 1)} and changes {of(Jn)} through each of them. The total derivative "
        f"adds up these paths. So there is a sum over {k} on the right although {k} is not on the left; without it "
        "the formula would follow one path only.",
    )
    writer.apply(
        recalling([(Derivative(Jn, a_above), delta_above)], "the name δ"),
        f"The first factor is known already: it is {of(delta_above)}.",
    )
    writer.apply(recalling(writer.lines), f"And the second is the weight {of(W)}.")
    writer.unprimed()
    writer.mark_result(
        ""
        if only or writer.is_told("backpropagation")
        else "Each unit above sends its error back along the weight by which it was fed: backpropagation."
    )
    writer.known(left)


def tell_delta(writer: Writer, l: int) -> None:
    """δ^l = ∂J_n/∂a^l: times the slope."""
    letters, net = writer.letters, writer.letters.net
    row = net.activations[l]
    assert row is not None
    Jn, z, a, delta = (letters.entry(kind) for kind in (("Jn", 0), ("z", l), ("a", l), ("delta", l)))
    unit = letters.index(l)
    m, other = index_text(unit), unit.primed()
    writer.heading(f"{of(delta)}, the error at {layer_name(letters, l)}", f"delta{l}")
    writer.start(delta, "What comes back to the unit's output, times the slope at its pre-activation.")
    writer.state(
        Derivative(Jn, a),
        "a name",
        f"Like {of(letters.entry(('delta', l + 1)))}, one layer down: how {of(Jn)} changes with a pre-activation here.",
        shapes=(letters.shape(("delta", l)),),
    )
    told = writer.is_told("delta")
    writer.apply(
        through(z, (unit,)),
        f"The chain rule through {of(z)}."
        if told
        else "The chain rule through what the units of this layer pass on, all of them for the moment.",
    )
    slope = slope_expression(row, with_indices(a, {unit: other}), with_indices(z, {unit: other}))
    pair = (Derivative(with_indices(z, {unit: other}), a), mul(slope, Delta(other, unit)))
    writer.apply(
        _slope_rule(*pair),
        ("" if told else "A unit's output depends on its own pre-activation alone: hence the delta. ")
        + (
            "The identity has the slope 1."
            if row.name == "identity"
            else f"The slope of {row.name}, derived above, is written {of(_plain(row))} for short."
            if isinstance(_plain(row), Function)
            else f"The slope of {row.name}, as derived above, is {in_words(_plain(row))}."
        ),
    )
    writer.apply(CONTRACT, f"One path is left, through unit {m} itself.")
    writer.apply(recalling(writer.lines), "What came back from above put in.")
    writer.unprimed()
    writer.mark_result(
        f"The error {of(delta)} is made of the errors {of(letters.entry(('delta', l + 1)))} one layer up"
        + (", and so on down." if told and l > 1 else "." if told else ": this step repeats from layer to layer.")
    )
    writer.named(delta, writer.line)
    array = delta_array(writer, l)
    writer.start(letters.matrix(("delta", l)))
    writer.state(
        array,
        "matrix form",
        _matrix_words(writer, l, is_product=isinstance(array, Hadamard)),
        code=delta_code(writer, l),
        result=True,
    )
    writer.array(f"delta{l}", array)


def _matrix_words(writer: Writer, l: int, *, is_product: bool) -> str:
    """What the matrix form of δ^l says."""
    letters = writer.letters
    delta, W = of(letters.matrix(("delta", l + 1))), of(letters.matrix(("W", l + 1)))
    if writer.is_told("delta matrix"):
        return f"The same with {delta} and {W}."
    unit, above = index_text(letters.index(l)), index_text(letters.index(l + 1))
    product = f"The sum over {above} is row n of {delta} times row {unit} of {W}: the product with {W} transposed."
    return product + (" ⊙ multiplies two arrays entry by entry." if is_product else "")


def delta_array(writer: Writer, l: int) -> Expression:
    """δ^l as arrays: (δ^{l+1} W^{l+1}ᵀ) ⊙ slope."""
    letters = writer.letters
    row = letters.net.activations[l]
    assert row is not None
    back = MatMul((letters.matrix(("delta", l + 1)), Transpose(letters.matrix(("W", l + 1)))))
    slope = _entrywise(slope_expression(row, letters.matrix(("a", l)), letters.matrix(("z", l))))
    if isinstance(slope, Number):
        return back
    return Hadamard((back, *(slope.factors if isinstance(slope, Hadamard) else (slope,))))


def delta_code(writer: Writer, l: int) -> str:
    """δ^l in NumPy."""
    letters = writer.letters
    row = letters.net.activations[l]
    assert row is not None
    back = f"delta{l + 1} @ {letters.code(('W', l + 1))}.T"
    if row.name == "identity":
        return f"delta{l} = {back}"
    before, factor = slope_code(row, letters, l)
    return f"{before}delta{l} = ({back}) * {factor}"


def _entrywise(node: Expression) -> Expression:
    """Products of arrays written with ⊙."""
    parts = children(node)
    if isinstance(node, Mul):
        numbers = [factor for factor in node.factors if isinstance(factor, Number)]
        arrays = [_entrywise(factor) for factor in node.factors if not isinstance(factor, Number)]
        return mul(*numbers, arrays[0] if len(arrays) == 1 else Hadamard(tuple(arrays)))
    if isinstance(node, Cases):
        return node
    return rebuilt(node, tuple(map(_entrywise, parts))) if parts else node


def _plain(row: Activation) -> Expression:
    return slope_expression(row, A, Z)


def _slope_rule(before: Derivative, after: Expression) -> Rule:
    """∂z_m'/∂a_m = g'(a_m') δ_m'm."""
    inner = recalling([(before, after)])

    def rewrite(node: Expression, context: Context) -> Expression | None:
        return inner.rewrite(node, context)

    return Rule("chain rule, one unit", "∂g(a_m')/∂a_m = g'(a_m') δ_m'm", rewrite)
