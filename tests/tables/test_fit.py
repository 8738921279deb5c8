"""From a table to a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

import bad_inputs
import chainrule as cr
from chainrule.errors import ChainruleError, DataError, SettingError
from chainrule.tables.fit import fitted
from chainrule.tables.penalty import uphill
from chainrule.tables.plan import planned
from chainrule.tables.read import read


def clusters(rows: int = 120, seed: int = 0) -> dict[str, list]:
    rng = np.random.default_rng(seed)
    at = rng.integers(3, size=rows)
    X = rng.normal(size=(rows, 2)) + np.array([[0, 0], [2, 1], [0, 3]])[at]
    return {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "y": [("red", "green", "blue")[k] for k in at]}


def test_without_a_hidden_layer_it_is_the_logistic_regression_of_scikit_learn():
    plan = planned(clusters(), "y", hidden="none")
    model = fitted(plan, penalty=2.0, epochs=2000)
    X = plan.contract.apply(plan.training_table).X
    labels = plan.training_table.columns["y"].to_list()
    theirs = LogisticRegression(C=1 / 2.0, tol=1e-10, max_iter=10_000).fit(X, labels)
    Z = plan.contract.apply(plan.test_table).X
    assert np.abs(model.predict_proba(plan.test_table) - theirs.predict_proba(Z)).max() < 1e-3


def test_without_a_hidden_layer_a_quantity_is_the_ridge_regression_of_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    y = 1e5 + 1e4 * (x @ [1, -2, 0.5] + 0.1 * rng.normal(size=100))
    table = {**{f"x{at}": x[:, at].tolist() for at in range(3)}, "y": y.tolist()}
    plan = planned(table, "y", hidden="none", test_share=0)
    model = fitted(plan, penalty=3.0)
    theirs = Ridge(3.0).fit(StandardScaler().fit_transform(x), (y - y.mean()) / y.std())
    expected = y.mean() + y.std() * theirs.predict(StandardScaler().fit_transform(x))
    assert np.abs(model.predict(table) - expected).max() < 1e-3 * y.std()


def test_a_quantity_of_large_scale_is_fitted():  # 5e5 ± 1e5: unscaled targets are what others fail on
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=300)
    table = {"x": x.tolist(), "y": (5e5 + 1e5 * np.sin(2 * x)).tolist()}
    plan = planned(table, "y")
    score = fitted(plan).score(plan.test_table)
    assert score.rate > 0.99
    assert score.plain_error > 10 * score.error


def test_the_scaling_does_not_see_the_rows_held_out():
    table = clusters()
    plan = planned(table, "y")
    changed = {name: list(values) for name, values in table.items()}
    for row in plan.test:
        changed["a"][row] = 1e6
    assert planned(changed, "y").contract == plan.contract


def test_what_the_plan_trains_is_what_the_figures_hold_out():
    plan = planned(clusters(), "y", test_share=0.25, seed=4)
    assert len(plan.test) == 30
    model = fitted(plan)
    truth = np.array(plan.test_table.columns["y"].to_list())
    assert model.score(plan.test_table).rate == np.mean(model.predict(plan.test_table) == truth)


def test_a_penalty_is_chosen_that_forgets_noise():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 20))
    y = X[:, 0] + rng.normal(size=150)
    table = {**{f"x{at}": X[:, at].tolist() for at in range(20)}, "y": y.tolist()}
    plan = planned(table, "y")
    chosen = fitted(plan)
    assert chosen.settings["penalty"] > 1
    assert chosen.score(plan.test_table).rate > fitted(plan, penalty=0.01).score(plan.test_table).rate


@pytest.mark.parametrize("best", [0.01, 0.3, 1.0, 10.0, 1000.0])
def test_the_walk_uphill_finds_the_top_of_the_grid(best):
    penalty, tried = uphill(lambda penalty: -abs(np.log10(penalty / best)))
    assert penalty == best
    assert len(tried) < 12


def test_tiny_tables_train():
    for rows in (1, 2, 3):
        table = {"x": [float(at) for at in range(rows)], "y": [float(at) ** 2 for at in range(rows)]}
        if rows == 1:
            with pytest.raises(DataError, match="left to learn from"):
                planned(table, "y")
            continue
        model = cr.train_table(table, "y", task="regress", test_share=0)
        assert np.isfinite(model.predict(table)).all()
    model = cr.train_table({"x": [1.0, 2.0], "y": ["a", "b"]}, "y")
    assert set(model.predict({"x": [1.0, 2.0]})) <= {"a", "b"}


def test_predicted_classes_have_the_type_of_the_labels():
    table = clusters()
    for labels, kind in ((["x", "y", "z"], "U"), ([0, 2, 5], "i"), ([True, False, True], "b")):
        names = {"red": labels[0], "green": labels[1], "blue": labels[2]}
        model = cr.train_table({**table, "y": [names[label] for label in table["y"]]}, "y", epochs=20, penalty=1)
        assert model.predict(table).dtype.kind == kind
        assert set(model.predict(table)) <= set(labels)


def test_a_polars_and_a_pandas_frame_give_the_same_model():
    frame, other = pl.DataFrame(clusters()), pd.DataFrame(clusters())
    first, second = cr.train_table(frame, "y"), cr.train_table(other, "y")
    assert (first.weights.flat == second.weights.flat).all()
    assert (first.predict_proba(frame) == second.predict_proba(other)).all()


def test_many_rows_are_trained_on_in_mini_batches(monkeypatch):
    from chainrule.tables import way

    monkeypatch.setattr(way, "MANY_ROWS", 1000)
    plan = planned(clusters(2000), "y")
    model = fitted(plan, epochs=100)
    assert model.settings["solver"] == "adam"
    assert model.score(plan.test_table).rate > 0.8


def test_no_prediction_for_bad_rows_leaves_the_others_as_they_were():
    table = clusters()
    model = cr.train_table(table, "y", epochs=20, penalty=1)
    rows = {"a": [0.0, None, 1.0], "b": [0.0, 1.0, 2.0]}
    found = model.predictions(rows, bad_rows="nan")
    assert found.values[1] is None
    assert found.values[[0, 2]].tolist() == model.predict({"a": [0.0, 1.0], "b": [0.0, 2.0]}).tolist()
    assert np.isnan(found.probabilities[1]).all()
    with pytest.raises(DataError):
        model.predict(rows)
    with pytest.raises(SettingError):
        model.predict(rows, bad_rows="drop")
    assert model.predict({"a": [], "b": []}).shape == (0,)
    assert model.predict_proba({"a": [], "b": []}).shape == (0, 3)


def test_probabilities_of_a_quantity_are_refused():
    model = cr.train_table({"x": [0.1, 0.5, 0.9, 2.0] * 5, "y": [1.5, 2.5, 3.5, 9.5] * 5}, "y")
    with pytest.raises(SettingError, match="no probabilities"):
        model.predict_proba({"x": [0.1]})


def mutated(text: str, rng: np.random.Generator) -> bytes:
    """A real table with a few bytes, cells or lines changed."""
    raw = bytearray(text.encode())
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(raw)))
        match rng.integers(7):
            case 0:
                raw[at] = int(rng.integers(256))
            case 1:
                del raw[at : at + int(rng.integers(1, 30))]
            case 2:
                raw[at:at] = rng.choice([b",", b'"', b"\n", b"\r\n", b";", b"", b"\xff", b"\0", b"'", b"\t"])
            case 3:
                raw[at:at] = rng.choice([b"NA", b"nan", b"inf", b"1e999", b"=1", b"-", b"9" * 30, b"1_0", b"0x1"])
            case 4:
                lines = bytes(raw).split(b"\n")
                rng.shuffle(lines)
                raw = bytearray(b"\n".join(lines))
            case 5:
                raw = bytearray(bytes(raw).replace(*rng.choice([(b",", b";"), (b".", b","), (b"e", b""), (b"1", b"")])))
            case 6:
                raw = raw[: int(rng.integers(1, len(raw) + 1))]
        if not raw:
            return b""
    return bytes(raw)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from(["refuse", "median", "drop"]), st.sampled_from(["kind", "width"]))
def test_a_mutated_table_ends_in_a_fit_or_a_clear_error(tmp_path_factory, seed, missing, target):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(mutated(bad_inputs.flowers(24), np.random.default_rng(seed)))
    refusal = None
    try:
        model = cr.train_table(path, target, missing=missing, epochs=5, penalty=1.0)
    except ChainruleError as error:
        refusal = str(error).splitlines()
    if refusal is not None:
        assert 1 <= len(refusal) <= 4
        assert max(map(len, refusal)) < 400
        return
    assert np.isfinite(model.weights.flat).all()
    table = read(path)
    found = model.predictions(table, bad_rows="nan")
    assert len(found.values) == table.rows


@pytest.mark.parametrize(("options", "total"), [({}, 100), ({"penalty": 1.0}, 500), ({"solver": "adam"}, 200)])
def test_one_bar_goes_from_its_beginning_to_its_end_whatever_is_trained(options, total, monkeypatch):
    from chainrule.tables import fit

    bars: list[tuple[int, list[int]]] = []

    class Bar:
        def __init__(self, title: str, total: int) -> None:
            bars.append((total, []))

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def update(self, done: int, figures: str) -> None:
            bars[-1][1].append(done)

    monkeypatch.setattr(fit, "ProgressBar", Bar)
    watched = fitted(planned(clusters(), "y"), progress=True, **options)
    ((of, steps),) = bars
    assert of == total
    assert steps == sorted(steps)
    assert steps[-1] <= total
    unwatched = fitted(planned(clusters(), "y"), progress=False, **options)
    assert (watched.weights.flat == unwatched.weights.flat).all()
    assert len(bars) == 1


def test_a_time_budget_that_ends_the_choice_takes_the_best_of_what_was_tried():
    from chainrule.tables.penalty import TimeUp

    seen = []

    def figure(penalty: float) -> float:
        if len(seen) == 3:
            raise TimeUp
        seen.append(penalty)
        return -abs(np.log10(penalty / 1000.0))

    assert uphill(figure)[0] == seen[-1] == 10.0
    seen[:] = [0, 0, 0]
    assert uphill(figure) == (1.0, ())
