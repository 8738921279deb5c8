"""Labels: one class, mixed types, missing, new."""

from __future__ import annotations

import numpy as np
import pandas as pd

import chainrule as cr
from chainrule.errors import DataError
from chainrule.tables.labels import LabelCoding
from fault_table.entry import LABELS as TEXT
from fault_table.entry import X, columns, entry, refused, run, table_model


def one_class(_):
    refused(lambda: run(X, ["a"] * 60), "one class", error=DataError)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cr.MLPClassifier(hidden_layer_sizes=(2,), max_iter=3).fit(X, np.full(60, 7))
    assert model.predict_proba(X).shape == (60, 1)
    assert (model.predict_proba(X) == 1).all()


def text_labels(_):
    assert set(run(X, TEXT).predict(X)) <= {"a", "b"}
    assert set(run(X, TEXT, validation=0.2, patience=2).predict(X)) <= {"a", "b"}


def mixed_labels(_):
    refused(lambda: run(X, [1, "a"] * 30), "mixed types", "Row 0 holds 1", "row 1 holds 'a'", error=DataError)
    refused(lambda: table_model(columns(y=[1, "a"] * 30)), "mixed types", "row 1 holds '1'", "row 2 holds 'a'")


def missing_labels(_):
    refused(lambda: run(X, [1.0, np.nan] * 30), "30 labels missing", "row 1", error=DataError)
    refused(lambda: table_model(columns(y=["a", None] * 30)), "30 missing values in the target", "row 2")


def nullable_booleans(_):
    frame = pd.DataFrame(columns(y=pd.Series(TEXT == "a", dtype="boolean")))
    found = table_model(frame).predict(frame)
    assert found.dtype == np.bool_
    assert run(X, frame["y"]).predict(X).dtype == np.bool_


def one_hot_labels(_):
    refused(lambda: cr.MLPClassifier().fit(X, np.eye(2)[(TEXT == "a").astype(int)]), "multilabel=True", error=DataError)


def a_column_of_labels(_):
    three = np.array(["a", "b", "c"])[np.arange(60) % 3]
    net = cr.Network("3-4-3")
    assert (run(X, three.reshape(-1, 1), net).weights.flat == run(X, three, net).weights.flat).all()
    assert LabelCoding.of(TEXT.reshape(-1, 1)) == LabelCoding.of(TEXT)


def new_class_in_partial_fit(_):
    model = cr.MLPClassifier(hidden_layer_sizes=(2,)).partial_fit(X, TEXT, classes=["a", "b"])
    refused(lambda: model.partial_fit(X, np.full(60, "c")), "'c'", "'a', 'b'", error=DataError)


def new_class_when_scoring(_):
    score = table_model().score(columns(y=["c", *TEXT[1:].tolist()]))
    assert score.unseen == {"c": 1}
    assert score.rows == 59


def gaps(_):
    labels = np.array([0, 2, 5])[np.arange(60) % 3]
    assert set(run(X, labels, cr.Network("3-4-3")).predict(X)) <= {0, 2, 5}
    assert LabelCoding.of(labels).classes.tolist() == [0, 2, 5]


LABELS = (
    entry(
        "L1",
        "One class only",
        "refuse adapt",
        "`train` and `cr.train` refuse: there is nothing to tell apart. `MLPClassifier`, which scikit-learn's checks"
        " oblige to fit, gives one column of ones.",
        one_class,
    ),
    entry("L2", "Text labels", "accept", "Early stopping included.", text_labels),
    entry("L3", "Labels of mixed types", "refuse", "An error that shows two of them with their rows.", mixed_labels),
    entry("L5", "Missing labels", "refuse adapt", "An error with rows; `--missing drop`.", missing_labels),
    entry(
        "L6",
        "Nullable booleans of pandas",
        "accept",
        "Predictions are booleans, as the labels were.",
        nullable_booleans,
    ),
    entry(
        "L8",
        "A one-hot matrix where labels are expected",
        "refuse adapt",
        "`MLPClassifier` asks which is meant; with `multilabel=True` several labels a row. `cr.train` takes the"
        " matrix T for what the output law says.",
        one_hot_labels,
    ),
    entry("L9", "Labels as a column", "accept", "The same bits as a vector.", a_column_of_labels),
    entry("L11", "A new class in `partial_fit`", "refuse", "An error that names it.", new_class_in_partial_fit),
    entry(
        "L12", "A class that only scoring meets", "adapt", "Counted apart, in no other figure.", new_class_when_scoring
    ),
    entry("L14", "Labels 0, 2, 5", "accept", "Labels are names, gaps or not.", gaps),
    entry(
        "L15",
        "Uneven classes",
        "adapt",
        "Rows of each class are shown, and the mean of the classes' rates beside the rate.",
    ),
)
