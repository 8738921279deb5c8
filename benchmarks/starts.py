"""The post's data from ten random starts: seconds until J is scikit-learn's own best, by scikit-learn and by ours.

scikit-learn's MLPClassifier draws each start and climbs from it with its lbfgs; ours begin at the same weights and end
as soon as J is what scikit-learn's ended with, or where they converge. A start from which ours ends lower counts with
all the time it took, and is counted.
Run: python -m benchmarks.starts [rounds]
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings

import numpy as np

import chainrule as cr

STARTS = 10
PAUSE = 0.2  # seconds before each turn: threads of BLAS go on spinning for half as long, on a core of whoever is next
SOLVERS = ("newton", "lbfgs")


def main(rounds: int) -> None:
    """All starts, taking turns; medians."""
    from sklearn.exceptions import ConvergenceWarning

    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    X, labels = cr.datasets.three_clusters(per_class=500, seed=0)
    net, T = cr.Network("2-3-3"), np.eye(3)[np.unique(labels, return_inverse=True)[1]]
    for solver in SOLVERS:  # compiled once, as an import is paid once
        cr.train(net, X, labels, solver=solver, epochs=2)
    seconds: dict[str, list[float]] = {name: [] for name in ("scikit-learn lbfgs", *SOLVERS)}
    found: dict[str, list[float]] = {name: [] for name in seconds}
    reached = dict.fromkeys(SOLVERS, 0)
    for seed in range(STARTS):
        flat = drawn(X, labels, seed)
        times: dict[str, list[float]] = {name: [] for name in seconds}
        for _ in range(rounds):
            model = theirs(seed)
            time.sleep(PAUSE)
            began = time.perf_counter()
            model.fit(X, labels)
            times["scikit-learn lbfgs"].append(time.perf_counter() - began)
            weights = net.weights_from(np.concatenate([part.ravel() for part in parts(model)]))
            goal = cr.log_likelihood(net, weights, X, T)
            for solver in SOLVERS:
                time.sleep(PAUSE)
                began = time.perf_counter()
                run = cr.train(
                    net, X, labels, solver=solver, weights=net.weights_from(flat), progress=False,
                    callbacks=[lambda record, weights, goal=goal: record.J >= goal - 1e-3],
                )  # fmt: skip
                times[solver].append(time.perf_counter() - began)
                found[solver].append(run.J)
                reached[solver] += run.J >= goal - 1e-3
            found["scikit-learn lbfgs"].append(goal)
        for name, each in times.items():
            seconds[name].append(statistics.median(each))
    print(json.dumps({
        "starts": STARTS,
        "median_seconds": {name: statistics.median(each) for name, each in seconds.items()},
        "seconds": seconds,
        "median_J": {name: statistics.median(each) for name, each in found.items()},
        "reached": {name: count / rounds for name, count in reached.items()},
    }))  # fmt: skip


def theirs(seed: int, **more):
    """scikit-learn's estimator with the post's network; its tolerance is its default."""
    from sklearn.neural_network import MLPClassifier

    options = {"solver": "lbfgs", "max_iter": 5000, **more}
    return MLPClassifier((3,), activation="logistic", alpha=0.0, random_state=seed, **options)


def parts(model) -> list[np.ndarray]:
    """W[1], b[1], W[2], b[2]."""
    return [part for pair in zip(model.coefs_, model.intercepts_, strict=True) for part in pair]


def drawn(X: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """The weights that scikit-learn starts from, as one vector: those after a step of no length."""
    model = theirs(seed, solver="sgd", learning_rate_init=1e-300, max_iter=1)
    model.fit(X, labels)
    return np.concatenate([part.ravel() for part in parts(model)])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
