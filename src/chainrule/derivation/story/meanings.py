"""What every letter of a network stands for, and the probability of a target given its output."""

from __future__ import annotations

from chainrule.derivation.expression import (
    Expression,
    Function,
    Index,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    exp,
    number,
    power,
)
from chainrule.derivation.formula import parsed
from chainrule.derivation.kinks import formula_of
from chainrule.derivation.letters import Letters
from chainrule.derivation.rules.calculus import PI
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import children, rebuilt


def define_all(writer: Writer, *, descent: bool, mean: bool) -> None:
    """What every letter of the network stands for."""
    letters, net = writer.letters, writer.letters.net
    L, n = net.L, letters.n
    for l in range(1, L + 1):
        i = letters.index(l - 1)
        z, W, b = letters.entry(("z", l - 1)), letters.entry(("W", l)), letters.entry(("b", l))
        writer.definitions.define(letters.entry(("a", l)), Sum(i, z * W) + b)
        a = letters.entry(("a", l))
        row = net.activations[l] if l < L else None
        formula = formula_of(row, a) if row else output_formula(letters)
        writer.definitions.define(letters.entry(("z", l)), formula)
    k = letters.index(L)
    y, t = letters.entry(("z", L)), letters.entry(("t", L))
    log_law = without_gamma(parsed(net.law.log_law, {"t": t, "y": y}))
    share = -Sum(k, log_law) if descent else Sum(k, log_law)
    writer.definitions.define(letters.entry(("Jn", 0)), share)
    total: Expression = Sum(n, letters.entry(("Jn", 0)))
    writer.definitions.define(letters.entry(("J", 0)), total / Symbol("N") if mean else total)


def output_formula(letters: Letters) -> Expression:
    """y_k as the output law has it."""
    net = letters.net
    a = letters.entry(("a", net.L))
    if net.law.name != "softmax":
        return parsed(net.law.formula, {"a": a})
    j = Index("j", letters.index(net.L).range)
    return exp(a) / Sum(j, exp(a.at((*a.places[:-1], j))))


def density(letters: Letters) -> Expression:
    """The probability of one target given its output."""
    net = letters.net
    y, t = letters.entry(("z", net.L)), letters.entry(("t", net.L))
    match net.law.name:
        case "softmax":
            return power(y, t)
        case "sigmoid":
            return power(y, t) * power(1 - y, 1 - t)
        case "exp":
            return power(y, t) * exp(-y) / Function("factorial", (t,))
    half = Number(-1) / number(2)
    return Power(2 * PI, half) * exp(-((t - y) ** 2) / 2)


def without_gamma(node: Expression) -> Expression:
    """log Γ(t + 1) as log t!."""
    if isinstance(node, Function) and node.name == "log_gamma":
        inside = add(node.arguments[0], -1)
        return Function("log", (Function("factorial", (inside,)),))
    parts = children(node)
    return rebuilt(node, tuple(map(without_gamma, parts))) if parts else node
