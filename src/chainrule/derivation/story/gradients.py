"""The gradients of one layer: ∂J/∂W^l and ∂J/∂b^l."""

from __future__ import annotations

from chainrule.derivation.expression import Derivative, Expression, MatMul, Matrix, Symbol, Transpose
from chainrule.derivation.letters import Kind
from chainrule.derivation.rules.algebra import recalling
from chainrule.derivation.rules.calculus import CONSTANT_FACTOR, SUM_OVER_INDEX, insert, through
from chainrule.derivation.rules.sums import CONTRACT
from chainrule.derivation.story.words import all_of, counted, index_text, layer_name, of, unit_name, units_of
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import with_indices


def tell_weights(writer: Writer, l: int, *, mean: bool) -> None:
    """∂J/∂W^l."""
    letters, net = writer.letters, writer.letters.net
    W, a, z = letters.entry(("W", l)), letters.entry(("a", l)), letters.entry(("z", l - 1))
    unit, below = letters.index(l), letters.index(l - 1)
    i, j = index_text(below), index_text(unit)
    other = unit.primed()
    left = Derivative(with_indices(a, {unit: other}), W)
    writer.heading(of(Derivative(letters.entry(("J", 0)), W)), f"dW{l}")
    writer.start(
        left,
        f"A pre-activation is linear in the weights: the factor of {of(W)} is {of(z)}.",
        topic="weight",
        again=f"As for the weights of the layer above: the factor of {of(W)} in the pre-activation is "
        f"{'the input ' if l == 1 else ''}{of(z)}, and the weight moves {unit_name(letters, l)} alone.",
    )
    writer.apply(
        insert(a),
        f"First, how a pre-activation of {layer_name(letters, l)} changes with one weight. Its definition is put "
        f"in, the sum's index renamed {index_text(below.primed())}, since {i} belongs to {of(W)}.",
    )
    writer.calculus(
        {
            "sum rule": "The bias does not contain the weight and drops out.",
            "sum rule, under Σ": "The sum is differentiated term by term.",
            "constant factor": "The weight does not act on the layer below, whose outputs stay as factors.",
            "a variable by itself": f"Of the {counted(net.M[l - 1] * net.M[l], 'weight')} only one is the one we "
            "differentiate by: both indices must agree, so there are two deltas.",
        }
    )
    writer.apply(
        CONTRACT,
        f"The first delta picks the term of {unit_name(letters, l - 1)}. The second stays: a weight into "
        f"{unit_name(letters, l)} moves that one alone.",
    )
    writer.known(left)
    _tell(writer, ("W", l), mean=mean, what=f"the weight from {unit_name(letters, l - 1)} to {unit_name(letters, l)}")
    delta, Z = letters.matrix(("delta", l)), letters.matrix(("z", l - 1))
    code = f"d{letters.code(('W', l))} = {letters.code(('z', l - 1))}.T @ delta{l}{' / N' if mean else ''}"
    reason = (
        f"The same product of arrays: {of(Z)} transposed, times {of(delta)}."
        if writer.is_told("weight matrix")
        else f"Column {i} of {of(Z)} times column {j} of {of(delta)}, summed over the samples: a matrix product. "
        f"The gradient has the shape of {of(letters.matrix(('W', l)))} itself."
    )
    _matrix_form(writer, ("W", l), MatMul((Transpose(Z), delta)), reason, code, mean=mean)


def tell_bias(writer: Writer, l: int, *, mean: bool) -> None:
    """∂J/∂b^l."""
    letters = writer.letters
    b, a, unit = letters.entry(("b", l)), letters.entry(("a", l)), letters.index(l)
    left = Derivative(with_indices(a, {unit: unit.primed()}), b)
    writer.heading(of(Derivative(letters.entry(("J", 0)), b)), f"db{l}")
    writer.start(
        left,
        "A bias enters its own unit's pre-activation with the factor 1.",
        topic="bias",
        again=f"The factor of {of(b)} is 1, and it moves {unit_name(letters, l)} alone.",
    )
    writer.apply(insert(a), "The definition of the pre-activation once more.")
    writer.calculus(
        {
            "sum rule": "The weighted inputs do not contain the bias and drop out.",
            "a variable by itself": "A bias belongs to one unit, and its factor is 1 instead of an input.",
        }
    )
    writer.known(left)
    _tell(writer, ("b", l), mean=mean, what=f"the bias of {unit_name(letters, l)}")
    code = f"d{letters.code(('b', l))} = delta{l}.{'mean' if mean else 'sum'}(axis=0)"
    ones = MatMul((Transpose(letters.matrix(("delta", l))), Matrix("1")))
    reason = (
        f"{of(letters.matrix(('delta', l)))} transposed, times a column of N ones: the sum over samples."
        if writer.is_told("bias matrix")
        else "The sum over samples, written as the product with a column of N ones."
    )
    _matrix_form(writer, ("b", l), ones, reason, code, mean=mean)


