"""Training on a cluster gives the bits of training in memory, for any number of workers; and outlives their deaths."""

from __future__ import annotations

import os
import signal
import warnings

import dask.array as da
import numpy as np
import pytest

import chainrule as cr
from chainrule.cluster.held import Held
from chainrule.cluster.objective import ClusterObjective
from chainrule.cluster.table import DaskBlocks
from chainrule.errors import ClusterError, DataError, SettingError
from chainrule.kernels.blocks.objective import BlockedObjective
from clusters import cluster, in_processes, rows, same_bits

NET = cr.Network("2-3-1")
X, LABELS = rows(400_000)  # seven blocks
WEIGHT = np.random.default_rng(5).uniform(0.5, 2, len(X))
CHUNK = 70_001
LAZY = {name: da.from_array(values, chunks=(CHUNK, *values.shape[1:])) for name, values in
        {"X": X, "T": LABELS, "weight": WEIGHT}.items()}  # fmt: skip


@pytest.fixture(autouse=True)
def _large_graphs_are_meant():
    """Rows in memory travel to the workers inside the graph, which Dask warns of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(.|\n)*Sending large graph")
        yield


@pytest.fixture(scope="module")
def three():
    """Three worker processes."""
    with warnings.catch_warnings(), cluster(3, processes=True) as client:
        yield client


WAYS = {
    "ascent": {"average": True, "learning_rate": 0.5, "epochs": 4},
    "momentum": {"average": True, "learning_rate": 0.2, "epochs": 4},
    "adam": {"learning_rate": 0.02, "epochs": 4},
    "lbfgs": {"epochs": 6},
    "newton": {"epochs": 3},
}
OF_BATCHES = {"solver": "adam", "batch_size": 1000, "epochs": 1}


@pytest.mark.parametrize("solver", WAYS)
def test_every_solver_gives_the_bits_of_memory_on_three_processes(three, solver):
    options = {"solver": solver, "seed": 1, **WAYS[solver], "record_every": 1}
    on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], sample_weight=LAZY["weight"], **options)
    here = cr.train(NET, X, LABELS, sample_weight=WEIGHT, **options)
    assert same_bits(on_cluster, here)
    assert on_cluster.history.J.tolist() == here.history.J.tolist()
    assert on_cluster.history.rate.tolist() == here.history.rate.tolist()
    assert on_cluster.constant_J == here.constant_J
    assert on_cluster.predict(X[:5]).tolist() == here.predict(X[:5]).tolist()


def test_mini_batches_are_those_of_the_same_rows_in_blocks_here(three):
    on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], **OF_BATCHES)
    assert same_bits(on_cluster, cr.train(NET, cr.ArrayBlocks(X, LABELS), **OF_BATCHES))


@pytest.mark.parametrize("more", [{"dropout": 0.3, "learning_rate": 0.01}, {"penalty": 3.0, "freeze": ["W1"]}])
def test_dropout_priors_and_frozen_weights_are_as_in_memory(three, more):
    options = {"solver": "adam", "epochs": 3, "record_every": 1, **more}
    assert same_bits(cr.train(NET, LAZY["X"], LAZY["T"], **options), cr.train(NET, X, LABELS, **options))


def test_rows_held_out_and_weighted_by_class_are_those_of_blocks_here(three):
    options = {"solver": "lbfgs", "epochs": 4, "validation": 0.3, "class_weight": "balanced", "seed": 3}
    on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], sample_weight=LAZY["weight"], **options)
    here = cr.train(NET, cr.ArrayBlocks(X, LABELS, WEIGHT), **options)
    assert same_bits(on_cluster, here)
    assert on_cluster.history.validation_J.tolist() == here.history.validation_J.tolist()


def test_validation_rows_may_be_dasks_too(three):
    options = {"solver": "lbfgs", "epochs": 3}
    on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], validation=(LAZY["X"], LAZY["T"]), **options)
    assert on_cluster.history.validation_J.tolist() == on_cluster.history.J.tolist()


def test_float32_has_the_bits_of_float32_in_memory(three):
    options = {"solver": "momentum", "average": True, "epochs": 3, "dtype": "float32", "record_every": 1}
    assert same_bits(cr.train(NET, LAZY["X"], LAZY["T"], **options), cr.train(NET, X, LABELS, **options))


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_the_number_of_workers_and_their_threads_changes_no_bit(workers):
    options = {"solver": "lbfgs", "epochs": 4, "seed": 1}
    with cluster(workers, processes=False, threads=1 + workers % 2):
        on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], **options)
    assert same_bits(on_cluster, cr.train(NET, X, LABELS, **options))


def test_sums_of_many_workers_are_joined_on_workers_first(monkeypatch):
    monkeypatch.setattr("chainrule.cluster.held.FAN_IN", 2)
    monkeypatch.setattr("chainrule.cluster.held.LARGE", 1)  # the weights go by way of one worker
    options = {"solver": "lbfgs", "epochs": 3, "seed": 1}
    with cluster(7, processes=False):
        on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], **options)
    assert same_bits(on_cluster, cr.train(NET, X, LABELS, **options))


def test_each_iteration_is_one_task_a_worker(three, monkeypatch):
    objective = ClusterObjective(NET, DaskBlocks.of(NET, LAZY["X"], LAZY["T"])).prepared(100)
    flat = NET.initial_weights(seed=0).flat
    objective.gradient(flat)
    sent, send = [], three.map
    monkeypatch.setattr(three, "map", lambda *args, **options: sent.append(args) or send(*args, **options))
    monkeypatch.setattr(three, "submit", None)
    objective.gradient(flat + 1.0)
    ((_, parts),) = sent  # one message
    assert len(set(three.who_has(parts).values())) == 3  # each of three tasks to what another worker holds
    objective.gradient(flat + 1.0)
    assert len(sent) == 1  # the same weights again: nothing goes out


def test_a_sum_that_comes_twice_is_refused():
    table = DaskBlocks.of(NET, LAZY["X"], LAZY["T"])
    with cluster(1, processes=False) as client:
        held = Held(client, NET, table, np.dtype(np.float64))
        held._parts.append(held._parts[0])
        with pytest.raises(ValueError, match="there twice"):
            held.moments()


def test_a_worker_killed_in_the_middle_changes_no_bit():
    options = {"solver": "lbfgs", "epochs": 12, "seed": 1, "tolerance": 0}
    here = cr.train(NET, X, LABELS, **options)
    with cluster(3, processes=True) as client:
        pids = list(client.run(os.getpid).values())

        def kill(record, weights):
            if record.epoch in (3, 7):
                os.kill(pids[record.epoch // 4], signal.SIGKILL)

        on_cluster = cr.train(NET, LAZY["X"], LAZY["T"], callbacks=[kill], **options)
        now = list(client.run(os.getpid).values())
    assert not {pids[0], pids[1]} & set(now)  # they did die
    assert same_bits(on_cluster, here)
    assert on_cluster.history.J.tolist() == here.history.J.tolist()


def test_a_scheduler_that_is_gone_is_an_error_and_the_checkpoint_goes_on(tmp_path):
    options = {"solver": "lbfgs", "epochs": 10, "seed": 1, "tolerance": 0, "checkpoint": tmp_path / "run"}
    options["checkpoint_every"] = 1
    here = cr.train(NET, X, LABELS, **{**options, "checkpoint": None, "checkpoint_every": None})
    with in_processes(tmp_path, 2) as (_, scheduler):

        def lose(record, weights):
            if record.epoch == 4:
                scheduler.kill()

        with pytest.raises(ClusterError, match=r"scheduler is lost(.|\n)*go on from it with resume"):
            cr.train(NET, LAZY["X"], LAZY["T"], callbacks=[lose], **options)
    with cluster(1, processes=False):
        resumed = cr.train(NET, LAZY["X"], LAZY["T"], resume=True, **options)
    assert same_bits(resumed, here)


@pytest.mark.parametrize(
    "own",
    [
        {"solver": "lbfgs", "class_weight": "balanced"},
        {"solver": "momentum", "average": True, "learning_rate": 0.2, "record_every": 1, "dtype": "float32"},
    ],
    ids=["lbfgs", "momentum"],
)
def test_a_checkpoint_goes_from_memory_to_blocks_to_workers_and_back(three, tmp_path, own):
    options = {**own, "seed": 1, "tolerance": 0}
    whole = cr.train(NET, X, LABELS, sample_weight=WEIGHT, epochs=10, **options)
    options |= {"checkpoint": tmp_path / "run", "resume": True}
    cr.train(NET, X, LABELS, sample_weight=WEIGHT, epochs=2, **options)
    cr.train(NET, cr.ArrayBlocks(X, LABELS, WEIGHT), epochs=4, **options)
    cr.train(NET, LAZY["X"], LAZY["T"], sample_weight=LAZY["weight"], epochs=6, **options)
    cr.train(NET, X, LABELS, sample_weight=WEIGHT, epochs=8, **options)
    last = cr.train(NET, LAZY["X"], LAZY["T"], sample_weight=LAZY["weight"], epochs=10, **options)
    assert same_bits(last, whole)


@pytest.mark.parametrize("column", range(2))
def test_a_checkpoint_is_not_gone_on_from_with_other_rows(three, tmp_path, column):
    options = {"solver": "lbfgs", "seed": 1, "checkpoint": tmp_path / "run"}
    cr.train(NET, X, LABELS, epochs=1, **options)
    other = X.copy()
    other[-1, column] += 1e-9
    with pytest.raises(SettingError, match="data differs"):
        cr.train(NET, da.from_array(other, chunks=(CHUNK, 2)), LAZY["T"], epochs=3, resume=True, **options)


def test_mini_batches_go_on_only_in_the_order_they_began_with(three, tmp_path):
    options = {**OF_BATCHES, "checkpoint": tmp_path / "run"}
    whole = cr.train(NET, cr.ArrayBlocks(X, LABELS), **{**OF_BATCHES, "epochs": 2})
    cr.train(NET, cr.ArrayBlocks(X, LABELS), **options)
    with pytest.raises(SettingError, match=r"rows differs(.|\n)*'in blocks', here 'in memory'"):
        cr.train(NET, X, LABELS, resume=True, **options)
    assert same_bits(cr.train(NET, LAZY["X"], LAZY["T"], resume=True, **{**options, "epochs": 2}), whole)


def test_a_fault_on_a_worker_names_the_first_row_of_the_table(three):
    values = X.copy()
    values[[140_000, 380_000], 1] = np.nan
    with pytest.raises(DataError, match=r"missing \(NaN\), at row 140,000 \(row 69,999 of partition 1\), column 1"):
        cr.train(NET, da.from_array(values, chunks=(70_001, 2)), LAZY["T"], solver="lbfgs", epochs=2)


def test_targets_outside_the_law_are_named(three):
    T = np.zeros(len(X))
    T[300_000] = 7
    with pytest.raises(DataError, match="at row 300,000"):
        cr.train(cr.Network("2-3-1 sigmoid"), LAZY["X"], da.from_array(T.reshape(-1, 1)), solver="lbfgs", epochs=2)


def test_rows_that_do_not_fit_into_the_workers_are_refused_at_once():
    huge = da.zeros((10**13, 2), chunks=(10**10, 2))
    with cluster(1, processes=False) as client, pytest.raises(SettingError, match="the worker has"):
        Held(client, NET, DaskBlocks(huge, huge[:, :1]), np.dtype(np.float64))


def test_a_small_table_is_trained_here(three):
    run = cr.train(NET, LAZY["X"][:5000], LAZY["T"][:5000], solver="lbfgs", epochs=5)
    assert same_bits(run, cr.train(NET, X[:5000], LABELS[:5000], solver="lbfgs", epochs=5))


def test_with_a_client_the_workers_have_the_rows_and_without_one_nobody(three):
    from chainrule.kernels.blocks.objective import of_table

    table = DaskBlocks.of(NET, LAZY["X"], LAZY["T"])
    assert isinstance(of_table(NET, table), ClusterObjective)
    table.client = None
    assert type(of_table(NET, table)) is BlockedObjective
