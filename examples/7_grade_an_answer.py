"""A learner's own backpropagation, graded: right or wrong, and which mistake.

Her functions run on random problems of several sizes and are compared with the true gradient. A wrong result is then
compared with the results of known mistakes; the one that fits is named.
"""

import numpy as np

import chainrule as cr


def forward(X, W1, b1, V, b2):
    Z = 1 / (1 + np.exp(-X @ W1 - b1))
    A = Z @ V + b2
    expA = np.exp(A - A.max(axis=1, keepdims=True))
    return expA / expA.sum(axis=1, keepdims=True), Z


def derivative_v(Z, T, Y):
    return Z.T @ (T - Y)


def derivative_w1(X, Z, T, Y, V):
    return X.T @ ((T - Y) @ V.T * Z)  # the slope of the sigmoid is Z * (1 - Z)


def derivative_b2(T, Y):
    return (T - Y).sum(axis=0)


def derivative_b1(T, Y, V, Z):
    return ((T - Y) @ V.T * Z * (1 - Z)).sum(axis=0)


def cost(T, Y):
    return (T * np.log(Y)).sum()


answers = [forward, derivative_v, derivative_w1, derivative_b2, derivative_b1, cost]
report = cr.grade({function.__name__: function for function in answers}, "2-3-3")
print(report)

wrong = [finding for finding in report.findings if not finding.correct]
assert not report.passed
assert [finding.function for finding in wrong] == ["derivative_w1"]
assert wrong[0].mistakes == ("missing-one-minus-z",)
