import gc
import weakref

import numpy as np
import pytest

from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule import ArrayBlocks, Network
from chainrule.errors import DataError
from chainrule.kernels import Objective, reference
from chainrule.kernels.blocks import Block
from chainrule.kernels.blocks.objective import BlockedObjective, of_table
from chainrule.training.measure import measured
from support import problem, worst

pytestmark = pytest.mark.usefixtures("small_blocks")

NOTATIONS = ("2-3-3", "3-20 relu-9 tanh-4", "4-3 tanh-2 sigmoid", "3-5 gelu-2 identity", "2-4-1 exp", "5-1 exp")
ROWS = 3 * SMALL + 1  # the last block has one row
CUTS = (1, 5000, 5001, 9000)


def made(notation, dtype="float64", weighted=True, rows=ROWS):
    net = Network(notation)
    weights, X, T = problem(net, rows, seed=3)
    rng = np.random.default_rng(4)
    weight = rng.uniform(0, 2, rows) * (rng.random(rows) < 0.9) if weighted else None
    return net, weights.astype(dtype).flat, X, T, weight, net.weights_from(rng.standard_normal(net.size)).flat


@pytest.mark.parametrize("evaluations", [1, 10_000], ids=["reference", "compiled"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_blocks_give_the_bits_of_memory_however_they_are_put_together(notation, dtype, evaluations):
    net, w, X, T, weight, v = made(notation, dtype)
    v = v.astype(dtype)
    memory = Objective(net, X, T, weight, evaluations=evaluations, dtype=dtype)
    for blocks in (ArrayBlocks(X, T, weight), Pieces(X, T, weight, CUTS)):
        read = BlockedObjective(net, blocks, evaluations=evaluations, dtype=dtype)
        assert read.choice.kind == memory.choice.kind
        assert read.total_weight == pytest.approx(memory.total_weight, rel=1e-6)
        assert read.value(w) == memory.value(w)
        for with_J in (True, False):
            (J, d), (J_memory, d_memory) = read.gradient(w, J=with_J), memory.gradient(w, J=with_J)
            assert J == J_memory or not with_J
            np.testing.assert_array_equal(d, d_memory)
        np.testing.assert_array_equal(read.hessian_product(w, v), memory.hessian_product(w, v))
        if net.size < 60:
            np.testing.assert_array_equal(read.hessian(w), memory.hessian(w))
        assert measured(read, w)[1] == measured(memory, w)[1]
        outputs = np.concatenate([part.outputs(w) for _, part in read.parts()])
        assert worst(outputs, memory.outputs(w)) < (1e-14 if dtype == "float64" else 1e-6)


@pytest.mark.parametrize("evaluations", [1, 10_000])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_sums_over_blocks_are_those_over_all_rows_at_once(notation, evaluations):
    net, w, X, T, weight, v = made(notation)
    column = weight.reshape(-1, 1)
    J, d = reference.gradient(net, net.weights_from(w), X, T, column)
    read = BlockedObjective(net, Pieces(X, T, weight, CUTS), evaluations=evaluations)
    assert read.gradient(w)[0] == pytest.approx(J, rel=1e-12)
    assert read.value(w) == pytest.approx(J, rel=1e-12)
    assert worst(read.gradient(w)[1], d) < 1e-12
    expected = reference.hessian_product(net, net.weights_from(w), X, T, net.weights_from(v), column)
    assert worst(read.hessian_product(w, v), expected) < 1e-11
    if net.size < 60:
        assert worst(read.hessian(w)[0], read.hessian_product(w, np.eye(net.size)[0])) < 1e-12


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_has_the_same_bits_whether_J_is_asked_for_or_not(notation, dtype):
    net, w, X, T, weight, _ = made(notation, dtype)
    memory = Objective(net, X, T, weight, dtype=dtype)
    assert memory.choice.kernel is not None
    np.testing.assert_array_equal(memory.gradient(w)[1], memory.gradient(w, J=False)[1])


def test_a_pass_reads_each_block_once_in_order_and_the_same_weights_need_none():
    net, w, X, T, _, v = made("2-3-3", weighted=False)
    table = Pieces(X, T)
    read = BlockedObjective(net, table)
    for ask in (lambda: read.value(w), lambda: read.gradient(w), lambda: read.hessian_product(w, v)):
        table.reads.clear()
        ask()
        assert table.reads == [0, 1, 2, 3]
    first = read.gradient(w)
    table.reads.clear()
    again = read.gradient(w.copy())
    assert table.reads == []
    assert again[0] == first[0]
    assert read.gradient(w + 1e-9)[0] != first[0]


def test_no_more_than_two_blocks_are_in_memory():
    net, w, X, T, _, _ = made("3-20 relu-9 tanh-4", weighted=False, rows=9 * SMALL)
    alive, most = set(), []

    class Counted(Pieces):
        def read(self, number, dtype):
            block = super().read(number, dtype)
            alive.add(number)
            weakref.finalize(block.X, alive.discard, number)
            most.append(len(alive))
            return block

    gc.collect()
    gc.disable()  # a cycle would keep a block until the collector comes by
    try:
        BlockedObjective(net, Counted(X, T)).gradient(w)
    finally:
        gc.enable()
    assert max(most) <= 2  # one, where the reader never gets ahead
    assert not alive


@pytest.mark.parametrize("fault", ["nan", "infinite", "target", "negative weight", "nan target"])
@pytest.mark.parametrize("ask", ["value", "gradient", "targets"])
def test_a_fault_is_named_by_its_row_when_its_block_is_first_read(fault, ask):
    net, w, X, T, weight, _ = made("2-3-3")
    row = 2 * SMALL + 17
    X, T, weight = X.copy(), T.copy(), weight.copy()
    if fault == "nan":
        X[row, 1] = np.nan
    elif fault == "infinite":
        X[row, 1] = -np.inf
    elif fault == "target":
        T[row] = [1, 1, 0]
    elif fault == "nan target":
        T[row, 1] = np.nan
    else:
        weight[row] = -1
    objective = BlockedObjective(net, Pieces(X, T, weight, (8000,)))
    with pytest.raises(DataError, match=f"row {row - 8000} of piece 1") as caught:
        objective.targets if ask == "targets" else getattr(objective, ask)(w)
    assert len(str(caught.value).splitlines()) <= 4


def test_a_number_too_large_for_float32_is_told_from_an_infinite_one():
    net, w, X, T, _, _ = made("2-3-3", weighted=False)
    X[5, 0] = 1e300
    with pytest.raises(DataError, match="too large for float32, at row 5"):
        BlockedObjective(net, Pieces(X, T), dtype="float32").value(w.astype("float32"))


@pytest.mark.parametrize("ask", ["value", "gradient", "gradient without J"])
def test_a_number_that_went_missing_after_the_first_pass_is_named_too(ask):
    net, w, X, T, _, _ = made("2-3-3", weighted=False)

    class Rotting(Pieces):
        passes = 0

        def read(self, number, dtype):
            block = super().read(number, dtype)
            if self.reads.count(number) > 1 and number == 1:
                block.X[3, 0] = np.nan
            return block

    objective = BlockedObjective(net, Rotting(X, T))
    objective.value(w)
    with pytest.raises(DataError, match=rf"missing \(NaN\), at row {SMALL + 3} of piece 0"):
        objective.gradient(w, J=ask != "gradient without J") if "gradient" in ask else objective.value(w)


def test_what_overflows_by_itself_is_no_fault_of_the_data():
    net, w, X, T, _, _ = made("2-3-1 exp", weighted=False)
    with np.errstate(all="ignore"):
        assert not np.isfinite(BlockedObjective(net, Pieces(X, T)).value(w * 1e4))


@pytest.mark.parametrize(
    "change",
    [
        lambda block: Block(block.X[:-1], block.T, block.weight),
        lambda block: Block(block.X, block.T[:, :-1], block.weight),
        lambda block: Block(block.X[:, :1], block.T, block.weight),
        lambda block: Block(block.X, block.T, None),
        lambda block: Block(block.X, block.T, block.weight[:-1]),
        lambda block: Block(block.X.astype(np.float32), block.T, block.weight),
    ],
)
def test_a_block_that_changed_between_two_passes_is_an_error(change):
    net, w, X, T, weight, _ = made("2-3-3")

    class Changing(Pieces):
        def read(self, number, dtype):
            block = super().read(number, dtype)
            return change(block) if self.reads.count(number) > 1 else block

    objective = BlockedObjective(net, Changing(X, T, weight))
    objective.value(w)
    with pytest.raises(DataError, match="Block 0 of the table, from row 0 of piece 0 on, is not what it should be"):
        objective.value(w)


@pytest.mark.parametrize(
    ("notation", "table", "words"),
    [
        ("3-3-3", Pieces(np.zeros((9, 2)), np.eye(3)[[0] * 9]), "2 input columns"),
        ("2-3-4", Pieces(np.zeros((9, 2)), np.eye(3)[[0] * 9]), "3 target columns"),
        ("2-3-3", Pieces(np.zeros((0, 2)), np.zeros((0, 3))), "no rows"),
        ("2-3-3", Pieces(np.zeros((9, 2)), np.eye(3)[[0] * 9], np.zeros(9)), "All sample weights are zero"),
    ],
)
def test_a_table_that_does_not_fit_the_network_is_refused_before_it_is_read(notation, table, words):
    with pytest.raises(DataError, match=words):
        of_table(Network(notation), table)
    assert not table.reads


def test_a_table_of_one_block_is_read_into_memory():
    net, w, X, T, weight, _ = made("2-3-3", rows=SMALL)
    found = of_table(net, Pieces(X, T, weight, (5,)))
    assert isinstance(found, Objective)
    assert found.value(w) == Objective(net, X, T, weight, evaluations=1).value(w)


@pytest.mark.parametrize("law", ["2-3 softmax", "2-3 sigmoid", "2-3 identity", "2-3 exp"])
def test_what_the_targets_tell_is_that_of_all_rows_together(law):
    from scipy import special

    net, _, X, T, weight, _ = made(law)
    objective = BlockedObjective(net, Pieces(X, T, weight, CUTS))
    found, column = objective.targets, weight.reshape(-1, 1)
    mean = np.average(T, axis=0, weights=weight)
    assert found.weight == pytest.approx(weight.sum(), rel=1e-13)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    if not net.law.has_classes:
        np.testing.assert_allclose(found.spread, (column * (T - mean) ** 2).sum(axis=0), rtol=1e-11)
    if law.endswith("exp"):
        np.testing.assert_allclose(found.entropy, (column * special.xlogy(T, T)).sum(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.log_factorial, (column * special.gammaln(T + 1)).sum(axis=0), rtol=1e-12)
    assert Objective(net, X, T, weight).targets.mean.tolist() == found.mean.tolist()
