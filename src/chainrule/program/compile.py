"""From a derivation to operations: products and sums are the derivation's, entry-wise forms are the table's."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from chainrule.derivation.derive import derive
from chainrule.derivation.expression import (
    Add,
    Derivative,
    Expression,
    Hadamard,
    MatMul,
    Matrix,
    Mul,
    Number,
    Transpose,
    is_number,
    mul,
)
from chainrule.derivation.letters import Kind, Letters
from chainrule.derivation.steps import Step
from chainrule.derivation.walk import contains
from chainrule.functions import Activation
from chainrule.network import Network
from chainrule.program.operations import Operation


def compiled(network: Network) -> tuple[Operation, ...]:
    """The operations of a network, forward, J, backward."""
    return _compiled(network, network.activations)


@functools.lru_cache(maxsize=64)
def _compiled(network: Network, rows: tuple[Activation | None, ...]) -> tuple[Operation, ...]:
    """``rows`` belongs to the key: a user may define an activation anew."""
    letters, lines = Letters(network), Lines(network)
    names = {letters.matrix(kind): letters.code(kind) for kind in letters.kinds() if kind[0] not in ("Jn", "J", "P")}
    L, made = network.L, list[Operation]()

    def put(target: str, text: str, role: str, kind: Kind, comment: str, step: Step | None) -> None:
        shape = letters.shape(kind)
        made.append(Operation(target, text, role, kind[1], shape.axes, shape.sizes, comment, step))

    for l in range(1, L + 1):
        step, row, law = lines.matrix(("a", l)), rows[l] if l < L else None, network.law
        put(f"A{l}", source(_after(step), names), "preactivation", ("a", l), str(lines.entry(("a", l)).after), step)
        text = with_arrays(row.value if row else law.mean, a=f"A{l}")
        comment = row.name if row else f"the mean of the {law.distribution.split()[0]} law"
        put(letters.code(("z", l)), text, "activation" if row else "mean", ("z", l), comment, lines.entry(("z", l)))
    density = with_arrays(network.law.log_density, a=f"A{L}", t="T")
    words = "log p(t_n given x_n)"
    made.append(
        Operation("rows", f"({density}).sum(axis=1)", "log_density", L, ("N",), (None,), words, lines.entry(("Jn", 0)))
    )
    made.append(Operation("J", "rows.sum()", "objective", L, (), (), "the log-likelihood, in nats", lines.objective()))
    for l in range(L, 0, -1):
        step, row = lines.matrix(("delta", l)), rows[l] if l < L else None
        if row is None:
            put(f"delta{l}", source(_after(step), names), "error", ("delta", l), "dJ/dA", step)
        else:
            back = source(_back(_after(step)), names)
            put(f"back{l}", back, "back", ("delta", l), "dJ/dZ, summed over the units above", lines.back(l))
            slope = with_arrays(row.slope, a=f"A{l}", z=f"Z{l}")
            put(f"slope{l}", slope, "slope", ("delta", l), "dZ/dA", lines.slope(row))
            put(f"delta{l}", f"back{l} * slope{l}", "delta", ("delta", l), "dJ/dA", step)
        for kind, comment in (("W", ""), ("b", "summed over the samples")):
            step = lines.gradient((kind, l))
            put(f"d{kind}{l}", source(_after(step), names), f"d{kind}", (kind, l), comment, step)
    return tuple(made)


class Lines:
    """The lines of a derivation that are answers, by what they are an answer to."""

    def __init__(self, network: Network) -> None:
        self.derivation = derive(network)
        self.letters = Letters(network)
        self._steps = [step for step in self.derivation.steps if not step.is_remark]

    def matrix(self, kind: Kind) -> Step:
        """``A¹ = X W¹ + b¹``: a whole array."""
        return self._last(lambda step: step.before == self.letters.matrix(kind))

    def entry(self, kind: Kind) -> Step:
        """``z¹_nm = ...``: the definition of an entry of an array, or of J_n."""
        return next(step for step in self._steps if step.before == self.letters.entry(kind))

    def objective(self) -> Step:
        """``J = Σ_n J_n``."""
        return self._last(lambda step: step.before == self.letters.entry(("J", 0)))

    def gradient(self, kind: Kind) -> Step:
        """``∂J/∂W² = ...``, whole."""
        J = self.letters.entry(("J", 0))
        return self._last(lambda step: step.before == Derivative(J, self.letters.matrix(kind)))

    def error(self, l: int) -> Step:
        """The last line in index notation of a layer's δ."""
        return self._last(lambda step: self._belongs(step, f"delta{l}") and not contains(_after(step), Matrix))

    def back(self, l: int) -> Step:
        """The last line of ``∂J_n/∂z`` of a hidden layer."""
        return self._last(lambda step: self._belongs(step, f"dZ{l}"))

    def block(self, name: str) -> Step:
        """The last line of a block: of ``dY``, ``dYdA``, ``dYdA-delta``."""
        return self._last(lambda step: self._belongs(step, name))

    def slope(self, row: Activation) -> Step | None:
        """The last line of an activation's slope; the identity has none."""
        found = [step for step in self._steps if self._belongs(step, f"slope-{row.name}")]
        return found[-1] if found else None

    def _belongs(self, step: Step, block: str) -> bool:
        return step.anchor.rpartition("-")[0] == block

    def _last(self, wanted: Callable[[Step], bool]) -> Step:
        return next(step for step in reversed(self._steps) if wanted(step))


