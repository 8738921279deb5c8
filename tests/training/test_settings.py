import json
import math

import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.training.solvers import SOLVERS

NET = cr.Network("2-3-3")
X, LABELS = cr.datasets.three_clusters(per_class=10, seed=0)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("learning_rate", [0, -1, math.nan, math.inf, "1"]),
        ("epochs", [-1, 1.5, math.nan, "5", True]),
        ("tolerance", [-1e-9, math.inf, math.nan]),
        ("penalty", [-1, math.inf, math.nan, "l2"]),
        ("batch_size", [0, -5, 2.5]),
        ("patience", [0, 1.5]),
        ("improvement", [math.nan, math.inf]),
        ("record_every", [0, 0.5]),
        ("warm_up", [-1, 0.5]),
        ("keep", ["first", None]),
        ("record", ["none"]),
        ("checkpoint_every", [0, 1.5]),
    ],
)
def test_an_option_outside_its_range_is_named(option, values):
    for value in values:
        with pytest.raises(SettingError, match=option) as caught:
            cr.train(NET, X, LABELS, **{option: value})
        assert len(str(caught.value).splitlines()) <= 4


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
@pytest.mark.parametrize(
    "option",
    [
        {"learning_rate": 0.1},
        {"schedule": "cosine"},
        {"warm_up": 10},
        {"batch_size": 5},
        {"dropout": 0.5},
        {"record": "running"},
        {"momentum": 0.9},
    ],
    ids=str,
)
def test_what_a_second_order_solver_has_no_use_for_is_refused(solver, option):
    with pytest.raises(SettingError, match=f"{next(iter(option))} does not apply to the solver '{solver}'"):
        cr.train(NET, X, LABELS, solver=solver, **option)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_trains_with_its_defaults_and_tells_them(solver):
    run = cr.train(NET, X, LABELS, solver=solver, epochs=3)
    told = json.loads(json.dumps(run.settings))
    assert told["solver"] == solver
    assert (told["learning_rate"] is None) == (solver in ("lbfgs", "newton"))
    assert told["record_every"] == (1 if solver in ("lbfgs", "newton") else 100)
    assert run.history.epoch[[0, -1]].tolist() == [0, 3]


def test_defaults_follow_what_is_climbed():
    rates = {
        (solver, average): cr.train(NET, X, LABELS, solver=solver, average=average, epochs=0).settings["learning_rate"]
        for solver in ("ascent", "adam")
        for average in (False, True)
    }
    assert rates == {("ascent", False): 1e-6, ("ascent", True): 0.1, ("adam", False): 1e-3, ("adam", True): 1e-3}


def test_a_batch_as_large_as_the_data_is_the_whole():
    whole = cr.train(NET, X, LABELS, solver="adam", epochs=5)
    batch = cr.train(NET, X, LABELS, solver="adam", epochs=5, batch_size=30)
    assert (whole.weights.flat == batch.weights.flat).all()
    assert batch.settings["batch_size"] is None


def test_a_run_without_a_seed_can_be_repeated_from_the_one_it_drew():
    run = cr.train(NET, X, LABELS, seed=None, solver="adam", batch_size=8, epochs=3, dropout=0.2, restarts=2)
    again = cr.train(
        NET, X, LABELS, seed=run.settings["seed"], solver="adam", batch_size=8, epochs=3, dropout=0.2, restarts=2
    )
    other = cr.train(NET, X, LABELS, seed=None, solver="adam", batch_size=8, epochs=3, dropout=0.2, restarts=2)
    assert (run.weights.flat == again.weights.flat).all()
    assert (run.weights.flat != other.weights.flat).any()
