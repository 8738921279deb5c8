import numpy as np
import pytest

import chainrule as cr
from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule.kernels import Objective
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.tables.labels import LabelCoding
from chainrule.training.given import given_data

NET = cr.Network("2-3")
LABELS = np.arange(3 * SMALL) % 3
X, T = np.zeros((3 * SMALL, 2)), np.eye(3)[LABELS]


@pytest.mark.usefixtures("small_blocks")
def test_only_a_memory_map_of_several_blocks_is_read_in_blocks(tmp_path):
    np.save(tmp_path / "x.npy", X)
    large = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert isinstance(given_data(NET, large, T, None, "float64")[0], BlockedObjective)
    assert isinstance(given_data(NET, large[:SMALL], T[:SMALL], None, "float64")[0], Objective)
    assert isinstance(given_data(NET, X, T, None, "float64")[0], Objective)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("table", "classes"),
    [
        (Pieces(X, T), [0, 1, 2]),
        (Pieces(X, T, coding=LabelCoding(np.array(["a", "b", "c"]))), ["a", "b", "c"]),
        (cr.ArrayBlocks(X, LABELS * 10), [0, 10, 20]),
    ],
)
def test_classes_are_those_the_table_knows(table, classes):
    assert given_data(NET, table, None, None, "float64")[1].classes.tolist() == classes


@pytest.mark.parametrize("notation", ["2-3 sigmoid", "2-3 identity"])
def test_several_labels_a_row_and_numbers_have_no_classes(notation):
    assert given_data(cr.Network(notation), Pieces(X, T), None, None, "float64")[1] is None


def test_one_sigmoid_output_has_two_classes():
    found = given_data(cr.Network("2-1"), Pieces(X, T[:, :1]), None, None, "float64")
    assert found[1].classes.tolist() == [0, 1]
