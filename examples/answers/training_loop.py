"""The functions are nearly right; the loop that trains with them is not."""

import numpy as np

rng = np.random.default_rng(0)
X = rng.standard_normal((300, 2))
T = np.eye(3)[rng.integers(3, size=300)]
N = len(X)

W1, b1 = rng.standard_normal((2, 3)), rng.standard_normal(3)
V, b2 = rng.standard_normal((3, 3)), rng.standard_normal(3)


def forward(X, W1, b1, V, b2):
    Z = 1 / (1 + np.exp(-(X @ W1 + b1)))
    A = Z @ V + b2
    e = np.exp(A - A.max(axis=0))
    return e / e.sum(axis=0), Z


def cost(T, Y):
    return -((T - Y) ** 2).sum() / 2


def derivative_v(Z, T, Y):
    return Z @ (T - Y)


def derivative_b2(T, Y):
    return (T - Y).sum(axis=0) / N


def derivative_w1(X, Z, T, Y, V):
    delta = (T - Y) @ V * Z * (1 - Z)
    return X.T @ delta


def derivative_b1(T, Y, V, Z):
    delta = (Y - T) @ V.T * (1 - Z)
    return delta.sum(axis=0)


for _ in range(1000):
    Y, Z = forward(X, W1, b1, V, b2)
    V += 1e-3 * derivative_v(Z, T, Y)
    b2 += 1e-3 * derivative_b2(T, Y)
    W1 += 1e-3 * derivative_w1(X, Z, T, Y, V)
    b1 += 1e-3 * derivative_b1(T, Y, V, Z)
