"""What it comes to: the recursion, line by line, and what it costs."""

from __future__ import annotations

from chainrule.derivation.expression import Add, Expression, Mul, Number, Power, Symbol, add, mul
from chainrule.derivation.point import CountPoint
from chainrule.derivation.story.hidden import delta_code
from chainrule.derivation.story.words import counted, layer_name, listed_words, of
from chainrule.derivation.story.writer import Writer


def tell_recursion(writer: Writer, *, descent: bool, mean: bool) -> None:
    """The whole backward pass in matrix form, top to bottom."""
    letters, net = writer.letters, writer.letters.net
    writer.chapter("The pattern", "Recursiveness in deeper networks")
    writer.heading("The whole way back", "recursion")
    order = "output minus target" if descent else "target minus output"
    if net.L == 1:
        writer.remark(
            f"With no hidden layer the way back has one step: the error, {order}, times the inputs. This is "
            f"{'logistic regression' if net.law.has_classes else 'a generalised linear model'}."
        )
        _tell_step(writer, descent=descent)
        return
    writer.remark(
        "Every layer does two things with its error δ: it makes its gradients (δ times the outputs below), and it "
        f"sends the error on (δ times the weights, transposed, times the slope). The first δ is {order}. Each of the "
        f"{counted(net.L, 'error')} is computed once, from the one above:"
    )
    for l in range(net.L, 0, -1):
        delta = letters.matrix(("delta", l))
        writer.start(delta)
        code = (f"delta{l} = {'Y - T' if descent else 'T - Y'}" if l == net.L else delta_code(writer, l)) + (
            f"\nd{letters.code(('W', l))} = {letters.code(('z', l - 1))}.T @ delta{l}{' / N' if mean else ''}"
            f"\nd{letters.code(('b', l))} = "
            f"delta{l}.{'mean' if mean else 'sum'}(axis=0)"
        )
        writer.state(
            writer.arrays[f"delta{l}"],
            "recursion",
            f"The error at {layer_name(letters, l)}"
            + (": where it begins." if l == net.L else f", from that at {layer_name(letters, l + 1)}."),
            code=code,
            shapes=(letters.shape(("delta", l)),),
        )
    _tell_step(writer, descent=descent)


def _tell_step(writer: Writer, *, descent: bool) -> None:
    """What the gradient is for: one step of ascent or descent."""
    net, sign = writer.letters.net, "-" if descent else "+"
    J = writer.letters.objective
    writer.heading("One step of " + ("descent" if descent else "ascent"), "step")
    names = [writer.letters.code((kind, l)) for l in range(1, net.L + 1) for kind in "Wb"]
    updates = [f"{name} {sign}= learning_rate * d{name}" for name in names]
    writer.remark(
        f"The gradient points where {J} grows fastest. So each weight and bias moves a little "
        f"{'against' if descent else 'along'} its own entry, times a small learning rate, and {J} becomes "
        f"{'smaller' if descent else 'larger'}."
        + (
            " All gradients are computed first and only then the weights are moved: the errors of the lower layers "
            "must come through the weights that made the outputs."
            if net.L > 1
            else ""
        ),
        code="\n".join(updates),
    )


def tell_cost(writer: Writer) -> None:
    """Multiplications of backpropagation and of the sum over all paths, counted for this network."""
    letters, net = writer.letters, writer.letters.net
    writer.chapter("What it costs", "Recursiveness in deeper networks")
    M = [_size(writer, l) for l in range(net.L + 1)]
    L = net.L
    writer.heading("Multiplications for one sample", "cost", CountPoint(net))
    forward = [mul(M[l - 1], M[l]) for l in range(1, L + 1)]
    writer.start(Symbol("F"))
    _count(writer, forward, "F, the multiplications of the forward pass: one a weight.")
    outer = [mul(M[l - 1], M[l]) for l in range(L, 0, -1)]
    back = [mul(M[l - 1], M[l]) for l in range(L, 1, -1)]
    slopes = [M[l - 1] for l in range(L, 1, -1) if _has_slope(writer, l - 1)]
    writer.start(Symbol("B"))
    parts = ["each gradient entry is one product of an error and an output below"]
    if back:
        parts.append("each error is sent back over each weight once")
    if slopes:
        parts.append("each hidden unit multiplies by its slope")
    _count(
        writer,
        [*outer, *back, *slopes],
        f"B, those of the way back: {listed_words(parts)}. (Computing the slopes themselves is not counted, here or "
        "below.)",
    )
    if L == 1:
        writer.remark("From each weight one path leads to the objective, so here there is nothing to share yet.")
        return
    naive = []
    for l in range(1, L + 1):
        paths = [M[q] for q in range(l + 1, L + 1)]
        slopes_on_way = sum(_has_slope(writer, q) for q in range(l, L))
        naive.append(mul(L - l + slopes_on_way + 1, M[l - 1], M[l], *paths))
    writer.start(Symbol("S"))
    weight = f"the {counted(net.M[0] * net.M[1], 'weight')} of {of(letters.matrix(('W', 1)))}"
    routes = 1
    for q in range(2, L + 1):
        routes *= net.M[q]
    are = "is" if routes == 1 else "are"
    _count(
        writer,
        naive,
        "S, those of the sum over all paths: without sharing, every weight sums over every path from it to an "
        f"output: for each of {weight} there {are} {counted(routes, 'path')}, and each path is a product of an output "
        "below, an error, and the weights and slopes on the way.",
    )
    shared, alone = writer_value(writer, [*outer, *back, *slopes]), writer_value(writer, naive)
    writer.remark(
        f"Backpropagation needs {shared:,} multiplications where the sum over paths needs {alone:,}"
        + (f": {alone / shared:.3g} times as many. " if alone > shared else ". ")
        + "The first grows with the number of weights, the second with the number of paths, which multiplies with "
        "every layer."
    )


def writer_value(writer: Writer, terms: list[Expression]) -> int:
    """A count for this network's sizes."""
    return int(_worked_out(writer, add(*terms)))


def _count(writer: Writer, terms: list[Expression], reason: str) -> None:
    total = add(*terms)
    writer.start(writer.line, reason)
    writer.state(total, "counted", reason)
    writer.state(Number(writer_value(writer, terms)), "this network's sizes", "")


def _size(writer: Writer, l: int) -> Expression:
    return Symbol(writer.letters.index(l).range)


def _has_slope(writer: Writer, l: int) -> bool:
    row = writer.letters.net.activations[l]
    return row is not None and row.name != "identity"


def _worked_out(writer: Writer, node: Expression) -> float:
    """The number of a product or sum of sizes."""
    sizes = {writer.letters.index(l).range: writer.letters.net.M[l] for l in range(writer.letters.net.L + 1)}
    match node:
        case Number(value):
            return float(value)
        case Symbol(letter):
            return sizes[letter]
        case Add(terms):
            return sum(_worked_out(writer, term) for term in terms)
        case Mul(factors):
            total = 1.0
            for factor in factors:
                total *= _worked_out(writer, factor)
            return total
        case Power(base, Number(value)):
            return _worked_out(writer, base) ** value
    raise TypeError(node)
