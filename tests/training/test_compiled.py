"""The compiled engine against the reference engine: the same updates, the same bits however it is cut up."""

from __future__ import annotations

import gc
import itertools
import threading

import numpy as np
import pytest

import chainrule as cr
from support import problem, worst

pytest.importorskip("llvmlite")

from chainrule.kernels import Objective
from chainrule.training import compiled
from chainrule.training.compiled import CompiledEngine
from chainrule.training.engine import Recipe, ReferenceEngine, engine_for
from chainrule.training.posterior import Posterior
from chainrule.training.schedules import Step
from chainrule.training.solvers import solver_named
from chainrule.training.stop import Stop

FIRST_ORDER = ["ascent", "momentum", "nesterov", "adam", "adamw"]
SMALL, WIDE = cr.Network("3-4 tanh-2"), cr.Network("5-30 relu-12 exp")
MANY = 10**9  # evaluations: compiled whatever the size


def posterior_of(net=SMALL, rows=50, weighted=False, dtype="float64", **settings):
    start, X, T = problem(net, rows=rows)
    weight = np.arange(rows) % 4 if weighted else None
    settings = {"average": True, **settings}
    return Posterior(Objective(net, X, T, weight, evaluations=MANY, dtype=dtype), **settings), start.flat


def both(posterior, name="ascent", solver=None, **recipe):
    recipe = Recipe(**{"learning_rate": 0.01, **recipe})
    method = solver_named(name, **(solver or {}))
    found = engine_for(posterior, method, recipe)
    assert isinstance(found, CompiledEngine)
    return found, ReferenceEngine(posterior, method, recipe)


def advanced(engine, start, epochs):
    return engine.advance(engine.start(start), epochs, Stop())


def assert_same(one, other):
    """Two states to the last bit."""
    assert (one.weights == other.weights).all()
    assert all((a == b).all() for a, b in zip(one.memory, other.memory, strict=True))
    assert (one.epoch, one.batch, one.update) == (other.epoch, other.batch, other.update)
    np.testing.assert_equal([one.running, one.last_running], [other.running, other.last_running])


@pytest.mark.parametrize("net", [SMALL, WIDE], ids=str)
@pytest.mark.parametrize("batch", [None, 16])
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_the_updates_are_those_of_the_reference_engine(name, batch, net):
    posterior, start = posterior_of(net, weighted=True, penalty=0.3, freeze=("b1",), average=name != "adam")
    solver = {"weight_decay": 0.2} if name == "adamw" else {}
    schedule = {"epochs": 7, "schedule": Step(2, 0.5), "seed": 5}
    fast, reference = both(posterior, name, solver, batch_size=batch, **schedule)
    got, expected = advanced(fast, start, 7), advanced(reference, start, 7)
    assert worst(got.weights, expected.weights) < 1e-11
    for a, b in zip(got.memory, expected.memory, strict=True):
        assert worst(a, b) < 1e-11
    assert (got.epoch, got.batch, got.update) == (expected.epoch, expected.batch, expected.update)
    assert got.last_running == pytest.approx(expected.last_running, rel=1e-11)
    assert fast.rate_at(got) == reference.rate_at(expected)


@pytest.mark.parametrize("batch", [None, 16])
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_an_update_a_call_gives_the_bits_of_all_in_one(name, batch, monkeypatch):
    posterior, start = posterior_of(WIDE)
    engine, _ = both(posterior, name, batch_size=batch)
    together = advanced(engine, start, 5)
    assert_same(together, advanced(engine, start, 5))
    monkeypatch.setattr(compiled, "SECONDS_A_CALL", 0.0)
    assert_same(advanced(engine, start, 5), together)
    state = engine.start(start)
    for _ in range(5):
        state = engine.advance(state, 1, Stop())
    assert_same(state, together)


class StopAfter:
    """Says stop when asked for the n-th time."""

    def __init__(self, n):
        self.left = n

    def now(self):
        self.left -= 1
        return self.left < 0

    def interrupt(self):
        raise AssertionError


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_stop_in_the_middle_of_an_epoch_is_no_loss(shuffle, monkeypatch):
    posterior, start = posterior_of(rows=47)
    engine, _ = both(posterior, "adam", batch_size=10, shuffle=shuffle)
    whole = advanced(engine, start, 3)
    monkeypatch.setattr(compiled, "SECONDS_A_CALL", 0.0)
    for n in range(1, 14):
        state = engine.advance(engine.start(start), 3, StopAfter(n))
        assert state.update == n
        another, _ = both(posterior, "adam", batch_size=10, shuffle=shuffle)  # nothing is remembered outside the state
        assert_same(another.advance(state, 3 - state.epoch, Stop()), whole)


