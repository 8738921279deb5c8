"""Regression, honestly measured: the progress of diabetes in 442 patients.

An output of ``identity`` with a Gaussian around it is least squares. With few rows and much noise, the penalty
decides: it is chosen by cross-validation inside the training rows, and the result is measured outside of them.
"""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, train_test_split

from chainrule import MLPRegressor

X, progress = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, progress, random_state=0)

model = MLPRegressor(
    hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", standardize=True, max_iter=300, random_state=0
)
search = GridSearchCV(model, {"alpha": [1, 10, 100, 1000]}, cv=4).fit(X_train, y_train)
for alpha, score in zip(search.cv_results_["param_alpha"], search.cv_results_["mean_test_score"], strict=True):
    print(f"alpha {alpha:>5}: R² {score:6.3f} in cross-validation")

line = LinearRegression().fit(X_train, y_train)
found = {"network": search.score(X_test, y_test), "straight line": line.score(X_test, y_test)}
for name, score in found.items():
    print(f"{name:>14}: R² {score:.3f} on rows never seen")

# With this little data a network does not beat a straight line by much, if at all. Unpenalised it would lose badly.
free = clone(model).set_params(hidden_layer_sizes=(100,), alpha=0, max_iter=5000)
free.fit(X_train, y_train)
print(
    f"{'no penalty':>14}: R² {free.score(X_test, y_test):.3f}, and {free.score(X_train, y_train):.3f} on its own rows"
)

assert np.isfinite(search.predict(X_test)).all()
assert found["network"] > 0.3 > free.score(X_test, y_test)
