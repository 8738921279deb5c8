"""Dask clusters for tests: on the loopback address, on free ports, closed at the end."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import numpy as np

QUIET = {
    "distributed.comm.timeouts.connect": "3s",  # a scheduler that is gone is given up after this
    "distributed.worker.memory.terminate": False,
}


@contextlib.contextmanager
def cluster(workers: int, *, processes: bool, threads: int = 1) -> Iterator[Any]:
    """A client of so many workers, the default one inside."""
    from distributed import Client, LocalCluster

    with (
        dask.config.set(QUIET),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=processes,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        ) as started,
        Client(started) as client,
    ):
        yield client


@contextlib.contextmanager
def in_processes(folder: Path, workers: int) -> Iterator[tuple[Any, subprocess.Popen[bytes]]]:
    """A client of a scheduler that is a process of its own, and that process."""
    from distributed import Client

    place = folder / "scheduler.json"
    common = ["--scheduler-file", str(place), "--host", "127.0.0.1", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = [sys.executable, "-m"]
    with contextlib.ExitStack() as stack:

        def started(module: str, *options: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([*run, f"distributed.cli.{module}", *common, *options], **quiet)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = started("dask_scheduler", "--port", "0")
        while not place.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        for _ in range(workers):
            started("dask_worker", "--nthreads", "1", "--no-nanny")
        stack.enter_context(dask.config.set(QUIET))
        client = stack.enter_context(Client(scheduler_file=str(place)))
        client.wait_for_workers(workers)
        yield client, scheduler


def rows(count: int, inputs: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels "a", "b" of three words' width, which a small network tells apart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, inputs))
    return X, np.array(["a", "bbb"])[(X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=count) > 0).astype(int)]


def same_bits(a: Any, b: Any) -> bool:
    """Whether two runs ended with the same weights and the same J, to the last bit."""
    return bool(a.weights.flat.tobytes() == b.weights.flat.tobytes() and a.J == b.J)
