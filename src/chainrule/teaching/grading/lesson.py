"""The lesson of a mistake: the line of the derivation that it breaks, and that line with numbers."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.derivation import Derivation, Step, derive
from chainrule.derivation.render.text import expression_text
from chainrule.network import Network
from chainrule.program.operations import Program
from chainrule.program.vocabulary import written_out
from chainrule.program.wording import called, numpy_text
from chainrule.teaching.grading.diagnose import Evaluator
from chainrule.teaching.grading.mutations import Mutation
from chainrule.teaching.grading.problems import Problem

Array = npt.NDArray[Any]
_MOST_TERMS = 5
_FROM_ERROR = ("delta", "back", "dW", "db")


class Lines:
    """Lines of a network's derivation as text, by what is computed: ``slope1``, ``dW2``, ``Y``, ``J``."""

    def __init__(self, net: Network, *, post: bool, sign: str = "ascent", reduction: str = "sum") -> None:
        self.net = net
        self._as_post = post and net.L == 2
        letters = "post" if self._as_post else None
        self._derivation = _derived(net, letters, sign, reduction, net.activations)
        self._steps = [step for step in self._derivation.steps if not step.is_remark]

    def text(self, target: str, mistake: str = "") -> str:
        """The line that a mistake in this array breaks; nothing where the derivation has none."""
        L = self.net.L
        if mistake in ("softmax-diagonal", "softmax-jacobian", "missing-output-slope") and self.net.law.name != "exp":
            block = "dYdA-delta" if self.net.law.name == "softmax" else "dYdA"
            if line := self._ends(block):
                return line
        kind, layer = target.rstrip("0123456789"), target.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        match kind:
            case "delta":
                return self._ends(f"delta{layer}")
            case "back":
                return self._ends(f"dZ{layer}", r"∂[JE].*/∂z")
            case "slope":
                row = self.net.activations[int(layer)]
                return self._ends(f"slope-{row.name}", "∂z") if row else ""
            case "dW" | "db":
                return self._ends(target, "∂[JE]/∂")
            case "A":
                return self._starts(f"forward{layer}", 0)
            case "Z":
                return self._starts(f"forward{layer}", 2)
            case "Y":
                return self._starts(f"forward{L}", 2)
        return self._ends("objective", "[JE]")

    def spoken(self, words: str) -> str:
        """Words about arrays in the letters of these lines."""
        if self._as_post:
            for general, own in (("W²", "V"), ("W¹", "W"), ("b²", "c"), ("b¹", "b"), ("Z¹", "Z"), ("Z1", "Z")):
                words = words.replace(general, own)
        return words

    def _block(self, name: str) -> list[Step]:
        from chainrule.derivation.expression import Matrix
        from chainrule.derivation.walk import contains

        return [
            step
            for step in self._steps
            if step.anchor.rpartition("-")[0] == name and step.after is not None and not contains(step.after, Matrix)
        ]

    def _ends(self, block: str, left: str = "") -> str:
        """From the first line whose left side begins so to the right side of the last line."""
        steps = self._block(block)
        first = next((step for step in steps if re.match(left, _left(step))), None)
        if first is None or steps[-1].after is None:
            return ""
        return f"{_left(first)} = {expression_text(steps[-1].after)}"

    def _starts(self, block: str, at: int) -> str:
        """One definition of the way forward."""
        steps = [step for step in self._steps if step.anchor == f"{block}-{at + 1}"]
        if not steps or steps[0].after is None:
            return ""
        return f"{_left(steps[0])} = {expression_text(steps[0].after)}"


def _left(step: Step) -> str:
    return expression_text(step.before) if step.before is not None else ""


@functools.lru_cache(maxsize=32)
def _derived(net: Network, letters: Any, sign: Any, reduction: Any, rows: Any) -> Derivation:
    """``rows`` belongs to the key: a user may define an activation anew."""
    return derive(net, letters=letters, sign=sign, reduction=reduction)


def example(mutation: Mutation, small: Problem, rate: float | None = None, *, descends: bool = False) -> str:
    """One entry of the broken operation in numbers: what it is, what was taken instead."""
    target = mutation.target
    made = Evaluator(target, with_forward=mutation.is_forward)(small, dict(mutation.sources), rate or 0.0)
    if descends:  # everything that comes from the error has the other sign
        turned = {name: -v if name.startswith(_FROM_ERROR) else v for name, v in small.truth.items()}
        small = dataclasses.replace(small, truth=turned)
        made = -made if made is not None and target.startswith(_FROM_ERROR) else made
    truth = small.truth[target]
    if made is None or made.ndim != truth.ndim or made.shape != truth.shape:
        return _about_shapes(target, made, truth)
    with np.errstate(all="ignore"):
        gap = np.abs(made - truth)
    if not np.isfinite(gap).all() or gap.max(initial=0.0) < 1e-9:
        return ""
    at = np.unravel_index(int(gap.argmax()), gap.shape)
    sum_text = _worked(target, at, small)
    where = _place(target, at)
    return f"With numbers, {where}: {sum_text}{number(truth[at])}, not {number(made[at])}."


