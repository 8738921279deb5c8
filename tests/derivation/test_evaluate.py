"""Expressions to numbers against plain NumPy written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import (
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Hadamard,
    MatMul,
    Matrix,
    Number,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import Point, random_point
from chainrule.kernels import reference


@pytest.fixture(params=[False, True], ids=["general", "post"])
def problem(request):
    letters = Letters(Network("2-3-4"), as_post=request.param)
    return letters, random_point(letters, descent=False, mean=False)


def arrays(point: Point):
    W = {l: point.given["W", l] for l in (1, 2)}
    b = {l: point.given["b", l] for l in (1, 2)}
    X, T = point.given["z", 0], point.given["t", 2]
    Z = 1 / (1 + np.exp(-(X @ W[1] + b[1])))
    A = Z @ W[2] + b[2]
    Y = np.exp(A) / np.exp(A).sum(axis=1, keepdims=True)
    return X, T, W, b, Z, A, Y


def close(received, expected):
    assert np.shape(received) == np.shape(expected)
    assert np.allclose(received, expected, rtol=1e-13, atol=1e-16)


def test_entries_sums_and_products(problem):
    letters, point = problem
    X, T, _W, _b, _Z, A, Y = arrays(point)
    n, m, k = letters.n, letters.index(1), letters.index(2)
    z, w, c, y, t = (letters.entry(kind) for kind in (("z", 1), ("W", 2), ("b", 2), ("z", 2), ("t", 2)))
    close(evaluate(Sum(m, z * w) + c, point, (n, k)), A)
    close(evaluate(Sum(m, z * w) + c, point, (k, n)), A.T)
    close(evaluate(y, point, (n, k)), Y)
    close(evaluate(BigProduct(n, BigProduct(k, y**t)), point), np.prod(Y**T))
    close(evaluate(Sum(k, Number(1)), point), 4.0)
    close(evaluate(Symbol("N") * Symbol("K"), point), 8.0)
    close(evaluate(y.at((2, 3)), point), Y[1, 2])
    assert X.shape == (2, 2)


def test_deltas_and_cases(problem):
    letters, point = problem
    k, other = letters.index(2), letters.index(2).primed()
    close(evaluate(Delta(other, k), point, (other, k)), np.eye(4))
    either = Cases(((Number(5), Condition(other, "=", k)), (Number(7), None)))
    close(evaluate(either, point, (other, k)), 7 - 2 * np.eye(4))
    w = letters.entry(("W", 2))
    positive = Cases(((w, Condition(w, ">", Number(0))), (Number(0), None)))
    close(evaluate(positive, point, w.places), np.maximum(point.given["W", 2], 0))


def test_derivatives_are_those_of_calculus(problem):
    letters, point = problem
    X, T, W, b, _Z, _A, Y = arrays(point)
    n, k, other = letters.n, letters.index(2), letters.index(2).primed()
    Jn, J, y, a, z = (letters.entry(kind) for kind in (("Jn", 0), ("J", 0), ("z", 2), ("a", 2), ("z", 1)))
    close(evaluate(Derivative(Jn, y), point, (n, k)), T / Y)
    close(evaluate(Derivative(Jn, a), point, (n, k)), T - Y)
    close(evaluate(Derivative(Jn, z), point, z.places), (T - Y) @ W[2].T)
    jacobian = Y[:, :, None] * (np.eye(4) - Y[:, None, :])
    close(evaluate(Derivative(y.at((n, other)), a), point, (n, other, k)), jacobian)
    close(evaluate(Derivative(y.at((1, 3)), a.at((1, 2))), point), jacobian[0, 2, 1])
    assert np.all(evaluate(Derivative(y.at((1, 3)), a.at((2, 2))), point) == 0)
    net = letters.net
    flat = np.concatenate([part.ravel() for l in (1, 2) for part in (W[l], b[l])])
    gradient = net.weights_from(reference.gradient(net, net.weights_from(flat), X, T)[1])
    for l in (1, 2):
        for kind, truth in (("W", gradient.W[l]), ("b", gradient.b[l])):
            entry = letters.entry((kind, l))
            close(evaluate(Derivative(J, entry), point, entry.places), truth)
            close(evaluate(Derivative(J, letters.matrix((kind, l))), point), truth)


def test_directional_derivatives_follow_the_direction(problem):
    letters, point = problem
    J = letters.entry(("J", 0))
    total = sum((evaluate(Derivative(J, letters.matrix(kind)), point) * v).sum() for kind, v in point.direction.items())
    close(evaluate(Directional(J), point), total)
    w = letters.entry(("W", 1))
    close(evaluate(Directional(w), point, w.places), point.direction["W", 1])


def test_matrix_forms(problem):
    letters, point = problem
    X, T, W, b, Z, A, Y = arrays(point)
    z, w, c, delta = (letters.matrix(kind) for kind in (("z", 1), ("W", 2), ("b", 2), ("delta", 2)))
    close(evaluate(MatMul((z, w)) + c, point), A)
    close(evaluate(delta, point), T - Y)
    back = Hadamard((MatMul((delta, Transpose(w))), z, 1 - z))
    close(evaluate(back, point), ((T - Y) @ W[2].T) * Z * (1 - Z))
    close(evaluate(MatMul((Transpose(delta), Matrix("1"))), point), (T - Y).sum(axis=0))
    assert b[1].shape == (3,)
    assert X.shape == (2, 2)


def test_a_free_index_without_an_axis_is_refused(problem):
    letters, point = problem
    with pytest.raises(ValueError, match="free"):
        evaluate(letters.entry(("z", 2)), point, (letters.n,))


@pytest.mark.parametrize(("descent", "mean", "factor"), [(True, False, -1), (False, True, 1 / 2), (True, True, -1 / 2)])
def test_the_objective_has_the_sign_and_the_mean_asked_for(descent, mean, factor):
    letters = Letters(Network("2-3-4"))
    plain = random_point(letters, descent=False, mean=False)
    point = random_point(letters, descent=descent, mean=mean)
    J = letters.entry(("J", 0))
    close(evaluate(J, point), factor * evaluate(J, plain))
    w = letters.entry(("W", 1))
    close(evaluate(Derivative(J, w), point, w.places), factor * evaluate(Derivative(J, w), plain, w.places))
