"""What is accepted gives the same numbers bit for bit; what is refused is named by place, with one thing to do."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import chainrule as cr
from chainrule import Network
from chainrule.errors import DataError
from chainrule.kernels.inputs import checked_inputs, checked_sample_weight, checked_targets
from chainrule.tables.labels import LabelCoding

net = Network("3-4-2")
plain = np.random.default_rng(0).standard_normal((6, 3))


def said(error) -> str:
    """The message, after looking at its form: at most four lines, short ones, no array printed whole."""
    lines = str(error.value).split("\n")
    assert len(lines) <= 4
    assert all(len(line) < 150 for line in lines)
    return " / ".join(lines)


def memory_mapped(tmp_path):
    np.save(tmp_path / "x.npy", plain)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def read_only(_):
    values = plain.copy()
    values.flags.writeable = False
    return values


def padded(_):
    wide = np.zeros((12, 6))
    wide[::2, ::2] = plain
    return wide[::2, ::2]


@pytest.mark.parametrize(
    "make",
    [
        lambda _: np.asfortranarray(plain),
        lambda _: plain[::-1, ::-1].copy()[::-1, ::-1],
        lambda _: plain.astype(">f8"),
        lambda _: plain.tolist(),
        lambda _: plain.astype(object),
        lambda _: np.ma.array(plain, mask=False),
        lambda _: plain.astype(np.longdouble),
        lambda _: np.ascontiguousarray(plain.T).T,
        memory_mapped,
        read_only,
        padded,
    ],
    ids=["fortran", "negative-strides", "big-endian", "list", "object", "unmasked", "longdouble", "transposed",
         "memmap", "read-only", "strided"],
)  # fmt: skip
def test_every_layout_of_the_same_numbers_gives_the_same_bits(make, tmp_path):
    X = make(tmp_path)
    received = checked_inputs(net, X)
    assert received.dtype == np.float64
    assert received.flags.c_contiguous
    assert received.dtype.isnative
    assert np.array_equal(received, plain)
    weights, T = net.initial_weights(), np.eye(2)[[0, 1] * 3]
    assert np.array_equal(cr.gradient(net, weights, X, T).flat, cr.gradient(net, weights, plain, T).flat)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_are_rows_by_position(library):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({name: plain[:, j] for j, name in enumerate("abc")})
    if library == "pandas":
        frame.index = [9, 9, 3, 1, 0, 7]
    assert np.array_equal(checked_inputs(net, frame), plain)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int64", "uint64", "bool"])
def test_every_real_dtype_is_taken_by_its_value(dtype):
    X = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    assert np.array_equal(checked_inputs(net, X), [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])


def test_integers_near_2_to_the_63_are_taken_as_the_nearest_float():
    X = np.array([[2**63 - 1, -(2**63), 2**53 + 1]])
    assert checked_inputs(net, X).tolist() == [[2.0**63, -(2.0**63), 2.0**53]]
    assert checked_inputs(net, [[2**64, 10**30, 0]]).tolist() == [[2.0**64, 1e30, 0.0]]


def test_exact_numbers_are_numbers():
    X = [[Decimal("1.5"), Fraction(1, 4), True]]
    assert checked_inputs(net, X).tolist() == [[1.5, 0.25, 1.0]]


def test_subnormal_numbers_are_numbers():
    assert checked_inputs(net, [[1e-310, 5e-324, -1e-310]]).tolist() == [[1e-310, 5e-324, -1e-310]]


def with_cell(value, row=4, column=1, dtype=object):
    values = plain.astype(dtype)
    values[row, column] = value
    return values


def pandas_frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


REFUSED = {
    "V1 NaN": (lambda: with_cell(np.nan, dtype=float), "1 value of X not finite.*missing.*row 4, column 1.*Fill"),
    "V1 NaN in a frame": (
        lambda: pandas_frame(age=[1.0, np.nan, np.nan], pay=[1.0, 2.0, np.inf], n=[1, 2, 3]),
        "3 values of X not finite, in 2 columns.*missing.*row 1, column 'age'",
    ),
    "V2 infinity": (lambda: with_cell(-np.inf, dtype=float), "infinite, at row 4, column 1"),
    "V7 beyond float64": (lambda: plain.astype(np.longdouble) * np.longdouble("1e4000"), "too large for float64"),
    "None": (lambda: with_cell(None), "missing values .first at row 4, column 1"),
    "nullable NA": (
        lambda: pandas_frame(a=[1.0, 2.0], b=[True, None], c=[1, 2]).astype({"b": "boolean"}),
        "missing values .first at row 1, column 'b'",
    ),
    "S1 no columns": (lambda: np.empty((6, 0)), "X has 0 columns, but the network .* has 3 inputs"),
    "S3 one dimension": (lambda: plain[0], r"not shape \(3,\).*X.reshape\(1, -1\) for one row"),
    "S3 three dimensions": (lambda: plain.reshape(3, 2, 3), r"not shape \(3, 2, 3\).*X.reshape\(len\(X\), -1\)"),
    "S3 a number": (lambda: 3.0, "X must be an array of rows and columns, not float"),
    "S6 feature count": (lambda: plain[:, :2], r"X has 2 columns, but .* 3 inputs.*\(rows, 3\)"),
    "S13 masked": (
        lambda: np.ma.array(plain, mask=plain > 1.2),
        r"masked array with \d+ hidden value.*row \d, column \d.*filled",
    ),
    "S14 sparse": (lambda: sparse.csr_matrix(plain), r"sparse 6x3 matrix.*X.toarray\(\)"),
    "S14 sparse array": (lambda: sparse.coo_array(plain), r"sparse 6x3 matrix"),
    "S17 numeric strings": (lambda: plain.astype(str), r"numbers written as text.*row 0, column 0.*astype\(float\)"),
    "S17 numeric strings among numbers": (lambda: with_cell("1.5"), "text: the first is '1.5', at row 4, column 1"),
    "S17 bytes": (lambda: plain.astype("S8"), "text"),
    "text": (lambda: with_cell("Málaga"), "not numbers: the first is 'Málaga', at row 4, column 1"),
    "S18 dates": (lambda: np.full((6, 3), "2020-01-01", dtype="M8[D]"), "dates.*weekday"),
    "S18 durations": (lambda: np.full((6, 3), 5, dtype="m8[s]"), "durations"),
    "S18 a date among numbers": (
        lambda: with_cell(datetime.date(2020, 1, 1)),
        "dates: the first is 2020-01-01, at row 4, column 1.*weekday",
    ),
    "S18 a date column in a frame": (
        lambda: pandas_frame(a=[1.0], b=np.array(["2020-01-01"], dtype="M8[s]"), c=[1]),
        "dates: the first is 2020-01-01.*row 0, column 'b'",
    ),
    "S19 categories with numeric codes": (
        lambda: pandas_frame(a=[1.0, 2.0], zip=[10, 20], c=[1, 2]).astype({"zip": "category"}),
        "categories, in column 'zip'.*one-hot",
    ),
    "complex": (lambda: plain + 0j, "complex"),
    "a complex number among objects": (lambda: with_cell(1 + 2j), "not numbers"),
    "ragged": (lambda: [[1, 2, 3], [1, 2]], "different lengths"),
    "too large": (lambda: [[10**400, 1, 2]], "float64 cannot hold.*1.8e308"),
    "records": (lambda: np.zeros(3, dtype=[("a", float)]), r"not shape \(3,\)"),
    "a dictionary": (lambda: {"a": 1}, "not dict"),
    "nothing": (lambda: None, "not NoneType"),
    "a word": (lambda: "abc", "not str"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_inputs_are_refused_in_words(case):
    make, words = REFUSED[case]
    with pytest.raises(DataError) as error:
        checked_inputs(net, make())
    assert re.search(words, said(error)), said(error)


@pytest.mark.parametrize(
    ("notation", "T", "words"),
    [
        ("3-2", [[1, 0], [0.7, 0.2]], "1 row of T outside the categorical law .first at row 1.*add up to 1"),
        ("3-2", [[1, 0], [1.5, -0.5]], "outside the categorical law"),
        ("3-2", [[1, 0]], "X has 2 rows and T has 1 row"),
        ("3-2", [0, 1], r"numpy.eye\(2\)\[labels\]"),
        ("3-2", [[1, 0, 0], [0, 1, 0]], "T has 3 columns, but .* has 2 outputs"),
        ("3-2 sigmoid", [[1, 0], [2, 0]], "Bernoulli law .first at row 1.*from 0 to 1"),
        ("3-1", [0, -1], "Bernoulli"),
        ("3-2 exp", [[1, 0], [3, -2]], "Poisson.*counts"),
        ("3-1 identity", [1.0, np.nan], "row 1, column 0"),
        ("3-1 identity", np.ma.array([1.0, 2.0], mask=[0, 1]), "masked.*row 1"),
        ("3-1 identity", ["1.5", "2"], "text"),
        ("3-1 identity", [[1.0], [1.0, 2.0]], "different lengths"),
    ],
)
def test_targets_outside_the_law_are_refused_in_words(notation, T, words):
    with pytest.raises(DataError) as error:
        checked_targets(Network(notation), T, 2)
    assert re.search(words, said(error)), said(error)


def test_targets_of_one_output_may_be_one_dimensional():
    assert checked_targets(Network("3-1"), [0, 1, 1], 3).tolist() == [[0], [1], [1]]
    assert checked_targets(Network("3-1"), np.array([[0], [1]]), 2).tolist() == [[0], [1]]


def test_shares_of_classes_are_targets_too_and_their_rounding_is_allowed():
    T = np.full((4, 3), 1 / 3, dtype=np.float32)
    assert checked_targets(Network("1-3"), T, 4).shape == (4, 3)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ([1, 2, 3], r"2 rows and sample weights of shape \(3,\)"),
        ([[1, 2]], "shape"),
        (1.0, "shape"),
        ([1, -1], "1 sample weight negative or not finite .first at row 1: -1"),
        ([np.nan, 1], "row 0: nan"),
        ([1, np.inf], "row 1: inf"),
        ([0, 0], "All sample weights are zero"),
        ([1e308, 1e308], "overflows"),
        (["1", "2"], "text"),
        ([1j, 1], "complex"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "masked"),
    ],
)
def test_bad_sample_weights_are_refused_in_words(weight, words):
    with pytest.raises(DataError) as error:
        checked_sample_weight(weight, 2)
    assert re.search(words, said(error)), said(error)


def test_sample_weights_are_a_column_of_floats():
    assert checked_sample_weight(None, 2) is None
    assert checked_sample_weight([1, 0], 2).tolist() == [[1.0], [0.0]]
    assert checked_sample_weight(np.array([[1], [3]]), 2).tolist() == [[1.0], [3.0]]


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=3),
    st.complex_numbers(),
    st.dates(),
    st.timedeltas(),
    st.fractions(),
    st.decimals(),
    st.just({}),
)
anything = st.one_of(
    cells,
    st.lists(cells, max_size=4),
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=4),
    st.lists(st.lists(cells, max_size=4), max_size=4),
    st.lists(st.lists(st.one_of(st.floats(), st.integers(), st.booleans()), min_size=3, max_size=3), min_size=1),
)


@given(anything)
@settings(max_examples=300, deadline=None)
def test_anything_at_all_is_a_finite_matrix_or_a_data_error(values):
    try:
        matrix = checked_inputs(net, values)
    except DataError as error:
        assert 1 <= len(str(error).split("\n")) <= 4  # noqa: PT017
        return
    assert matrix.dtype == np.float64
    assert matrix.shape == (len(values), 3)
    assert np.isfinite(matrix).all()


@given(anything)
@settings(max_examples=300, deadline=None)
def test_anything_at_all_is_labels_or_a_data_error(values):
    try:
        coding = LabelCoding.of(values)
    except DataError as error:
        assert 1 <= len(str(error).split("\n")) <= 4  # noqa: PT017
        return
    assert len(coding.indices(values)) == len(values)
    assert len(set(coding.indices(values))) == len(coding.classes)


@given(st.one_of(anything, st.lists(st.floats(), min_size=2, max_size=2)))
@settings(max_examples=200, deadline=None)
def test_anything_at_all_is_sample_weights_or_a_data_error(values):
    try:
        weight = checked_sample_weight(values, 2)
    except DataError:
        return
    assert weight is None or (weight.shape == (2, 1) and (weight >= 0).all() and 0 < weight.sum() < np.inf)
