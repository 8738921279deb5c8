"""Right, in a course that makes the mean of the negative log-likelihood small.

With ``--sign descent --reduction mean`` everything passes.
"""

import numpy as np


def forward(X, W1, b1, W2, b2):
    hidden = 0.5 + 0.5 * np.tanh(0.5 * (X @ W1 + b1))
    logits = hidden @ W2 + b2
    logits -= logits.max(axis=1, keepdims=True)
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), hidden


def loss(y, y_hat):
    return -np.mean(np.sum(y * np.log(y_hat), axis=1))


def grad_w2(hidden, y, y_hat):
    return hidden.T @ (y_hat - y) / len(y)


def grad_b2(y, y_hat):
    return np.mean(y_hat - y, axis=0)


def grad_w1(X, hidden, y, y_hat, W2):
    delta = (y_hat - y) @ W2.T * hidden * (1 - hidden)
    return X.T @ delta / len(X)


def grad_b1(y, y_hat, W2, hidden):
    return np.mean((y_hat - y) @ W2.T * hidden * (1 - hidden), axis=0)
