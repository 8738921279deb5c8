"""One patient through the network and back, with every number; and why a weight moves.

Breast tumours, 569 of them, by three measurements. ``trace`` writes out each sum and each product of one row, forward
and backward; ``why`` ranks the rows by how hard each pulls at a weight.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer

import chainrule as cr

tumours = load_breast_cancer()
columns = [0, 1, 4]
names = [str(name) for name in tumours.feature_names[columns]]
X = tumours.data[:, columns]
X = (X - X.mean(axis=0)) / X.std(axis=0)
T = tumours.target[:, None].astype(float)  # 1 is benign

net = cr.Network("3-2 tanh-1")
run = cr.train(net, X, T, solver="lbfgs", epochs=20, seed=1, scheme="glorot")

trace = cr.trace(net, run.weights, X[0], T[0], X=X, T=T, inputs=names)
print(trace)

# Training has not ended, so the pulls at this weight do not balance yet.
why = trace.why("W1", 0, 1)
print(why)

# The trace is no illustration: its numbers are those of the gradient.
gradient = cr.gradient(net, run.weights, X[:1], T[:1])
assert np.allclose(trace.values["dW1"], gradient.W[1], rtol=1e-12, atol=0)
