"""Entries to numbers: one array axis an index, sums along their axis, derivatives by the complex step."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.derivation.expression import (
    Add,
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Expression,
    Function,
    Index,
    Mul,
    Number,
    Place,
    Power,
    Sum,
    Symbol,
)
from chainrule.derivation.numeric import FUNCTIONS, evaluate_source
from chainrule.functions import activation_named

Array = Any
STEP = 1e-30
COMPARE: dict[str, Any] = {
    "=": np.equal,
    "≠": np.not_equal,
    ">": np.greater,
    "≥": np.greater_equal,
    "<": np.less,
    "≤": np.less_equal,
}
Axes = dict[Index, int]


def layout(node: Expression, point: Any, axes: Axes) -> Array:
    """Numbers with axis 0 for many values at once and one axis for each index, of length 1 where it has none."""
    match node:
        case Number(figure):
            return float(figure)
        case Symbol():
            return _symbol(node, point, axes)
        case Sum(index, body) | BigProduct(index, body):
            values = _full(layout(body, point, axes), index, point, axes)
            fold = np.sum if isinstance(node, Sum) else np.prod
            return fold(values, axis=axes[index], keepdims=True)
        case Add(terms):
            total = layout(terms[0], point, axes)
            for term in terms[1:]:
                total = total + layout(term, point, axes)
            return total
        case Mul(factors):
            total = layout(factors[0], point, axes)
            for factor in factors[1:]:
                total = total * layout(factor, point, axes)
            return total
        case Power(base, exponent):
            return power_of(layout(base, point, axes), exponent, lambda e: layout(e, point, axes))
        case Function():
            return function_of(node, [layout(u, point, axes) for u in node.arguments])
        case Delta(left, right):
            return np.equal(_place(left, point, axes), _place(right, point, axes)) * 1.0
        case Cases(branches):
            total = layout(branches[-1][0], point, axes)
            for value, condition in reversed(branches[:-1] if branches[-1][1] is None else branches):
                assert condition is not None
                total = np.where(_holds(condition, point, axes), layout(value, point, axes), total)
            return total
        case Derivative(of, Symbol() as by):
            key = (node, tuple(axes.items()))
            if key not in point.memory:
                point.memory[key] = _derivative(of, by, point, axes)
            return point.memory[key]
        case Directional(Derivative(_, Symbol() as by)):
            return _moving_gradient(by, point, axes)
        case Directional(of):
            return np.imag(layout(of, point.along(1j * STEP), axes)) / STEP
    raise TypeError(f"no numbers for {type(node).__name__}")


def _symbol(node: Symbol, point: Any, axes: Axes) -> Array:
    kind = point.kind_of.get(node.family)
    if kind is None:
        return float(point.sizes[node.letter])  # the letter of a size: D, M, K, N
    return _placed(np.asarray(point.value(kind)), node, point, axes)


def _placed(values: Array, node: Symbol, point: Any, axes: Axes) -> Array:
    """An array with each of its axes at the place of the index its letter has there."""
    if values.ndim == len(node.places):
        values = values[None]
    kept: list[Index] = []
    for place in node.places:
        if isinstance(place, Index):
            kept.append(place)
        else:
            values = np.take(values, place - 1, axis=1 + len(kept))
    shape = [1] * (len(axes) + 1)
    shape[0] = values.shape[0]
    order = sorted(range(len(kept)), key=lambda at: axes[kept[at]])
    values = values.transpose(0, *(1 + at for at in order))
    for at in order:
        shape[axes[kept[at]]] = point.sizes[kept[at].range]
    return values.reshape(shape)


def _derivative(of: Expression, by: Symbol, point: Any, axes: Axes) -> Array:
    """∂of/∂by by the complex step: every wanted entry of ``by`` is moved, all of them at once along axis 0."""
    kind = point.kind_of[by.family]
    base = np.asarray(point.value(kind))
    if not by.places:  # one value at a time, elementwise over axis 0
        return np.imag(layout(of, point.with_held(kind, base + 1j * STEP), axes)) / STEP
    free = [place for place in by.places if isinstance(place, Index)]
    entries = np.moveaxis(np.indices(base.shape), 0, -1).reshape(-1, base.ndim)
    for at, place in enumerate(by.places):
        if not isinstance(place, Index):
            entries = entries[entries[:, at] == place - 1]
    moved = np.repeat(base[None].astype(complex), len(entries), axis=0)
    moved[(np.arange(len(entries)), *entries.T)] += 1j * STEP
    found = np.imag(layout(of, point.with_held(kind, moved), axes)) / STEP
    found = (
        np.broadcast_to(found, (len(entries), *found.shape[1:]))
        if np.ndim(found)
        else np.zeros((len(entries), *[1] * len(axes)))
    )
    found = found.reshape((*(point.sizes[index.range] for index in free), *found.shape[1:]))
    for done, index in enumerate(free):
        at = len(free) - done - 1 + axes[index]  # where the index's own axis lies now
        if found.shape[at] == 1:
            found = np.swapaxes(found, 0, at)[0]
        else:  # the index is free in `of` as well: the same entry in both
            found = np.moveaxis(np.diagonal(found, axis1=0, axis2=at), -1, at - 1)
    return found[None]


def _moving_gradient(by: Symbol, point: Any, axes: Axes) -> Array:
    """R{∂J/∂by}: the gradient, itself checked before, at weights moved by the complex step along v."""
    kind = point.kind_of[by.family]
    values = np.imag(point.along(1j * STEP).gradient(kind)) / STEP
    return _placed(values, by, point, axes)


def _full(values: Array, index: Index, point: Any, axes: Axes) -> Array:
    """Values stretched along an index's axis, so that a sum over it counts every term."""
    values = np.asarray(values)
    if values.ndim == 0:
        values = values.reshape((1,) * (len(axes) + 1))
    shape = list(values.shape)
    shape[axes[index]] = point.sizes[index.range]
    return np.broadcast_to(values, shape)


def _place(place: Place, point: Any, axes: Axes) -> Array:
    if not isinstance(place, Index):
        return place
    shape = [1] * (len(axes) + 1)
    shape[axes[place]] = -1
    return np.arange(1, point.sizes[place.range] + 1).reshape(shape)


def _holds(condition: Condition, point: Any, axes: Axes) -> Array:
    def side(part: Expression | Place) -> Array:
        return np.real(layout(part, point, axes)) if isinstance(part, Expression) else _place(part, point, axes)

    left, right = side(condition.left), side(condition.right)
    return COMPARE[condition.relation](left, right)


def power_of(base: Array, exponent: Expression, value: Any) -> Array:
    if isinstance(exponent, Number) and isinstance(exponent.value, int):
        return 1.0 / base ** (-exponent.value) if exponent.value < 0 else base**exponent.value
    return base ** value(exponent)


def function_of(node: Function, arguments: list[Array]) -> Array:
    if node.name in FUNCTIONS and not node.primes:
        return FUNCTIONS[node.name](*arguments)
    row = activation_named(node.name)
    (a,) = arguments
    z = evaluate_source(row.value, a=a)
    return z if not node.primes else evaluate_source((row.slope, row.curvature)[node.primes - 1], a=a, z=z)
