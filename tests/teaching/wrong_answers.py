"""Answers as learners write them: each with a mistake, or right in its own way. None is made by our mutations.

``WRONG`` and ``RIGHT`` list a function, the networks of the exercise and the mistakes to be named.
"""

# ruff: noqa: F811
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Answer(NamedTuple):
    """A learner's function, the network of the exercise, what must be found."""

    function: Callable[..., Any]
    network: str
    mistakes: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """For the name of a test."""
        said = "+".join(self.mistakes) or "right"
        return (
            f"{said}:{self.function.__name__}:{self.network.replace(' ', '_')}:{self.function.__code__.co_firstlineno}"
        )


WRONG: list[Answer] = []
RIGHT: list[Answer] = []


def wrong(mistakes: str, *networks: str, **options: str) -> Callable[[Any], Any]:
    """Put a function on the list of the wrong ones."""

    def register(function: Any) -> Any:
        WRONG.extend(Answer(function, net, tuple(mistakes.split()), tuple(options.items())) for net in networks)
        return function

    return register


def right(*networks: str, **options: str) -> Callable[[Any], Any]:
    """Put a function on the list of the right ones."""

    def register(function: Any) -> Any:
        RIGHT.extend(Answer(function, net, (), tuple(options.items())) for net in networks)
        return function

    return register


CLASSES = ("2-3-3", "4-5-3")
ANY_LAW = ("2-3-3", "3-4-1", "3-4-2 identity")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- the weights of the outputs


@wrong("sign", *ANY_LAW)
def derivative_v(Z, T, Y):
    return Z.T.dot(Y - T)


@wrong("factor", *ANY_LAW)
def derivative_v(Z, T, Y):
    return Z.T.dot(T - Y) / len(Z)


@wrong("factor", "3-4-2 identity")
def derivative_v(Z, T, Y):
    error = 2 * (T - Y)
    return Z.T @ error


@wrong("sign factor", "2-3-3", "3-4-2 identity")
def derivative_v(Z, T, Y):
    return np.mean([np.outer(z, y - t) for z, t, y in zip(Z, T, Y, strict=True)], axis=0)


@wrong("transposed", *CLASSES)
def derivative_v(Z, T, Y):
    return (T - Y).T.dot(Z)


@wrong("transposed", "4-5-3")
def derivative_v(Z, T, Y):
    return Z.dot(T - Y)


@wrong("output-slope", "2-3-3", "3-4-1")
def derivative_v(Z, T, Y):
    delta = (T - Y) * Y * (1 - Y)
    return np.dot(Z.T, delta)


@wrong("output-slope", "3-4-2 exp")
def derivative_v(Z, T, Y):
    return Z.T @ ((T - Y) * Y)


@wrong("softmax-diagonal", *CLASSES)
def derivative_v(Z, T, Y):
    dJ_dY = T / Y
    dY_dA = Y * (1 - Y)
    return Z.T.dot(dJ_dY * dY_dA)


@wrong("softmax-jacobian", *CLASSES)
def derivative_v(Z, T, Y):
    N, K = T.shape
    delta = np.zeros((N, K))
    for n in range(N):
        for k in range(K):
            for other in range(K):
                delta[n, k] += T[n, other] / Y[n, other] * Y[n, other] * ((k == other) - Y[n, other])
    return Z.T.dot(delta)


@wrong("missing-output-slope", "2-3-3")
def derivative_v(Z, T, Y):
    return Z.T @ (T / Y)


@wrong("wrong-law", "2-3-3")
def derivative_v(Z, T, Y):
    """The squared error through the whole Jacobian of the softmax."""
    grad = np.zeros((Z.shape[1], T.shape[1]))
    for z, t, y in zip(Z, T, Y, strict=True):
        jacobian = np.diag(y) - np.outer(y, y)
        grad += np.outer(z, jacobian @ (t - y))
    return grad


