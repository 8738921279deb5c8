"""The equations of a network in the letters of its derivation: the head of a script."""

from __future__ import annotations

import textwrap

from chainrule.derivation.letters import Kind
from chainrule.derivation.render.text import expression_text, index_text
from chainrule.derivation.walk import put_in
from chainrule.errors import counted
from chainrule.network import Network
from chainrule.program.compile import Lines, sides

_WIDTH = 88


def equations(network: Network) -> str:
    """Forward, objective and gradient, one or two to a line, in index notation; ranges of the indices last."""
    lines = Lines(network)
    letters, L = lines.letters, network.L
    forward, backward = [], []
    for l in range(1, L + 1):
        forward += _pair(*(" = ".join(map(expression_text, sides(lines.entry((what, l))))) for what in "az"))
    for l in range(L, 0, -1):
        kinds: tuple[Kind, ...] = (("delta", l), ("W", l), ("b", l), ("z", l - 1))
        delta, W, b, below = (expression_text(letters.entry(kind)) for kind in kinds)
        backward.append(f"{delta} = {expression_text(sides(lines.error(l))[1])}")
        backward += _pair(f"∂J/∂{W} = Σ_n {delta} {below}", f"∂J/∂{b} = Σ_n {delta}")
    total, share = lines.objective(), lines.entry(("Jn", 0))
    J = f"J = {expression_text(put_in(sides(total)[1], *sides(share)))}"
    ranges = [f"{index_text(letters.index(l))}=1..{size}" for l, size in enumerate(network.M)]
    blocks = (
        (f"Forward, for sample n and {', '.join(ranges)}:", forward),
        (f"The log-likelihood of the targets ({network.law.distribution}), to be made large:", [J]),
        ("Its gradient, by the chain rule, with δ = ∂J/∂a:", backward),
    )
    return "\n\n".join("\n".join([*textwrap.wrap(title, _WIDTH), *map(_indented, rows)]) for title, rows in blocks)


def described(network: Network) -> str:
    """``2 inputs, 3 sigmoid units, 3 softmax outputs``."""
    hidden = [counted(layer.size, f"{layer.function} unit") for layer in network.layers[:-1]]
    last = network.layers[-1]
    return ", ".join([counted(network.D, "input"), *hidden, counted(last.size, f"{last.function} output")])


def _pair(first: str, second: str) -> list[str]:
    """Two equations on a line where they fit."""
    both = f"{first:<38}  {second}"
    return [both] if len(both) + 4 <= _WIDTH else [first, second]


def _indented(equation: str) -> str:
    return textwrap.fill(
        equation,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
