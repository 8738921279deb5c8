"""Training as the post does it: full-batch ascent, against the post's own loop, and how a training can end."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import Network, Outcome
from chainrule.errors import DataError, DivergedError, SettingError
from support import problem, worst

NET = Network("2-3-3")


@pytest.fixture(scope="module")
def clusters():
    return cr.datasets.three_clusters(per_class=40, seed=0)


def train(clusters, **settings):
    return cr.train(NET, *clusters, **{"learning_rate": 1e-3, "epochs": 60, "record_every": 20, "seed": 1, **settings})


def posts_loop(X, labels, weights, rate, epochs, frozen=()):
    """The post's code with V for W2 and with all gradients taken before any update."""
    W1, b1, V, b2 = (weights[name].copy() for name in ("W1", "b1", "W2", "b2"))
    T = np.eye(3)[labels]
    costs = []
    for _ in range(epochs):
        Z = 1 / (1 + np.exp(-X.dot(W1) - b1))
        A = Z.dot(V) + b2
        Y = np.exp(A) / np.exp(A).sum(axis=1, keepdims=True)
        costs.append((T * np.log(Y)).sum())
        dZ = (T - Y).dot(V.T) * Z * (1 - Z)
        moves = {"W1": X.T.dot(dZ), "b1": dZ.sum(axis=0), "W2": Z.T.dot(T - Y), "b2": (T - Y).sum(axis=0)}
        for name, array in (("W1", W1), ("b1", b1), ("W2", V), ("b2", b2)):
            if name not in frozen:
                array += rate * moves[name]
    return np.concatenate([W1.ravel(), b1, V.ravel(), b2]), costs


@pytest.mark.parametrize("frozen", [(), ("W2",), ("W1", "b1"), ("b2",)])
def test_ascent_is_the_posts_loop(clusters, frozen):
    expected, costs = posts_loop(*clusters, NET.initial_weights(seed=1), 1e-3, 60, frozen)
    run = train(clusters, freeze=frozen)
    assert worst(run.weights.flat, expected) < 1e-12
    assert run.history.J[:3] == pytest.approx(costs[::20], rel=1e-12)
    start = NET.initial_weights(seed=1)
    for name in NET.names:
        assert np.array_equal(run.weights[name], start[name]) == (name in frozen)


def test_the_posts_settings_are_the_defaults(clusters):
    run = cr.train(NET, *clusters, epochs=1)
    assert run.settings["solver"] == "ascent"
    assert run.settings["learning_rate"] == 1e-6
    expected, _ = posts_loop(*clusters, NET.initial_weights(seed=0), 1e-6, 1)
    assert worst(run.weights.flat, expected) < 1e-14


def test_momentum_remembers_its_velocity(clusters):
    X, labels = clusters
    T = np.eye(3)[labels]
    w, velocity = NET.initial_weights(seed=1), np.zeros(NET.size)
    for _ in range(60):
        velocity = 0.8 * velocity + 1e-3 * cr.gradient(NET, w, X, T).flat
        w = NET.weights_from(w.flat + velocity)
    run = train(clusters, solver="momentum", momentum=0.8)
    assert worst(run.weights.flat, w.flat) < 1e-12


def test_the_average_is_J_over_the_total_weight(clusters):
    of_sum = train(clusters, learning_rate=1e-3)
    of_mean = train(clusters, learning_rate=1e-3 * 120, average=True)
    assert worst(of_mean.weights.flat, of_sum.weights.flat) < 1e-11
    assert of_mean.history.J == pytest.approx(of_sum.history.J, rel=1e-12)  # J is recorded, not its mean


def test_sample_weights_count_rows(clusters):
    X, labels = clusters
    times = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = train(clusters, sample_weight=times)
    repeated = train((np.repeat(X, times, axis=0), np.repeat(labels, times)))
    assert worst(weighted.weights.flat, repeated.weights.flat) < 1e-11
    assert weighted.history.rate == pytest.approx(repeated.history.rate)


