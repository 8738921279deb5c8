"""Labels of every kind become classes and come back as they were; what names no class is refused by its row."""

from __future__ import annotations

import datetime
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import DataError
from chainrule.tables.labels import LabelCoding, checked_labels

DAYS = [datetime.date(2020, 1, 2), datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)]


def frame(library, values, **kind):
    return pytest.importorskip(library).Series(values, **kind)


ACCEPTED = {
    "L2 text": (lambda: ["b", "a", "b"], ["a", "b"]),
    "L2 an array of text": (lambda: np.array(["b", "a", "b"]), ["a", "b"]),
    "L2 text as objects": (lambda: np.array(["b", "a", "b"], dtype=object), ["a", "b"]),
    "L2 NumPy's own text": (lambda: np.array(["b", "a", "b"], dtype=np.dtypes.StringDType()), ["a", "b"]),
    "text in pandas": (lambda: frame("pandas", ["b", "a", "b"], dtype="string"), ["a", "b"]),
    "text in polars": (lambda: frame("polars", ["b", "a", "b"]), ["a", "b"]),
    "categories in pandas": (lambda: frame("pandas", ["b", "a", "b"], dtype="category"), ["a", "b"]),
    "text that says nan": (lambda: ["nan", "", "nan"], ["", "nan"]),
    "L6 nullable booleans": (lambda: frame("pandas", [True, False, True], dtype="boolean"), [False, True]),
    "booleans": (lambda: [True, False, True], [False, True]),
    "nullable integers": (lambda: frame("pandas", [5, 2, 5], dtype="Int64"), [2, 5]),
    "L9 a column": (lambda: np.array([[5], [2], [5]]), [2, 5]),
    "L9 a column as a list": (lambda: [["b"], ["a"], ["b"]], ["a", "b"]),
    "L14 gaps": (lambda: [7, 0, 7], [0, 7]),
    "negative": (lambda: np.array([3, -3, 3], dtype=np.int8), [-3, 3]),
    "floats": (lambda: [2.5, 1.0, 2.5], [1.0, 2.5]),
    "whole numbers and floats": (lambda: [2.5, 1, 2.5], [1.0, 2.5]),
    "beyond int64, neighbours": (lambda: [2**63 + 1, 2**63, 2**63 + 1], [2**63, 2**63 + 1]),
    "beyond int64, negative too": (lambda: [2**63, -1, 2**63], [-1, 2**63]),
    "dates": (lambda: DAYS, sorted(set(DAYS))),
    "dates of NumPy": (lambda: np.array(DAYS, dtype="M8[D]"), sorted(set(DAYS))),
    "unmasked": (lambda: np.ma.array([2, 1, 2], mask=False), [1, 2]),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_labels_become_classes_in_order_and_their_places(case):
    make, classes = ACCEPTED[case]
    coding = LabelCoding.of(make())
    assert coding.classes.tolist() == classes
    assert coding.indices(make()).tolist() == [1, 0, 1]
    assert coding.indicator(make(), 2).tolist() == [[0, 1], [1, 0], [0, 1]]
    assert coding.indicator(make(), 1).tolist() == [[1], [0], [1]]
    assert coding.decide(np.array([[0.2, 0.8], [0.9, 0.1]])).tolist() == classes[::-1]


REFUSED = {
    "L3 mixed": (lambda: [1, "a", 2], r"mixed types.*Row 0 holds 1 .number., row 1 holds 'a' .text."),
    "L3 mixed in an array of objects": (lambda: np.array(["a", 1], dtype=object), "mixed types"),
    "L3 booleans among numbers": (lambda: [2, True], "mixed types.*boolean"),
    "bytes among text": (lambda: ["a", b"a"], "mixed types.*bytes"),
    "L3 None": (lambda: ["a", None, "b"], "1 label missing .first at row 1"),
    "L5 NaN": (lambda: [0.0, np.nan, np.nan], "2 labels missing or infinite .first at row 1|2 labels missing"),
    "L5 NaN in an array": (lambda: np.array([0.0, 1.0, np.nan]), "1 label missing or infinite .first at row 2"),
    "L5 NaN among text": (lambda: ["a", float("nan")], "1 label missing .first at row 1"),
    "L5 infinity": (lambda: np.array([0.0, np.inf]), "infinite"),
    "L5 NA": (lambda: frame("pandas", [True, None], dtype="boolean"), "1 label missing .first at row 1"),
    "L5 a category's NaN": (lambda: frame("pandas", ["a", None], dtype="category"), "1 label missing"),
    "L5 null": (lambda: frame("polars", ["a", None]), "1 label missing"),
    "L5 no date": (lambda: np.array(["2020-01-01", "NaT"], dtype="M8[D]"), "1 label missing .first at row 1"),
    "masked": (lambda: np.ma.array([1, 2, 3], mask=[0, 0, 1]), "1 label hidden by a mask .first at row 2"),
    "L8 one-hot": (lambda: np.eye(3), r"one-dimensional, not of shape \(3, 3\).*indicator matrix T"),
    "complex": (lambda: np.array([1j, 2]), "complex128 name no classes"),
    "lists of different lengths": (lambda: [[1, 2], [3]], "row 0 is of type list"),
    "dictionaries": (lambda: [{}, {}], "row 0 is of type dict"),
    "S1 none": (list, "There are no labels"),
    "a word": (lambda: "abc", r"not of shape \(\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_names_no_class_is_refused_by_its_row(case):
    make, words = REFUSED[case]
    with pytest.raises(DataError) as error:
        checked_labels(make())
    assert len(str(error.value).split("\n")) <= 4
    assert re.search(words, str(error.value).replace("\n", " ")), str(error.value)


@given(
    st.one_of(
        st.lists(st.text(max_size=5).filter(lambda s: "\0" not in s), min_size=1, max_size=20),
        st.lists(st.integers(), min_size=1, max_size=20),
        st.lists(st.booleans(), min_size=1, max_size=20),
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    )
)
def test_there_and_back_gives_the_same_labels(labels):
    coding = LabelCoding.of(labels)
    assert coding.classes[coding.indices(labels)].tolist() == labels
    if len(coding.classes) > 1:
        assert coding.decide(coding.indicator(labels, len(coding.classes))).tolist() == labels


@pytest.mark.parametrize(
    ("classes", "labels", "words"),
    [
        (["a", "b"], ["a", "c", "c"], "2 labels of no class seen in training .first at row 1: 'c'.*'a', 'b'"),
        ([1, 2], [3], "1 label of no class"),
        ([1, 2], [0], "1 label of no class"),
        (["a", "b"], [1], "labels are numbers and the classes are text"),
        ([1, 2], ["1"], "labels are text and the classes are numbers.*The first label is '1'"),
        ([2**70, 1], ["1"], "labels are text and the classes are numbers"),
        (["a", "b"], [2**70], "labels are numbers and the classes are text"),
        (DAYS, [1], "labels are numbers and the classes are dates"),
    ],
)
def test_labels_of_no_class_are_refused_by_their_first_row(classes, labels, words):
    with pytest.raises(DataError) as error:
        LabelCoding.of(classes).indices(labels)
    assert re.search(words, str(error.value).replace("\n", " ")), str(error.value)


def test_the_number_of_classes_must_fit_the_outputs():
    with pytest.raises(DataError, match="3 classes and the network has 2 outputs"):
        LabelCoding.of(["a", "b", "c"]).indicator(["a"], 2)
    with pytest.raises(DataError, match="3 classes and the network has 1 output"):
        LabelCoding.of([1, 2, 3]).indicator([1], 1)


def test_one_class_alone_is_certain():
    """L1: one column of ones, and never a second class that was not there."""
    coding = LabelCoding.of([7, 7])
    assert coding.indicator([7, 7], 1).tolist() == [[1], [1]]
    assert coding.decide(np.array([[0.9], [0.2]])).tolist() == [7, 7]
    assert coding.probabilities(np.array([[0.9], [0.2]])).tolist() == [[1], [1]]


def test_one_sigmoid_output_is_the_probability_of_the_second_class():
    coding = LabelCoding.of(["no", "yes"])
    Y = np.array([[0.2], [0.5], [0.7]])
    assert coding.decide(Y).tolist() == ["no", "no", "yes"]
    assert coding.probabilities(Y).tolist() == [[0.8, 0.2], [0.5, 0.5], [pytest.approx(0.3), 0.7]]


def test_an_output_that_is_nan_is_no_decision():
    coding = LabelCoding.of(["no", "yes"])
    for Y in ([[0.2, 0.8], [np.nan, 0.1]], [[0.1], [np.nan]]):
        with pytest.raises(DataError, match="outputs of row 1 are not numbers"):
            coding.decide(np.array(Y))


def test_codings_are_equal_by_their_classes_and_survive_a_pickle():
    coding = LabelCoding.of(["b", "a"])
    assert coding == LabelCoding.of(["a", "b", "b"])
    assert coding != LabelCoding.of(["a", "c"])
    assert LabelCoding.of([1, 2]) != LabelCoding.of([True, False])
    assert coding != "ab"
    assert hash(coding) == hash(LabelCoding.of(["a", "b"]))
    assert pickle.loads(pickle.dumps(coding)) == coding
