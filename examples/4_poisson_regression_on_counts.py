"""Counts: how many chin-ups twenty men did, from weight, waist and pulse (Linnerud's data).

A count cannot be negative, and where more are expected the scatter is wider. The output law ``exp`` says this: a
Poisson law whose expected value is e to the power of what the network computes. Without a hidden layer, that is
Poisson regression, a generalised linear model; ``newton`` finds its maximum to all digits.
"""

import numpy as np
from sklearn.datasets import load_linnerud
from sklearn.linear_model import PoissonRegressor

import chainrule as cr

data = load_linnerud()
chins = data.data[:, data.feature_names.index("Chins")]
X = (data.target - data.target.mean(axis=0)) / data.target.std(axis=0)  # Weight, Waist, Pulse

run = cr.train(cr.Network("3-1 exp"), X, chins[:, None], solver="newton")
print(run.outcome)
for name, weight in zip(data.target_names, run.weights.W[1][:, 0], strict=True):
    print(f"{name:>7}: one spread more multiplies the expected count by {np.exp(weight):.2f}")

# The same model by scikit-learn.
known = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(X, chins)
print("Largest difference to scikit-learn's coefficients:", f"{np.abs(known.coef_ - run.weights.W[1][:, 0]).max():.0e}")

# Is it really Poisson? Then (count - expected)² / expected is 1 on average. Here it is larger: the men differ in
# more than these three numbers, so the model is surer of itself than it should be.
expected = run.predict(X)
print(f"Dispersion: {((chins - expected) ** 2 / expected).sum() / (len(chins) - 4):.1f}, and 1 for a Poisson law")

assert run.outcome is cr.Outcome.CONVERGED
assert np.allclose(known.coef_, run.weights.W[1][:, 0], atol=1e-5)