@pytest.mark.parametrize(("net", "batch"), [(SMALL, None), (WIDE, 256)], ids=str)
def test_the_bits_do_not_depend_on_the_number_of_threads(net, batch, monkeypatch):
    ends = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(compiled, "available", lambda threads=threads: threads)
        posterior, start = posterior_of(net, rows=4500)
        engine, _ = both(posterior, "momentum", batch_size=batch, learning_rate=1e-4)
        ends.append(advanced(engine, start, 4))
    assert_same(ends[0], ends[1])
    assert_same(ends[0], ends[2])


def test_four_trainings_at_once_are_each_as_if_alone():
    posterior, start = posterior_of(WIDE, rows=600)
    engines = [both(posterior, "adam", batch_size=200, seed=seed)[0] for seed in range(4)]
    alone = [advanced(engine, start, 20) for engine in engines]
    ends = [None] * 4

    def train(at):
        ends[at] = advanced(engines[at], start, 20)

    threads = [threading.Thread(target=train, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, ends, strict=True):
        assert_same(one, other)
    assert not (ends[0].weights == ends[1].weights).all()


def test_the_working_memory_is_shared_by_trainings_one_after_the_other_and_freed_with_the_data():
    posterior, start = posterior_of()
    for seed in range(5):
        advanced(both(posterior, "adam", batch_size=16, seed=seed)[0], start, 1)
    [runs] = compiled._idle[posterior.objective].values()
    assert len(runs) == 1
    before = len(compiled._idle)
    del posterior, runs
    gc.collect()
    assert len(compiled._idle) < before


def test_advancing_changes_nothing_of_the_state_it_was_given():
    posterior, start = posterior_of()
    for name, batch in itertools.product(FIRST_ORDER, (None, 16)):
        engine, _ = both(posterior, name, batch_size=batch)
        state = advanced(engine, start, 1)
        before = [state.weights.copy(), *(vector.copy() for vector in state.memory)]
        engine.advance(state, 3, Stop())
        assert all((a == b).all() for a, b in zip(before, [state.weights, *state.memory], strict=True))


def test_ctrl_c_gives_the_state_before_the_call_it_came_in(monkeypatch):
    posterior, start = posterior_of()
    engine, _ = both(posterior, batch_size=16)
    expected = advanced(engine, start, 1)
    real, calls = compiled.CompiledRun.batches, []

    def interrupted(self, *args, **kwargs):
        found = real(self, *args, **kwargs)
        calls.append(args)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(compiled, "SECONDS_A_CALL", 0.0)
    monkeypatch.setattr(compiled.CompiledRun, "batches", interrupted)
    stop = Stop()
    state = engine.advance(engine.start(start), 9, stop)
    assert stop.reason is cr.Outcome.INTERRUPTED
    assert_same(state, expected)


@pytest.mark.parametrize("batch", [None, 16])
def test_it_stops_where_something_is_not_finite(batch):
    posterior, start = posterior_of(cr.Network("3-1 identity"), average=False)
    engine, _ = both(posterior, learning_rate=1e200, batch_size=batch)
    state = engine.advance(engine.start(start), 10**9, Stop())
    assert not state.is_finite()


def test_a_rate_too_large_is_an_error_with_a_rate_that_climbs():
    X, labels = cr.datasets.three_clusters(per_class=100, seed=0)
    with pytest.raises(cr.ChainruleError, match="Try learning_rate=") as raised:
        cr.train(cr.Network("2-3-3"), X * 1e3, labels, learning_rate=1e12, epochs=50_000, dtype="float32")
    assert np.isfinite(raised.value.weights.flat).all()
    assert 0 < raised.value.learning_rate < 1e12


def test_dropout_and_the_environment_ask_for_the_reference(monkeypatch):
    posterior, _ = posterior_of()
    assert isinstance(engine_for(posterior, solver_named("adam"), Recipe(0.1, keep=(1.0, 0.5))), ReferenceEngine)
    assert isinstance(engine_for(posterior, solver_named("newton"), Recipe()), ReferenceEngine)
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")
    posterior, _ = posterior_of()
    assert isinstance(engine_for(posterior, solver_named("adam"), Recipe(0.1)), ReferenceEngine)


def test_a_running_record_counts_what_the_targets_alone_contribute_once():
    posterior, start = posterior_of(WIDE, rows=40)
    for epochs in (1, 3):
        fast, reference = both(posterior, batch_size=16, learning_rate=1e-9)
        J = posterior.objective.value(start)
        assert advanced(fast, start, epochs).last_running == pytest.approx(J, rel=1e-6)
        assert advanced(reference, start, epochs).last_running == pytest.approx(J, rel=1e-6)


# float32


@pytest.mark.parametrize("batch", [None, 16])
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_float32_stays_float32_and_near_float64(name, batch):
    ends = {}
    for dtype in ("float32", "float64"):
        posterior, start = posterior_of(WIDE, dtype=dtype, penalty=0.1, freeze=("b2",), weighted=True)
        for kind, engine in zip("fr", both(posterior, name, batch_size=batch, learning_rate=1e-3), strict=True):
            ends[dtype, kind] = state = advanced(engine, start, 5)
            assert all(vector.dtype == dtype for vector in (state.weights, *state.memory))
    for kind in "fr":
        assert worst(ends["float32", kind].weights, ends["float64", kind].weights) < 1e-4
        assert ends["float32", kind].last_running == pytest.approx(ends["float64", kind].last_running, rel=1e-5)
        assert (ends["float32", kind].weights != ends["float64", kind].weights).any()


def test_a_training_of_no_epochs_comes_back_in_its_dtype():
    assert train_clusters(epochs=0, dtype="float32").weights.flat.dtype == "float32"


def test_J_before_the_last_update_is_left_out_where_nobody_asks():
    posterior, start = posterior_of()
    engine, _ = both(posterior, sums=False)
    silent = advanced(engine, start, 4)
    engine, _ = both(posterior)
    told = advanced(engine, start, 4)
    assert np.isnan(silent.last_running)
    assert np.isfinite(told.last_running)
    assert (silent.weights == told.weights).all()


def train_clusters(**settings):
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((600, 20)), rng.integers(3, size=600)
    settings = {
        "solver": "adam", "batch_size": 32, "average": True, "epochs": 300, "record": "running", "record_every": 50,
        "scheme": "glorot", **settings,
    }  # fmt: skip
    return cr.train(cr.Network("20-16 relu-3"), X, labels, **settings)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_that_was_stopped_and_resumed_ends_with_the_same_bits(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(ReferenceEngine, "advance", None)  # not called
    whole = train_clusters(dtype=dtype)
    assert whole.weights.flat.dtype == dtype
    calls = []

    def stop(record, weights):
        calls.append(record)
        return len(calls) == 3

    path = tmp_path / "c"
    first = train_clusters(dtype=dtype, checkpoint=path, checkpoint_every=20, callbacks=[stop])
    assert first.outcome is cr.Outcome.STOPPED
    rest = train_clusters(dtype=dtype, checkpoint=path, resume=True)
    assert (rest.weights.flat == whole.weights.flat).all()
    assert rest.weights.flat.dtype == dtype
    assert rest.history.J.tolist() == whole.history.J.tolist()


def test_the_dtype_is_part_of_what_a_checkpoint_is_of(tmp_path):
    train_clusters(checkpoint=tmp_path / "c", epochs=2)
    with pytest.raises(cr.ChainruleError, match="dtype differs"):
        train_clusters(checkpoint=tmp_path / "c", resume=True, epochs=2, dtype="float32")


def test_restarts_side_by_side_are_those_one_after_the_other(monkeypatch):
    together = train_clusters(restarts=3, epochs=60)
    monkeypatch.setattr("chainrule.training.restarts.cores", lambda: 1)
    monkeypatch.setattr("chainrule.kernels.compiled.threads.cores", lambda: 1)
    alone = train_clusters(restarts=3, epochs=60)
    assert (together.weights.flat == alone.weights.flat).all()
    assert together.restarts == alone.restarts


@pytest.mark.parametrize("dtype", ["float16", "int64", "complex128", None, "many"])
def test_another_dtype_is_refused(dtype):
    with pytest.raises(cr.ChainruleError, match="dtype must be one of"):
        train_clusters(dtype=dtype)


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_float32_is_refused_where_steps_are_compared(solver):
    with pytest.raises(cr.ChainruleError, match="float32 cannot tell apart"):
        cr.train(cr.Network("2-3-2"), np.eye(2), [0, 1], solver=solver, dtype="float32")


def test_numbers_that_float32_cannot_hold_are_refused():
    with pytest.raises(cr.ChainruleError, match="too large for float32, at row 1, column 0"):
        cr.train(cr.Network("2-2"), [[0.0, 1.0], [1e200, 0.0]], [0, 1], dtype="float32", epochs=1)


# bad inputs


def as_they_come(X):
    """The same numbers in other containers."""
    frozen = X.copy()
    frozen.setflags(write=False)
    return {
        "fortran": np.asfortranarray(X),
        "backwards": X[::-1].copy()[::-1],
        "every second": np.repeat(X, 2, axis=0)[::2],
        "columns of a wider one": np.hstack([X, X])[:, : X.shape[1]],
        "big-endian": X.astype(X.dtype.newbyteorder(">")),
        "read-only": frozen,
    }


@pytest.mark.parametrize("batch", [None, 16])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_layout_of_the_inputs_changes_no_bit_and_nothing_of_them(dtype, batch, monkeypatch):
    monkeypatch.setattr(ReferenceEngine, "advance", None)  # not called
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((600, 20)).astype(dtype), rng.integers(3, size=600)
    options = {"solver": "momentum", "learning_rate": 1e-4, "epochs": 4000, "batch_size": batch, "dtype": dtype}
    options |= {"record": "running", "record_every": 4000, "time_limit": None}
    if batch:
        options["epochs"] = 200
    expected = cr.train(cr.Network("20-16 relu-3"), X, labels, **options)
    for name, other in as_they_come(X).items():
        before = other.copy()
        found = cr.train(cr.Network("20-16 relu-3"), other, labels, **options)
        assert (found.weights.flat == expected.weights.flat).all(), name
        assert (other == before).all(), name


@pytest.mark.parametrize("batch", [None, 1, 2])
def test_one_row_and_one_batch_of_one_row_train(batch):
    posterior, start = posterior_of(rows=1)
    fast, reference = both(posterior, "adam", batch_size=batch)
    got, expected = advanced(fast, start, 5), advanced(reference, start, 5)
    assert worst(got.weights, expected.weights) < 1e-11


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("X", "labels", "words"),
    [
        (np.empty((0, 2)), [], "no rows"),
        (np.eye(2), [1, 1], "All labels are of one class"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), [0, 1], "missing .NaN., at row 0, column 1"),
        (np.array([[1.0, 0.0], [-np.inf, 1.0]]), [0, 1], "infinite, at row 1, column 0"),
        (np.ones((2, 3)), [0, 1], "X has 3 columns"),
    ],
)
def test_rows_that_cannot_be_trained_on_are_refused_in_words(X, labels, words, dtype):
    with pytest.raises(cr.ChainruleError, match=words):
        cr.train(cr.Network("2-2 tanh-2"), X, labels, epochs=10**7, dtype=dtype)


def test_batches_whose_rows_all_weigh_nothing_move_only_by_the_prior():
    start, X, T = problem(SMALL, rows=40)
    weight = np.r_[np.zeros(20), np.ones(20)]
    posterior = Posterior(Objective(SMALL, X, T, weight, evaluations=MANY), 0.5, average=True)
    fast, reference = both(posterior, "ascent", batch_size=10, shuffle=False, learning_rate=0.1)
    got, expected = advanced(fast, start.flat, 3), advanced(reference, start.flat, 3)
    assert worst(got.weights, expected.weights) < 1e-11


def test_a_child_process_trains_on_after_a_fork_of_a_process_that_has_trained():
    import multiprocessing
    import warnings

    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork here")
    expected = train_clusters()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads and fork
        with multiprocessing.get_context("fork").Pool(1) as pool:
            found = pool.apply(train_clusters)
    assert (found.weights.flat == expected.weights.flat).all()
