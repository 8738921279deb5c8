"""cr.train on tables in blocks: the bits of memory, wherever the rows lie and whatever stops the training."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import chainrule as cr
from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule.errors import DataError, DivergedError, SettingError
from chainrule.kernels.blocks import BLOCK_ROWS
from chainrule.tables.labels import LabelCoding

pytestmark = pytest.mark.usefixtures("small_blocks")

ROWS = 4 * SMALL + 77
rng = np.random.default_rng(0)
X = rng.standard_normal((ROWS, 3))
LABELS = (X @ rng.standard_normal((3, 3)) + rng.gumbel(size=(ROWS, 3))).argmax(axis=1)
T = np.eye(3)[LABELS]
WEIGHT = rng.uniform(0, 2, ROWS)
NET = cr.Network("3-4 tanh-3")
NAMES = np.array(["ash", "birch", "cedar"])

SOLVERS = {
    "ascent": {"learning_rate": 1e-5},
    "momentum": {"learning_rate": 1e-5},
    "nesterov": {"learning_rate": 1e-5},
    "adam": {},
    "adamw": {},
    "lbfgs": {},
    "newton": {},
}


def mapped(path, values):
    np.save(path, values)
    return np.load(path, mmap_mode="r")


def same(one, other):
    """Whether two runs took the same course, to the last bit."""
    columns = ("epoch", "J", "rate", "objective", "validation_J", "validation_rate", "learning_rate")
    for name in columns:
        np.testing.assert_array_equal(one.history.column(name), other.history.column(name))
    np.testing.assert_array_equal(one.weights.flat, other.weights.flat)
    assert one.outcome is other.outcome
    assert one.constant_J == other.constant_J
    return True


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "options",
    [{}, {"average": True, "penalty": 0.5, "freeze": ("b1",)}, {"average": True, "dtype": "float32"}],
    ids=["plain", "prior", "single"],
)
def test_memory_maps_and_blocks_give_the_bits_of_memory(tmp_path, solver, options):
    options = {"solver": solver, "epochs": 6, "seed": 1, "record_every": 2, **SOLVERS[solver], **options}
    if options.get("average"):
        options.pop("learning_rate", None)
    if options.get("dtype") and solver in ("lbfgs", "newton"):
        options["dtype"] = "float64"
    memory = cr.train(NET, X, NAMES[LABELS], sample_weight=WEIGHT, **options)
    memory_map = mapped(tmp_path / "x.npy", X)
    assert same(memory, cr.train(NET, memory_map, NAMES[LABELS], sample_weight=WEIGHT, **options))
    assert same(memory, cr.train(NET, cr.ArrayBlocks(X, NAMES[LABELS], WEIGHT), **options))
    pieces = Pieces(X, T, WEIGHT, (5, 5000, 9999), LabelCoding(NAMES))
    run = cr.train(NET, pieces, **options)
    assert same(memory, run)
    assert (run.predict(X[:50]) == memory.predict(X[:50])).all()
    assert set(run.predict(X)) <= set(NAMES)


@pytest.mark.parametrize("notation", ["3-4-2 identity", "3-30 relu-2 sigmoid", "3-2 exp", "3-1"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_law_and_kernel_gives_the_bits_of_memory(notation, dtype):
    net = cr.Network(notation)
    targets = T[:, : net.K] if net.law.has_classes else rng.poisson(2.0, (ROWS, net.K)).astype(float)
    options = {"solver": "adam", "epochs": 4, "dtype": dtype, "record_every": 1}
    memory = cr.train(net, X, targets, **options)
    assert same(memory, cr.train(net, Pieces(X, targets, None, (100, 9000)), **options))
    assert memory.history.rate[-1] == pytest.approx(rate(net, memory.outputs(X), targets), abs=1e-5)


def rate(net, Y, targets):
    """The rate in NumPy, over all rows."""
    if net.law.has_classes:
        return ((Y > 0.5) == (targets > 0.5)).mean()
    mean = np.broadcast_to(targets.mean(axis=0), targets.shape)
    if net.law.name == "identity":
        return 1 - ((targets - Y) ** 2).sum() / ((targets - mean) ** 2).sum()
    log = np.log(np.where(targets > 0, targets, 1))
    return (
        1 - (targets * (log - np.log(Y)) - targets + Y).sum() / (targets * (log - np.log(mean)) - targets + mean).sum()
    )


@pytest.mark.parametrize("batch_size", [None, 500])
def test_dropout_gives_the_same_bits_too(batch_size):
    options = {"solver": "adam", "epochs": 2, "dropout": 0.3, "batch_size": batch_size}
    one = cr.train(NET, cr.ArrayBlocks(X, T), **options)
    assert same(one, cr.train(NET, Pieces(X, T, None, (3, 10_000)), **options))
    if batch_size is None:
        assert same(one, cr.train(NET, X, T, record_every=1, **options))


@pytest.mark.parametrize("solver", ["ascent", "momentum", "adam", "adamw"])
def test_mini_batches_depend_on_the_rows_alone(tmp_path, solver):
    options = {"solver": solver, "batch_size": 300, "epochs": 3, "seed": 2, "average": True}
    one = cr.train(NET, cr.ArrayBlocks(X, T, WEIGHT), **options)
    assert same(one, cr.train(NET, Pieces(X, T, WEIGHT, (5, 5000, 9999)), **options))
    assert same(one, cr.train(NET, mapped(tmp_path / "x.npy", X), T, sample_weight=WEIGHT, **options))
    assert one.history.J[-1] > one.history.J[0]


def test_mini_batches_reach_what_they_reach_in_memory():
    options = {"solver": "adam", "batch_size": 64, "epochs": 8, "learning_rate": 0.01}
    memory, blocks = cr.train(NET, X, T, **options), cr.train(NET, cr.ArrayBlocks(X, T), **options)
    best = cr.train(NET, X, T, solver="lbfgs").J
    assert best - blocks.J < 1.5 * (best - memory.J) + 50


@pytest.mark.parametrize("rows", [1, 100, SMALL])
@pytest.mark.parametrize("options", [{"solver": "adam", "batch_size": 30}, {"solver": "ascent"}, {"solver": "newton"}])
def test_a_table_of_one_block_is_trained_as_in_memory(rows, options):
    options = {"epochs": 3, "record_every": 1, **options}
    one = cr.train(NET, X[:rows], T[:rows], sample_weight=WEIGHT[:rows] + 1, **options)
    assert same(one, cr.train(NET, Pieces(X[:rows], T[:rows], WEIGHT[:rows] + 1), **options))


@pytest.mark.parametrize("rows", [SMALL + 1, 2 * SMALL])
@pytest.mark.parametrize("batch_size", [None, 1000])
def test_a_last_block_of_one_row_and_a_full_one_are_nothing_special(rows, batch_size):
    options = {"solver": "adam", "epochs": 2, "batch_size": batch_size}
    run = cr.train(NET, Pieces(X[:rows], T[:rows]), **options)
    assert same(run, cr.train(NET, cr.ArrayBlocks(X[:rows], LABELS[:rows]), **options))


@pytest.mark.parametrize("solver", ["ascent", "lbfgs", "newton"])
def test_a_pass_serves_the_update_and_the_record(solver):
    table = Pieces(X, T)
    run = cr.train(NET, table, solver=solver, epochs=3, seed=1, **SOLVERS[solver])
    passes = len(table.reads) / table.count
    extra = {"ascent": 1, "lbfgs": 4, "newton": 5}[solver]  # longer searches; the Hessian
    assert passes == int(passes)
    assert passes <= len(run.history) + extra


def test_a_mini_batch_epoch_and_its_record_are_a_pass_each():
    table = Pieces(X, T)
    cr.train(NET, table, solver="adam", batch_size=100, epochs=3)
    assert len(table.reads) == (1 + 3 + 3) * table.count
    table.reads.clear()
    cr.train(NET, table, solver="adam", batch_size=100, epochs=3, record="running")
    assert len(table.reads) == (1 + 3) * table.count


# held out, weighted, watched


@pytest.mark.parametrize("options", [{"solver": "lbfgs"}, {"solver": "adam", "batch_size": 200}])
def test_a_share_is_held_out_by_row_number_whatever_holds_the_rows(options):
    from chainrule.training.parted import is_held_out

    out = is_held_out(5, 0.25, 0, ROWS)
    options = {"epochs": 4, "seed": 5, **options}
    one = cr.train(NET, Pieces(X, T, WEIGHT, (77, 8000)), validation=0.25, **options)
    inside = Pieces(X[~out], T[~out], WEIGHT[~out])
    assert same(one, cr.train(NET, inside, validation=(X[out], T[out], WEIGHT[out]), **options))
    assert same(one, cr.train(NET, inside, validation=Pieces(X[out], T[out], WEIGHT[out]), **options))
    assert abs(out.mean() - 0.25) < 0.02


def test_labels_of_a_validation_table_are_coded_like_those_trained_on():
    options = {"epochs": 2, "solver": "lbfgs"}
    few = LABELS != 0
    one = cr.train(NET, cr.ArrayBlocks(X, NAMES[LABELS]), validation=(X[few], NAMES[LABELS[few]]), **options)
    two = cr.train(NET, cr.ArrayBlocks(X, NAMES[LABELS]), validation=cr.ArrayBlocks(X[few], NAMES[LABELS[few]]),
                   **options)  # fmt: skip
    assert same(one, two)


@pytest.mark.parametrize("class_weight", ["balanced", {"birch": 3.0}])
def test_class_weights_are_those_of_memory(class_weight):
    options = {"solver": "lbfgs", "epochs": 5, "class_weight": class_weight}
    memory = cr.train(NET, X, NAMES[LABELS], sample_weight=WEIGHT, **options)
    assert same(memory, cr.train(NET, Pieces(X, T, WEIGHT, (9,), LabelCoding(NAMES)), **options))
    run = cr.train(NET, cr.ArrayBlocks(X, NAMES[LABELS]), validation=0.5, **options)
    assert np.isfinite(run.history.validation_J).all()


def test_early_stopping_keeps_the_best_weights_of_the_same_epoch():
    options = {"solver": "adam", "learning_rate": 0.5, "patience": 3, "epochs": 60, "validation": (X[:500], T[:500])}
    memory = cr.train(NET, X, T, record_every=1, **options)
    assert same(memory, cr.train(NET, Pieces(X, T), **options))
    assert memory.outcome is cr.Outcome.EARLY_STOPPED


def test_restarts_follow_one_another_and_the_best_is_that_of_memory():
    options = {"solver": "lbfgs", "epochs": 4, "restarts": 3}
    memory = cr.train(NET, X, T, **options)
    run = cr.train(NET, Pieces(X, T), **options)
    assert same(memory, run)
    assert run.restarts == memory.restarts


# stopped and resumed


@pytest.mark.parametrize("options", [{"solver": "ascent"}, {"solver": "adam", "batch_size": 100}, {"solver": "lbfgs"},
                                     {"solver": "adam", "batch_size": 100, "dropout": 0.2}])  # fmt: skip
@pytest.mark.parametrize("read", [14, 17, 23])
def test_a_run_interrupted_inside_a_block_resumes_with_the_same_bits(tmp_path, options, read):
    options = {"epochs": 6, "seed": 3, **options}
    whole = cr.train(NET, Pieces(X, T), **options)
    table = Pieces(X, T)

    def interrupt(_):
        if len(table.reads) == read:
            raise KeyboardInterrupt

    table.before = interrupt
    broken = cr.train(NET, table, checkpoint=tmp_path / "run", **options)
    assert broken.outcome is cr.Outcome.INTERRUPTED
    assert broken.history.epoch[-1] < 6
    again = cr.train(NET, cr.ArrayBlocks(X, T), checkpoint=tmp_path / "run", resume=True, **options)
    assert same(whole, again)


@pytest.mark.parametrize("options", [{"solver": "adam", "batch_size": 100}, {"solver": "ascent"}])
@pytest.mark.parametrize("reads", [(7, 10), (12, 15), (17, 20)])  # the first pass; an epoch; a record
def test_who_cannot_wait_for_the_last_measurement_is_let_go_and_can_go_on(tmp_path, options, reads):
    options = {"epochs": 6, "seed": 3, **options}
    table = Pieces(X, T)

    def interrupt(_):
        if len(table.reads) in reads:
            raise KeyboardInterrupt

    table.before = interrupt
    if options["solver"] == "adam" and reads == (12, 15):  # no update was done since the last record
        assert cr.train(NET, table, checkpoint=tmp_path / "run", **options).outcome is cr.Outcome.INTERRUPTED
    else:
        with pytest.raises(KeyboardInterrupt):
            cr.train(NET, table, checkpoint=tmp_path / "run", **options)
    again = cr.train(NET, Pieces(X, T), checkpoint=tmp_path / "run", resume=True, **options)
    assert same(cr.train(NET, Pieces(X, T), **options), again)


@pytest.mark.parametrize("solver", ["ascent", "lbfgs", "newton"])
def test_ctrl_c_in_the_very_first_pass_ends_with_the_start_and_its_j(tmp_path, solver):
    options = {"solver": solver, "epochs": 3, "seed": 3}
    whole, table = cr.train(NET, Pieces(X, T), **options), Pieces(X, T)

    def interrupt(_):
        if len(table.reads) == 8:  # the first five looked at the rows
            raise KeyboardInterrupt

    table.before = interrupt
    run = cr.train(NET, table, checkpoint=tmp_path / "run", **options)
    assert run.outcome is cr.Outcome.INTERRUPTED
    assert run.history.epoch.tolist() == [0]
    assert run.history.J[0] == whole.history.J[0]
    assert np.array_equal(run.weights.flat, NET.initial_weights(seed=3).flat)
    again = cr.train(NET, Pieces(X, T), checkpoint=tmp_path / "run", resume=True, **options)
    assert same(whole, again)


def test_a_checkpoint_of_another_table_is_refused(tmp_path):
    cr.train(NET, cr.ArrayBlocks(X, T), epochs=1, checkpoint=tmp_path / "run")
    other = X.copy()
    other[-1, -1] += 1e-9
    with pytest.raises(SettingError, match="data differs"):
        cr.train(NET, cr.ArrayBlocks(other, T), epochs=2, checkpoint=tmp_path / "run", resume=True)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("options", ["solver='adam', batch_size=50", "solver='ascent', average=True"])
def test_a_run_that_is_killed_resumes_with_the_same_bits(tmp_path, options):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "t.npy", T)
    script = textwrap.dedent(f"""
        import sys, time
        import numpy as np
        import chainrule as cr
        from chainrule.kernels.blocks import source
        source.BLOCK_ROWS = {SMALL}
        class Halting(cr.ArrayBlocks):
            reads = 0
            def read(self, number, dtype):
                Halting.reads += 1
                if Halting.reads == 58:
                    print("halted", flush=True)
                    time.sleep(600)
                return super().read(number, dtype)
        X, T = (np.load(name, mmap_mode="r") for name in ("x.npy", "t.npy"))
        cr.train(cr.Network("3-4 tanh-3"), Halting(X, T), {options}, epochs=40, checkpoint="run", checkpoint_every=1)
    """)
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "halted\n"
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "run").exists()
    arguments = eval(f"dict({options})") | {"epochs": 40}
    again = cr.train(NET, cr.ArrayBlocks(X, T), checkpoint=tmp_path / "run", checkpoint_every=1, resume=True,
                     **arguments)  # fmt: skip
    assert same(cr.train(NET, cr.ArrayBlocks(X, T), **arguments), again)


SLOW = """
import sys, time
import numpy as np
import chainrule as cr
class Slow(cr.ArrayBlocks):
    def read(self, number, dtype):
        time.sleep(0.05)
        return super().read(number, dtype)
