"""Rows on several machines: Dask arrays and data frames, workers and schedulers that are lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import warnings
from unittest import mock

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl

import chainrule as cr
from blocks import SMALL
from chainrule.cluster.connect import connected
from chainrule.errors import ClusterError, DataError, MissingDependencyError, SettingError
from chainrule.kernels.blocks import source
from clusters import cluster, in_processes, rows, same_bits
from command import in_a_process
from fault_table.entry import entry, refused

NET = cr.Network("2-3-1")
X, LABELS = rows(5 * SMALL + 7)
OPTIONS = {"solver": "lbfgs", "epochs": 4, "seed": 1, "tolerance": 0}

in_small_blocks = mock.patch.object(source, "BLOCK_ROWS", SMALL)


@contextlib.contextmanager
def workers(count=2, *, processes=False):
    """A client of workers on this machine; rows from memory travel inside the graph, which Dask warns of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(.|\n)*Sending large graph")
        with cluster(count, processes=processes) as client:
            yield client


def lazily(values, chunk=3000):
    return da.from_array(values, chunks=(chunk, *values.shape[1:]))


def frames(*parts):
    """A data frame of these partitions, whatever they hold; only computing tells."""
    made = [dask.delayed(part, pure=False) for part in parts]
    return dd.from_delayed(made, meta=parts[0].iloc[:0], verify_meta=False)


def in_partitions(**changed):
    """Three partitions, of which the last one has other columns: a table of names, and one row in each 10."""
    frame = pd.DataFrame({"u": X[:, 0], "v": X[:, 1], "kind": LABELS.astype(object)})
    last = frame[10_000:].copy()
    for name, values in changed.items():
        last = last.drop(columns=name) if values is None else last.assign(**{name: values})
    return frames(frame[:5000], frame[5000:10_000], last)


def train(table, target="kind"):
    return cr.train(NET, table[[name for name in table.columns if name != target]], table[target], **OPTIONS)


@in_small_blocks
def unknown_lengths(_):
    here = cr.train(NET, X, LABELS, **OPTIONS)
    values = lazily(X)
    values = values[values[:, 0] > -1e9]  # how many rows that leaves, nobody knows before it is computed
    assert np.isnan(values.shape[0])
    with workers():
        assert same_bits(cr.train(NET, values, lazily(LABELS, 5000), **OPTIONS), here)
        assert same_bits(train(in_partitions()), here)


def missing_in_block_900(_):
    many, labels = rows(100_000)
    many[90_042, 1] = np.nan
    words = "at row 90,042 (row 42 of partition 900), column 1"
    for where in (workers(), contextlib.nullcontext()):  # without workers Dask reads the blocks here
        with where:
            refused(lambda: cr.train(NET, lazily(many, 100), labels, **OPTIONS), words, error=DataError)


def other_columns(_):
    with dask.config.set({"dataframe.convert-string": False}), workers():
        lacks = in_partitions(v=None)  # asked for a column that it lacks, pandas fails before we have its rows
        refused(lambda: train(lacks), "Partition 2 of X cannot be computed: KeyError", "'v'", error=DataError)
        whole = pd.DataFrame({"u": X[:, 0], "v": X[:, 1]})
        odd = frames(whole[:5000], whole[5000:10_000], whole[10_000:][["u"]])
        where = "Partition 2 of X begins at row 10,000"
        refused(lambda: cr.train(NET, odd, lazily(LABELS), **OPTIONS), "It lacks 'v'", where, error=DataError)
        fewer = in_partitions()[["u", "v"]], lazily(LABELS[1:])
        refused(lambda: cr.train(NET, *fewer, **OPTIONS), "20,487 rows and T has 20,486 rows", error=DataError)
        numbers = in_partitions(kind=1.0)
        refused(lambda: train(numbers), "text in partition 0, numbers in partition 2", error=DataError)


@in_small_blocks
def rare_and_empty(_):
    labels = LABELS.copy().astype(object)
    labels[12_345] = "rare"
    table = pd.DataFrame({"u": X[:, 0], "v": X[:, 1], "kind": labels})
    parts = frames(table[:10_000], table[10_000:10_000], table[10_000:])
    net = cr.Network("2-3-3")
    with workers():
        run = cr.train(net, parts[["u", "v"]], parts["kind"], **OPTIONS)
        assert run.coding.classes.tolist() == ["a", "bbb", "rare"]
        refused(lambda: train(parts), "3 classes and the network has 1 output", error=DataError)
    assert same_bits(run, cr.train(net, X, labels, **OPTIONS))


def worker_killed(_):
    many, labels = rows(200_000)
    here = cr.train(NET, many, labels, **{**OPTIONS, "epochs": 8})
    with workers(2, processes=True) as client:
        pids = list(client.run(os.getpid).values())

        def kill(record, weights):
            if record.epoch == 3:
                os.kill(pids[0], signal.SIGKILL)

        there = cr.train(
            NET, lazily(many, 70_000), lazily(labels, 70_000), callbacks=[kill], **{**OPTIONS, "epochs": 8}
        )
        assert pids[0] not in client.run(os.getpid).values()
    assert same_bits(there, here)


def scheduler_gone(folder):
    many, labels = rows(140_000)
    table = lazily(many, 50_000), lazily(labels, 50_000)
    here = cr.train(NET, many, labels, **{**OPTIONS, "epochs": 8})
    options = {**OPTIONS, "epochs": 8, "checkpoint": folder / "run"}  # written only now and then, and when it ends
    with warnings.catch_warnings(), in_processes(folder, 1) as (_, scheduler):
        warnings.simplefilter("ignore")

        def lose(record, weights):
            if record.epoch == 4:
                scheduler.kill()

        lost = "connection to the Dask scheduler is lost"
        refused(lambda: cr.train(NET, *table, callbacks=[lose], **options), lost, "resume", error=ClusterError)
    with workers(3):
        resumed = cr.train(NET, *table, resume=True, **options)
    assert [record.epoch for record in resumed.history] == [record.epoch for record in here.history]
    assert same_bits(resumed, here)


