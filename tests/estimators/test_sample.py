"""A report without rows shows some that the fit kept; nothing that leaves the estimator carries them."""

from __future__ import annotations

import copy
import io
import pickle
import re

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import accuracy_score, r2_score

import chainrule as cr
from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.rows import Rows
from chainrule.estimators.sample import MOST_CELLS, MOST_ROWS, Sample

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
QUICK = {"hidden_layer_sizes": (3,), "max_iter": 5, "random_state": 0}
MARK = 123456.78125  # exact in both types: a number that no row but one has


def rows_of(X, T=None, weight=None):
    T = np.zeros((X.shape[0], 1)) if T is None else T
    return Rows(X, T[:, 0], T, weight)


def words(path):
    """The words of a page."""
    text = re.sub(r"<(style|svg).*?</\1>", " ", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_few_rows_are_all_kept_and_are_a_copy():
    given = np.arange(12.0).reshape(6, 2)
    sample = Sample(rows_of(given))
    given[:] = 0
    np.testing.assert_array_equal(sample.X, np.arange(12.0).reshape(6, 2))
    assert len(sample) == sample.seen == 6


@pytest.mark.parametrize("calls", [1, 37])
def test_of_many_rows_each_has_the_same_chance(calls):
    n = 3 * MOST_ROWS
    given = np.arange(float(n)).reshape(-1, 1)
    parts = np.array_split(given, calls)
    sample = Sample(rows_of(parts[0], parts[0]))
    for part in parts[1:]:
        sample.add(rows_of(part, part))
    found = sample.X[:, 0]
    assert len(found) == MOST_ROWS
    assert len(np.unique(found)) == MOST_ROWS
    assert sample.seen == n
    np.testing.assert_array_equal(sample.T[:, 0], found)
    assert sample.totals[0] == given.sum()
    share = np.histogram(found, bins=6, range=(0, n))[0] / MOST_ROWS
    spread = np.sqrt(1 / 6 * 5 / 6 / MOST_ROWS)
    assert np.abs(share - 1 / 6).max() < 5 * spread


def test_wide_rows_are_kept_in_smaller_number():
    wide = Sample(rows_of(np.zeros((600, 10_000), dtype=np.float32)))
    assert len(wide) == MOST_CELLS // 10_000
    assert wide.X.nbytes <= 4 * MOST_CELLS


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_rows_stay_sparse_and_are_the_same_sample(form):
    n = 2 * MOST_ROWS
    dense = np.zeros((n, 40))
    dense[np.arange(n), np.arange(n) % 40] = np.arange(1.0, n + 1)
    one, other = Sample(rows_of(dense[:999])), Sample(rows_of(form(dense[:999])))
    for start in range(999, n, 999):
        one.add(rows_of(dense[start : start + 999]))
        other.add(rows_of(form(dense[start : start + 999])))
    assert sparse.issparse(other.X)
    assert other.X.shape == (MOST_ROWS, 40)
    np.testing.assert_array_equal(other.X.toarray(), one.X)


def test_rows_of_weight_zero_are_passed_over():
    weight = np.ones(150)
    weight[::2] = 0
    model = MLPClassifier(**QUICK).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(model._shown_rows.training.X, X[1::2])


def test_rows_that_come_one_by_one_make_the_same_sample_as_at_once():
    once, slowly = Sample(rows_of(X)), Sample(rows_of(X[:1]))
    for at in range(1, len(X)):
        slowly.add(rows_of(X[at : at + 1]))
    np.testing.assert_array_equal(once.X, slowly.X)


def test_a_report_without_rows_has_the_figures_of_the_rows_of_the_fit(tmp_path):
    model = MLPClassifier((6,), "tanh", solver="lbfgs", standardize=True, random_state=0).fit(X, Y)
    text = words(model.report(tmp_path / "r.html"))
    assert "it shows the 150 training rows, which the fit kept." in text
    right = 100 * accuracy_score(Y, model.predict(X))
    assert f"On 150 training rows (none were held out) it is right in {right:.1f}" in text
    assert words(model.report(tmp_path / "s.html", X, Y)) in text.replace(
        "The report was given no rows, so it shows the 150 training rows, which the fit kept. ", ""
    )


def test_held_out_rows_are_shown_as_such(tmp_path):
    model = MLPClassifier(**QUICK, early_stopping=True).fit(X, Y)
    text = words(model.report(tmp_path / "r.html"))
    assert "the 135 training rows and the 15 held-out rows" in text
    assert "decided when training stopped" in text
    assert "On 15 held-out rows" in text
    model = MLPRegressor(**QUICK, standardize=True).fit(X[:100, 1:], X[:100, 0], X_val=X[100:, 1:], y_val=X[100:, 0])
    text = words(model.report(tmp_path / "r.html"))
    assert "the 100 training rows and the 50 held-out rows" in text
    assert "decided" not in text
    explained = r2_score(X[100:, 0], model.predict(X[100:, 1:]))
    assert f"it explains {100 * explained:,.1f}".replace("-", "−") in text


def test_held_out_rows_that_are_given_are_shown_with_the_training_rows_that_were_kept(tmp_path):
    model = MLPClassifier(**QUICK).fit(X[::2], Y[::2])
    text = words(model.report(tmp_path / "r.html", X_val=X[1::2], y_val=Y[1::2]))
    assert "given no training rows, so it shows the 75 training rows" in text
    assert f"On 75 held-out rows it is right in {100 * model.score(X[1::2], Y[1::2]):.1f}" in text


def test_classes_are_counted_over_all_rows_and_not_over_the_sample(tmp_path):
    many = np.tile(X, (30, 1))
    labels = (np.arange(len(many)) < 7).astype(int)
    text = words(MLPClassifier(**{**QUICK, "max_iter": 1}).fit(many, labels).report(tmp_path / "r.html"))
    assert "2,000 of the 4,500 training rows, which the fit kept at random" in text
    assert "class training rows 0 4,493 1 7" in text


def test_what_was_noticed_in_the_data_is_in_the_report(tmp_path):
    model = MLPClassifier(**QUICK, standardize=True).fit(np.c_[X, np.ones(150)], Y)
    assert model.notes_
    assert model.notes_[0] in words(model.report(tmp_path / "r.html", notes=("mine",)))


@pytest.mark.parametrize("sparse_rows", [False, True])
def test_rows_of_all_calls_of_partial_fit_are_shown(tmp_path, sparse_rows):
    model = MLPClassifier(**QUICK)
    for start in range(0, 150, 30):
        part = X[start : start + 30]
        model.partial_fit(sparse.csr_array(part) if sparse_rows else part, Y[start : start + 30], classes=[0, 1, 2])
    kept = model._shown_rows.training.X
    np.testing.assert_array_equal(kept.toarray() if sparse_rows else kept, X)
    text = words(model.report(tmp_path / "r.html"))
    assert "They come from 5 calls" in text
    assert f"it is right in {100 * model.score(X, Y):.1f}" in text
    model.fit(X[:100], Y[:100])  # begins anew
    assert model._shown_rows.training.seen == 100


def test_several_labels_and_counts_are_shown_too(tmp_path):
    rows, labels = make_multilabel_classification(60, 4, n_classes=3, random_state=1)
    assert "On 60 training rows" in words(MLPClassifier(**QUICK).fit(rows, labels).report(tmp_path / "r.html"))
    model = MLPRegressor("poisson", **QUICK).fit(X, Y)
    assert "On 150 training rows" in words(model.report(tmp_path / "r.html"))


def test_shares_are_numbers_and_no_classes(tmp_path):
    for shares in (X[:, 0] / 10, X[:, :2] / 10):
        model = MLPRegressor(**{**QUICK, "max_iter": 200}, output_law="sigmoid").fit(X, shares)
        text = words(model.report(tmp_path / "r.html"))
        explained = r2_score(shares, model.predict(X))
        assert f"it explains {100 * explained:,.1f}".replace("-", "−") in text
        assert not [word for word in ("classif", "a class", "commonest", "calibration") if word in text]


def marked():
    rows = X.copy()
    rows[7, 2] = MARK
    return MLPClassifier(**{**QUICK, "early_stopping": True}).fit(rows, Y, X_val=rows, y_val=Y)


def written(dump):
    stream = io.BytesIO()
    dump(stream)
    return stream.getvalue()


def test_no_pickle_file_or_copy_has_a_row(tmp_path):
    model, secret = marked(), np.float64(MARK).tobytes()
    assert MARK in model._shown_rows.training.X
    assert secret in pickle.dumps(model._shown_rows.training.X)  # this is what would be seen
    model.save(tmp_path / "model")
    for found in (
        pickle.dumps(model),
        pickle.dumps(model, protocol=2),
        written(lambda stream: joblib.dump(model, stream)),
        (tmp_path / "model").read_bytes(),
        model.to_program().encode(),
    ):
        assert secret not in found
        assert repr(MARK).encode() not in found
    for other in (copy.copy(model), copy.deepcopy(model), clone(model), pickle.loads(pickle.dumps(model))):
        assert not hasattr(other, "_shown_rows")
    assert "No rows were given" in words(cr.load(tmp_path / "model").report(tmp_path / "r.html"))
    assert "No rows were given" in words(copy.deepcopy(model).report(tmp_path / "r.html"))
    assert "15 held-out" not in words(copy.deepcopy(model).report(tmp_path / "r.html", X, Y))


def test_a_copy_that_is_trained_on_keeps_rows_of_its_own():
    model = MLPClassifier(**QUICK).partial_fit(X, Y, classes=[0, 1, 2])
    other = copy.deepcopy(model)
    other.partial_fit(X[:30], Y[:30])
    assert other._shown_rows.training.seen == 30
    assert model._shown_rows.training.seen == 150


def test_a_fit_that_fails_keeps_the_rows_of_the_one_before():
    model = MLPClassifier(**QUICK).fit(X, Y)
    before = model._shown_rows
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(X * np.nan, Y)
    assert model._shown_rows is before
