"""What to try next: each rule speaks where its evidence is there, and is silent where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import chainrule as cr
from chainrule.show.report.advice import Evidence, advice
from chainrule.show.report.measures import Calibration, Contributions, Layer
from chainrule.show.report.page import measured
from chainrule.show.report.scores import Figures
from chainrule.show.report.subject import Peer, Subject, subject
from chainrule.training import History, Outcome, Record

NET = cr.Network("4-8 tanh-3")


def good(**of_subject: object) -> Evidence:
    """A network that nothing is to be said of."""
    weights = NET.initial_weights("glorot")
    names = tuple("abcd")
    rows = (np.zeros((300, 4)), np.eye(3)[np.arange(300) % 3])
    s = subject(NET, weights, classes=["x", "y", "z"], inputs=names, held_out=rows)
    s = replace(s, counts=(300, 300, 300), **of_subject)
    f = Figures(900, 0.985, 0.33, -0.05, 0.01, -1.1, 0.975, 0.99, 0.985, np.diag([300, 300, 300]))
    g = replace(f, rows=300, rate=0.985, likelihood=-0.055, confusion=np.diag([98, 98, 99]))
    loss = np.array([[0.9, 1.0, 1.1], [0.5, 0.6, 0.5], [0.4, 0.5, 0.4], [0.2, 0.21, 0.2]])
    layers = (Layer(1, 8, "tanh", 0.1, 0.1, 0.5, 0.6), Layer(2, 3, "softmax", 0.1, 0.1, 0.5))
    return Evidence(s, f, g, None, Contributions(names, loss, 300), layers)


def said(e: Evidence) -> str:
    return "\n".join(f"{one.do} {one.because}" for one in advice(e))


def test_where_nothing_is_wrong_nothing_is_said() -> None:
    assert advice(good()) == []


def test_worse_than_a_constant_comes_first() -> None:
    e = good()
    found = advice(replace(e, held_out=replace(e.held_out, likelihood=-1.5)))
    assert "worse than a constant" in found[0].because
    assert "−1.500 nats a row against −1.100" in found[0].because
    found = advice(replace(e, training=replace(e.training, likelihood=-1.5)))
    assert "On the training rows" in found[0].because


def history(last: float) -> History:
    return History([Record(at, -100 + at * last / 100, 0.5, 0.0) for at in range(0, 101, 10)])


def test_an_unfinished_training_is_told_by_how_much_j_still_rose() -> None:
    X = np.zeros((50, 4))
    rows = subject(NET, NET.initial_weights(), training=(X, np.eye(3)[np.zeros(50, int)])).training
    rising = good(history=history(60.0), outcome=Outcome.MAX_EPOCHS, training=rows)
    assert "all 100 epochs were run; over the last tenth of them the objective still changed by 0.120 nats" in said(
        rising
    )
    assert not advice(good(history=history(1e-3), outcome=Outcome.MAX_EPOCHS, training=rows))  # it has risen enough
    assert not advice(good(history=history(60.0), outcome=Outcome.CONVERGED, training=rows))
    assert "the time was up" in said(good(history=history(1e-3), outcome=Outcome.TIME_LIMIT, training=rows))


def test_a_gap_between_training_and_held_out_rows_is_named_with_the_penalty_that_was_used() -> None:
    e = good()
    wide = replace(e, held_out=replace(e.held_out, likelihood=-0.4, likelihood_error=0.05))
    assert "by 0.350 nats a row (standard error 0.050)" in said(wide)
    assert "Give the weights a penalty" in said(wide)
    penalised = replace(wide, subject=replace(wide.subject, settings={"penalty": 0.5}))
    assert "Raise the penalty above 0.5" in said(penalised)
    chosen = replace(wide, subject=replace(wide.subject, settings={"penalty": 0.5, "tried": [[0.5, 1], [1, 0]]}))
    assert "0.5 was already the best of 2" in said(chosen)
    noisy = replace(e, held_out=replace(e.held_out, likelihood=-0.4, likelihood_error=0.3))
    assert not advice(noisy)  # a difference that chance explains


def test_alike_and_poor_on_both_asks_for_a_larger_network_or_better_columns() -> None:
    e = good()
    poor = replace(e, training=replace(e.training, rate=0.8, likelihood=-0.5, rows=900),
                   held_out=replace(e.held_out, rate=0.8, likelihood=-0.5))  # fmt: skip
    assert "such as 16 hidden units" in said(poor)
    assert "20.0\N{NO-BREAK SPACE}% of the rows are wrong even in training" in said(poor)
    tried = replace(poor, subject=replace(poor.subject, settings={"penalty": 3.0, "tried": [[1.0, -1], [3.0, -0.9]]}))
    assert "Look for columns that say more" in said(tried)


def test_flat_units_are_counted() -> None:
    e = good()
    flat = replace(e.layers[0], dead=(1, 2), saturated=(3, 4, 5))
    text = said(replace(e, layers=(flat, e.layers[1])))
    assert "2 of its 8 tanh units give the same output" in text
    assert "3 of its 8 tanh units are saturated" in text


def test_a_rare_class_that_is_missed_is_named() -> None:
    e = good()
    s = replace(e.subject, counts=(500, 380, 20))
    confusion = np.array([[160, 0, 0], [0, 120, 0], [15, 0, 5]])
    missed = replace(e, subject=s, held_out=replace(e.held_out, confusion=confusion, rate=0.95))
    assert "Give the class “z” more weight" in said(missed)
    assert "of its 20 held-out rows 5 are found" in said(missed)
    found = replace(missed, held_out=replace(missed.held_out, confusion=np.diag([160, 120, 20]), rate=1.0))
    assert "“z”" not in said(found)


def test_probabilities_off_by_more_than_chance_are_called_too_high_or_too_low() -> None:
    e = good()
    one = np.ones(1)
    off = Calibration(0.9 * one, 0.6 * one, np.array([300]), one, one, 0.3, 0.05, "the predicted class")
    held = replace(e, calibration=off)
    assert "Those of the predicted class are too high" in said(held)
    assert "0.300, exact probabilities would stay below 0.050" in said(held)
    assert not advice(replace(held, calibration=replace(off, error=0.04)))


def test_a_column_that_gives_all_away_and_columns_that_give_nothing() -> None:
    e = good()
    loss = np.array([[3.0, 3.1, 2.9], [0.01, 0.02, 0.015], [0.01, -0.01, 0.0], [0.02, -0.01, -0.01]])
    text = said(replace(e, contributions=Contributions(("secret", "b", "c", "d"), loss, 300)))
    assert "Ask whether “secret” is known" in text
    assert "Try it without “c”, “d”." in text


def test_a_better_model_is_named_and_a_line_that_does_as_well_is_preferred() -> None:
    e = good()
    boosting = Peer("boosting", "HistGradientBoosting", 0.99, -0.03)
    assert "Consider HistGradientBoosting" in said(replace(e, subject=replace(e.subject, peers=(boosting,))))
    worse = Peer("boosting", "HistGradientBoosting", 0.95, -0.2)
    assert not advice(replace(e, subject=replace(e.subject, peers=(worse,))))
    line = Peer("logistic", "logistic regression", 0.985, -0.055, is_linear=True)
    assert "without a hidden layer" in said(replace(e, subject=replace(e.subject, peers=(worse, line))))


def test_inputs_of_very_different_sizes_are_seen() -> None:
    X = np.random.default_rng(0).standard_normal((100, 4))
    T = np.eye(3)[np.arange(100) % 3]
    weights = NET.initial_weights()
    for scales, is_told in (
        ([1, 1, 1, 1], False),
        ([1, 2, 3, 1000], True),
        ([1e-4, 1, 1, 1], True),
        ([0.05] * 4, True),
    ):
        e = replace(good(), subject=subject(NET, weights, training=(X * scales, T), inputs=list("abcd")))
        assert ("Standardise the inputs" in said(e)) == is_told


def test_a_target_of_another_size_than_the_law_is_seen() -> None:
    for scale, is_told in ((1.0, False), (100.0, True), (1e-3, True)):
        s = regression(lambda rng, X, scale=scale: scale * X)
        assert ("Standardise the target" in said(measured(s))) == is_told


def test_few_held_out_rows_or_none_are_said_to_be_so() -> None:
    e = good()
    few = replace(e, held_out=replace(e.held_out, rows=30, low=0.8, high=1.0))
    assert "Only 30 rows are held out: the rate 0.985 may as well be anything from 0.80 to 1.00" in said(few)
    assert "Hold rows out" in said(replace(e, held_out=None))


def regression(noise: object, notation: str = "1-1 identity", seed: int = 0) -> Subject:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.5, 3, (400, 1))
    net = cr.Network(notation)
    weights = net.weights_from([1.0, 0.0])
    T = noise(rng, X)  # type: ignore[operator]
    return subject(net, weights, training=(X[:200], T[:200]), held_out=(X[200:], T[200:]))


def test_errors_that_grow_with_the_prediction_are_seen() -> None:
    growing = regression(lambda rng, X: X * np.exp(0.4 * rng.standard_normal(X.shape)))
    assert "Predict the logarithm" in said(measured(growing))
    even = regression(lambda rng, X: X + 0.4 * rng.standard_normal(X.shape))
    assert "logarithm" not in said(measured(even))


def test_counts_wider_than_poissons_are_seen() -> None:
    wide = regression(lambda rng, X: rng.poisson(np.exp(X) * rng.gamma(2, 0.5, X.shape)).astype(float), "1-1 exp")
    assert "times the variance of the Poisson" in said(measured(wide))
    plain = regression(lambda rng, X: rng.poisson(np.exp(X)).astype(float), "1-1 exp")
    assert "Poisson" not in said(measured(plain))
