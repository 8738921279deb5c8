"""chainrule, by its public function: each timed call is a whole `train`, its checks and first measurement included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.cases import Case


def build(case: Case, X: np.ndarray, labels: np.ndarray, start: list) -> Callable[[int], float]:
    """A function that runs so many epochs from where the last call ended, and returns J."""
    import chainrule as cr

    net = cr.Network(case.notation)
    weights = net.weights_from(np.concatenate([part.ravel() for layer in start for part in layer]))
    # J of a mini-batch run as its peers give it: from the batches, no other pass over the rows
    more = {} if case.batch is None else {"batch_size": case.batch, "average": True, "record": "running"}

    def run(epochs: int) -> float:
        nonlocal weights
        done = cr.train(
            net,
            X,
            labels,
            solver=case.solver,
            learning_rate=case.learning_rate,
            epochs=epochs,
            record_every=epochs,
            weights=weights,
            dtype=case.dtype,
            progress=False,
            **more,
        )
        weights = done.weights
        return float(done.history.J[-1])

    return run
