"""Training on a cluster: what two workers gain, what an iteration costs, and Spark's classifier beside ours.

Run: python -m benchmarks.cluster [workers] [iteration] [spark]     (all three where none is named)

Each part is a process of its own and prints its figures as JSON; they are kept in benchmarks/cluster.json, from which
benchmarks/scale_model.py works. Needs the extra `dask`; the Spark part needs pyspark and a Java that it runs on, and
is left out where these are missing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr

PLACE = Path(__file__).with_suffix(".json")
PARTS = ("workers", "iteration", "spark")
BLOCK = 65_536
INPUTS = 28


def rows(number: int, count: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    """Block ``number`` of an endless table: inputs, and classes that a network of 16 units draws."""
    teacher = np.random.default_rng(1)
    U, v = teacher.normal(size=(INPUTS, 16)) / 3, teacher.normal(size=16)
    rng = np.random.default_rng([2, number])
    X = rng.normal(size=(count, INPUTS))
    p = 1 / (1 + np.exp(-2 * np.tanh(X @ U) @ v))
    return X, (rng.uniform(size=count) < p).astype(np.int64)


def table(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first rows of it."""
    parts = [rows(number, min(BLOCK, count - number * BLOCK)) for number in range(-(-count // BLOCK))]
    return np.concatenate([X for X, _ in parts]), np.concatenate([t for _, t in parts])


def lazy_table(count: int) -> tuple[Any, Any]:
    """The same as Dask arrays, made by whoever needs them."""
    import dask.array as da
    from dask import delayed

    bounds = [min(BLOCK, count - at) for at in range(0, count, BLOCK)]
    made = [delayed(rows)(number, size) for number, size in enumerate(bounds)]
    X = [da.from_delayed(one[0], (size, INPUTS), float) for one, size in zip(made, bounds, strict=True)]
    t = [da.from_delayed(one[1], (size,), np.int64) for one, size in zip(made, bounds, strict=True)]
    return da.concatenate(X), da.concatenate(t)


def timed(call: Any, repeats: int) -> list[float]:
    """Seconds of each of some calls with a number that differs."""
    found = []
    for number in range(repeats):
        began = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - began)
    return found


def workers() -> dict[str, Any]:
    """2,000,000 x 28 on 28-64-2: a pass, and a whole training, here on one thread and on two workers."""
    import dask
    import distributed

    from chainrule.cluster.connect import local_workers
    from chainrule.cluster.objective import ClusterObjective
    from chainrule.cluster.table import DaskBlocks
    from chainrule.kernels import Objective
    from chainrule.kernels.compiled.threads import at_most
    from chainrule.training.given import coded_targets

    count, net = 2_000_000, cr.Network("28-64-2")
    options: dict[str, Any] = {"solver": "lbfgs", "epochs": 16, "record_every": 100, "seed": 1, "tolerance": 0.0}
    flat = net.initial_weights("glorot", seed=3).flat
    found: dict[str, Any] = {"rows": count, "network": net.notation, "weights": net.size}
    with local_workers(2):
        X, labels = dask.persist(*lazy_table(count))
        distributed.wait([X, labels])
        began = time.perf_counter()
        blocks = DaskBlocks.of(net, X, labels)
        objective = ClusterObjective(net, blocks, evaluations=1000).prepared(1000)
        objective.gradient(flat)
        found["first_pass_workers"] = time.perf_counter() - began
        there = timed(lambda number, o=objective: o.gradient(flat * (1 + 1e-3 * number)), 7)
        J_there, d_there = objective.gradient(flat)
        objective = None  # the workers let go of the rows
        began = time.perf_counter()
        on_workers = cr.train(net, X, labels, **options)
        found["training_workers"] = time.perf_counter() - began
    X_here, labels_here = table(count)
    with at_most(1):
        whole = Objective(net, X_here, coded_targets(net, labels_here)[1], evaluations=1000)
        J_here, d_here = whole.gradient(flat)
        here = timed(lambda number, o=whole: o.gradient(flat * (1 + 1e-3 * number)), 5)
        whole = None
        began = time.perf_counter()
        in_memory = cr.train(net, X_here, labels_here, **options)
        found["training_memory"] = time.perf_counter() - began
    found |= {"pass_workers": there[1:], "pass_memory": here}
    found["speed_up_of_a_pass"] = statistics.median(here) / statistics.median(there[1:])
    found["speed_up_of_training"] = found["training_memory"] / found["training_workers"]
    found["rows_a_second_a_core"] = count / statistics.median(here)
    found["same_bits"] = bool(
        J_here == J_there
        and np.array_equal(d_here, d_there)
        and in_memory.weights.flat.tobytes() == on_workers.weights.flat.tobytes()
    )
    return found


class Nothing:
    """Work that takes no time, or a given time, with a gradient of some length as its result."""

    def __init__(self, size: int, seconds: float = 0.0) -> None:
        self.flat, self.seconds = np.zeros(size), seconds

    def __call__(self, number: int, part: Any) -> Any:
        if number % 4 == 0:  # of the blocks that a worker holds the first
            time.sleep(self.seconds)
        return 0.0, self.flat


def iteration() -> dict[str, Any]:
    """What an iteration costs beside the work: two workers, weights of several lengths; then more workers."""
    from chainrule.cluster.connect import local_workers
    from chainrule.cluster.held import Held
    from chainrule.cluster.table import DaskBlocks

    found: dict[str, Any] = {"milliseconds": {}, "by_workers": {}, "beside_50_ms": {}}
    net = cr.Network("2-3-1")
    for count in (2, 4, 8):
        with local_workers(count) as client:
            X, labels = lazy_table(BLOCK * 8)
            held = Held(client, net, DaskBlocks.of(net, X[:, :2], labels), np.dtype(np.float64))
            sizes = (1986, 100_000, 1_000_000) if count == 2 else (1986,)
            for size in sizes:
                work = Nothing(size)
                repeats = 150 if size < 10_000 else 15
                seen = sorted(1e3 * seconds for seconds in timed(lambda _, w=work, h=held: h.sum(w, 1), repeats)[5:])
                figures = {"median": statistics.median(seen), "p90": seen[int(0.9 * len(seen))], "least": seen[0]}
                if count == 2:
                    found["milliseconds"][size] = figures
                if size == 1986:
                    found["by_workers"][count] = figures
            if count == 2:
                work = Nothing(1986, seconds=0.05)
                seen = sorted(1e3 * seconds - 50 for seconds in timed(lambda _, w=work, h=held: h.sum(w, 1), 40)[5:])
                found["beside_50_ms"] = {"median": statistics.median(seen), "p90": seen[int(0.9 * len(seen))]}
    return found


def spark() -> dict[str, Any]:
    """500,000 x 28 on 28-32-2: Spark MLlib's MultilayerPerceptronClassifier, local[2], from the same start.

    The rows are draws from 32 different ones, each with its own share of ones: the largest J that there is can be
    written down, and both have to come to it.
    """
    count, distinct = 500_000, 32
    net = cr.Network("28-32 sigmoid-2")
    rng = np.random.default_rng(1)
    which = rng.integers(distinct, size=count)
    X = rng.normal(size=(distinct, INPUTS))[which]
    labels = (rng.uniform(size=count) < rng.uniform(0.15, 0.85, size=distinct)[which]).astype(np.int64)
    ones, of_all = np.bincount(which, labels), np.bincount(which)
    shares = ones / of_all
    start = net.initial_weights("glorot", seed=1)

    found: dict[str, Any] = {
        "rows": count,
        "network": net.notation,
        "largest_J": float((ones * np.log(shares) + (of_all - ones) * np.log(1 - shares)).sum()),
    }
    cr.train(net, X, labels, solver="lbfgs", epochs=2, weights=start)  # compiles
    began = time.perf_counter()
    ours = cr.train(net, X, labels, solver="lbfgs", epochs=200, tolerance=1e-7, record_every=1000, weights=start)
    found |= {
        "ours_J": ours.J,
        "ours_iterations": ours.epoch,
        "ours_seconds": time.perf_counter() - began,
    }
    found["ours_an_iteration"] = found["ours_seconds"] / ours.epoch
    found |= _on_spark(net, X, labels, start.flat, 10, 80)
    found["times_faster_an_iteration"] = found["spark_an_iteration"] / found["ours_an_iteration"]
    found["gap"] = abs(found["spark_J"] - ours.J) / abs(ours.J)
    return found


def _on_spark(
    net: Any, X: np.ndarray, labels: np.ndarray, start: np.ndarray, few: int, iterations: int
) -> dict[str, Any]:
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    import polars as pl
    from pyspark.ml.classification import MultilayerPerceptronClassifier
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.linalg import Vectors
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as folder:
        names = [f"x{number}" for number in range(X.shape[1])]
        frame = pl.DataFrame({name: X[:, at] for at, name in enumerate(names)}).with_columns(label=labels.astype(float))
        halves = [Path(folder) / f"part-{part}.parquet" for part in range(2)]
        for part, half in enumerate(halves):
            frame[part::2].write_parquet(half)
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.memory", "6g")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.files.maxPartitionBytes", "1g")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        parts = [session.read.parquet(str(half)).coalesce(1) for half in halves]
        data = VectorAssembler(inputCols=names, outputCol="features").transform(parts[0].union(parts[1]))
        data = data.select("features", "label").cache()
        assert data.count() == len(X)
        seconds, models = {}, {}
        for count in (few, few, iterations):  # the first one warms up
            began = time.perf_counter()
            learner = MultilayerPerceptronClassifier(
                layers=net.M, maxIter=count, tol=1e-12, solver="l-bfgs", initialWeights=Vectors.dense(start),
                blockSize=125,  # of which there is a whole number: a last, shorter one would count as much as they do
            )  # fmt: skip
            models[count] = learner.fit(data)
            seconds[count] = time.perf_counter() - began
        flat = np.asarray(models[iterations].weights.toArray())
        history = [float(value) for value in models[iterations].summary().objectiveHistory]
        few_iterations = len(models[few].summary().objectiveHistory) - 1
        session.stop()
    J = cr.log_likelihood(net, net.weights_from(flat), X, np.eye(2)[labels])
    at_start = cr.log_likelihood(net, net.weights_from(start), X, np.eye(2)[labels])
    return {
        "spark_version": __import__("pyspark").__version__,
        "spark_J": J,
        "spark_J_by_its_own_count": -history[-1] * len(X),
        "start_J": at_start,
        "start_J_by_sparks_own_count": -history[0] * len(X),
        "spark_iterations": len(history) - 1,
        "spark_seconds": seconds[iterations],
        "spark_an_iteration": (seconds[iterations] - seconds[few]) / (len(history) - 1 - few_iterations),
    }


def main() -> None:
    """The parts that are asked for, each in a process of its own; or one part, here."""
    names = sys.argv[1:] or list(PARTS)
    if names[0] == "--here":
        warnings.simplefilter("ignore")
        print(json.dumps(globals()[names[1]]()))
        return
    kept = json.loads(PLACE.read_text()) if PLACE.exists() else {}
    for name in names:
        command = [sys.executable, "-m", "benchmarks.cluster", "--here", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} left out: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
            continue
        kept[name] = json.loads(done.stdout.strip().splitlines()[-1])
        print(name, json.dumps(kept[name], indent=1))
    from benchmarks.run import machine

    kept["machine"] = machine()
    PLACE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
