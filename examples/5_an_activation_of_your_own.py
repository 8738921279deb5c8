"""An activation that no library has: one line defines it; it is derived, checked, shown and compiled.

Its slope is found by the rules of differentiation, every line of the derivation is compared with the complex step, and
the compiled kernels use the same formulas.
"""

from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import chainrule as cr

bump = cr.activation("bump", "exp(-a**2)")
print("z = exp(-a²); its slope as derived:", bump.slope)

net = cr.Network("13-6 bump-3")

# Derived: the lines about the hidden layer, each with the rule that made it and the error of its check.
derivation = cr.derive(net, "W1")
print(f"{len(derivation.steps)} steps to dJ/dW1; largest relative error of a check: {derivation.worst:.0e}")
print(derivation.steps[-1])

# Checked: the derivation, the program, the compiled kernel and the complex step against each other.
report = cr.check(net)
print(report)

# Trained: 178 wines of three growers by thirteen measurements of their chemistry.
wine = load_wine()
X_train, X_test, y_train, y_test = train_test_split(wine.data, wine.target, stratify=wine.target, random_state=0)
centre, spread = X_train.mean(axis=0), X_train.std(axis=0)
run = cr.train(net, (X_train - centre) / spread, y_train, solver="lbfgs", penalty=1.0, scheme="glorot", seed=0)
rate = (run.predict((X_test - centre) / spread) == y_test).mean()
print(f"{rate:.3f} of the held-out wines right")

assert report.passed
assert rate > 0.9
