"""A table in blocks that the workers read themselves."""

from __future__ import annotations

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule.cluster.connect import connected
from chainrule.cluster.on_workers import OnWorkers
from chainrule.errors import ClusterError, DataError, SettingError
from chainrule.kernels.blocks import Block, Blocks
from clusters import cluster, rows, same_bits

NET = cr.Network("2-3-1")
X, LABELS = rows(400_000)


class InFiles(Blocks):
    """A table in two files, which tells who reads it."""

    def __init__(self, folder):
        self.folder = folder
        self.rows, self.inputs, self.outputs = len(np.load(folder / "X.npy", mmap_mode="r")), 2, 1
        self.total_weight = float(self.rows)

    def read(self, number, dtype):
        (self.folder / f"read-{number}-by-{os.getpid()}").touch()
        part = slice(*self.bounds(number))
        found = (np.load(self.folder / f"{name}.npy", mmap_mode="r")[part].astype(dtype) for name in ("X", "T"))
        return Block(*found, None)

    def place(self, row):
        return f"row {row} of X.npy"


@pytest.fixture
def in_files(tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "T.npy", (LABELS == "bbb").reshape(-1, 1).astype(float))
    return InFiles(tmp_path)


def readers(table):
    return {int(name.split("-")[-1]) for name in os.listdir(table.folder) if name.startswith("read-")}


def test_workers_read_their_blocks_from_files_and_the_client_reads_none(in_files):
    with cluster(2, processes=True) as client:
        run = cr.train(NET, OnWorkers(in_files), solver="lbfgs", epochs=4, seed=1)
        pids = set(client.run(os.getpid).values())
    assert readers(in_files) == pids
    assert len(pids) == 2
    assert same_bits(run, cr.train(NET, X, LABELS == "bbb", solver="lbfgs", epochs=4, seed=1))


def test_a_share_is_held_out_as_of_blocks_here(in_files):
    options = {"solver": "lbfgs", "epochs": 3, "validation": 0.2, "seed": 1}
    with cluster(2, processes=False):
        run = cr.train(NET, OnWorkers(in_files), **options)
    here = cr.train(NET, in_files, **options)
    assert same_bits(run, here)
    assert run.history.validation_J.tolist() == here.history.validation_J.tolist()


def test_a_fault_is_named_by_the_tables_own_place(in_files):
    values = X.copy()
    values[300_123, 0] = np.inf
    np.save(in_files.folder / "X.npy", values)
    with cluster(2, processes=False), pytest.raises(DataError, match=r"infinite(.|\n)*row 300123 of X\.npy"):
        cr.train(NET, OnWorkers(in_files), solver="lbfgs", epochs=2)


def test_what_a_worker_cannot_read_is_told_as_the_table_tells_it(in_files):
    (in_files.folder / "T.npy").unlink()
    with cluster(2, processes=False), pytest.raises(FileNotFoundError, match=r"T\.npy"):
        cr.train(NET, OnWorkers(in_files), solver="lbfgs", epochs=2)


def test_without_a_client_it_says_how_to_make_one(in_files):
    with pytest.raises(SettingError, match=r"distributed\.Client\(\)"):
        OnWorkers(in_files)


@pytest.mark.parametrize("place", ["nonsense", "http://x:1", "tcp://no-port", "Local", ""])
def test_what_is_no_address_is_refused(place):
    with pytest.raises(SettingError, match="no address of a Dask scheduler"), connected(place):
        pass


def test_an_address_where_nobody_answers_is_an_error():
    import dask

    settings = {"distributed.comm.timeouts.connect": "1s"}
    nobody = pytest.raises(ClusterError, match="No Dask scheduler answers")
    with dask.config.set(settings), nobody, connected("tcp://127.0.0.1:1"):
        pass
