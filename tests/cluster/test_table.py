"""Dask arrays and data frames as a table in blocks, without a cluster: what they hold, and what is wrong with them."""

from __future__ import annotations

import contextlib
import pickle

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.cluster.table import DaskBlocks
from chainrule.errors import DataError, SettingError
from clusters import cluster, rows, same_bits

NET = cr.Network("2-3-1")
X, LABELS = rows(150_000)  # three blocks
FRAME = pd.DataFrame({"u": X[:, 0], "v": X[:, 1], "t": LABELS})


@pytest.fixture(autouse=True)
def _in_this_thread():
    with dask.config.set(scheduler="synchronous", **{"dataframe.convert-string": False}):
        yield


def frames(*parts: pd.DataFrame) -> dd.DataFrame:
    """A data frame of these partitions, whatever they hold; only computing tells."""
    made = [dask.delayed(part, pure=False) for part in parts]
    return dd.from_delayed(made, meta=parts[0].iloc[:0], verify_meta=False)


def assert_same_table(blocks, others):
    assert blocks.count == others.count
    for number in range(blocks.count):
        for one, other in zip(
            blocks.read(number, np.dtype(np.float64)), others.read(number, np.dtype(np.float64)), strict=True
        ):
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)


@pytest.mark.parametrize("chunks", [1_000_000, 65_536, 40_001, (100_000, 0, 50_000)])
def test_an_array_in_any_chunks_is_the_table_of_its_rows(chunks):
    weight = np.arange(len(X)) % 7 + 0.5
    table = DaskBlocks.of(
        NET, da.from_array(X, chunks=(chunks, 1)), da.from_array(LABELS, chunks=30_000), da.from_array(weight)
    )
    expected = cr.ArrayBlocks(X, LABELS, weight).for_network(NET)
    assert_same_table(table, expected)
    assert table.total_weight == expected.total_weight
    assert table.coding == expected.coding


def test_a_data_frame_whose_lengths_nobody_knows_is_looked_at_once():
    frame = frames(FRAME[:70_000], FRAME[70_000:70_000], FRAME[70_000:])  # one partition is empty
    table = DaskBlocks.of(NET, frame[["u", "v"]], frame["t"])
    assert_same_table(table, cr.ArrayBlocks(X, LABELS).for_network(NET))
    assert table.place(75_000) == "row 75,000 (row 5,000 of partition 2)"
    assert table.column("X", 1) == "'v'"


def test_an_array_of_unknown_chunks_is_counted():
    values = da.from_array(X, chunks=(50_000, 2))
    table = DaskBlocks.of(NET, values[values[:, 0] > -100], da.from_array(LABELS))
    assert_same_table(table, cr.ArrayBlocks(X, LABELS).for_network(NET))


def test_without_a_client_training_runs_here_to_the_bits_of_memory():
    frame = frames(FRAME[:90_000], FRAME[90_000:])
    options = {"solver": "lbfgs", "epochs": 3, "seed": 1}
    assert same_bits(cr.train(NET, frame[["u", "v"]], frame["t"], **options), cr.train(NET, X, LABELS, **options))


def test_targets_alone_do_not_read_the_inputs():
    def refuse(block):
        raise AssertionError("X was read")

    inputs = da.from_array(X, chunks=(50_000, 2)).map_blocks(refuse, meta=np.empty((0, 2)))
    table = DaskBlocks.of(NET, inputs, da.from_array(LABELS))
    T, weight = table.targets_of(1, np.dtype(np.float64))
    assert weight is None
    assert np.array_equal(T, cr.ArrayBlocks(X, LABELS).for_network(NET).read(1, np.dtype(np.float64)).T)


def test_a_class_that_one_partition_alone_has_is_a_class():
    labels = LABELS.copy().astype(object)
    labels[120_000] = "rare"
    frame = frames(*(FRAME.assign(t=labels)[at : at + 50_000] for at in (0, 50_000, 100_000)))
    table = DaskBlocks.of(cr.Network("2-3-3"), frame[["u", "v"]], frame["t"])
    assert table.coding is not None
    assert table.coding.classes.tolist() == ["a", "bbb", "rare"]
    with pytest.raises(DataError, match="3 classes and the network has 1 output"):
        DaskBlocks.of(NET, frame[["u", "v"]], frame["t"])


def broken(**changes):
    """The table in three partitions, of which the last one has these columns changed; None drops one."""
    last = FRAME[100_000:].copy()
    for name, values in changes.items():
        if values is None:
            last = last.drop(columns=name)
        else:
            last[name] = values
    return frames(FRAME[:50_000], FRAME[50_000:100_000], last)