@wrong("missing-sum-over-n", "2-3-3", "3-4-1")
def derivative_v(Z, T, Y):
    for n in range(len(Z)):
        grad = np.outer(Z[n], T[n] - Y[n])
    return grad


@wrong("missing-sum-over-n", "2-3-3", "4-5-3")
def derivative_v(Z, T, Y):
    return Z.T * (T - Y)


@wrong("missing-sum-over-k", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y) * V.T * Z * (1 - Z))


@wrong("updated-weights", "2-3-3", "3-4-2 identity")
def derivative_w1(X, Z, T, Y, V):
    V = V + 0.01 * Z.T.dot(T - Y)
    return X.T.dot((T - Y).dot(V.T) * Z * (1 - Z))


@wrong("factor missing-one-minus-z sign", "4-5-3")
def derivative_b1(T, Y, V, Z):
    return np.mean((Y - T).dot(V.T) * Z, axis=0)


@wrong("wrong-layer", "4-5-3")
def derivative_v(X, T, Y):
    return X.T.dot(T - Y)


@wrong("missing-input", "2-3-3")
def derivative_v(Z, T, Y):
    return np.ones_like(Z).T @ (T - Y)


# --- the biases


@wrong("bias-not-summed", *ANY_LAW)
def derivative_b2(T, Y):
    return T - Y


@wrong("bias-not-summed", "2-3-3")
def derivative_b2(T, Y):
    return (T - Y).sum(axis=1)


@wrong("factor", "2-3-3", "3-4-1")
def derivative_b2(T, Y):
    return (T - Y).mean(axis=0)


@wrong("sign", "2-3-3", "3-4-2 exp")
def derivative_b2(T, Y):
    return np.sum(Y, axis=0) - np.sum(T, axis=0)


@wrong("bias-not-summed", "2-3-3")
def derivative_b1(T, Y, V, Z):
    return (T - Y).dot(V.T) * Z * (1 - Z)


@wrong("bias-not-summed", "3-4 tanh-2")
def derivative_b1(T, Y, V, Z):
    return np.sum((T - Y).dot(V.T) * (1 - Z**2), axis=1)


@wrong("missing-slope", *CLASSES)
def derivative_b1(T, Y, V, Z):
    return (T - Y).dot(V.T).sum(axis=0)


@wrong("missing-slope bias-not-summed", "2-3-3")
def derivative_b1(T, Y, V, Z):
    return (T - Y).dot(V.T)


@wrong("wrong-layer", "2-3-3")
def derivative_b1(T, Y, V, Z):
    return (T - Y).sum(axis=0)


@wrong("sign missing-one-minus-z", "2-3-3")
def derivative_b1(T, Y, V, Z):
    return ((Y - T).dot(V.T) * Z).sum(axis=0)


# --- the weights of the hidden layer


@wrong("missing-slope", "2-3-3", "3-4 tanh-2", "3-4-2 identity")
def derivative_w1(X, Z, T, Y, V):
    dZ = (T - Y).dot(V.T)
    return X.T.dot(dZ)


@wrong("extra-slope", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    slope = Z * (1 - Z)
    dA = (T - Y).dot(V.T) * slope
    return X.T.dot(dA * slope)


@wrong("slope-at-z", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    def sigmoid_prime(a):
        return sigmoid(a) * (1 - sigmoid(a))

    return X.T.dot((T - Y).dot(V.T) * sigmoid_prime(Z))


@wrong("slope-at-z", "3-4 tanh-2", "3-4 tanh-1")
def derivative_w1(X, Z, T, Y, V):
    return X.T @ (((T - Y) @ V.T) * (1 - np.tanh(Z) ** 2))


@wrong("slope-at-a", "2-3-3")
def derivative_w1(X, A1, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * A1 * (1 - A1))


@wrong("missing-one-minus-z", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * Z)


@wrong("missing-z", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * (1 - Z))


@wrong("wrong-slope", "3-4 tanh-2", "3-4 relu-2")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * Z * (1 - Z))


@wrong("wrong-slope", "3-4 tanh-2")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * (1 - Z))


