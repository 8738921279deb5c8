"""Matrix expressions to numbers: whole arrays instead of entries."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from chainrule.derivation.entries import COMPARE, STEP, function_of, layout, power_of
from chainrule.derivation.expression import (
    Add,
    Cases,
    Condition,
    Derivative,
    Directional,
    Expression,
    Function,
    Hadamard,
    MatMul,
    Matrix,
    Mul,
    Number,
    Power,
    Symbol,
    Transpose,
)

Array = Any


def whole(node: Expression, point: Any) -> Array:
    """Numbers of a matrix expression."""
    match node:
        case Matrix("1"):
            return np.ones(point.sizes["N"])
        case Matrix():
            return point.value(kind_of_matrix(node, point))
        case Number(figure):
            return float(figure)
        case Symbol():
            kind = point.kind_of.get(node.family)
            return float(point.sizes[node.letter]) if kind is None else point.value(kind)
        case Transpose(of):
            return whole(of, point).T
        case MatMul(factors):
            return functools.reduce(operator.matmul, [whole(factor, point) for factor in factors])
        case Add(parts):
            return functools.reduce(operator.add, [whole(part, point) for part in parts])
        case Hadamard(parts) | Mul(parts):
            return functools.reduce(operator.mul, [whole(part, point) for part in parts])
        case Power(base, exponent):
            return power_of(whole(base, point), exponent, lambda e: whole(e, point))
        case Function():
            return function_of(node, [whole(u, point) for u in node.arguments])
        case Cases(branches):
            return _whole_cases(branches, point)
        case Derivative(of, Matrix() as by):
            return _whole_derivative(of, by, point)
        case Directional(of):
            return np.imag(whole(of, point.along(1j * STEP))) / STEP
    raise TypeError(f"no numbers for {type(node).__name__}")


def _whole_derivative(of: Expression, by: Matrix, point: Any) -> Array:
    """The gradient of a scalar, an entry of ``by`` at a time, as an array of its shape."""
    kind = kind_of_matrix(by, point)
    base = np.asarray(point.value(kind))
    entries = np.moveaxis(np.indices(base.shape), 0, -1).reshape(-1, base.ndim)
    moved = np.repeat(base[None].astype(complex), len(entries), axis=0)
    moved[(np.arange(len(entries)), *entries.T)] += 1j * STEP
    found = np.imag(layout(of, point.with_held(kind, moved), {})) / STEP
    return np.broadcast_to(found, len(entries)).reshape(base.shape)


def _whole_cases(branches: tuple[tuple[Expression, Condition | None], ...], point: Any) -> Array:
    """Numbers of cases on whole arrays, entry by entry."""
    (value, condition), *rest = branches
    if condition is None:
        return whole(value, point)
    assert isinstance(condition.left, Expression)
    assert isinstance(condition.right, Expression)
    left, right = np.real(whole(condition.left, point)), np.real(whole(condition.right, point))
    return np.where(COMPARE[condition.relation](left, right), whole(value, point), _whole_cases(tuple(rest), point))


def kind_of_matrix(node: Matrix, point: Any) -> Any:
    for kind in point.letters.kinds():
        if point.letters.matrix(kind) == node and kind[0] not in ("Jn", "P"):
            return kind
    raise KeyError(node)
