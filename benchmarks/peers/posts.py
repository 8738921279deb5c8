"""The post's own functions, with its loop mended so that V is the matrix that learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.cases import Case


def build(case: Case, X: np.ndarray, labels: np.ndarray, start: list) -> Callable[[int], float]:
    """A function that runs so many more epochs and returns J."""
    if case.name != "post":
        raise NotImplementedError("the post has one network")
    (W, b), (V, c) = ((w.copy(), v.copy()) for w, v in start)
    T = np.eye(case.sizes[-1])[labels]
    rate = case.learning_rate

    def forward():
        Z = 1 / (1 + np.exp(-X.dot(W) - b))
        expA = np.exp(Z.dot(V) + c)
        return expA / expA.sum(axis=1, keepdims=True), Z

    def run(epochs: int) -> float:
        nonlocal W, b, V, c
        for _ in range(epochs):
            Y, Z = forward()
            dV, dc = Z.T.dot(T - Y), (T - Y).sum(axis=0)
            dW = X.T.dot((T - Y).dot(V.T) * Z * (1 - Z))
            db = ((T - Y).dot(V.T) * Z * (1 - Z)).sum(axis=0)
            V += rate * dV
            c += rate * dc
            W += rate * dW
            b += rate * db
        return float((T * np.log(forward()[0])).sum())

    return run