def scheduler_gone_from_the_command(folder):
    (folder / "t").mkdir()
    many, labels = rows(200_000)
    for number in range(2):
        frame = pl.DataFrame({"a": many[number::2, 0], "b": many[number::2, 1], "kind": labels[number::2]})
        frame.write_parquet(folder / "t" / f"{number}.parquet")
    options = ("--target", "kind", "--hidden", "64", "--solver", "lbfgs", "--epochs", 10_000, "--penalty", "1")
    with in_processes(folder, 1) as (client, scheduler):
        place = client.scheduler_info()["address"]
        command = in_a_process(
            "train", folder / "t", *options, "--dask", place, "--checkpoint", folder / "run", "--out", folder / "m"
        )
        quick = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=quick
        ) as training:
            assert any(line.startswith("Dask") for line in training.stdout)
            time.sleep(4)
            scheduler.kill()
            _, err = training.communicate(timeout=60)
    assert training.returncode == 2
    assert err.startswith("The connection to the Dask scheduler is lost")
    assert 1 <= len(err.splitlines()) <= 4, err
    assert (folder / "run").read_bytes().startswith(b"chainrule checkpoint")
    assert not (folder / "m").exists()


def nobody_there(_):
    def reach(place):
        with connected(place):
            raise AssertionError

    for place in ("nonsense", "http://x:1", "tcp://no-port", ""):
        refused(lambda at=place: reach(at), "no address of a Dask scheduler", "tcp://", error=SettingError)
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        words = "No Dask scheduler answers at tcp://127.0.0.1:1"
        refused(lambda: reach("tcp://127.0.0.1:1"), words, "dask scheduler", error=ClusterError)
        refused(lambda: reach("tls://127.0.0.1:1"), "tls.ca-file is empty", error=SettingError)


def no_workers(_):
    with mock.patch("chainrule.cluster.held.SECONDS_WITHOUT_WORKERS", 0.5), workers(0):
        table = lazily(X), lazily((LABELS == "a").astype(float).reshape(-1, 1))
        refused(lambda: cr.train(NET, *table, **OPTIONS), "has no workers", "dask worker", error=ClusterError)


def too_large(_):
    huge = da.zeros((10**13, 2), chunks=(10**10, 2))
    with workers(1):
        refused(
            lambda: cr.train(NET, huge, huge[:, :1], solver="lbfgs"),
            "240,000.0 GB",
            "the worker has",
            error=SettingError,
        )


def lacking(folder):
    (folder / "other" / "chainrule").mkdir(parents=True)
    (folder / "other" / "chainrule" / "__init__.py").write_text("__version__ = '0.0.1'")
    with in_processes(folder, 1, packages={"dask_worker": folder / "other"}):
        words = "has chainrule 0.0.1, and here it is", "pip install"
        refused(lambda: cr.train(NET, lazily(X), lazily(LABELS), **OPTIONS), *words, error=ClusterError)


def no_dask(_):
    def reach():
        with connected("local"):
            raise AssertionError

    with mock.patch.dict("sys.modules", {"distributed": None}):
        refused(reach, "pip install 'chainrule[dask]'", error=MissingDependencyError)


CLUSTERS = (
    entry(
        "D1",
        "A Dask array whose chunk sizes nobody knows, a Dask data frame",
        "accept",
        "Its rows are counted in one look at all pieces; the bits of the same rows in memory.",
        unknown_lengths,
    ),
    entry(
        "D2",
        "NaN in the 900th block of a Dask array",
        "refuse",
        "Found in the first pass, by whoever holds the block: row, partition, row in it, column.",
        missing_in_block_900,
    ),
    entry(
        "D3",
        "Partitions with other columns, other numbers of rows, or labels of another type",
        "refuse",
        "Names the partition, the row it begins at, and what it lacks.",
        other_columns,
    ),
    entry(
        "D4",
        "A class that one partition alone has; a partition without rows",
        "accept",
        "It is a class like others; an empty partition is none. The bits of the same rows in memory.",
        rare_and_empty,
    ),
    entry(
        "D5",
        "A worker is killed in the middle of a training",
        "accept",
        "Its blocks are read again by others, nothing is counted twice, and no bit changes.",
        worker_killed,
    ),
    entry(
        "D6",
        "The scheduler is gone in the middle of a training",
        "refuse keep",
        "An error in words, status 2; the checkpoint is written once more, and `resume` goes on from it to the same"
        " bits, on another cluster.",
        scheduler_gone,
        scheduler_gone_from_the_command,
    ),
    entry(
        "D7",
        "`--dask` with what is no address, where nobody answers, or without certificates for tls://",
        "refuse",
        "Each in its own words, before the table is looked at.",
        nobody_there,
    ),
    entry(
        "D8",
        "A cluster without workers",
        "refuse",
        "After a minute in which none came: an error that says how to start some.",
        no_workers,
    ),
    entry(
        "D9",
        "Rows that do not fit into the workers' memories together",
        "refuse",
        "At once, with both sizes.",
        too_large,
    ),
    entry(
        "D10",
        "A scheduler or worker without chainrule, or with another version",
        "refuse",
        "Before anything is sent: which one, and what to install there.",
        lacking,
    ),
    entry("D11", "`--dask` without Dask installed", "refuse", "Says how to install it.", no_dask),
)
