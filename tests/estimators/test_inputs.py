"""What is wrong with the data is said with its row and its column, and nothing wrong passes silently."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_iris

from chainrule import ChainruleError, MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
QUICK = {"hidden_layer_sizes": (3,), "solver": "lbfgs", "max_iter": 3}
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def spoilt(value, row=7, column=2):
    found = X.copy()
    found[row, column] = value
    return found


def with_column(values, at="c"):
    return FRAME.assign(**{at: values})


DAYS = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=day) for day in range(150)]

# id of the table of bad inputs: X, y, further arguments of fit, words that must all be in the message
REFUSED = {
    "V1 NaN in an array": (spoilt(np.nan), Y, {}, ["Input X contains NaN", "missing", "row 7, column 2"]),
    "V1 NaN in a frame": (
        FRAME.mask(np.eye(150, 4, k=-5).astype(bool)), Y, {}, ["4 values", "4 columns", "row 5, column 'a'"]
    ),
    "V2 infinity": (spoilt(np.inf), Y, {}, ["infinity", "row 7, column 2"]),
    "V19 negative weight": (X, Y, {"sample_weight": np.r_[1.0, -2.0, np.ones(148)]}, ["Negative", "row 1", "-2.0"]),
    "V19 NaN weight": (X, Y, {"sample_weight": np.r_[1.0, np.nan, np.ones(148)]}, ["NaN", "row 1"]),
    "V19 all weights zero": (X, Y, {"sample_weight": np.zeros(150)}, ["zero"]),
    "L3 mixed labels": (X, [1, "a"] * 75, {}, ["mixed types", "Row 0 holds 1", "row 1 holds 'a'"]),
    "L5 NaN label": (X, np.where(np.arange(150) == 9, np.nan, Y), {}, ["NaN", "row 9"]),
    "L5 None label": (X, np.where(np.arange(150) == 9, None, "a"), {}, ["row 9"]),
    "L8 one 1 a row": (X, np.eye(3)[Y], {}, ["exactly one 1", "multilabel=True", "argmax"]),
    "S1 no rows": (X[:0], Y[:0], {}, ["0 sample"]),
    "S1 no columns": (X[:, :0], Y, {}, ["0 feature"]),
    "S3 one dimension": (X[:, 0], Y, {}, ["Expected 2D array, got 1D array", "reshape(-1, 1)"]),
    "S3 three dimensions": (X.reshape(150, 2, 2), Y, {}, ["dim 3"]),
    "S4 lengths differ": (X, Y[:-1], {}, ["inconsistent numbers of samples", "150", "149"]),
    "S13 masked": (np.ma.array(X, mask=np.eye(150, 4, dtype=bool)), Y, {}, ["masked", "row 0"]),
    "S17 numbers as text": (X.astype(str), Y, {}, ["text", "'5.1'", "row 0, column 0", "astype(float)"]),
    "S17 numbers as text in a frame": (with_column(["1.5"] * 150), Y, {}, ["text", "'1.5'", "column 'c'"]),
    "S17 text among objects": ([[1.0, "2"]] * 150, Y, {}, ["text", "row 0"]),
    "S18 dates": (with_column(DAYS), Y, {}, ["dates", "'c'", "year"]),
    "S18 dates of polars": (pl.DataFrame(X, schema=[*"abcd"]).with_columns(b=pl.Series(DAYS)), Y, {}, ["dates", "'b'"]),
    "S19 categories": (with_column(pd.Categorical(Y)), Y, {}, ["categories", "'c'", "one-hot"]),
    "S13 validation alone": (X, Y, {"X_val": X}, ["X_val and y_val belong together"]),
    "L12 unknown validation label": (X, Y, {"X_val": X[:1], "y_val": [7]}, ["no class seen", "7"]),
    "S6 validation width": (X, Y, {"X_val": X[:, :2], "y_val": Y}, ["2 features", "4 features"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_with_its_place_in_at_most_four_lines(name):
    rows, labels, more, words = REFUSED[name]
    with pytest.raises(ChainruleError) as caught:
        MLPClassifier(**QUICK).fit(rows, labels, **more)
    text = str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert [word for word in words if word not in text] == []
    assert len(text.splitlines()) <= 4
    assert len(text) < 500


@pytest.mark.parametrize(
    ("options", "y", "words"),
    [
        ({"loss": "poisson"}, np.r_[1.0, -3.0, np.ones(148)], ["numbers from 0", "-3", "row 1"]),
        ({"output_law": "sigmoid"}, np.r_[np.ones(149), 1.5], ["from 0 to 1", "1.5", "row 149"]),
        ({"output_law": "softmax"}, X[:, 0], ["output_law"]),
        ({}, np.where(np.arange(150) == 4, np.inf, 1.0), ["infinity", "row 4"]),
    ],
)
def test_targets_outside_their_law_are_refused_with_their_row(options, y, words):
    with pytest.raises(ChainruleError) as caught:
        MLPRegressor(**{**QUICK, **options}).fit(X, y)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_bad_row_to_predict_is_named():
    model = MLPClassifier(**QUICK).fit(X, Y)
    with pytest.raises(ChainruleError, match="row 7, column 2"):
        model.predict(spoilt(np.nan))
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        model.predict_proba(X[:, :3])


def test_rows_far_from_those_of_training_give_probabilities_all_the_same():
    for model in (MLPClassifier(**QUICK).fit(X, Y), MLPClassifier(**QUICK).fit(X, Y == 1)):
        far = model.predict_proba(X * 1e100)
        np.testing.assert_allclose(far.sum(axis=1), 1)


def test_no_rows_to_predict_give_no_predictions():
    model = MLPClassifier(**QUICK).fit(X, Y)
    assert model.predict(X[:0]).shape == (0,)
    assert model.predict_proba(np.empty((0, 4), dtype=np.float32)).shape == (0, 3)
    assert MLPRegressor(**QUICK).fit(X, Y).predict(X[:0]).shape == (0,)


def test_any_layout_of_the_same_numbers_gives_the_same_bits_and_stays_as_it_was():
    plain = MLPClassifier(**QUICK, random_state=0).fit(X, Y).predict_proba(X).tobytes()
    strided = np.repeat(X, 2, axis=0)[::2]
    locked = X.copy()
    locked.flags.writeable = False
    for rows in (np.asfortranarray(X), X[::-1][::-1], strided, locked, X.tolist(), X.astype(object)):
        before = np.array(rows, dtype=float)
        found = MLPClassifier(**QUICK, random_state=0).fit(rows, Y)
        assert found.predict_proba(rows).tobytes() == plain
        np.testing.assert_array_equal(np.array(rows, dtype=float), before)


def test_a_new_class_in_partial_fit_is_named_with_its_row():
    model = MLPClassifier(hidden_layer_sizes=(3,)).partial_fit(X[:2], [0, 1], classes=[0, 1])
    with pytest.raises(ChainruleError, match=r"'2' \(first at row 1\)"):
        model.partial_fit(X[:2], [0, 2])
    with pytest.raises(ValueError, match="first call"):
        MLPClassifier().partial_fit(X, Y)


def test_constant_columns_and_one_row_are_noted_and_do_no_harm():
    flat = X.copy()
    flat[:, 1] = 3.25
    model = MLPClassifier(**QUICK, standardize=True).fit(flat, Y)
    assert "1 column of X never changed" in model.notes_[0]
    assert np.isfinite(model.predict_proba(flat)).all()
    same = MLPRegressor(**QUICK, standardize=True).fit(X, np.full(150, 7.1))
    assert set(same.predict(X)) == {7.1}
    assert same.notes_ == ("All targets are the same, 7.1.",)
    assert "one row" in MLPRegressor(**QUICK).fit(X[:1], [2.0]).notes_[0]


@pytest.mark.parametrize("rate", [np.nan, np.inf, -1.0, 0.0])
def test_rates_that_are_none_are_refused(rate):
    if rate == np.inf:
        with pytest.raises(ValueError, match="learning_rate"):
            MLPClassifier(learning_rate_init=rate).fit(X, Y)
    else:
        with pytest.raises(ValueError, match="learning_rate_init"):
            MLPClassifier(learning_rate_init=rate).fit(X, Y)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(np.float64).max, reason="no number here is beyond float64")
def test_a_number_beyond_float64_is_refused_with_its_place():
    beyond = X.astype(np.longdouble)
    model = MLPClassifier((3,), max_iter=200).fit(X, Y)
    assert (model.predict_proba(beyond) == model.predict_proba(X)).all()
    beyond[3, 2] = np.longdouble("1e400")
    for call in (lambda: model.predict(beyond), lambda: model.fit(beyond, Y)):
        with pytest.raises(ChainruleError, match="row 3, column 2"):
            call()