def _tell(writer: Writer, kind: Kind, *, mean: bool, what: str) -> None:
    """∂J/∂Q = Σ_n Σ_j ∂J_n/∂a_j ∂a_j/∂Q for one weight or bias, down to δ."""
    letters = writer.letters
    l = kind[1]
    J, Jn, Q = letters.entry(("J", 0)), letters.entry(("Jn", 0)), letters.entry(kind)
    a, unit = letters.entry(("a", l)), letters.index(l)
    _j, other = index_text(unit), index_text(unit.primed())
    own = of(letters.entry(("z", l - 1))) if kind[0] == "W" else "1"
    writer.start(
        Derivative(J, Q),
        f"Every sample adds its own error at {unit_name(letters, l)}"
        + (f", times what {what} is multiplied by, {own}." if kind[0] == "W" else "."),
        topic="gradient",
        again=_again(writer, kind, own),
    )
    samples = [insert(J), *([CONSTANT_FACTOR] if mean else []), SUM_OVER_INDEX]
    writer.apply(
        samples,
        f"All samples share {what}, so their derivatives add up{' (and are divided by N)' if mean else ''}.",
        named="sum rule, under Σ",
    )
    writer.apply(
        through(a, (unit,)),
        f"The chain rule through the pre-activations: one path through each of the {units_of(letters, l)}, all "
        f"added up by the sum over {other}."
        if letters.net.M[l] > 1
        else f"The chain rule through the one pre-activation of {layer_name(letters, l)}.",
    )
    delta = letters.entry(("delta", l))
    writer.apply(recalling([(Derivative(Jn, a), delta)], "the name δ"), f"{of(Derivative(Jn, a))} is {of(delta)}.")
    writer.apply(recalling(writer.lines), "The derivative found above put in.")
    writer.apply(CONTRACT, f"The delta leaves one path, the one through {unit_name(letters, l)}.")
    answer = writer.line
    found = writer.names.of(delta)
    if l == letters.net.L and found is not None:
        writer.apply(recalling([(delta, found)], "δ put in"), "The error at the outputs put in.", result=True)
    else:
        writer.mark_result("")
    writer.gradients[f"{kind[0]}{l}"] = writer.line if l == letters.net.L else answer


def _again(writer: Writer, kind: Kind, own: str) -> str:
    """What a gradient's line says where the way there was told for another one."""
    letters = writer.letters
    delta = of(letters.entry(("delta", kind[1])))
    if kind[0] == "b":
        return f"As for the weights, with the factor 1 in place of {of(letters.entry(('z', kind[1] - 1)))}."
    return (
        "As above, one layer down: the sum over samples, then the chain rule through the pre-activations, of which "
        f"the delta leaves one. Each sample adds its error {delta} times {own}."
    )


def _matrix_form(writer: Writer, kind: Kind, product: Expression, reason: str, code: str, *, mean: bool) -> None:
    letters = writer.letters
    writer.start(Derivative(letters.entry(("J", 0)), letters.matrix(kind)))
    after = product / Symbol("N") if mean else product
    writer.state(after, "matrix form", reason, code=code, shapes=(letters.gradient_shape(kind),), result=True)
    writer.array(f"{kind[0]}{kind[1]}", after)


def tell_written_out(writer: Writer, l: int) -> None:
    """∂J/∂W^l with every δ above written out, down to t − y."""
    letters, net = writer.letters, writer.letters.net
    W = letters.entry(("W", l))
    writer.heading(f"{of(Derivative(letters.entry(('J', 0)), W))}, written out", f"dW{l}-out")
    writer.start(Derivative(letters.entry(("J", 0)), W), "Every δ above put in, down to targets and outputs.")
    writer.state(
        writer.gradients[f"W{l}"],
        "from above",
        f"The gradient just found, with the name {of(letters.entry(('delta', l)))} in it.",
    )
    for above in range(l, net.L + 1):
        delta = letters.entry(("delta", above))
        found = writer.names.of(delta)
        assert found is not None
        last = above == net.L
        is_one_sum, s = net.L - l == 1, "s" if net.K > 1 else ""
        reason = (
            f"{of(delta)} put in"
            + (": down to targets and outputs." if last else ".")
            + (
                f" The {'sum over ' + index_text(letters.index(net.L)) if is_one_sum else 'sums'} inside "
                f"{'is' if is_one_sum else 'are'} what the name backpropagation is for: the error{s} of "
                f"{all_of(letters, net.L)} {'come' if s else 'comes'} back to this weight."
                if last
                else ""
            )
        )
        writer.apply(recalling([(delta, found)], "δ put in"), reason)
    writer.mark_result("")
