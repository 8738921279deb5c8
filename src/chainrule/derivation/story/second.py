"""The second order: the Hessian times a vector, by differentiating the gradient's own equations along it."""

from __future__ import annotations

from chainrule.derivation.expression import (
    Derivative,
    Directional,
    Expression,
    Sum,
    Symbol,
    mul,
)
from chainrule.derivation.rules.algebra import EXPAND, factoring, recalling
from chainrule.derivation.rules.directional import DIRECTIONAL, STILL, TERMS
from chainrule.derivation.rules.rule import Rule, apply
from chainrule.derivation.rules.sums import CONTRACT, PULL_OUT, SPLIT
from chainrule.derivation.story.code import curvature_code, slope_code
from chainrule.derivation.story.slopes import slope_expression
from chainrule.derivation.story.words import counted, index_text, layer_name, of
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import contains, with_indices
from chainrule.errors import DerivationError

_REASONS = {
    "what does not move": "Numbers, inputs and targets do not move with the weights.",
    "R of a sum": "R is a derivative: of a sum, term by term.",
    "R of a product": "Of a product: each factor in turn, the others kept.",
    "R of a function": "Of a function: its slope at the inside, times how the inside moves.",
}


def tell_second(writer: Writer, *, descent: bool, mean: bool) -> None:
    """The chapter of the Hessian-vector product; the gradient's chapters come before it."""
    _letters, net = writer.letters, writer.letters.net
    writer.chapter("The second order: the Hessian times a vector", "Recursiveness in deeper networks")
    writer.heading("Along a direction", "R")
    size = net.size
    writer.remark(
        f"The {counted(size, 'weight')} and biases w move along a direction v: to w + r v, with a small number r. "
        f"For any quantity Q of the network, R{{Q}} is how fast it moves: the derivative of Q(w + r v) by r at r = "
        f"0. For a weight, R{{W}} is v's own entry, given. Applied to the gradient, R gives the product of the "
        f"Hessian with v, without the Hessian's {size * size:,} entries: every line of the gradient is "
        "differentiated once more, by the sum, product and chain rule. It costs about two gradients."
    )
    for l in range(1, net.L + 1):
        _forward(writer, l)
    _error(writer, descent=descent)
    for l in range(net.L, 0, -1):
        _gradients(writer, l, mean=mean)
        if l > 1:
            _back(writer, l - 1)
    writer.end()


def _forward(writer: Writer, l: int) -> None:
    letters, net = writer.letters, writer.letters.net
    a, z = letters.entry(("a", l)), letters.entry(("z", l))
    writer.heading(f"R{{{of(a)}}}, forward into {layer_name(letters, l)}", f"RA{l}")
    writer.start(Directional(a), "The pre-activation moves with the outputs below and with the weights.")
    body = writer.definitions.of(a)
    assert body is not None
    writer.state(Directional(body), "definition", f"What {of(a)} stands for, put in.")
    _directional(writer)
    below, name, W, b = (letters.code(kind) for kind in (("z", l - 1), ("a", l), ("W", l), ("b", l)))
    writer.mark_result(
        "The inputs do not move, so only the weights' own movement is left."
        if l == 1
        else "Two reasons to move: the layer below does, and the weights do.",
        f"R{name} = {f'R{below} @ {W} + ' if l > 1 else ''}{below} @ R{W} + R{b}  # R{W}, R{b}: the direction v",
    )
    if l == net.L:
        return
    row = net.activations[l]
    assert row is not None
    writer.start(Directional(z), "The output moves by the slope times the pre-activation's movement.")
    slope = slope_expression(row, a, z)
    writer.apply(
        _known_slope(z, slope, a),
        f"The slope of {row.name}, as derived above, times the movement of the pre-activation."
        if row.name != "identity"
        else "The identity passes the movement on.",
    )
    first, factor = ("", "") if row.name == "identity" else slope_code(row, letters, l)
    writer.mark_result("", f"{first}R{letters.code(('z', l))} = {f'{factor} * ' if factor else ''}R{name}")


def _known_slope(z: Symbol, slope: Expression, a: Symbol) -> Rule:
    """R{z} = g'(a) R{a}."""
    return Rule(
        "R of a function",
        "R{g(u)} = g'(u) R{u}",
        lambda node, _: mul(slope, Directional(a)) if node == Directional(z) else None,
    )


