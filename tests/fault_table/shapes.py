"""Shapes and containers: arrays, frames, types of columns."""

from __future__ import annotations

import warnings
from unittest import mock

import numpy as np
import pandas as pd
from scipy import sparse

import chainrule as cr
from chainrule.errors import DataError
from fault_table.entry import LABELS, X, columns, entry, refused, run, table_model


def empty(_):
    refused(lambda: run(X[:0], LABELS[:0]), "no labels", error=DataError)
    refused(lambda: run(X[:, :0]), "0 columns", error=DataError)
    assert run().predict(X[:0]).shape == (0,)
    assert table_model().predict({"a": [], "b": []}).shape == (0,)


def one_row(_):
    found = run(X[:1], [1.0], cr.Network("3-2-1 identity"))
    assert np.isfinite(found.weights.flat).all()


def dimensions(_):
    refused(lambda: run(X[0]), "X.reshape(1, -1)", error=DataError)
    refused(lambda: run(X.reshape(60, 3, 1)), "X.reshape(len(X), -1)", error=DataError)


def lengths(_):
    refused(lambda: run(X, LABELS[:5]), "60", "5", error=DataError)
    refused(lambda: table_model(columns(a=[1.0])), "differ in length", error=DataError)


def feature_count(_):
    refused(lambda: run().predict(X[:, :2]), "2 columns", "3 inputs", error=DataError)
    refused(lambda: table_model().predict({"a": [1.0]}), "Missing: 'b'", error=DataError)


def order_of_columns(_):
    model, rows = table_model(), columns()
    turned = {name: rows[name] for name in ("y", "b", "a")}
    assert (model.predict_proba(turned) == model.predict_proba(rows)).all()


def array_for_names(_):
    refused(lambda: table_model().predict(X[:, :2]), "Give the path", error=DataError)


def names_twice(_):
    frame = pd.DataFrame(X, columns=["a", "a", "y"])
    refused(lambda: table_model(frame), "'a' (1, 2)", error=DataError)


def layouts(_):
    expected = run().weights.flat
    locked = X.copy()
    locked.flags.writeable = False
    for same in (np.asfortranarray(X), X[::-1].copy()[::-1], locked, np.repeat(X, 2, axis=0)[::2]):
        before = same.copy()
        assert (run(same).weights.flat == expected).all()
        assert (same == before).all()


def masked(_):
    hidden = np.ma.array(X, mask=X > 1.5)
    refused(lambda: run(hidden), "masked array", "hidden value", error=DataError)
    refused(lambda: cr.MLPClassifier().fit(hidden, LABELS), "masked array", error=DataError)
    refused(lambda: table_model(columns(a=np.ma.array(X[:, 0], mask=X[:, 0] > 1.5))), "missing value", error=DataError)


def sparse_rows(_):
    refused(lambda: run(sparse.csr_matrix(X)), "X.toarray()", error=DataError)
    few = sparse.random(60, 5000, density=0.001, format="csr", random_state=0)
    with mock.patch.object(sparse.csr_matrix, "toarray", side_effect=AssertionError("made dense")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # three iterations are few
            model = cr.MLPClassifier(hidden_layer_sizes=(2,), max_iter=3).fit(few, LABELS)
        assert model.predict_proba(few).shape == (60, 2)


def numbers_as_text(_):
    refused(lambda: run(X.astype(str)), "numbers written as text", "astype(float)", error=DataError)
    model = cr.MLPClassifier(hidden_layer_sizes=(2,), solver="lbfgs").fit(X, LABELS)
    text = X.astype(str)
    for same in (text, text.astype(object), text.astype("S"), text.astype(np.dtypes.StringDType()), text.tolist()):
        for call in (lambda rows=same: cr.MLPClassifier().fit(rows, LABELS), lambda rows=same: model.predict(rows)):
            refused(call, f"X holds text: the first is '{X[0, 0]}'", "astype(float)", error=DataError)
    for same in (
        text[:, 0],
        text[:, 0].astype(object),
        pd.Series(text[:, 0]),
        text[:, 0].astype(np.dtypes.StringDType()),
    ):
        refused(lambda y=same: cr.MLPRegressor().fit(X, y), "y ", "text", "astype(float)", error=DataError)
    as_text = columns(a=[str(value) for value in X[:, 0]])
    assert (table_model(as_text).weights.flat == table_model().weights.flat).all()


def dates(_):
    days = pd.date_range("2024-01-01", periods=60)
    refused(lambda: run(np.array(days).reshape(-1, 1), net=cr.Network("1-1")), "dates", "weekday", error=DataError)
    refused(lambda: table_model(pd.DataFrame(columns(day=days))), "'day'", "weekday", error=DataError)
    refused(lambda: cr.MLPClassifier().fit(pd.DataFrame({"day": days}), LABELS), "'day'", "weekday", error=DataError)


def categories_with_numeric_codes(_):
    frame = pd.DataFrame(columns(zip=pd.Series([10, 20, 30] * 20, dtype="category")))
    model = table_model(frame)
    assert sorted(model.contract.inputs) == ["a", "b", "zip = 10", "zip = 20", "zip = 30"]
    new = pd.DataFrame(columns(zip=pd.Series([40] * 60, dtype="category")))
    assert any("not seen in training" in note for note in model.predictions(new).notes)
    refused(lambda: run(frame[["a", "b", "zip"]]), "categories", "'zip'", error=DataError)


def indices_of_pandas(_):
    plain = pd.DataFrame(columns())
    other = plain.set_index(pd.Index(range(60, 0, -1)))
    assert (table_model(other).weights.flat == table_model(plain).weights.flat).all()
    levels = pd.DataFrame(X, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("y", 1)]))
    refused(lambda: table_model(levels), "several levels", "Flatten them", error=DataError)


