"""The order of mini-batches over a table in blocks, and the engine that follows it."""

import numpy as np
import pytest

import chainrule as cr
from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule.kernels import reference
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.training import randomness
from chainrule.training.engine import Recipe
from chainrule.training.groups import SHUFFLE_BLOCKS, Groups
from chainrule.training.posterior import Posterior
from chainrule.training.solvers import solver_named
from chainrule.training.stop import Stop
from chainrule.training.streamed import StreamedEngine

pytestmark = pytest.mark.usefixtures("small_blocks")

ROWS = 9 * SMALL + 5
NET = cr.Network("1-2-2")
X = np.arange(float(ROWS)).reshape(-1, 1)
T = np.eye(2)[np.arange(ROWS) % 2]


def rows_in_order(batch_size, *, shuffle=True, seed=0, epochs=(0, 1), batch=0, cuts=()):
    """Numbers of the rows as they are gone through, and the sizes of what comes at once."""
    groups = Groups(BlockedObjective(NET, Pieces(X, T, np.arange(ROWS), cuts)), batch_size, shuffle, seed)
    found, sizes = [], []
    for window in groups.windows(*epochs, batch):
        found.append(groups.X[window.order, 0].astype(int))
        np.testing.assert_array_equal(groups.weight[window.order, 0], found[-1])
        np.testing.assert_array_equal(groups.T[window.order, 1], found[-1] % 2)
        sizes.append((window.epoch, len(window.order)))
    return np.concatenate(found) if found else np.empty(0, int), sizes


@pytest.mark.parametrize("batch_size", [1, 100, SMALL, 5 * SMALL, ROWS - 1])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_row_comes_once_an_epoch_and_batches_are_whole_but_the_last(batch_size, shuffle):
    rows, sizes = rows_in_order(batch_size, shuffle=shuffle)
    assert sorted(rows) == list(range(ROWS))
    assert all(size % batch_size == 0 for _, size in sizes[:-1])
    assert sum(-(-size // batch_size) for _, size in sizes) == -(-ROWS // batch_size)
    if not shuffle:
        assert (rows == np.arange(ROWS)).all()


def test_the_order_is_the_one_described():
    rows, _ = rows_in_order(100, seed=5, epochs=(3, 4))
    blocks = randomness.order(5, 3, 10, randomness.BLOCKS)
    expected = []
    for group in range(3):
        own = np.concatenate(
            [np.arange(b * SMALL, min((b + 1) * SMALL, ROWS)) for b in blocks[group * 4 : (group + 1) * 4]]
        )
        expected.append(own[randomness.order(5, 3 << 32 | group, len(own), randomness.GROUP)])
    np.testing.assert_array_equal(rows, np.concatenate(expected))


def test_it_is_a_function_of_seed_and_epoch_alone():
    first, _ = rows_in_order(100, seed=1)
    assert (first == rows_in_order(100, seed=1, cuts=(7, 9000))[0]).all()
    assert (first == rows_in_order(333, seed=1)[0]).all()
    assert (first != rows_in_order(100, seed=2)[0]).any()
    both, _ = rows_in_order(100, seed=1, epochs=(0, 2))
    assert (both[:ROWS] == first).all()
    assert (both[ROWS:] == rows_in_order(100, seed=1, epochs=(1, 2))[0]).all()
    assert (both[ROWS:] != first).any()


@pytest.mark.parametrize("batch_size", [100, SMALL, 5 * SMALL])
def test_any_batch_can_be_the_first(batch_size):
    whole, _ = rows_in_order(batch_size, epochs=(0, 2))
    for batch in range(0, -(-ROWS // batch_size), max(1, ROWS // batch_size // 7)):
        rest, _ = rows_in_order(batch_size, epochs=(0, 2), batch=batch)
        assert (rest == whole[batch * batch_size :]).all()


def test_rows_of_a_group_are_mixed_and_no_block_stays_together():
    rows, _ = rows_in_order(100)
    window = rows[: SHUFFLE_BLOCKS * SMALL] // SMALL
    counts = [np.unique(window[at : at + SMALL], return_counts=True)[1] for at in range(0, len(window), SMALL)]
    assert all(len(c) >= 4 or c.sum() for c in counts)
    assert all(c.max() < 0.5 * SMALL for c in counts)


def test_only_the_blocks_that_are_needed_are_read_after_a_resume():
    table = Pieces(X, T)
    groups = Groups(BlockedObjective(NET, table), 100, True, 0)
    for _ in groups.windows(0, 1, (2 * SHUFFLE_BLOCKS * SMALL) // 100 + 1):
        pass
    assert len(table.reads) == 2  # of ten, in groups of four


OPTIONS = {
    "ascent": {},
    "adam": {},
    "adamw": {"weight_decay": 0.1},
    "nesterov": {},
}


@pytest.mark.parametrize("kernel", ["compiled", "reference"])
@pytest.mark.parametrize("notation", ["2-3-3", "3-8 tanh-1 exp", "3-4-2 identity"])
@pytest.mark.parametrize("name", OPTIONS)
def test_updates_are_those_of_a_plain_loop_over_the_same_order(name, notation, kernel):
    net, rng = cr.Network(notation), np.random.default_rng(1)
    inputs = rng.standard_normal((2 * SMALL + 3, net.D))
    targets = np.eye(3)[rng.integers(3, size=len(inputs))] if net.law.name == "softmax" else np.zeros((len(inputs), 2))
    if net.law.name == "exp":
        targets = rng.poisson(2.0, (len(inputs), 1)).astype(float)
    weight = rng.uniform(0.5, 2, len(inputs))
    evaluations = 10_000 if kernel == "compiled" else 1
    objective = BlockedObjective(net, Pieces(inputs, targets, weight), evaluations=evaluations)
    posterior = Posterior(objective, penalty=0.1, average=True, freeze=("b1",))
    solver = solver_named(name, **OPTIONS[name])
    engine = StreamedEngine(posterior, solver, Recipe(0.01, batch_size=1000, seed=3))
    start = engine.start(net.initial_weights("glorot", seed=0).flat)
    state = engine.advance(start, 2, Stop())
    w, memory, t, J_epoch = start.weights.copy(), start.memory, 0, 0.0
    for epoch in range(2):
        (order, J_epoch), column = (rows_of(epoch, inputs), 0.0), weight.reshape(-1, 1)
        for at in range(0, len(order), 1000):
            rows = order[at : at + 1000]
            J, d = reference.gradient(net, net.weights_from(w), inputs[rows], targets[rows], column[rows])
            g = posterior._finished(d * (weight.sum() / weight[rows].sum()), w)
            if name == "adamw":
                w = w * (1 - 0.01 * 0.1 * posterior.held * posterior.free)
            w, memory = solver.step(w, memory, g, 0.01, t + 1)
            t, J_epoch = t + 1, J_epoch + J
    np.testing.assert_allclose(state.weights, w, rtol=0, atol=1e-10 * np.abs(w).max())
    assert (state.update, state.epoch, state.batch) == (t, 2, 0)
    assert state.last_running == pytest.approx(J_epoch, rel=1e-10)
    assert (start.weights == engine.start(start.weights).weights).all()


def rows_of(epoch, inputs):
    """The order of a table of three blocks: one group."""
    blocks = randomness.order(3, epoch, 3, randomness.BLOCKS)
    own = np.concatenate([np.arange(b * SMALL, min((b + 1) * SMALL, len(inputs))) for b in blocks])
    return own[randomness.order(3, epoch << 32, len(own), randomness.GROUP)]