def _about_shapes(target: str, made: Array | None, truth: Array) -> str:
    if made is None:
        return ""
    return f"With 2 samples its shape is {shape_text(made.shape)} and must be {shape_text(truth.shape)}."


def _place(target: str, at: tuple[Any, ...]) -> str:
    """``sample 1, unit 2`` for an array over samples, ``entry [0, 1]`` for weights."""
    if target[:2] in ("dW", "db"):
        return f"entry [{', '.join(str(int(i)) for i in at)}]"
    return f"sample {int(at[0]) + 1}, unit {int(at[1]) + 1}"


def _worked(target: str, at: tuple[Any, ...], p: Problem) -> str:
    """The arithmetic of one entry up to its equals sign; nothing where it would be long."""
    L, v = p.net.L, p.truth
    kind, l = (
        target.rstrip("0123456789"),
        int(target.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") or 0),
    )
    below = "X" if l <= 1 else f"Z{l - 1}"
    if kind == "delta" and l == L:
        t, y = number(v["T"][at]), number(v["Y"][at])
        rises = (v["T"][at] - v["Y"][at]) * v[target][at] >= 0
        return f"t − y = {t} − {_signed(y)} = " if rises else f"y − t = {y} − {_signed(t)} = "
    if kind == "slope":
        return f"at z = {number(v[f'Z{l}'][at])} (a = {number(v[f'A{l}'][at])}) the slope is "
    if kind == "back":
        return _sum("Σ_k δ_k w_k", v[f"delta{l + 1}"][at[0]], v[f"W{l + 1}"][at[1]])
    if kind == "dW":
        return _sum("Σ_n " + ("x δ" if l == 1 else "z δ"), v[below][:, at[0]], v[f"delta{l}"][:, at[1]])
    if kind == "db":
        delta = v[f"delta{l}"][:, at[0]]
        return f"Σ_n δ = {' + '.join(_signed(number(x)) for x in delta)} = " if len(delta) <= _MOST_TERMS else ""
    if kind == "A":
        return _sum(
            "Σ " + ("x w" if l == 1 else "z w") + " + b", v[below][at[0]], v[f"W{l}"][:, at[1]], v[f"b{l}"][at[1]]
        )
    if kind == "Z":
        return f"at a = {number(v[f'A{l}'][at])} the {p.net.layers[l - 1].function} is "
    if kind == "Y":
        row = ", ".join(number(a) for a in v[f"A{L}"][at[0]][:_MOST_TERMS])
        return f"a = ({row}) gives y = " if p.net.K <= _MOST_TERMS else ""
    return ""


def _sum(what: str, left: Array, right: Array, rest: float | None = None) -> str:
    if len(left) > _MOST_TERMS:
        return f"{what} = "
    terms = [f"{_signed(number(a))}·{_signed(number(b))}" for a, b in zip(left, right, strict=True)]
    if rest is not None:
        terms.append(_signed(number(rest)))
    return f"{what} = {' + '.join(terms)} = "


def number(value: Any) -> str:
    """Four figures, a real minus sign."""
    value = float(value)
    text = "0" if abs(value) < 1e-12 else f"{value:.4g}"
    return text.replace("-", "−")


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def shape_text(shape: tuple[int, ...]) -> str:
    """``(3,)``, ``(2, 3)``, or one number."""
    return "one number" if not shape else str(tuple(int(size) for size in shape))


def solution(target: str, program: Program, rename: dict[str, str], scale: str = "") -> str:
    """The lines of NumPy that are right, from the program, in the letters of the learner."""
    goals = {"forward": ["Y"], "cost": ["J"], "gradient": [f"d{n}" for n in program.network.names]}.get(
        target, [target]
    )
    given = set() if target in ("forward", "gradient", "cost") else {o.target for o in program.forward}
    wanted, kept = set(goals), []
    for operation in reversed(program.operations):
        if operation.target in wanted and operation.target not in given:
            kept.append(operation)
            wanted |= set(re.findall(r"[A-Za-z_]\w*", operation.source))
    called_functions, _ = written_out({name for operation in kept for name in called(operation.source)})
    lines = [line for text in called_functions for line in (*text.splitlines(), "")]
    for operation in reversed(kept):
        source = f"{scale}({operation.source})" if scale and operation.role == "error" else operation.source
        text = f"{operation.target} = {numpy_text(source)}"
        for old, new in rename.items():
            text = re.sub(rf"\b{old}\b", new, text)
        lines.append(text)
    return "\n".join(lines)
