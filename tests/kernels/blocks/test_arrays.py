import tracemalloc

import numpy as np
import pytest

from blocks import SMALL, small_blocks  # noqa: F401
from chainrule import ArrayBlocks, Network
from chainrule.errors import DataError

F64 = np.dtype(np.float64)
rng = np.random.default_rng(0)
X, LABELS = rng.standard_normal((2 * SMALL + 1, 3)), rng.integers(3, size=2 * SMALL + 1)


def mapped(path, values, mode="r"):
    np.save(path, values)
    return np.load(path, mmap_mode=mode)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_blocks_are_the_rows_of_the_arrays(tmp_path, dtype):
    T, w = np.eye(3)[LABELS], rng.random(len(X))
    for blocks in (ArrayBlocks(X, T, w), ArrayBlocks(mapped(tmp_path / "x.npy", X), mapped(tmp_path / "t.npy", T), w)):
        assert blocks.count == 3
        found = [blocks.read(number, np.dtype(dtype)) for number in range(3)]
        for at, whole in enumerate((X, T, w.reshape(-1, 1))):
            joined = np.concatenate([block[at] for block in found])
            assert joined.dtype == dtype
            np.testing.assert_array_equal(joined, whole.astype(dtype))
        assert len(found[2].X) == 1


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("is_mapped", [True, False])
def test_raw_labels_become_columns_in_the_order_of_their_classes(tmp_path, is_mapped):
    names = np.array(["ash", "birch", "cedar"])[LABELS]
    given = mapped(tmp_path / "t.npy", names) if is_mapped else names
    blocks = ArrayBlocks(X, given).for_network(Network("3-4-3"))
    assert blocks.coding.classes.tolist() == ["ash", "birch", "cedar"]
    T = np.concatenate([blocks.read(number, F64).T for number in range(3)])
    np.testing.assert_array_equal(T, np.eye(3)[LABELS])


def test_two_classes_fit_one_sigmoid_output():
    blocks = ArrayBlocks(X, LABELS > 0).for_network(Network("3-4-1"))
    assert blocks.outputs == 1
    np.testing.assert_array_equal(blocks.read(0, F64).T[:, 0], LABELS > 0)


def test_one_column_of_numbers_stays_numbers_where_there_are_no_classes():
    blocks = ArrayBlocks(X, LABELS).for_network(Network("3-4-1 identity"))
    np.testing.assert_array_equal(blocks.read(0, F64).T[:, 0], LABELS)
    assert blocks.coding is None


@pytest.mark.usefixtures("small_blocks")
def test_a_memory_map_is_never_copied_as_a_whole(tmp_path):
    large = mapped(tmp_path / "x.npy", np.zeros((60 * SMALL, 8), np.float32))
    blocks = ArrayBlocks(large, np.zeros((len(large), 1)))
    tracemalloc.start()
    try:
        for number in range(blocks.count):
            blocks.read(number, F64)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * SMALL * 8 * 8
    assert peak < large.nbytes / 5


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_what_was_written_into_a_memory_map_is_read(tmp_path, mode):
    large = mapped(tmp_path / "x.npy", np.zeros((3 * SMALL, 4)), "r+" if mode == "r" else mode)
    large[5000] = 7
    blocks = ArrayBlocks(large, np.zeros((len(large), 1)))
    for _ in range(2):  # the pages let go of after the first reading come back as they were
        assert blocks.read(1, F64).X[5000 - SMALL].tolist() == [7] * 4


class Sliced:
    """What an HDF5 data set looks like: a shape, a dtype, slices."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def __getitem__(self, part):
        assert isinstance(part, slice), "never as a whole"
        return self.values[part]

    def __len__(self):
        return len(self.values)


@pytest.mark.usefixtures("small_blocks")
def test_anything_that_is_sliced_like_an_array_is_read():
    blocks = ArrayBlocks(Sliced(X.astype(np.float16)), Sliced(np.eye(3)[LABELS]), Sliced(np.ones(len(X))))
    np.testing.assert_array_equal(blocks.read(1, F64).X, X.astype(np.float16)[SMALL : 2 * SMALL])
    assert blocks.total_weight == len(X)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((X[:, 0], LABELS), "two dimensions"),
        ((X, LABELS[1:]), "rows"),
        ((X, np.zeros((len(X), 1, 1))), "T must have"),
        ((X, LABELS, np.ones(3)), "sample weights of shape"),
        ((X, [[1, 2], [3]]), "different lengths"),
    ],
)
def test_what_does_not_belong_together_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        ArrayBlocks(*arguments)


@pytest.mark.parametrize("labels", [np.where(LABELS == 1, np.nan, LABELS), ["a", 1] * SMALL + ["a"]])
def test_labels_that_are_none_are_refused(labels):
    with pytest.raises(DataError):
        ArrayBlocks(X, np.array(labels, dtype=object) if isinstance(labels, list) else labels).for_network(
            Network("3-4-3")
        )


def test_classes_that_do_not_fit_the_outputs_are_told_at_once():
    with pytest.raises(DataError, match="3 classes and the network has 4 outputs"):
        ArrayBlocks(X, LABELS).for_network(Network("3-4-4"))
