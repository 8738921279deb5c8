"""One peer on one case in a process of its own: prints JSON with the seconds an epoch of each repeat.

Run: python -m benchmarks.worker CASE PEER REPEATS
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import time

from benchmarks import cases

LONG_ENOUGH = 1.0  # seconds: no further repeat is begun after it
PEERS = {
    "chainrule": "ours",
    "post": "posts",
    "scikit-learn": "scikit_learn",
    "PyTorch 1 thread": ("pytorch", {"threads": 1, "compiled": False}),
    "PyTorch 2 threads": ("pytorch", {"threads": 2, "compiled": False}),
    "torch.compile": ("pytorch", {"threads": 1, "compiled": True}),
    "torch.compile 2 threads": ("pytorch", {"threads": 2, "compiled": True}),
    "JAX": "jax_",
}


def main() -> None:
    """Build, warm up with as many epochs as are timed, then time the repeats."""
    name, peer, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    case = cases.CASES[name]
    entry = PEERS[peer]
    module, options = (entry, {}) if isinstance(entry, str) else entry
    build = functools.partial(importlib.import_module(f"benchmarks.peers.{module}").build, **options)
    X, labels = cases.data(case)
    began = time.perf_counter()
    run = build(case, X, labels, cases.start(case))
    run(case.epochs)
    warm_up = time.perf_counter() - began
    seconds: list[float] = []
    J = 0.0
    while len(seconds) < repeats and (len(seconds) < 2 or sum(seconds) * case.epochs < LONG_ENOUGH):
        began = time.perf_counter()
        J = run(case.epochs)
        seconds.append((time.perf_counter() - began) / case.epochs)
    print(json.dumps({"seconds": seconds, "warm_up": warm_up, "J": J}))


if __name__ == "__main__":
    main()
