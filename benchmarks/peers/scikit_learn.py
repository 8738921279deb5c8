"""scikit-learn's MLPClassifier, fitted as its users fit it; one fit a timed call, started from the same weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.cases import Case


def build(case: Case, X: np.ndarray, labels: np.ndarray, start: list) -> Callable[[int], float]:
    """A function that runs so many epochs and returns J."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    full = case.batch is None
    rows = len(X)
    model = MLPClassifier(
        case.sizes[1:-1],
        activation={"sigmoid": "logistic"}.get(case.hidden, case.hidden),
        solver="sgd" if case.solver == "ascent" else "adam",
        alpha=0.0,
        batch_size=rows if full else case.batch,
        learning_rate_init=case.learning_rate * (rows if full else 1),  # its gradient is the mean's
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=not full,
        tol=0.0,
        n_iter_no_change=10**9,
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    model.fit(X, labels)
    model.coefs_ = [w.copy() for w, _ in start]
    model.intercepts_ = [b.copy() for _, b in start]

    def run(epochs: int) -> float:
        model.max_iter = epochs
        model.fit(X, labels)
        return -model.loss_ * rows

    return run