@pytest.mark.parametrize(
    ("epochs", "record_every", "expected"),
    [(60, 20, [0, 20, 40, 60]), (50, 20, [0, 20, 40, 50]), (0, 10, [0]), (3, 1, [0, 1, 2, 3]), (5, 100, [0, 5])],
)
def test_the_first_and_the_last_epoch_are_always_recorded(clusters, epochs, record_every, expected):
    run = train(clusters, epochs=epochs, record_every=record_every)
    assert run.history.epoch.tolist() == expected
    assert run.history.seconds.tolist() == sorted(run.history.seconds)
    assert run.outcome is Outcome.MAX_EPOCHS


def test_a_record_is_of_the_weights_at_its_epoch_and_the_run_holds_those_of_the_last(clusters):
    X, labels = clusters
    seen = []
    run = train(clusters, callbacks=[lambda record, weights: seen.append((record, weights.copy()))])
    assert [record.epoch for record, _ in seen] == [0, 20, 40, 60]
    assert np.array_equal(seen[0][1].flat, NET.initial_weights(seed=1).flat)
    assert np.array_equal(seen[-1][1].flat, run.weights.flat)
    for record, weights in seen:
        assert record.J == pytest.approx(cr.log_likelihood(NET, weights, X, np.eye(3)[labels]), rel=1e-12)
    assert run.history[-1].rate == np.mean(run.predict(X) == labels)


def test_epochs_in_two_parts_are_the_epochs_in_one(clusters):
    whole = train(clusters)
    half = train(clusters, epochs=30)
    rest = train(clusters, epochs=30, weights=half.weights)
    assert np.array_equal(rest.weights.flat, whole.weights.flat)


def test_how_often_it_records_changes_no_bit_of_the_weights(clusters):
    assert np.array_equal(train(clusters, record_every=1).weights.flat, train(clusters, record_every=60).weights.flat)


