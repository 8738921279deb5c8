"""A cluster on this machine: three workers train, one is killed in the middle, and the weights have the same bits.

Run: make demo-cluster
"""

from __future__ import annotations

import os
import signal
import time
import warnings

import chainrule as cr
from benchmarks.cluster import lazy_table, table
from chainrule.cluster.connect import local_workers

ROWS, KILL_AT = 600_000, 8


def main() -> None:
    """Train here, train there, compare."""
    warnings.simplefilter("ignore")
    net = cr.Network("28-16 tanh-2")
    options = {"solver": "lbfgs", "epochs": 20, "tolerance": 0.0, "seed": 1}
    print(f"{net.notation} on {ROWS:,} rows, 20 iterations of L-BFGS.\n")
    began = time.perf_counter()
    here = cr.train(net, *table(ROWS), **options)
    print(f"in this process          J {here.J:.6f}   {time.perf_counter() - began:5.1f} s")

    with local_workers(3) as client:
        pids = client.run(os.getpid)
        print(f"\nThree workers: {', '.join(f'{place} (process {pid})' for place, pid in pids.items())}")
        victim = next(iter(pids.values()))

        def kill(record: cr.training.Record, weights: cr.Weights) -> None:
            if record.epoch == KILL_AT:
                os.kill(victim, signal.SIGKILL)
                print(f"  iteration {KILL_AT}: process {victim} is killed (kill -9), and its blocks with it")

        began = time.perf_counter()
        there = cr.train(net, *lazy_table(ROWS), callbacks=[kill], **options)
        print(f"on three workers         J {there.J:.6f}   {time.perf_counter() - began:5.1f} s")
        print(f"  workers now: {', '.join(str(pid) for pid in client.run(os.getpid).values())}")

    same = here.weights.flat.tobytes() == there.weights.flat.tobytes()
    print(f"\nAll {net.size} weights have the same bits: {'yes' if same else 'NO'}.")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
