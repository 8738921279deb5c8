"""A trace in chapters: what every rendering shows, in the same order and the same words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.derivation.expression import Expression, Number
from chainrule.derivation.letters import Letters
from chainrule.derivation.render.text import expression_text, index_text, number_text
from chainrule.teaching.trace_lines import Line

if TYPE_CHECKING:
    from chainrule.teaching.trace import Trace

_MOST_NUMBERS = 8  # of x and t in the heading


@dataclass(frozen=True)
class Group:
    """Lines of one array under a heading: ``words``, then the general equation ``left = formula``."""

    words: str
    lines: tuple[Line, ...]
    note: str = ""

    @property
    def general(self) -> tuple[Expression, Expression]:
        """The equation of any entry."""
        return self.lines[0].general


@dataclass(frozen=True)
class Chapter:
    """A part of the way: its groups; ``kind`` says whether it also shows the Jacobian or the flow."""

    title: str
    groups: tuple[Group, ...] = ()
    kind: str = ""
    words: str = ""


def chapters(trace: Trace) -> list[Chapter]:
    """The whole trace, in reading order."""
    L, letters = trace.network.L, Letters(trace.network)
    by_array = {array: tuple(run) for array, run in itertools.groupby(trace.lines, key=lambda line: line.array)}
    forward = []
    for l in range(1, L + 1):
        name = layer_name(trace, l)
        forward.append(Group(f"Into {name}", by_array[f"A{l}"], _shown_note(trace, l)))
        forward.append(Group(f"Out of {name}" if l < L else "The outputs", by_array["Y" if l == L else f"Z{l}"]))
    found = [
        Chapter("Forward", tuple(forward), words=_rest_note(trace)),
        Chapter("How well it fits", (Group("The log-likelihood of this sample", by_array["J"]),), words=_fit(trace)),
        Chapter(
            "Back through the outputs",
            (
                Group("∂J/∂y times ∂y/∂a, entry by entry", trace.collapse),
                Group("which collapses to", by_array[f"delta{L}"]),
            ),
            "jacobian",
            _jacobian_words(trace),
        ),
    ]
    for l in range(L, 0, -1):
        groups = []
        if l < L:
            groups.append(Group(f"Slopes of {layer_name(trace, l)}", by_array[f"slope{l}"]))
            groups.append(Group(f"δ of {layer_name(trace, l)}", by_array[f"delta{l}"]))
        W, b = (expression_text(letters.matrix((what, l))) for what in "Wb")
        groups.append(Group(f"The gradient of {W}", by_array[f"dW{l}"], _entries_note(trace, by_array[f"dW{l}"], l)))
        groups.append(Group(f"The gradient of {b}", by_array[f"db{l}"]))
        title = layer_name(trace, l)
        found.append(Chapter(title[0].upper() + title[1:], tuple(groups)))
    found.append(Chapter("How the gradient travels", kind="flow", words=_flow_words(trace)))
    return found


def title(trace: Trace) -> str:
    """The heading of all."""
    return f"One sample through {trace.network.notation}, and back"


def sample_words(trace: Trace) -> list[str]:
    """What the sample is: x, t, and its class."""
    names = trace.inputs
    if names:
        parts = [f"{name} = {figure(value)}" for name, value in zip(names, trace.x[:_MOST_NUMBERS], strict=False)]
        more = len(trace.x) - len(parts)
        inputs = f"Inputs, as the network sees them: {', '.join(parts)}{f', and {more} more' if more > 0 else ''}."
    else:
        inputs = f"x = {numbers(trace.x)}, t = {numbers(trace.t)}."
    return [trace.origin, inputs] if trace.origin else [inputs]


def layer_name(trace: Trace, l: int) -> str:
    """the outputs, the hidden layer, hidden layer 2."""
    L = trace.network.L
    return "the outputs" if l == L else "the hidden layer" if L == 2 else f"hidden layer {l}"


def figure(value: float) -> str:
    """A number to four figures, with a real minus sign."""
    return number_text(Number(float(value)))


def numbers(values: Any) -> str:
    """A row of numbers, cut where it is long."""
    shown = ", ".join(map(figure, values[:_MOST_NUMBERS]))
    return f"({shown}{', …' if len(values) > _MOST_NUMBERS else ''})"


def unit_name(trace: Trace, at: int) -> str:
    """An output by its index, and its class where there are names."""
    name = trace.classes[at] if len(trace.classes) == trace.network.K else ""
    return f"{at + 1} ({name})" if name else str(at + 1)


def _shown_note(trace: Trace, l: int) -> str:
    """Which units are shown, where not all are."""
    size, shown = trace.network.M[l], trace.shown[l]
    if len(shown) == size:
        return ""
    index = index_text(Letters(trace.network).index(l))
    units = ", ".join(str(unit + 1) for unit in shown)
    return f"{len(shown)} of {size:,} units are shown, those with the most influence on this sample: {index} = {units}."


def _entries_note(trace: Trace, lines: tuple[Line, ...], l: int) -> str:
    size = trace.network.M[l - 1] * trace.network.M[l]
    if len(lines) == size:
        return ""
    return f"{len(lines)} of {size:,} entries are shown, the largest between the units shown."


def _rest_note(trace: Trace) -> str:
    if not trace.has_rests:
        return ""
    return "Of a long sum the largest terms are written out; the number behind the dots is the sum of all the others."


def _fit(trace: Trace) -> str:
    """How probable the network finds what came."""
    law, y, t = trace.network.law, trace.values["Y"], trace.t
    if law.name == "softmax" and set(t.tolist()) <= {0.0, 1.0}:
        true, best = int(t.argmax()), int(y.argmax())
        words = f"The class that came, k = {unit_name(trace, true)}, has the probability {figure(y[true])}"
        if best == true:
            return f"{words}, the largest of all: the network is right. J is its logarithm."
        return f"{words}; the network prefers k = {unit_name(trace, best)} with {figure(y[best])}. J is its logarithm."
    if law.name == "softmax":
        return "The targets are shares of several classes."
    if law.name == "sigmoid" and len(t) == 1 and t[0] in (0.0, 1.0):
        true = int(t[0])
        name = f" ({trace.classes[true]})" if len(trace.classes) == 2 else ""
        probability = y[0] if true else 1 - y[0]
        verdict = "right" if probability > 0.5 else "wrong"
        return (
            f"The class that came, t = {true}{name}, has the probability {figure(probability)}: the network is "
            f"{verdict}. J is its logarithm."
        )
    if law.name == "sigmoid":
        return "Each target is 1 with the probability y."
    return (
        "The output is the expected target: "
        + ", ".join(f"{figure(a)} for {figure(b)}" for a, b in list(zip(y, t, strict=True))[:_MOST_NUMBERS])
        + (", …" if len(y) > _MOST_NUMBERS else ".")
    )


def _jacobian_words(trace: Trace) -> str:
    name = trace.network.law.name
    if name == "softmax":
        first = (
            "Every output y_k' depends on every pre-activation a_k: ∂y_k'/∂a_k = y_k' (δ_k'k − y_k), positive where "
            "k' = k and negative elsewhere. Each row and each column adds up to 0."
        )
    else:
        first = {
            "sigmoid": "Each output depends on its own pre-activation alone, with the slope y (1 − y).",
            "identity": "Each output is its pre-activation, with the slope 1.",
            "exp": "Each output depends on its own pre-activation alone, with the slope y.",
        }[name]
    return f"{first} Times ∂J/∂y this is δ = ∂J/∂a, and it collapses to t − y."


def _flow_words(trace: Trace) -> str:
    if trace.network.L == 1:
        return "There is one layer of weights, so the gradient has no way to go."
    first, last = trace.flow[0], trace.flow[-1]
    if first.delta == 0:
        return "δ is 0 at the outputs: this sample moves no weight."
    ratio = last.delta / first.delta
    change = f"grows to {ratio:,.3g} times" if ratio >= 1 else f"shrinks to {100 * ratio:.3g} % of"
    slopes = [flow.slope for flow in trace.flow if flow.slope is not None]
    mean = sum(slopes) / len(slopes)
    return (
        f"On the way from the outputs to layer 1 the length of δ {change} what it was. Each layer multiplies it by "
        f"its weights and by its slopes, here {figure(mean)} in the mean."
    )


def equation_text(line: Line) -> list[str]:
    """left, filled and value as text; filled left out where it is the value."""
    value = figure(line.value)
    filled = expression_text(line.filled)
    return [expression_text(line.left), *([filled] if filled != value else []), value]
