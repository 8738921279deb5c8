"""One sample's numbers in every line: letters at chosen indices replaced by what they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from chainrule.derivation.check import TOLERANCE, relative
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import (
    Add,
    BigProduct,
    Cases,
    Delta,
    Derivative,
    Directional,
    Expression,
    Index,
    Matrix,
    Mul,
    Number,
    Place,
    Power,
    Sum,
    Symbol,
)
from chainrule.derivation.letters import Kind, Letters
from chainrule.derivation.point import CountPoint, Point, UnitPoint
from chainrule.derivation.render.text import index_text
from chainrule.derivation.steps import SampleNumbers, Step
from chainrule.derivation.walk import BINDERS, children, contains, free_indices, rebuilt, with_indices
from chainrule.errors import DataError, DerivationError, SettingError
from chainrule.network import Network, Weights

MOST_TERMS = 6
Array = Any


class Sample:
    """One sample and the indices that are shown: the class that came, first units, first inputs.

    Raises
    ------
    SettingError
        Not all three of weights, x and t are given.
    DataError
        One of them does not fit the network.
    """

    def __init__(self, letters: Letters, weights: Any, x: Any, t: Any, *, descent: bool, mean: bool) -> None:
        missing = [name for name, value in (("weights", weights), ("x", x), ("t", t)) if value is None]
        if missing:
            raise SettingError(
                f"To show numbers, {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
                "Give all three: weights, x (the inputs of one sample), t (its targets).",
            )
        net = letters.net
        weights = weights if isinstance(weights, Weights) else net.weights_from(weights)
        if weights.network != net:
            raise DataError(f"The weights are of {weights.network.notation}, not of {net.notation}.")
        self.letters, self.x, self.t = letters, _row(x, "x", net.D), _row(t, "t", net.K)
        _allowed_targets(net, self.t)
        given: dict[Kind, Array] = {("z", 0): self.x[None], ("t", net.L): self.t[None]}
        for l in range(1, net.L + 1):
            given["W", l] = np.array(weights.W[l], dtype=float)
            given["b", l] = np.array(weights.b[l], dtype=float)
        if not all(np.isfinite(values).all() for values in given.values()):
            raise DataError("The weights are not all finite numbers.", "Numbers can be shown for finite ones only.")
        direction = {kind: np.ones_like(values) for kind, values in given.items() if kind[0] in "Wb"}
        sizes = {letters.index(l).range: net.M[l] for l in range(net.L + 1)}
        self.point = Point(letters, given, {**sizes, "N": 1}, descent=descent, mean=mean, direction=direction)
        self.true = int(np.argmax(self.t)) + 1 if net.law.has_classes else 1
        self._last: tuple[Expression | None, float] = (None, float("nan"))
        self.other = 1 if self.true != 1 or net.K == 1 else 2

    @property
    def chosen(self) -> str:
        """Which sample and indices the numbers are for, in words."""
        net = self.letters.net
        last = self.letters.index(net.L)
        shown = [f"{index_text(last)} = {self.true}" + self._class_words()]
        if net.law.name == "softmax":
            shown.append(f"{index_text(last)}' = {self.other} where the two differ")
        shown += [f"{index_text(self.letters.index(l))} = 1" for l in range(net.L - 1, -1, -1)]
        return (
            f"The numbers are those of one sample (N = 1): x = {_listed(self.x)}, t = {_listed(self.t)}. Of each "
            f"line they show the entry with {'; '.join(shown)}."
        )

    def _is_at_kink(self) -> bool:
        """Whether a pre-activation lies exactly where its slope jumps: there the two sides have two right answers."""
        net = self.letters.net
        rows = [(l, net.activations[l]) for l in range(1, net.L)]
        return any(row is not None and np.isin(self.point.value(("a", l)), row.kinks).any() for l, row in rows)

    def _class_words(self) -> str:
        """What the shown output is, where outputs are classes."""
        if self.letters.net.law.name != "softmax":
            return ""
        return ", the class that came" if self.t.max() == 1 else ", the class with the largest target"

    def places(self, step: Step, indices: frozenset[Index]) -> dict[Index, Place]:
        """The number each free index of a line is set to."""
        last = self.letters.index(self.letters.net.L)
        differ = self.letters.net.law.name == "softmax" and step.anchor.startswith("dYdA")
        return {
            index: 1 if index.range != last.range else self.other if index.primes and differ else self.true
            for index in indices
        }

    def shown(self, step: Step, point: Any) -> Step:
        """The step with its numbers, and with its error at these numbers as well.

        Raises
        ------
        DerivationError
            The two sides differ at these numbers.
        """
        if step.before is None or step.after is None or isinstance(point, CountPoint):
            return step
        if contains(step.before, Matrix) or contains(step.after, Matrix):
            return step
        if isinstance(point, UnitPoint):
            point = self._unit(point)
        else:
            point = self.point
        places = self.places(step, free_indices(step.before))
        left, right = with_indices(step.before, places), with_indices(step.after, places)
        with np.errstate(all="ignore"):
            before, after = _one(left, point), _one(right, point)
        error = step.error
        if np.isfinite(before) and np.isfinite(after):
            here = relative(before, after, floor=1e-3)
            if here > TOLERANCE * 1e3 and not self._is_at_kink():
                raise DerivationError(
                    f"A line of the derivation is wrong at these numbers: {left} = {right}.",
                    f"It is line {step.anchor} ({step.rule}): {before:.17g} and {after:.17g}.",
                    "This is a fault of chainrule, please report it.",
                )
            error = error if self._is_at_kink() else max(error or 0.0, here)
        with np.errstate(all="ignore"):
            made = _filled(right, point)
        finite = [value for value in (after, before, self._value_of(left)) if np.isfinite(value)]
        if not finite:  # an exponential beyond all numbers: there is nothing to show
            return step
        value = finite[0]
        self._last = (right, value)
        return dataclasses.replace(step, numbers=SampleNumbers(left, made, value), error=error)

    def _value_of(self, left: Expression) -> float:
        """The value of the line above, where this line continues it."""
        return self._last[1] if self._last[0] == left else float("nan")

    def _unit(self, point: UnitPoint) -> UnitPoint:
        """The first unit that has this activation, at this sample."""
        net = self.letters.net
        l = next(l for l in range(1, net.L) if net.activations[l] == point.row)
        return UnitPoint(point.row, self.point.value(("a", l))[0, :1])


def _one(node: Expression, point: Any) -> float:
    return float(np.real(np.asarray(evaluate(node, point)).ravel()[0]))


def _filled(node: Expression, point: Any) -> Expression:
    """The expression with a Number for every letter; sums written out, long ones with dots."""
    match node:
        case Number():
            return node
        case Symbol() | Derivative() | Directional():
            return Number(_one(node, point) + 0.0)  # no −0
        case Delta(left, right):
            return Number(int(left == right))
        case Cases(branches):
            for value, condition in branches:
                if condition is None or _one(Cases(((Number(1), condition), (Number(0), None))), point):
                    return _filled(value, point)
            return Number(_one(node, point) + 0.0)  # no −0
        case Sum(index, body) | BigProduct(index, body):
            size = point.sizes[index.range]
            wanted = list(range(1, size + 1)) if size <= MOST_TERMS else [1, 2, 3, 0, size]
            parts = [_filled(with_indices(body, {index: at}), point) if at else Symbol("…") for at in wanted]
            return _joined(parts, Add if isinstance(node, Sum) else Mul)
        case Add(terms):
            return _joined([_filled(term, point) for term in terms], Add)
        case Mul(factors):
            return _joined([_filled(factor, point) for factor in factors], Mul)
    parts = [_filled(part, point) for part in children(node)]
    if isinstance(node, BINDERS):
        raise TypeError(node)
    if isinstance(node, Power):
        return Power(*parts)  # not worked out: the numbers are to be seen
    return rebuilt(node, tuple(parts)) if parts else node


def _joined(parts: list[Expression], kind: Any) -> Expression:
    """Terms or factors as one node, not worked out, flat."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.terms if isinstance(part, Add) else part.factors)
        else:
            flat.append(part)
    if kind is Mul:  # an exact ±1 in front is only a sign, an exact 1 elsewhere nothing
        flat = [p for p in flat if not (isinstance(p, Number) and type(p.value) is int and p.value == 1)] or [Number(1)]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _row(values: Any, name: str, width: int) -> Array:
    try:
        row = np.asarray(values, dtype=float).reshape(-1)
    except (TypeError, ValueError):
        raise DataError(f"{name} does not hold numbers.", f"Give the {width} numbers of one sample.") from None
    if row.shape != (width,):
        raise DataError(
            f"{name} has {row.size} numbers, and the network takes {width}.", "Give one sample: one row of the table."
        )
    if not np.isfinite(row).all():
        raise DataError(f"{name} has values that are not finite.", "Give finite numbers.")
    return row


def _allowed_targets(net: Network, t: Array) -> None:
    wrong = {
        "softmax": bool((t < 0).any() or abs(t.sum() - 1) > 1e-6),
        "sigmoid": bool(((t < 0) | (t > 1)).any()),
        "exp": bool((t < 0).any()),
    }.get(net.law.name, False)
    if wrong:
        raise DataError(f"t is outside the {net.law.distribution} law: {_listed(t)}.", f"Allowed: {net.law.targets}.")


def _listed(values: Array) -> str:
    shown = ", ".join(f"{v:.4g}".replace("-", "−") for v in values[:8])
    return f"({shown}{', …' if len(values) > 8 else ''})"