def one_bad(column, value):
    values = FRAME[column][100_000:].to_numpy().astype(object)
    values[1234] = value
    return values


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (broken(u=one_bad("u", np.nan).astype(float)), r"row 101,234 \(row 1,234 of partition 2\), column 'u'"),
        (broken(u=one_bad("u", "x")), r"values that are not numbers(.|\n)*partition 2"),
        (
            broken(t=one_bad("t", None)),
            r"1 label missing \(first at row 1234\)(.|\n)*Partition 2 of T begins at row 100,0",
        ),
        (broken(t=np.arange(50_000)), "text in partition 0, numbers in partition 2"),
    ],
)
def test_what_is_wrong_with_a_cell_is_named_by_row_and_partition(frame, words):
    with pytest.raises(DataError, match=words):
        cr.train(NET, frame[["u", "v"]], frame["t"], solver="lbfgs", epochs=2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"v": None}, "It lacks 'v'"), ({"w": 1.0}, "It has 'w' besides")],
)
def test_partitions_with_other_columns_are_refused_by_name(changes, words):
    parts = [FRAME[["u", "v"]][:50_000], FRAME[["u", "v"]][50_000:100_000], FRAME[["u", "v"]][100_000:].copy()]
    for name, value in changes.items():
        parts[2] = parts[2].drop(columns=name) if value is None else parts[2].assign(**{name: value})
    with pytest.raises(DataError, match=words + r"(.|\n)*Partition 2 of X begins at row 100,000"):
        DaskBlocks.of(NET, frames(*parts), da.from_array(LABELS))


@pytest.mark.parametrize("there", [True, False])
def test_a_partition_that_dask_cannot_make_is_named(there):
    frame = broken(v=None)[["u", "v"]]  # pandas finds that one has no such column, while it makes the rows
    words = r"Partition 2 of X cannot be computed: KeyError\.(.|\n)*'v'"
    where = cluster(1, processes=False) if there else contextlib.nullcontext()
    with where, pytest.raises(DataError, match=words):
        DaskBlocks.of(NET, frame, da.from_array(LABELS))


def test_chunks_of_another_width_are_refused():
    made = [da.from_delayed(dask.delayed(part), (np.nan, 2), float) for part in (X[:50_000], X[50_000:, :1])]
    with pytest.raises(DataError, match="It has 1 column, and the others have 2"):
        DaskBlocks.of(NET, da.concatenate(made, allow_unknown_chunksizes=True), da.from_array(LABELS))


def test_numbers_of_rows_that_differ_are_refused():
    with pytest.raises(DataError, match="X has 150,000 rows and T has 149,999 rows"):
        DaskBlocks.of(NET, da.from_array(X), da.from_array(LABELS[1:]))
    with pytest.raises(DataError, match="sample_weight has 10 rows"):
        DaskBlocks.of(NET, da.from_array(X), da.from_array(LABELS), np.ones(10))


def test_what_has_no_rows_and_columns_is_refused():
    with pytest.raises(DataError, match="Dask Delayed"):
        cr.train(NET, dask.delayed(X), LABELS)
    with pytest.raises(DataError, match="T is missing"):
        cr.train(NET, da.from_array(X))
    with pytest.raises(DataError, match="two dimensions"):
        cr.train(NET, da.from_array(X[:, 0]), LABELS)
    with pytest.raises(DataError, match=r"has no rows|no labels"):
        cr.train(NET, da.from_array(X[:0]), da.from_array(LABELS[:0]))


def test_weights_of_the_targets_own_are_refused_beside_blocks():
    with pytest.raises(SettingError, match="brings its own"):
        cr.train(NET, DaskBlocks.of(NET, da.from_array(X), da.from_array(LABELS)), LABELS)


def test_rows_that_were_received_anywhere_in_memory_give_the_same_bits():
    """What comes off the wire need not lie at a multiple of 8 bytes, and NumPy sums such rows in another order."""
    from chainrule.cluster.objective import _Gradient
    from chainrule.cluster.part import Part, sums_of

    def received(part):
        frames = []
        data = pickle.dumps(part, protocol=5, buffer_callback=frames.append)
        moved = [memoryview(bytearray(b"x" + bytes(frame.raw())))[1:] for frame in frames]
        assert moved
        return pickle.loads(data, buffers=moved)

    block = cr.ArrayBlocks(X, LABELS).for_network(NET).read(0, np.dtype(np.float64))
    part, work = Part(NET, {0: block}, len(X)), _Gradient(NET.initial_weights(seed=1).flat, True, None)
    (here,) = sums_of(part, work, 1)
    (there,) = sums_of(received(part), received(work), 1)
    assert here.value[0] == there.value[0]
    assert here.value[1].tobytes() == there.value[1].tobytes()