def test_one_seed_gives_one_run_and_another_seed_another(clusters):
    first, again, other = (train(clusters, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.weights.flat, again.weights.flat)
    assert not np.array_equal(first.weights.flat, other.weights.flat)


def test_the_starting_weights_handed_in_are_not_changed(clusters):
    start = NET.initial_weights(seed=5)
    before = start.flat.copy()
    run = train(clusters, weights=start)
    assert np.array_equal(start.flat, before)
    assert not np.shares_memory(run.weights.flat, start.flat)


def test_it_climbs_at_every_record(clusters):
    run = train(clusters, epochs=2000)
    assert (np.diff(run.history.J) > 0).all()
    assert run.history.rate[-1] > 0.9


def test_a_maximum_is_recognised_as_one():
    """Logistic regression is concave: here the gradient of J / N can be made as small as one likes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 2))
    labels = (X[:, 0] + rng.standard_normal(50) > 0).astype(int)
    net = Network("2-1")
    run = cr.train(net, X, labels, learning_rate=0.05, epochs=5000, tolerance=1e-9, record_every=10)
    assert run.outcome is Outcome.CONVERGED
    assert run.history.epoch[-1] < 5000
    assert np.abs(cr.gradient(net, run.weights, X, labels).flat).max() <= 50 * 1e-9


def test_frozen_weights_do_not_stand_in_the_way_of_convergence(clusters):
    assert train(clusters, freeze=NET.names, tolerance=1e-12).outcome is Outcome.CONVERGED


def test_a_callback_that_returns_true_stops_and_the_others_are_still_called(clusters):
    calls = []

    def stop(record, weights):
        calls.append("stop")
        return record.epoch == 20

    def count(record, weights):
        calls.append("count")

    run = train(clusters, callbacks=[stop, count])
    assert run.outcome is Outcome.STOPPED
    assert run.history.epoch.tolist() == [0, 20]
    assert calls == ["stop", "count"] * 2


def test_an_error_in_a_callback_comes_through(clusters):
    def broken(record, weights):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        train(clusters, callbacks=[broken])


def test_ctrl_c_ends_with_the_weights_so_far(clusters):
    def interrupt(record, weights):
        if record.epoch == 40:
            raise KeyboardInterrupt

    run = train(clusters, callbacks=[interrupt])
    assert run.outcome is Outcome.INTERRUPTED
    assert run.history.epoch[-1] == 40
    assert np.array_equal(run.weights.flat, train(clusters, epochs=40).weights.flat)


def test_a_rate_too_large_is_an_error_that_carries_good_weights_and_a_rate_that_climbs(clusters):
    X, _ = clusters
    with pytest.raises(DivergedError, match=r"diverged by epoch \d+.*\n.*too large.*\n.*Try learning_rate=") as error:
        cr.train(Network("2-3 relu-1 identity"), X * 100, X[:, 0] * 50, learning_rate=1.0, epochs=100, record_every=1)
    caught = error.value
    assert np.isfinite(caught.weights.flat).all()
    assert 0 < caught.learning_rate < 1
    net = caught.weights.network
    run = cr.train(net, X * 100, X[:, 0] * 50, learning_rate=caught.learning_rate, epochs=30, record_every=1)
    assert run.history.J[-1] > run.history.J[0]


def test_divergence_is_no_warning(clusters):
    """Overflow on the way to the error is expected and must not reach the person as NumPy's warning."""
    X, labels = clusters
    with pytest.raises(DivergedError):
        cr.train(Network("2-3 identity-3 exp"), X, np.eye(3)[labels], learning_rate=1e10, epochs=10)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c", "a"]),
        ["b", "a", "c", "a"],
        np.array([5, 0, 2, 5]),
        np.array([[5], [0], [2], [5]]),
        [2.5, 1.5, 3.5, 2.5],
    ],
    ids=["text", "list", "gaps", "column", "floats"],
)
def test_any_labels_are_classes_and_predictions_are_labels(labels):
    X = np.random.default_rng(0).standard_normal((4, 2))
    run = cr.train(NET, X, labels, learning_rate=0.5, epochs=3000)
    flat = np.ravel(labels)
    assert run.predict(X).dtype == flat.dtype
    assert run.predict(X).tolist() == flat.tolist()
    assert run.coding.classes.tolist() == sorted(set(flat.tolist()))
    P = run.predict_proba(X)
    assert P.shape == (4, 3)
    assert np.allclose(P.sum(axis=1), 1, rtol=0, atol=1e-14)


def test_two_classes_may_have_one_sigmoid_output_or_two_softmax_outputs():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    labels = np.where(X[:, 0] > 0, "yes", "no")
    for notation in ("2-1", "2-2"):
        run = cr.train(Network(notation), X, labels, learning_rate=0.1, epochs=500)
        assert np.mean(run.predict(X) == labels) > 0.95
        P = run.predict_proba(X)
        assert P.shape == (60, 2)
        assert np.array_equal(run.coding.classes[P.argmax(axis=1)], run.predict(X))