@wrong("missing-sum-over-k", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    for k in range(T.shape[1]):
        dZ = np.outer(T[:, k] - Y[:, k], V[:, k])
    return X.T.dot(dZ * Z * (1 - Z))


@wrong("missing-sum-over-k", "3-4-2 identity", "3-4-2 exp")
def derivative_w1(X, Z, T, Y, V):
    """The post's deep gradient as it stands there, without its sums: one k alone."""
    k = 0
    grad = np.zeros((X.shape[1], Z.shape[1]))
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            for m in range(Z.shape[1]):
                grad[d, m] += (T[n, k] - Y[n, k]) * V[m, k] * Z[n, m] * (1 - Z[n, m]) * X[n, d]
    return grad


@wrong("missing-sum-over-k", "3-4-2 identity")
def derivative_w1(X, Z, T, Y, V):
    delta = (T - Y).sum(axis=1, keepdims=True)
    return X.T.dot(delta * V.sum(axis=1) * Z * (1 - Z))


@wrong("transposed", "2-3-3", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V) * Z * (1 - Z))


@wrong("transposed", *CLASSES)
def derivative_w1(X, Z, T, Y, V):
    dA = (T - Y).dot(V.T) * Z * (1 - Z)
    return dA.T.dot(X)


@wrong("output-slope", "2-3-3", "3-4-1")
def derivative_w1(X, Z, T, Y, V):
    delta2 = (T - Y) * Y * (1 - Y)
    delta1 = delta2.dot(V.T) * Z * (1 - Z)
    return X.T.dot(delta1)


@wrong("softmax-diagonal", "2-3-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T * (1 - Y)).dot(V.T) * Z * (1 - Z))


@wrong("missing-weights", "3-4-2 identity")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).sum(axis=1, keepdims=True) * Z * (1 - Z))


