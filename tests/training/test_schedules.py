import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    Schedule,
    Span,
    Step,
    WarmUp,
    described,
    schedule_from,
)

SPAN = Span(epochs=10, updates_per_epoch=4, rows=100)
ALL = [Constant(), Step(2, 0.5), Step(), Cosine(0.1), OneCycle(), InverseScaling(), WarmUp(6, Cosine())]


def at(schedule, *t):
    return schedule.factors(np.array(t), SPAN).tolist()


def test_constant_is_one():
    assert at(Constant(), 0, 39) == [1.0, 1.0]


def test_step_cuts_after_so_many_epochs():
    assert at(Step(every=2, factor=0.5), 0, 7, 8, 15, 16, 39) == [1.0, 1.0, 0.5, 0.5, 0.25, 0.5**4]


def test_step_without_an_interval_cuts_three_times():
    assert at(Step(), 0, 11, 12, 24, 36) == pytest.approx([1.0, 1.0, 0.1, 0.01, 0.001], rel=1e-15)


def test_cosine_is_half_a_wave_down_to_its_floor():
    assert at(Cosine(), 0, 20, 40, 99) == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-15)
    assert at(Cosine(floor=0.2), 10)[0] == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2, rel=1e-15)


def test_one_cycle_rises_to_its_peak_and_falls_below_its_start():
    span = Span(epochs=1, updates_per_epoch=11, rows=1)  # updates 0..10, the peak at 3
    found = OneCycle(peak=0.3, start=25, end=1e4).factors(np.arange(11), span)
    assert found[0] == pytest.approx(1 / 25, rel=1e-14)
    assert found[3] == pytest.approx(1.0, rel=1e-14)
    assert found[10] == pytest.approx(1e-4, rel=1e-10)
    assert found[1] == pytest.approx(0.04 + 0.96 * (1 - math.cos(math.pi / 3)) / 2, rel=1e-14)
    assert (np.diff(found[:4]) > 0).all()
    assert (np.diff(found[3:]) < 0).all()


def test_invscaling_is_scikit_learns():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    theirs = SGDOptimizer([np.zeros(1)], learning_rate_init=1.0, lr_schedule="invscaling", power_t=0.3)
    for epoch in range(5):
        assert at(InverseScaling(0.3), 4 * epoch, 4 * epoch + 3) == pytest.approx([theirs.learning_rate] * 2, rel=1e-14)
        theirs.iteration_ends((epoch + 1) * SPAN.rows)


def test_warm_up_rises_in_a_straight_line_and_then_is_the_other():
    assert at(WarmUp(3), 0, 1, 2, 3, 4) == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert at(WarmUp(3, Step(1, 0.5)), 4, 8) == at(Step(1, 0.5), 4, 8)


@pytest.mark.parametrize("schedule", ALL, ids=described)
def test_factors_lie_between_zero_and_one_and_need_no_history(schedule):
    together = schedule.factors(np.arange(40), SPAN)
    alone = [schedule.factors(np.array([t]), SPAN)[0] for t in range(40)]
    assert together.tolist() == alone
    assert ((together >= 0) & (together <= 1)).all()


def test_every_name_makes_a_schedule():
    for name in SCHEDULES:
        assert schedule_from(name).factors(np.arange(3), SPAN).shape == (3,)
    assert schedule_from("cosine", warm_up=5) == WarmUp(5, Cosine())


def test_equal_schedules_are_described_alike_and_others_are_not():
    assert (
        described(WarmUp(3, Step(2)))
        == described(WarmUp(3, Step(2)))
        == "WarmUp(updates=3, then=Step(every=2, factor=0.1))"
    )
    assert len({described(schedule) for schedule in ALL}) == len(ALL)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Step(0),
        lambda: Step(1, 1.5),
        lambda: Cosine(-1),
        lambda: OneCycle(peak=1),
        lambda: InverseScaling(-1),
        lambda: Adaptive(factor=1),
        lambda: WarmUp(-1),
        lambda: schedule_from("cosin"),
        lambda: schedule_from(3),
    ],
)
def test_what_is_no_schedule_is_refused(make):
    with pytest.raises(SettingError):
        make()


def test_a_schedule_of_ones_own_is_followed():
    class Halving(Schedule):
        def factors(self, t, span):
            return 0.5 ** np.asarray(t, dtype=float)

    X, T = np.ones((1, 1)), np.zeros((1, 1))
    net = cr.Network("1-1 identity")
    run = cr.train(
        net, X, T, learning_rate=0.1, schedule=Halving(), epochs=3, record_every=1, weights=net.weights_from([1.0, 0.0])
    )
    assert run.history.learning_rate.tolist() == [0.1, 0.1, 0.05, 0.025]
    y = 1.0
    for rate in (0.1, 0.05, 0.025):
        y -= 2 * rate * y  # both the weight and the bias move by -rate y
    assert run.predict(X)[0] == pytest.approx(y, rel=1e-14)


def test_the_adaptive_schedule_cuts_when_patience_runs_out_and_stops_at_its_floor():
    X, labels = cr.datasets.three_clusters(per_class=20, seed=0)
    run = cr.train(
        cr.Network("2-3"), X, labels, learning_rate=0.1, average=True, schedule=Adaptive(0.1, floor=2e-3), patience=2,
        watch=lambda weights: 0.0, epochs=100, record_every=1,
    )  # fmt: skip
    assert run.outcome.name == "EARLY_STOPPED"
    rates = run.history.learning_rate
    cuts = [epoch for epoch in range(1, len(rates)) if rates[epoch] < rates[epoch - 1]]
    assert cuts == [3, 5]  # patience runs out at epochs 2 and 4, and at 6 the rate is at its floor
    assert rates[-1] == pytest.approx(1e-3, rel=1e-12)