def test_nullable_booleans_stay_booleans():
    pandas = pytest.importorskip("pandas")
    labels = pandas.Series([True, False, True, False], dtype="boolean")
    X = np.array([[1.0, 0], [-1, 0], [2, 1], [-2, 1]])
    run = cr.train(Network("2-1"), X, labels, learning_rate=0.5, epochs=300)
    assert run.predict(X).dtype == bool
    assert run.predict(X).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([7, 7, 7, 7], "one class, '7'"),
        (["a", "b", "a", "b"], "2 classes and the network has 3 outputs"),
        ([0, 1, 2], "X has 4 rows and T has 3 rows"),
        ([1, "a", 2, 3], "mixed types"),
        (["a", None, "b", "c"], "1 label missing .first at row 1"),
        ([0.0, 1.0, np.nan, 2.0], "1 label missing.*row 2"),
        ([], "no labels"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused_in_words(labels, words):
    with pytest.raises(DataError, match=words):
        cr.train(NET, np.zeros((4, 2)), labels, epochs=1)


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="no rows"):
        cr.train(NET, np.empty((0, 2)), np.empty((0, 3)))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", -1e-3),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("epochs", -1),
        ("epochs", 2.5),
        ("record_every", 0),
        ("tolerance", -1e-9),
        ("tolerance", math.nan),
        ("solver", "descent"),
        ("scheme", "xavier"),
        ("freeze", ("W3",)),
        ("freeze", "b9"),
        ("seed", -1),
    ],
)
def test_a_setting_outside_its_range_is_refused_by_its_name(clusters, setting, value):
    with pytest.raises(SettingError) as error:
        train(clusters, **{setting: value})
    named = {"solver": "solver", "scheme": "scheme", "freeze": "freeze", "seed": "seed"}.get(setting, setting)
    assert named in str(error.value)


@pytest.mark.parametrize("value", [1.0, -0.1, math.nan])
def test_a_momentum_outside_its_range_is_refused(clusters, value):
    with pytest.raises(SettingError, match="momentum"):
        train(clusters, solver="momentum", momentum=value)


def test_weights_of_another_network_are_no_start(clusters):
    with pytest.raises(DataError, match="belong to 2-4"):
        train(clusters, weights=Network("2-4-3").initial_weights())


@pytest.mark.parametrize("law", ["identity", "exp"])
def test_the_rate_of_a_regression_is_the_share_of_the_deviance_explained(law):
    net = Network(f"2-4 tanh-1 {law}")
    _, X, T = problem(net, rows=60)
    run = cr.train(net, X, T, learning_rate=1e-3, epochs=200)
    y = run.predict(X)
    assert y.shape == (60,)
    if law == "identity":
        assert run.history.rate[-1] == pytest.approx(1 - ((T[:, 0] - y) ** 2).sum() / ((T - T.mean()) ** 2).sum())
    with pytest.raises(SettingError, match="no probabilities"):
        run.predict_proba(X)


class Terminal(io.StringIO):
    """A stream that says a person is watching."""

    def isatty(self):
        return True


def test_silent_where_nobody_watches_and_a_bar_on_standard_error_on_a_terminal(clusters, capsys, monkeypatch):
    train(clusters)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    train(clusters)
    assert capsys.readouterr().out == ""
    assert "rate" in terminal.getvalue()
    terminal.truncate(0)
    train(clusters, progress=False)
    assert not terminal.getvalue()


def test_the_outcome_is_a_value_that_reads_as_a_sentence(clusters):
    run = train(clusters)
    assert str(run.outcome) == run.outcome.value
    assert all(str(outcome).endswith(".") for outcome in Outcome)
    assert "MAX_EPOCHS" in repr(run)


def test_the_history_is_a_table_that_prints_one_line_a_record(clusters):
    history = train(clusters).history
    assert len(str(history).splitlines()) == 1 + len(history)
    assert [record.epoch for record in history] == history.epoch.tolist()
    assert history[-1].J == history.J[-1]
    assert "4 records" in repr(history)


def test_labels_as_a_column_of_text_are_labels_for_one_sigmoid_output_too():
    X = np.linspace(-1, 1, 12).reshape(-1, 1)
    labels = np.where(X > 0, "yes", "no")
    run = cr.train(Network("1-1"), X, labels, learning_rate=0.1, epochs=200)
    assert list(run.coding.classes) == ["no", "yes"]
    assert (run.predict(X) == labels[:, 0]).all()


def test_targets_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="different lengths"):
        cr.train(Network("1-2"), [[0.0], [1.0]], [[1, 0], [1]])


def test_a_notation_in_place_of_a_network_is_told_what_to_write():
    with pytest.raises(DataError, match=r'chainrule\.Network\("2-3-3"\)'):
        cr.train("2-3-3", [[0.0, 1.0]], [0])
