"""How the time of an epoch grows with the rows and with the weights.

Whole calls of `chainrule.train`: adam, batches of 256, float32; the median of three.
Run: python -m benchmarks.growth
"""

from __future__ import annotations

import json
import statistics
import time

import numpy as np

import chainrule as cr

ROWS = (1_000, 10_000, 100_000, 1_000_000)
NETWORK = "28-64 relu-64 relu-2"
NETWORKS = ("2-2 relu-2", "6-8 relu-4", "20-32 relu-10", "64-100 relu-20", "200-300 relu-100", "500-1000 relu-500")
ROWS_OF_NETWORKS = 8_192
UPDATES = 1500  # at least, so that what a call costs once does not show
UPDATES_OF_TINY = 30_000  # up to 1,000 weights: a job for compiled code, which few updates of so little are not
REPEATS = 3


def main() -> None:
    """Both tables."""
    by_rows = [(rows, seconds_a_row(cr.Network(NETWORK), rows)) for rows in ROWS]
    networks = [cr.Network(text) for text in NETWORKS]
    by_weights = [(net.size, seconds_a_row(net, ROWS_OF_NETWORKS)) for net in networks]
    print(json.dumps({
        "network": NETWORK, "rows": by_rows, "rows_of_networks": ROWS_OF_NETWORKS, "networks": NETWORKS,
        "weights": by_weights,
    }))  # fmt: skip


def seconds_a_row(net: cr.Network, rows: int) -> float:
    """Seconds of an epoch, divided by its rows."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, net.D), dtype=np.float32)
    labels = rng.integers(net.K, size=rows)
    labels[: net.K] = np.arange(net.K)
    updates = UPDATES_OF_TINY if net.size < 1000 else UPDATES if net.size < 100_000 else 64
    epochs = max(4, updates * 256 // rows)
    options = {"solver": "adam", "batch_size": 256, "average": True, "record": "running", "dtype": "float32"}
    seconds = []
    for repeat in range(REPEATS if rows < 1_000_000 else 1):
        if not repeat:  # compiles
            few = slice(0, max(1000, 2 * net.K))
            cr.train(net, X[few], labels[few], epochs=100_000, time_limit=0.1, scheme="glorot", **options)
        began = time.perf_counter()
        cr.train(net, X, labels, epochs=epochs, record_every=epochs, scheme="glorot", progress=False, **options)
        seconds.append((time.perf_counter() - began) / epochs / rows)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