table = Slow(np.zeros((30 * 65_536, 2), np.int8), np.zeros((30 * 65_536, 1), np.int8))
def told(record, weights):
    print(record.epoch, flush=True)
run = cr.train(cr.Network("2-30-1 identity"), table, epochs=1000, callbacks=[told], **eval(sys.argv[1]))
print(run.outcome.name)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("options", ["{'solver': 'lbfgs'}", "{'solver': 'adam', 'batch_size': 64}"])
def test_ctrl_c_ends_a_pass_at_the_next_block(options):
    with subprocess.Popen([sys.executable, "-c", SLOW, options], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "0\n"
        time.sleep(0.3)  # somewhere in a pass; where does not matter
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=240)[0]
    assert said.endswith("INTERRUPTED\n")
    assert child.returncode == 0


# what goes wrong


@pytest.mark.parametrize("options", [{}, {"solver": "adam", "batch_size": 100}, {"solver": "newton"}])
def test_a_missing_number_in_a_late_block_is_named_in_the_first_pass(options):
    broken = X.copy()
    broken[3 * SMALL + 9, 2] = np.nan
    table = Pieces(broken, T, None, (3 * SMALL,))
    with pytest.raises(DataError, match="row 9 of piece 1, column 2"):
        cr.train(NET, table, **options)
    assert len(table.reads) <= table.count


