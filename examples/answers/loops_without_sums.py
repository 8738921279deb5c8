"""Written from formulas in index notation that have lost their sums."""

import math

import numpy as np


def forward(X, W1, b1, V, b2):
    N, K = len(X), V.shape[1]
    Z, Y = np.zeros((N, V.shape[0])), np.zeros((N, K))
    for n in range(N):
        for m in range(V.shape[0]):
            Z[n, m] = 1 / (1 + math.exp(-(sum(X[n, d] * W1[d, m] for d in range(X.shape[1])) + b1[m])))
        a = [sum(Z[n, m] * V[m, k] for m in range(V.shape[0])) + b2[k] for k in range(K)]
        top = max(a)
        total = sum(math.exp(v - top) for v in a)
        for k in range(K):
            Y[n, k] = math.exp(a[k] - top) / total
    return Y, Z


def derivative_v(Z, T, Y):
    grad = np.zeros((Z.shape[1], T.shape[1]))
    for n in range(len(T)):
        for m in range(Z.shape[1]):
            for k in range(T.shape[1]):
                grad[m, k] = (T[n, k] - Y[n, k]) * Z[n, m]
    return grad


def derivative_b2(T, Y):
    return [sum(T[n, k] - Y[n, k] for n in range(len(T))) for k in range(T.shape[1])]


def derivative_w1(X, Z, T, Y, V):
    grad = np.zeros((X.shape[1], Z.shape[1]))
    for n in range(len(T)):
        for d in range(X.shape[1]):
            for m in range(Z.shape[1]):
                for k in range(T.shape[1]):
                    delta = (T[n, k] - Y[n, k]) * V[m, k] * Z[n, m] * (1 - Z[n, m])
                grad[d, m] += delta * X[n, d]
    return grad


def derivative_b1(T, Y, V, Z):
    m = 0
    while m < Z.shape[1]:
        slope = Z[:, m] * (1 - Z[:, m])
        delta = (T - Y) @ V[m] * slope
    return delta


def cost(T, Y):
    return [sum(T[n, k] * math.log(Y[n, k]) for k in range(T.shape[1])) for n in range(len(T))]