def _error(writer: Writer, *, descent: bool) -> None:
    letters, net = writer.letters, writer.letters.net
    L, k = net.L, letters.index(net.L)
    delta, y, a = letters.entry(("delta", L)), letters.entry(("z", L)), letters.entry(("a", L))
    writer.heading(f"R{{{of(delta)}}}, at the outputs", f"Rdelta{L}")
    writer.start(Directional(delta), "The targets stay; the outputs move as their derivative says.")
    found = writer.names.of(delta)
    assert found is not None
    writer.state(Directional(found), "from above", f"{of(delta)} is {of(found)}.")
    _directional(writer)
    other = k.primed()
    moved = Derivative(y, with_indices(a, {k: other}))
    writer.apply(
        Rule(
            "chain rule, sum over all paths",
            "R{y} = Σ_p ∂y/∂a_p R{a_p}",
            lambda node, _: (
                Sum(other, moved * Directional(with_indices(a, {k: other}))) if node == Directional(y) else None
            ),
        ),
        "An output moves with every pre-activation it depends on.",
    )
    writer.apply(recalling(writer.lines), "The derivative of the outputs, from above.")
    if net.law.name == "softmax":
        writer.apply([EXPAND, SPLIT, CONTRACT], "Multiplied out; in the first sum the delta leaves one term.")
        writer.apply(PULL_OUT, f"{of(y)} does not depend on {index_text(other)}, and leaves the sum.")
        writer.apply(factoring(y), f"{of(y)} in front.")
    elif writer.fits(CONTRACT):
        writer.apply(CONTRACT, "Only its own pre-activation counts.")
    sign, RA = "" if descent else "-", f"R{letters.code(('a', L))}"
    code = {
        "softmax": f"{sign}Y * ({RA} - (Y * {RA}).sum(axis=1, keepdims=True))",
        "sigmoid": f"{sign}Y * (1 - Y) * {RA}",
        "exp": f"{sign}Y * {RA}",
    }.get(net.law.name, f"{sign}{RA}")
    writer.mark_result("", f"Rdelta{L} = {code}")


def _back(writer: Writer, l: int) -> None:
    letters, net = writer.letters, writer.letters.net
    delta, z, a = letters.entry(("delta", l)), letters.entry(("z", l)), letters.entry(("a", l))
    row = net.activations[l]
    assert row is not None
    writer.heading(f"R{{{of(delta)}}}, at {layer_name(letters, l)}", f"Rdelta{l}")
    writer.start(Directional(delta), "The errors above move, the weights move, and the slope moves.")
    found = writer.names.of(delta)
    assert found is not None
    writer.state(Directional(found), "from above", f"What {of(delta)} was found to be.")
    _directional(writer)
    if contains(writer.line, Directional(z)):
        slope = slope_expression(row, a, z)
        writer.apply(_known_slope(z, slope, a), f"And R{{{of(z)}}} from the forward lines.")
    W = letters.code(("W", l + 1))
    back = f"delta{l + 1} @ {W}.T"
    Rback = f"Rdelta{l + 1} @ {W}.T + delta{l + 1} @ R{W}.T"
    code = f"Rdelta{l} = {Rback}"
    if row.name != "identity":
        code = f"Rdelta{l} = ({Rback}) * {slope_code(row, letters, l)[1]}"  # whose first lines stand above
        if row.curvature != "0 * z":
            first, factor = curvature_code(row, letters, l)
            code += f"\n{first}Rdelta{l} += ({back}) * {factor} * R{letters.code(('a', l))}"
    writer.mark_result("", code)


def _gradients(writer: Writer, l: int, *, mean: bool) -> None:
    letters = writer.letters
    J, n = letters.entry(("J", 0)), letters.n
    delta, z = letters.entry(("delta", l)), letters.entry(("z", l - 1))
    writer.heading(f"The Hessian times v, layer {l}", f"Hv{l}")
    for kind, body in ((("W", l), Sum(n, delta * z)), (("b", l), Sum(n, delta))):
        Q = letters.entry(kind)
        total: Expression = body / Symbol("N") if mean else body
        writer.start(Directional(Derivative(J, Q)), "Errors and outputs below both move.")
        writer.state(Directional(total), "from above", f"The gradient {of(Derivative(J, Q))}, in terms of δ.")
        _directional(writer)
        below = letters.code(("z", l - 1))
        share = " / N" if mean else ""
        if kind[0] == "W":
            product = f"{f'R{below}.T @ delta{l} + ' if l > 1 else ''}{below}.T @ Rdelta{l}"
            product = f"({product}){share}" if share and l > 1 else f"{product}{share}"
        else:
            product = f"Rdelta{l}.sum(axis=0){share}"
        code = f"H{letters.code(kind)} = {product}"
        writer.mark_result("", code)


def _directional(writer: Writer) -> None:
    """Rules for R, one a line, until every R{...} is of one letter."""
    for _ in range(50):
        for rule in DIRECTIONAL:
            found = apply(rule, writer.line, writer.definitions)
            if found is not None:
                if rule is TERMS and apply(STILL, found.after, writer.definitions) is not None:
                    writer.apply([TERMS, STILL], f"{_REASONS[TERMS.name]} {_REASONS[STILL.name]}", named=TERMS.name)
                else:
                    writer.apply(rule, _REASONS[rule.name])
                break
        else:
            return
    raise DerivationError("The second order did not come to an end.", "This is a fault of chainrule, please report it.")