@wrong("wrong-layer", "2-3-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T) * Y * (1 - Y))


@wrong("wrong-layer", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    return Z.T.dot((T - Y).dot(V.T) * Z * (1 - Z))


@wrong("factor missing-slope", "2-3-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot((T - Y).dot(V.T)) / X.shape[0]


@wrong("output-slope missing-one-minus-z", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    return X.T.dot(((T - Y) * Y * (1 - Y)).dot(V.T) * Z)


@wrong("transposed missing-slope", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    return (T - Y).dot(V.T).T @ X


@wrong("sign factor", "2-3-3")
def derivative_w1(X, Z, T, Y, V):
    return -np.einsum("nk,mk,nm,nd->dm", T - Y, V, Z * (1 - Z), X) / len(X)


@wrong("factor", "2-3-3", sign="descent")
def derivative_v(Z, T, Y):
    return Z.T.dot(Y - T) / len(Z)


@wrong("factor", "2-3-3", reduction="mean")
def derivative_v(Z, T, Y):
    return Z.T.dot(T - Y)


# --- the way forward and the cost


@wrong("unshifted-softmax", *CLASSES)
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    A = Z.dot(V) + b2
    return np.exp(A) / np.exp(A).sum(axis=1, keepdims=True), Z


@wrong("softmax-axis", *CLASSES)
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    A = Z.dot(V) + b2
    e = np.exp(A - A.max(axis=0))
    return e / e.sum(axis=0), Z


@wrong("softmax-axis", "2-3-3")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    e = np.exp(Z.dot(V) + b2 - (Z.dot(V) + b2).max())
    return e / e.sum(), Z


@wrong("missing-bias", "2-3-3", "3-4-1")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    A = Z.dot(V)
    return (sigmoid(A) if V.shape[1] == 1 else softmax(A)), Z


@wrong("missing-bias", "3-4-2 identity")
def forward(X, W1, b1, V, b2):
    return sigmoid(X.dot(W1)) @ V + b2


@wrong("missing-bias sign", "3-4-2 identity")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1))
    return Z.dot(V) - b2, Z


@wrong("wrong-activation", "2-3-3", "4-5 relu-3")
def forward(X, W1, b1, V, b2):
    Z = np.tanh(X.dot(W1) + b1)
    return softmax(Z.dot(V) + b2), Z


@wrong("wrong-law", "2-3-3")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X.dot(W1) + b1)
    return sigmoid(Z.dot(V) + b2), Z


@wrong("missing-activation", "2-3-3", "3-4-1")
def forward(X, W1, b1, V, b2):
    Z = X @ W1 + b1
    A = Z @ V + b2
    return (sigmoid(A) if V.shape[1] == 1 else softmax(A)), Z


@wrong("sign", "2-3-3")
def cost(T, Y):
    return -(T * np.log(Y)).sum()


@wrong("factor", *CLASSES)
def cost(T, Y):
    return np.mean(np.sum(T * np.log(Y), axis=1))


@wrong("wrong-law", "2-3-3")
def cost(T, Y):
    return (T * np.log(Y) + (1 - T) * np.log(1 - Y)).sum()


@wrong("wrong-law", "2-3-3", "3-4-1")
def cost(T, Y):
    return -((T - Y) ** 2).sum()


@wrong("wrong-law", "3-4-1")
def cost(T, Y):
    return (T * np.log(Y)).sum()


@wrong("not-summed", "2-3-3")
def cost(T, Y):
    return (T * np.log(Y)).sum(axis=1)


# --- both functions for any depth


def _forward(X, weights, hidden=np.tanh, last=softmax):
    Z = [X]
    for W, b in weights[:-1]:
        Z.append(hidden(Z[-1] @ W + b))
    W, b = weights[-1]
    return [*Z, last(Z[-1] @ W + b)]


DEEP = "3-5 tanh-4 tanh-2"
DEEPER = "3-4 tanh-4 tanh-4 tanh-2"


@wrong("missing-slope", DEEP, DEEPER)
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, []
    for l in range(len(weights) - 1, -1, -1):
        found.insert(0, (Z[l].T @ delta, delta.sum(axis=0)))
        delta = delta @ weights[l][0].T
    return found


@wrong("extra-slope", DEEP)
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, []
    for l in range(len(weights) - 1, -1, -1):
        found.insert(0, (Z[l].T @ delta, delta.sum(axis=0)))
        delta = (delta @ weights[l][0].T) * (1 - Z[l] ** 2)
        if l == 1:
            delta = delta * (1 - Z[l] ** 2)
    return found


@wrong("wrong-layer", DEEPER)
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, []
    for l in range(len(weights) - 1, -1, -1):
        found.insert(0, (Z[l].T @ delta, delta.sum(axis=0)))
        above = weights[1][0] if l == 2 else weights[l][0]
        delta = (delta @ above.T) * (1 - Z[l] ** 2)
    return found


@wrong("wrong-layer", DEEPER)
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, {}
    for l in range(len(weights) - 1, -1, -1):
        found[f"W{l + 1}"] = Z[2 if l == 1 else l].T @ delta
        found[f"b{l + 1}"] = delta.sum(axis=0)
        delta = (delta @ weights[l][0].T) * (1 - Z[l] ** 2)
    return found


@wrong("updated-weights", "2-3 tanh-3", DEEP)
def gradient(X, T, weights):
    rate = 0.1
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, []
    for l in range(len(weights) - 1, -1, -1):
        W, b = weights[l]
        dW, db = Z[l].T @ delta, delta.sum(axis=0)
        W += rate * dW
        b += rate * db
        delta = (delta @ W.T) * (1 - Z[l] ** 2)
        found.append((dW, db))
    return found[::-1]


@wrong("bias-not-summed", DEEP)
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, dW, db = T - Y, [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.insert(0, Z[l].T @ delta)
        db.insert(0, delta)
        delta = (delta @ weights[l][0].T) * (1 - Z[l] ** 2)
    return dW, db


@wrong("sign", DEEP, "4-3")
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = Y - T, []
    for l in range(len(weights) - 1, -1, -1):
        found.insert(0, (Z[l].T @ delta, delta.sum(axis=0)))
        delta = (delta @ weights[l][0].T) * (1 - Z[l] ** 2)
    return found


@wrong("softmax-axis", "3-5 tanh-4")
def gradient(X, T, weights):
    def over_samples(a):
        e = np.exp(a)
        return e / e.sum(axis=0)

    X, Z, Y = _forward(X, weights, last=over_samples)
    delta2 = T - Y
    delta1 = (delta2 @ weights[1][0].T) * (1 - Z**2)
    return [(X.T @ delta1, delta1.sum(0)), (Z.T @ delta2, delta2.sum(0))]


# --- right, each in its own way


@right(*ANY_LAW, "3-4-2 exp", "3-4 relu-2")
def derivative_v(Z, T, Y):
    return Z.T @ (T - Y)


@right("2-3-3", "3-4-1")
def derivative_v(Z, T, Y):
    return np.einsum("nm,nk->mk", Z, T - Y)


@right("2-3-3")
def derivative_v(Z, T, Y):
    grad = np.zeros((Z.shape[1], T.shape[1]))
    for n in range(Z.shape[0]):
        for m in range(Z.shape[1]):
            for k in range(T.shape[1]):
                grad[m, k] += (T[n, k] - Y[n, k]) * Z[n, m]
    return grad


@right("2-3-3")
def derivative_v(Z, T, Y):
    return ((T - Y).T @ Z).T.astype(np.float32)


@right("2-3-3")
def derivative_v(T, Y, Z):
    Z, T, Y = (a.astype("float32") for a in (Z, T, Y))
    return np.tensordot(Z, T - Y, axes=(0, 0))


@right("2-3-3")
def derivative_v(hidden, target, output):
    return [[float(sum(hidden[:, m] * (target - output)[:, k])) for k in range(3)] for m in range(3)]


@right("4-5-3")
def derivative_w2(H, y, y_hat):
    return H.T @ y - H.T @ y_hat


@right("2-3-3", sign="descent")
def derivative_v(Z, T, Y):
    return Z.T.dot(Y - T)


@right("2-3-3", reduction="mean", sign="descent")
def derivative_v(Z, T, Y):
    return Z.T.dot(Y - T) / len(Y)


@right("2-3-3")
def derivative_v(Z, T, Y):
    """Through the whole Jacobian, sample by sample."""
    grad = 0
    for z, t, y in zip(Z, T, Y, strict=True):
        jacobian = np.diag(y) - np.outer(y, y)
        grad = grad + np.outer(z, jacobian.T @ (t / y))
    return grad


@right(*ANY_LAW)
def derivative_b2(T, Y):
    return (T - Y).sum(axis=0)


@right("2-3-3")
def derivative_b2(T, Y):
    return np.sum(T - Y, axis=0, keepdims=True)


@right("8-1")
def derivative_b1(T, Y):
    return np.sum(T - Y)


@right("2-3-3")
def derivative_b2(T, Y):
    return np.ones(len(T)) @ (T - Y)


@right("2-3-3", "4-5-3")
def derivative_w1(X, Z, T, Y, V):
    dZ = (T - Y).dot(V.T) * Z * (1 - Z)
    return X.T.dot(dZ)


@right("2-3-3")
def derivative_w1(X, Z, T, Y, V):
    return np.einsum("nk,mk,nm,nd->dm", T - Y, V, Z - Z**2, X)


@right("2-3-3")
def derivative_w1(V, X, Y, T, Z):
    grad = np.zeros((X.shape[1], Z.shape[1]))
    for x, z, t, y in zip(X, Z, T, Y, strict=True):
        delta = V @ (t - y) * z * (1 - z)
        grad += np.outer(x, delta)
    return grad


@right("2-3-3")
def derivative_w1(X, W1, b1, T, Y, V):
    z = sigmoid(X @ W1 + b1)
    return X.T @ (((T - Y) @ V.T) * z * sigmoid(-(X @ W1 + b1)))


@right("3-4 relu-2")
def derivative_w1(X, Z, T, Y, V):
    delta = (T - Y) @ V.T
    delta[Z <= 0] = 0
    return X.T @ delta


@right("3-4 tanh-2", "3-4 tanh-1")
def derivative_b1(T, Y, V, Z):
    return ((1 - Z**2) * ((T - Y) @ V.T)).sum(0)


@right("2-3-3")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X @ W1 + b1)
    return softmax(Z @ V + b2), Z


@right("2-3-3")
def forward(X, W1, b1, W2, b2):
    hidden = 0.5 * (1 + np.tanh((X @ W1 + b1) / 2))
    a = hidden @ W2 + b2
    return {"Z": hidden, "Y": np.exp(a - np.logaddexp.reduce(a, axis=1, keepdims=True))}


@right("2-3-3")
def forward(X, W1, b1, V, b2):
    Z = sigmoid(X @ W1 + b1)
    return Z, softmax(Z @ V + b2)


@right("3-4-1")
def forward(X, W1, b1, V, b2):
    return sigmoid(sigmoid(X @ W1 + b1) @ V + b2)


@right("2-3-3")
def cost(T, Y):
    return sum(np.log(y[t.argmax()]) for t, y in zip(T, Y, strict=True))


@right("2-3-3")
def cost(T, Y):
    return np.sum(T * np.log(Y + 1e-12))


@right("3-4-1")
def cost(T, Y):
    return np.sum(T * np.log(Y) + (1 - T) * np.log(1 - Y))


@right("3-4-2 identity")
def cost(T, Y):
    return -0.5 * np.sum((T - Y) ** 2)


@right("3-4-2 exp")
def cost(T, Y):
    return np.sum(T * np.log(Y) - Y)


@right(DEEP, DEEPER, "4-3", "2-3 tanh-3")
def gradient(X, T, weights):
    *Z, Y = _forward(X, weights)
    delta, found = T - Y, []
    for l in range(len(weights) - 1, -1, -1):
        found.insert(0, (Z[l].T @ delta, delta.sum(axis=0)))
        delta = (delta @ weights[l][0].T) * (1 - Z[l] ** 2)
    return found


@right(DEEP)
def gradient(X, y, weights):
    Z1 = np.tanh(X @ weights["W1"] + weights["b1"])
    Z2 = np.tanh(Z1 @ weights.W[2] + weights.b[2])
    d3 = y - softmax(Z2 @ weights[2][0] + weights[2][1])
    d2 = d3 @ weights["W3"].T * (1 - Z2**2)
    d1 = d2 @ weights["W2"].T * (1 - Z1**2)
    return {"dW1": X.T @ d1, "db1": d1.sum(0), "dW2": Z1.T @ d2, "db2": d2.sum(0), "dW3": Z2.T @ d3, "db3": d3.sum(0)}


@right("2-3 tanh-3")
def gradient(X, T, weights):
    """By difference quotients: no chain rule, and right."""

    def J():
        return np.sum(T * np.log(_forward(X, weights)[-1]))

    found = []
    for pair in weights:
        for array in pair:
            slope = np.empty_like(array)
            for at in np.ndindex(array.shape):
                old, h = array[at], 1e-5
                array[at] = old + h
                up = J()
                array[at] = old - h
                slope[at] = (up - J()) / (2 * h)
                array[at] = old
            found.append(slope)
    return found
