"""Tables larger than memory: the peak of a training, from disk against in memory, and predictions written while read.

Run: python -m benchmarks.scale [memory] [disk] [predict]     (all three where none is named)

Each part is a process of its own and prints its figures as JSON; they are kept in benchmarks/scale.json. The data are
made once in a temporary folder and removed: 5 GB of disk at most.
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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

PLACE = Path(__file__).with_suffix(".json")
PARTS = ("memory", "disk", "predict")
INPUTS = 28
ROWS = {"memory": 10_000_000, "disk": 2_000_000, "predict": 10_000_000}
PER_FILE = 1_000_000
SOLVERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lbfgs", {"epochs": 3}),
    ("adam", {"epochs": 1, "batch_size": 256}),
)
BOUND = "200MB"  # a tenth of the table of the part "memory"


def main() -> None:
    """The parts named on the command line, each in a process of its own."""
    found = json.loads(PLACE.read_text("utf-8")) if PLACE.exists() else {}
    for part in sys.argv[1:] or PARTS:
        command = [sys.executable, "-c", f"from benchmarks import scale; scale.{part}()"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[part] = json.loads(done.stdout.splitlines()[-1])
        print(part, json.dumps(found[part], indent=1))
        PLACE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def table(folder: Path, rows: int, dtype: str) -> Path:
    """A folder of Parquet files: 28 normal numbers and a class that hangs on four of them."""
    folder.mkdir()
    for number, first in enumerate(range(0, rows, PER_FILE)):
        rng = np.random.default_rng(number)
        X = rng.standard_normal((min(PER_FILE, rows - first), INPUTS)).astype(dtype)
        signal = X[:, :4].sum(axis=1) + rng.standard_normal(len(X)) > 0
        columns: dict[str, Any] = {f"x{at}": X[:, at] for at in range(INPUTS)}
        columns["kind"] = np.where(signal, "signal", "noise")
        pl.DataFrame(columns).write_parquet(folder / f"part-{number:03}.parquet")
    return folder


def memory() -> None:
    """The peak of ``chainrule train`` on a table ten times the bound, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = table(Path(place, "table"), ROWS["memory"], "float64")
        size = sum(path.stat().st_size for path in folder.iterdir())
        program = (
            "import resource, sys\nfrom chainrule.cli.app import main\n"
            "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
        )
        options = ["--target", "kind", "--hidden", "16 tanh", "--epochs", "2", "--memory", BOUND, "--no-figures"]
        command = [sys.executable, "-c", program, "train", str(folder), *options, "--out", str(Path(place, "m.model"))]
        began = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(json.dumps({
            "rows": ROWS["memory"], "bytes of the table": size, "bound": BOUND,
            "peak bytes": int(done.stdout.split()[-1]), "seconds": time.perf_counter() - began,
        }))  # fmt: skip


def disk() -> None:
    """The training alone, from scratch files and from arrays of the same rows: seconds, and whether the bits agree."""
    import chainrule as cr
    from chainrule.tables.decoded import Decoded
    from chainrule.tables.source import opened_source
    from chainrule.tables.streamed_plan import streamed_plan

    found = {}
    with tempfile.TemporaryDirectory() as place:
        source = opened_source(table(Path(place, "table"), ROWS["disk"], "float32"))
        plan = streamed_plan(source, "kind", bound=10**9, test_share=0.0)
        with Decoded(plan) as rows:
            X, t = (np.concatenate(part) for part in zip(*rows.training.parts(), strict=True))
            arrays = cr.ArrayBlocks(X, t.reshape(-1, 1))
            for notation in ("28-8 tanh-1", "28-64 tanh-1", "28-64 tanh-64 tanh-1"):
                for solver, options in SOLVERS:
                    train = partial(cr.train, cr.Network(notation), solver=solver, seed=0, progress=False, **options)
                    # the order of mini-batches of plain arrays is another one: that of arrays in blocks is the same
                    held = (X, t.reshape(-1, 1)) if solver == "lbfgs" else (arrays,)
                    seconds, runs = in_turns(
                        {"disk": partial(train, rows.training), "memory": partial(train, *held)}, 3
                    )
                    same = np.array_equal(runs["disk"].weights.flat, runs["memory"].weights.flat)
                    found[f"{notation} {solver}"] = {
                        **seconds,
                        "times": seconds["disk"] / seconds["memory"],
                        "same bits": bool(same),
                    }
    print(json.dumps(found))


def predict() -> None:
    """Rows a second of ``chainrule predict`` to Parquet, and of scikit-learn's predict_proba in chunks, written too."""
    from sklearn.neural_network import MLPClassifier

    import chainrule as cr
    from chainrule.cli import prediction_file
    from chainrule.tables.source import opened_source
    from chainrule.tables.streamed_model import StreamedPredictions

    warnings.filterwarnings("ignore")  # one epoch is no convergence
    with tempfile.TemporaryDirectory() as place:
        folder = table(Path(place, "table"), ROWS["predict"], "float32")
        few = pl.read_parquet(folder / "part-000.parquet", n_rows=20_000)
        model = cr.train_table(few, "kind", hidden="64 tanh-64 tanh", epochs=1, penalty=1.0, test_share=0.0)
        names = [name for name in few.columns if name != "kind"]
        theirs = MLPClassifier((64, 64), activation="tanh", max_iter=1).fit(
            few[names].to_numpy(), few["kind"].to_list()
        )
        mean, scale = (
            np.array([getattr(column, name) for column in model.contract.columns]) for name in ("mean", "scale")
        )

        def ours() -> None:
            prediction_file.write(StreamedPredictions(model, opened_source(folder)), Path(place, "ours.parquet"))

        def scikit_learn() -> None:
            parts = []
            for path in sorted(folder.iterdir()):
                for first in range(0, PER_FILE, 65_536):
                    chunk = pl.scan_parquet(path).select(names).slice(first, 65_536).collect().to_numpy()
                    parts.append(theirs.predict_proba((chunk - mean) / scale))
            pl.DataFrame(np.concatenate(parts)).write_parquet(Path(place, "theirs.parquet"))

        seconds, _ = in_turns({"chainrule": ours, "scikit-learn": scikit_learn}, 1)
    rates = {name: ROWS["predict"] / each for name, each in seconds.items()}
    print(
        json.dumps(
            {"rows": ROWS["predict"], "rows a second": rates, "times": rates["chainrule"] / rates["scikit-learn"]}
        )
    )


def in_turns(calls: dict[str, Callable[[], Any]], turns: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds of each call, and what it gave; where there are several turns, the first is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    results: dict[str, Any] = {}
    for turn in range(turns + (turns > 1)):
        for name, call in calls.items():
            began = time.perf_counter()
            results[name] = call()
            if turn or turns == 1:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}, results


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    main()
