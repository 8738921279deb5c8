"""The post's experiment: its data, its settings, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from chainrule.demo import experiment as module
from chainrule.demo.experiment import LEARNING_RATE, drawn, run_experiment, table_interval
from chainrule.training import Outcome


@pytest.fixture(scope="module", autouse=True)
def _few_other_seeds() -> Iterator[None]:
    """Fewer of the other seeds than people get: what is made of them is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "OTHER_SEEDS", 3)
        yield


def posts_loop(epochs: int, train_V: bool) -> tuple[list[float], list[float]]:
    """The post's own functions and loop, as published, with its W2 named V; J and the rate before each update."""
    X, labels, start = drawn(4)
    T = np.eye(3)[labels]
    W1, b1, V, b2 = (start[name].copy() for name in ("W1", "b1", "W2", "b2"))
    costs, rates = [], []
    for _ in range(epochs + 1):
        Z = 1 / (1 + np.exp(-X.dot(W1) - b1))
        expA = np.exp(Z.dot(V) + b2)
        Y = expA / expA.sum(axis=1, keepdims=True)
        costs.append((T * np.log(Y)).sum())
        rates.append((Y.argmax(axis=1) == labels).mean())
        dZ = (T - Y).dot(V.T) * Z * (1 - Z)
        dV = Z.T.dot(T - Y)
        b2 = b2 + LEARNING_RATE * (T - Y).sum(axis=0)
        W1 = W1 + LEARNING_RATE * X.T.dot(dZ)
        b1 = b1 + LEARNING_RATE * dZ.sum(axis=0)
        if train_V:
            V = V + LEARNING_RATE * dV
    return costs, rates


def test_both_runs_are_the_posts_loop_with_and_without_the_update_of_V() -> None:
    found = run_experiment(epochs=30, seed=4)
    for run, train_V in ((found.trained, True), (found.fixed, False)):
        J, rate = posts_loop(30, train_V)
        np.testing.assert_allclose(run.history.J, J, rtol=1e-12)
        np.testing.assert_allclose(run.history.rate, rate, rtol=1e-12)
    start = drawn(4)[2]
    np.testing.assert_array_equal(found.fixed.weights.W[2], start.W[2])
    assert (found.trained.weights.W[2] != start.W[2]).all()


def test_data_and_start_are_drawn_one_after_the_other_in_the_posts_order() -> None:
    X, labels, start = drawn(7)
    rng = np.random.default_rng(7)
    expected = np.vstack([rng.standard_normal((500, 2)) + c for c in ([0, -2], [2, 2], [-2, 2])])
    np.testing.assert_array_equal(X, expected)
    np.testing.assert_array_equal(start.flat, rng.standard_normal(21))
    assert np.bincount(labels).tolist() == [500, 500, 500]


@pytest.mark.parametrize("epochs", [1, 2, 9, 10, 11, 99, 1234, 12_345, 99_999, 100_000, 3_000_000])
def test_the_table_has_at_most_eleven_lines_at_round_epochs_for_any_number_of_epochs(epochs: int) -> None:
    every = table_interval(epochs)
    assert str(every).rstrip("0") in {"1", "2", "5"}
    assert epochs / every <= 10
    assert every == 1 or epochs / every > 3.9


def test_the_other_seeds_cover_every_line_of_the_table_and_take_larger_steps_where_there_are_many_epochs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "OTHER_SEEDS", 2)
    monkeypatch.setattr(module, "COARSE_STEPS", 50)
    found = run_experiment(epochs=530, seed=1)
    spread = found.spread
    assert spread.stride == 10
    assert set(range(0, 501, found.table_every)) <= set(spread.epochs.tolist())
    assert spread.trained.shape == spread.fixed.shape == (2, len(spread.epochs))
    assert 0 < spread.error < 1.0
    exact = run_experiment(epochs=100, seed=2).trained.history  # seed 2 is the first of the others
    at = spread.epochs == 100
    assert spread.trained[0, at][0] == pytest.approx(exact.J[-1], abs=0.5)


def test_the_same_seed_gives_the_same_experiment_and_another_one_another() -> None:
    one, again, other = run_experiment(5, seed=1), run_experiment(5, seed=1), run_experiment(5, seed=2)
    np.testing.assert_array_equal(one.trained.weights.flat, again.trained.weights.flat)
    np.testing.assert_array_equal(one.spread.fixed, again.spread.fixed)
    assert (one.trained.weights.flat != other.trained.weights.flat).all()


def test_ctrl_c_in_any_of_the_runs_ends_the_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    for at in (0, 1, 2, 9):
        left = [at]
        usual = module.train

        def interrupted(*args: object, usual=usual, left=left, **kwargs: object) -> object:  # type: ignore[no-untyped-def]
            run = usual(*args, **kwargs)
            left[0] -= 1
            if left[0] < 0:
                object.__setattr__(run, "outcome", Outcome.INTERRUPTED)
            return run

        with monkeypatch.context() as patch:
            patch.setattr(module, "train", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run_experiment(3)


def test_ctrl_c_while_both_ways_run_stops_them_at_their_next_record(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, ends = module._climb, []

    def endless(X, labels, start, epochs, rate, every, freeze, callbacks=()):  # type: ignore[no-untyped-def]
        run = usual(X, labels, start, 10**9, rate, every, freeze, callbacks)
        ends.append(run.outcome)
        return run

    class Pool(ThreadPoolExecutor):
        """Ctrl-C comes while the results are waited for."""

        def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def, override]
            super().submit(*args, **kwargs)
            pressed: Future[None] = Future()
            pressed.set_exception(KeyboardInterrupt())
            return pressed

    monkeypatch.setattr(module, "_climb", endless)
    monkeypatch.setattr(module, "ThreadPoolExecutor", Pool)
    X, labels, start = drawn(0)
    with pytest.raises(KeyboardInterrupt):
        module._both_ways(X, labels, start, 10, record_every=1)
    assert ends == [Outcome.STOPPED, Outcome.STOPPED]


def test_the_confusion_matrix_counts_true_classes_in_rows() -> None:
    found = run_experiment(epochs=5, seed=0)
    predicted = found.trained.predict(found.X)
    counts = found.confusion(found.trained)
    assert counts[2, 0] == ((found.labels == 2) & (predicted == 0)).sum()
    assert counts.sum() == 1500
    assert counts.trace() / 1500 == pytest.approx(found.trained.history[-1].rate)
