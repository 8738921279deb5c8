"""The softmax is differentiated like a sigmoid: y (1 - y) for every class, by itself."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(a):
    e = np.exp(a - np.max(a, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_derivative(y):
    return y * (1 - y)


def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    return softmax(Z.dot(V) + b2), Z


def cost(T, Y):
    return np.sum(T * np.log(Y))


def derivative_v(Z, T, Y):
    dJ_dY = T / Y
    return Z.T.dot(dJ_dY * softmax_derivative(Y))


def derivative_b2(T, Y):
    dJ_dY = T / Y
    return np.sum(dJ_dY * softmax_derivative(Y), axis=0)


def derivative_w1(X, Z, T, Y, V):
    delta = (T - Y).dot(V.T) * sigmoid(Z) * (1 - sigmoid(Z))
    return X.T.dot(delta)


def derivative_b1(T, Y, V, Z):
    delta = (T - Y) * Y * (1 - Y)
    return np.sum(delta.dot(V.T) * Z, axis=0)