def sides(step: Step) -> tuple[Expression, Expression]:
    """Both sides of a line that is no remark."""
    assert step.before is not None, "a remark has no sides"
    assert step.after is not None
    return step.before, step.after


def _after(step: Step) -> Expression:
    return sides(step)[1]


def source(node: Expression, names: dict[Matrix, str]) -> str:
    """A matrix expression of products and sums as NumPy text.

    Examples
    --------
    >>> Z, d = Matrix("Z", 1), Matrix("δ", 2)
    >>> source(MatMul((Transpose(Z), d)), {Z: "Z1", d: "delta2"})
    'Z1.T @ delta2'
    """
    match node:
        case Matrix():
            return names[node]
        case Number(value):
            return repr(value)
        case Transpose(of):
            return f"{_bracketed(of, names)}.T"
        case MatMul((Transpose(of), Matrix("1"))):  # the column of ones sums over the samples
            return f"{_bracketed(of, names)}.sum(axis=0)"
        case MatMul(factors):
            return " @ ".join(_bracketed(factor, names) for factor in factors)
        case Hadamard(factors) | Mul(factors):
            return " * ".join(_bracketed(factor, names) for factor in factors)
        case Add(terms):
            text = source(terms[0], names)
            for term in terms[1:]:
                if isinstance(term, Mul) and is_number(term.factors[0], -1):
                    text += f" - {_bracketed(mul(*term.factors[1:]), names)}"
                else:
                    text += f" + {source(term, names)}"
            return text
    raise TypeError(f"{type(node).__name__} is no product or sum of arrays")


def _bracketed(node: Expression, names: dict[Matrix, str]) -> str:
    text = source(node, names)
    return text if isinstance(node, Matrix | Number | Transpose) else f"({text})"


def with_arrays(form: str, **arrays: str) -> str:
    """A numeric form of the table with arrays for its letters.

    Examples
    --------
    >>> with_arrays("z * (1 - z)", a="A1", z="Z1")
    'Z1 * (1 - Z1)'
    """
    return re.sub(r"[A-Za-z_]\w*", lambda found: arrays.get(found[0], found[0]), form)


def _back(delta: Expression) -> Expression:
    """The part of a hidden layer's delta that comes from above: its matrix product."""
    factors = delta.factors if isinstance(delta, Hadamard) else (delta,)
    return next(factor for factor in factors if isinstance(factor, MatMul))
