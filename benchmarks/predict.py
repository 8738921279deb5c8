"""predict_proba of one row and of 100,000 rows, 28-64-64-2: ours and scikit-learn's with the same weights.

Run: python -m benchmarks.predict
"""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

import chainrule as cr

ROWS = 100_000
PAUSE = 0.2  # seconds before each turn: threads of BLAS go on spinning for half as long, on a core of whoever is next


def main() -> None:
    """Both sizes, taking turns; medians."""
    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore")  # one epoch is no convergence
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((ROWS, 28)), rng.integers(2, size=ROWS)
    theirs = MLPClassifier((64, 64), max_iter=1, random_state=0).fit(X[:2000], labels[:2000])
    ours = cr.MLPClassifier((64, 64), max_iter=1, random_state=0).fit(X[:2000], labels[:2000])
    run = cr.train(cr.Network("28-64 relu-64 relu-2"), X[:2000], labels[:2000], epochs=1, progress=False)
    models = {"scikit-learn": theirs, "chainrule.MLPClassifier": ours, "chainrule.Run": run}
    found = {}
    for title, rows, many, turns in (("one row", X[:1], 300, 9), ("100,000 rows", X, 1, 7)):
        found[title] = in_turns({name: (lambda m=m, rows=rows: m.predict_proba(rows)) for name, m in models.items()},
                                many, turns)  # fmt: skip
    print(json.dumps(found))


def in_turns(calls: dict[str, Callable[[], object]], many: int, turns: int) -> dict[str, float]:
    """Median seconds of a call."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(turns + 1):
        for name, call in calls.items():
            time.sleep(PAUSE)
            began = time.perf_counter()
            for _ in range(many):
                call()
            if turn:
                seconds[name].append((time.perf_counter() - began) / many)
    return {name: statistics.median(each) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