@pytest.mark.parametrize("batch_size", [None, 100])
def test_an_error_of_the_reader_reaches_the_user_as_it_is(batch_size):
    table = Pieces(X, T)

    def vanish(number):
        if len(table.reads) > table.count + 2:
            raise cr.ChainruleError("part-3.parquet is gone.")

    table.before = vanish
    with pytest.raises(cr.ChainruleError, match=r"part-3.parquet is gone"):
        cr.train(NET, table, epochs=3, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [None, 100])
def test_a_divergence_suggests_a_rate_that_climbs_without_thirty_passes(batch_size):
    table = Pieces(X, T)
    with pytest.raises(DivergedError) as caught:
        cr.train(NET, table, learning_rate=1e9, epochs=5, batch_size=batch_size)
    suggested = caught.value.learning_rate
    assert f"learning_rate={suggested:.0e}" in str(caught.value)
    assert len(table.reads) < 12 * table.count
    run = cr.train(NET, table, learning_rate=suggested, epochs=5, batch_size=batch_size)
    assert run.history.J[-1] > run.history.J[0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((cr.ArrayBlocks(X, T), T), SettingError, "Leave out T"),
        ((X,), DataError, "T is missing"),
        ((cr.ArrayBlocks(X[:, :2], T),), DataError, "2 input columns"),
        ((cr.ArrayBlocks(X[:0], T[:0]),), DataError, "no rows"),
        ((cr.ArrayBlocks(X, np.zeros(ROWS, int)),), DataError, "of one class"),
        ((cr.ArrayBlocks(X, T * 2),), DataError, "outside the categorical law at row 0"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        cr.train(NET, *arguments)


def test_a_share_that_leaves_nothing_is_refused():
    with pytest.raises(DataError, match="leaves no rows to hold out"):
        cr.train(NET, cr.ArrayBlocks(X, T), validation=1e-9)


def test_a_memory_map_of_another_width_is_told_like_an_array(tmp_path):
    with pytest.raises(DataError, match="X has 3 columns, but the network 4-2 softmax has 4 inputs"):
        cr.train(cr.Network("4-2"), mapped(tmp_path / "x.npy", X), T[:, :2])


MEMORY = """
import resource, sys
import numpy as np
import chainrule as cr
class Made(cr.Blocks):  # rows are made as they are read, so that nothing but the training takes memory
    def __init__(self, rows):
        self.rows, self.inputs, self.outputs, self.total_weight = rows, 28, 2, float(rows)
    def read(self, number, dtype):
        first, end = self.bounds(number)
        X = np.random.default_rng(number).standard_normal((end - first, 28), np.float32).astype(dtype)
        return cr.kernels.blocks.Block(X, np.eye(2, dtype=dtype)[(X[:, 0] > 0).astype(int)], None)
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3
options = eval(sys.argv[2])
cr.train(cr.Network("28-8-2"), Made(70_000), epochs=1, **options)
before = peak()
cr.train(cr.Network("28-8-2"), Made(int(sys.argv[1])), epochs=1, **options)
print(peak() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's account of memory")
@pytest.mark.parametrize(
    ("options", "blocks"), [("{'solver': 'ascent'}", 3), ("{'solver': 'adam', 'batch_size': 512}", 9)]
)
def test_memory_does_not_grow_with_the_rows(options, blocks):
    rows = 40 * BLOCK_ROWS
    found = subprocess.run(
        [sys.executable, "-c", MEMORY, str(rows), options], capture_output=True, text=True, check=True
    )
    megabytes_a_block = BLOCK_ROWS * 30 * 8 / 1e6
    assert float(found.stdout) < (blocks + 5) * megabytes_a_block  # of 40; the allocator keeps a few that are free
