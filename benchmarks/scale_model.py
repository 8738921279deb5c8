"""What an iteration takes on many workers: a model from measured constants, and where more workers gain nothing.

Run: python -m benchmarks.scale_model     (after python -m benchmarks.cluster)

Writes docs/img/scale_model.png and prints the table of docs/scale.md. An iteration of W workers on N rows takes

    compute   N / (W r)              r rows a second and core, measured
    latency   a + b W                of one pass with empty work, a line through the measured 2, 4 and 8 workers
    levels    h                      once more for each level of sums on workers, from 17 workers on
    weights   8 P / bandwidth        out to the first worker, then from worker to worker in log2 W steps
    sums      8 P n min(W, 16) / bandwidth    back to the client, n parts of the tree from each

The bandwidth is assumed, not measured: 1 GB/s, a network of 10 Gbit/s. So are workers that never wait for each other's
disks, and a scheduler that goes on as the line through 8 workers says.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent
BANDWIDTH = 1e9  # bytes a second, assumed
FAN_IN = 16
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
SIZES = (10**7, 10**9, 10**11)


class Constants(NamedTuple):
    """What was measured."""

    rows_a_second: float
    latency: float
    latency_a_worker: float
    weights: int
    parts: int = 8


def measured() -> Constants:
    """From benchmarks/cluster.json."""
    found = json.loads((HERE / "cluster.json").read_text())
    by_workers = found["iteration"]["by_workers"]
    count = np.array([int(workers) for workers in by_workers])
    seconds = np.array([figures["median"] for figures in by_workers.values()]) / 1e3
    slope, at_none = np.polyfit(count, seconds, 1)
    return Constants(
        found["workers"]["rows_a_second_a_core"], max(at_none, 0.0), max(slope, 0.0), found["workers"]["weights"]
    )


def iteration(constants: Constants, rows: float, workers: int) -> float:
    """Seconds of one pass for the gradient."""
    size = 8 * constants.weights
    levels = math.ceil(math.log(workers, FAN_IN)) - 1 if workers > FAN_IN else 0
    compute = rows / (workers * constants.rows_a_second)
    latency = (1 + levels) * constants.latency + constants.latency_a_worker * workers
    out = size / BANDWIDTH * (1 + math.log2(workers))
    back = size * constants.parts * min(workers, FAN_IN) * (1 + levels) / BANDWIDTH
    return compute + latency + out + back


def best(constants: Constants, rows: float) -> int:
    """The number of workers above which an iteration takes longer."""
    return min(range(1, 100_001), key=lambda workers: iteration(constants, rows, workers))


def half(constants: Constants, rows: float) -> int:
    """The largest number of workers that work at least half of the time."""
    return max(
        workers
        for workers in range(1, 100_001)
        if rows / (workers * constants.rows_a_second) >= 0.5 * iteration(constants, rows, workers)
    )


def main() -> None:
    """The table and the figure."""
    constants = measured()
    print(constants)
    print("| workers | " + " | ".join(f"{rows:.0e} rows" for rows in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for workers in WORKERS:
        cells = [f"{iteration(constants, rows, workers):,.3g} s" for rows in SIZES]
        print(f"| {workers:,} | " + " | ".join(cells) + " |")
    for rows in SIZES:
        print(
            f"{rows:.0e} rows: half of the time is work up to {half(constants, rows):,} workers;"
            f" beyond {best(constants, rows):,} an iteration takes longer"
        )
    picture(constants)


def picture(constants: Constants) -> None:
    """Seconds an iteration against workers, with the line of perfect scaling."""
    import matplotlib

    from chainrule import show  # noqa: F401

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    counts = np.unique(np.logspace(0, 4, 200).astype(int))
    for rows, colour in zip(SIZES, ("#0072B2", "#D55E00", "#009E73"), strict=True):
        seconds = [iteration(constants, rows, int(workers)) for workers in counts]
        axes.loglog(counts, seconds, color=colour, label=f"$10^{{{round(math.log10(rows))}}}$ rows")
        axes.loglog(counts, rows / (counts * constants.rows_a_second), color=colour, lw=0.8, ls=":")
    axes.axvline(1000, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="workers of one core", ylabel="seconds an iteration", xlim=(1, 1e4), ylim=(1e-3, 1e5))
    axes.set_title("One gradient of 28-64-2 by the cost model; dotted: work alone", loc="left", fontsize=10)
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(HERE.parent / "docs" / "img" / "scale_model.png", dpi=150)


if __name__ == "__main__":
    main()
