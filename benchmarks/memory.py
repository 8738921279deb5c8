"""Peak memory of a fit on 1,000,000 x 28 float32, beyond what the process held with the data in memory.

Run: python -m benchmarks.memory
"""

from __future__ import annotations

import json
import sys

import numpy as np

import chainrule as cr

ROWS, COLUMNS = 1_000_000, 28


def main() -> None:
    """One epoch of adam; the data alone are 112 MB, and the labels 8 MB."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
    labels = rng.integers(2, size=ROWS)
    few = slice(0, 2000)
    options = {"solver": "adam", "batch_size": 256, "average": True, "record": "running", "dtype": "float32"}
    net = cr.Network("28-64 relu-64 relu-2")
    cr.train(net, X[few], labels[few], epochs=100_000, time_limit=0.3, **options)  # imports and machine code
    before = peak()
    cr.train(net, X, labels, epochs=1, progress=False, **options)
    print(json.dumps({"data": X.nbytes + labels.nbytes, "before": before, "beyond": peak() - before}))


def peak() -> int:
    """Bytes of physical memory this process has used at most so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
