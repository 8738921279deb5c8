"""Why a weight moves: the shares of the samples in one entry of the gradient."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.derivation.expression import Derivative, Expression
from chainrule.derivation.letters import Kind, Letters
from chainrule.derivation.walk import with_indices
from chainrule.errors import SettingError, counted, listed
from chainrule.network import Network, Weights
from chainrule.program.operations import Program, run

Array = npt.NDArray[Any]
_ROWS = 4096


@dataclass(frozen=True)
class Why:
    """Which samples pull one weight up or down most; made by ``trace(...).why``.

    Attributes
    ----------
    name : str
        ``"W1[0, 2]"``, as in ``weights.W[1][0, 2]``.
    left : Expression
        ∂J/∂W¹_13.
    value : float
        The entry of the gradient: the sum of all contributions.
    contributions : array (N,)
        Of every sample: δ_nm z_nd.
    up, down : tuple of int
        The samples that pull most, the strongest first, counted from 0.
    delta, below : arrays (N,)
        The two factors of each contribution; ``below`` is 1 for a bias.
    factors : pair of str
        Their names: ``("δ¹_n3", "x_n1")``; the second is empty for a bias.
    labels, names : tuple of str
        Class of each sample, or its targets; what each sample is called, ``X[17]`` if nothing else.
    """

    name: str
    left: Expression
    value: float
    contributions: Array
    up: tuple[int, ...]
    down: tuple[int, ...]
    delta: Array
    below: Array
    factors: tuple[str, str]
    labels: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def summary(self) -> str:
        """Both pulls and their balance, in a sentence."""
        c = self.contributions
        up, down = c[c > 0], c[c < 0]
        still = len(c) - len(up) - len(down)
        effect = "raises it" if self.value > 0 else "lowers it" if self.value < 0 else "leaves it"
        if not len(up) and not len(down):
            return f"None of the {len(c):,} samples moves {self.name}: {self.left} = 0."
        return (
            f"{counted(len(up), 'sample')} of {len(c):,} {_verb(len(up))} {self.name} up by {_number(up.sum())} in "
            f"all, {len(down):,} {_verb(len(down))} it down by {_number(abs(down.sum()))}"
            f"{f', {still:,} leave it alone' if still else ''}. Together {self.left} = {_number(self.value)}: "
            f"a step uphill {effect}."
        )

    def text(self) -> str:
        """Unicode text for a terminal."""
        title = f"Why {self.name} moves"
        lines = [title, "─" * len(title), *textwrap.wrap(self.summary, 100)]
        for side, rows in (("Pull it up most", self.up), ("Pull it down most", self.down)):
            if not rows:
                continue
            lines += ["", f"{side}:  {self.factors[0]} · {self.factors[1]}" if self.factors[1] else f"{side}:"]
            width = max(len(self.names[row]) for row in rows)
            top = max(abs(self.contributions[row]) for row in (*self.up, *self.down))
            for row in rows:
                numbers = f"{_number(self.delta[row]):>9} · {_number(self.below[row]):<9} = " if self.factors[1] else ""
                bar = "█" * max(1, round(20 * abs(self.contributions[row]) / top)) if top else ""
                share = f"{_number(self.contributions[row]):>9}"
                lines.append(
                    f"  {self.names[row]:>{width}}  {numbers}{share}  {bar:<20}  t = {self.labels[row]}".rstrip()
                )
        return "\n".join(lines) + "\n"

    def markdown(self) -> str:
        """A table in Markdown."""
        lines = [f"**Why {self.name} moves.** {self.summary}", "", "| sample | contribution | factors | t |"]
        lines.append("|---:|---:|---|---|")
        for row in (*self.up, *self.down):
            factors = f"{_number(self.delta[row])} · {_number(self.below[row])}" if self.factors[1] else ""
            lines.append(f"| {self.names[row]} | {_number(self.contributions[row])} | {factors} | {self.labels[row]} |")
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """A small self-contained page."""
        from chainrule.teaching.trace_page import reasons_page

        return reasons_page(self)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Why {self.name}: {self.value:.4g} from {len(self.contributions)} samples>"


def contributions(
    network: Network,
    weights: Weights,
    X: Array,
    T: Array,
    name: str,
    index: tuple[int, ...],
    most: int,
    classes: tuple[str, ...],
    names: tuple[str, ...],
) -> Why:
    """The shares of all samples in one entry of the gradient, ranked."""
    if name not in network.names:
        raise SettingError(f"{network.notation} has no weights named {name!r}.", f"It has {listed(network.names)}.")
    kind: Kind = (name[0], int(name[1:]))
    shape = weights[name].shape
    whole = all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in index)
    if not whole or len(index) != len(shape) or not all(0 <= i < size for i, size in zip(index, shape, strict=False)):
        raise SettingError(
            f"{name} has no entry {list(index)}.",
            f"Its shape is {shape}; entries are counted from 0, as in weights.{name[0]}[{name[1:]}]"
            f"[{', '.join('0' for _ in shape)}].",
        )
    l, unit = kind[1], index[-1]
    delta, below = np.empty(len(X)), np.ones(len(X))
    program = Program.of(network)
    for at in range(0, len(X), _ROWS):
        part = slice(at, at + _ROWS)
        values = run(program, weights, X[part], T[part])
        delta[part] = values[f"delta{l}"][:, unit]
        if len(index) == 2:
            below[part] = (X[part] if l == 1 else values[f"Z{l - 1}"])[:, index[0]]
    shares = delta * below
    order = np.argsort(-shares, kind="stable")
    letters = Letters(network)
    places = dict(zip(letters.entry(kind).places, (i + 1 for i in index), strict=True))
    symbol = with_indices(letters.entry(kind), places)  # type: ignore[arg-type]
    d = with_indices(letters.entry(("delta", l)), {letters.index(l): unit + 1})
    z = with_indices(letters.entry(("z", l - 1)), {letters.index(l - 1): index[0] + 1}) if len(index) == 2 else ""
    return Why(
        f"{name}[{', '.join(map(str, index))}]",
        Derivative(letters.entry(("J", 0)), symbol),
        float(shares.sum()),
        shares,
        tuple(int(n) for n in order[:most] if shares[n] > 0),
        tuple(int(n) for n in order[::-1][:most] if shares[n] < 0),
        delta,
        below,
        (str(d), str(z)),
        tuple(_label(network, row, classes) for row in T),
        names if len(names) == len(X) else tuple(f"X[{n}]" for n in range(len(X))),
    )


def _label(network: Network, t: Array, classes: tuple[str, ...]) -> str:
    if network.law.has_classes and set(t.tolist()) <= {0.0, 1.0} and (network.K == 1 or t.sum() == 1):
        at = int(t[0]) if network.K == 1 else int(t.argmax())
        return classes[at] if classes else str(at)
    return ", ".join(_number(value) for value in t)


def _verb(count: int) -> str:
    return "pulls" if count == 1 else "pull"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−")