class InPieces:
    """Rows that become an array when asked, as lazy arrays do."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.concatenate([self.values[at : at + 7] for at in range(0, 60, 7)])


def lazy_arrays(_):
    assert (run(InPieces(X)).weights.flat == run().weights.flat).all()
    broken = X.copy()
    broken[50, 2] = np.nan
    refused(lambda: run(InPieces(broken)), "row 50, column 2", error=DataError)


def too_wide(_):
    with mock.patch("os.sysconf", side_effect=lambda name: {"SC_PHYS_PAGES": 1, "SC_PAGE_SIZE": 400}[name]):
        refused(lambda: table_model(), "48 rows of 2 inputs take", "--drop", error=DataError)


SHAPES = (
    entry("S1", "No rows, no columns", "refuse accept", "Refused to train on; no rows give no predictions.", empty),
    entry("S2", "One row", "refuse accept", "`train` needs something to tell apart; `cr.train` fits it.", one_row),
    entry("S3", "X of one or three dimensions", "refuse", "An error with the line to type.", dimensions),
    entry("S4", "X and y of different lengths", "refuse", "An error with both.", lengths),
    entry("S6", "Another number of columns at prediction", "refuse", "The missing columns are named.", feature_count),
    entry(
        "S7",
        "Columns in another order at prediction",
        "accept",
        "A model of a table finds them by name. `MLPClassifier` refuses, as scikit-learn's checks ask.",
        order_of_columns,
    ),
    entry(
        "S8", "An array where names were trained on", "refuse", "A model of a table asks for names.", array_for_names
    ),
    entry("S9", "Two columns of one name", "refuse", "They are listed with their positions.", names_twice),
    entry(
        "S11",
        "Fortran order, negative strides, read-only, not contiguous",
        "accept",
        "The same bits; what is handed in is never changed.",
        layouts,
    ),
    entry("S13", "A masked array", "refuse", "Hidden values are not trained on: they are missing.", masked),
    entry(
        "S14",
        "A sparse matrix",
        "accept refuse",
        "`MLPClassifier` takes it without making it dense; `cr.train` asks for `X.toarray()`.",
        sparse_rows,
    ),
    entry(
        "S17",
        "Numbers written as text",
        "refuse accept",
        "`cr.train` and the estimators refuse to train on it and to predict from it (scikit-learn's MLP trains on such"
        " an array and refuses to predict from it), and give the line to type. A table's text is read as numbers where"
        " all of it is.",
        numbers_as_text,
    ),
    entry("S18", "Dates as inputs", "refuse", "An error: choose year, month, weekday, days since.", dates),
    entry(
        "S19",
        "Categories whose codes are numbers",
        "adapt refuse",
        "A table takes them as categories, a level not seen before as none. Arrays: refused.",
        categories_with_numeric_codes,
    ),
    entry(
        "S21",
        "A pandas index that is not 0, 1, ...; columns of several levels",
        "accept refuse",
        "Rows count by position. Several levels: refused, with the line that flattens them.",
        indices_of_pandas,
    ),
    entry(
        "S22",
        "Arrays that are computed when asked for",
        "accept",
        "They are computed once and looked through before the training; a missing value is named by its row.",
        lazy_arrays,
    ),
    entry(
        "S23",
        "A table that would not fit the memory",
        "refuse",
        "The memory is estimated first; the error names the column with the most inputs.",
        too_wide,
    ),
)
