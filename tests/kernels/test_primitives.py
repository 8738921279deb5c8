"""The primitives against mpmath, over both tails and at the edges."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from scipy.special import digamma

from chainrule.functions import PRIMITIVES
from chainrule.kernels import primitives
from chainrule.kernels.primitives import NUMPY, evaluate, log_sigmoid, log_softmax, sigmoid, softmax, softplus
from support import complex_step, ulps

rng = np.random.default_rng(0)
EDGES = [0.0, -0.0, 1.0, -1.0, 700.0, -700.0, 709.7, -709.7, 745.0, -745.0, 800.0, -800.0, 1e300, -1e300, 5e-324]
POINTS = np.concatenate(
    [EDGES, rng.uniform(-745, 745, 300), rng.uniform(-40, 40, 500), rng.standard_normal(300)]
    + [sign * 10.0 ** rng.uniform(-300, 2, 150) for sign in (1, -1)]
)


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(60):
        yield


def exact_softplus(a):
    """log(1 + e^a), with enough digits for 1 + e^-745."""
    with mpmath.workdps(400):
        return max(a, mpf(0)) + mpmath.log1p(mpmath.exp(-abs(a)))


def exact_log_softmax(a, of):
    """log softmax at the places ``of`` in a row of floats."""
    a = [mpf(float(value)) for value in a]
    top = max(a)
    near = [value - top for value in a if value - top > -800]  # beyond, e^-800 is lost in the last of 60 digits
    with mpmath.workdps(60 if min(near) > -80 else 400):  # digits enough for 1 + e^gap
        log_sum = mpmath.log1p(mpmath.fsum(mpmath.exp(gap) for gap in near) - 1)
        return [a[k] - top - log_sum for k in of]


@pytest.mark.parametrize(
    ("function", "exact", "allowed"),
    [
        (log_sigmoid, lambda a: -exact_softplus(-a), 2),
        (softplus, exact_softplus, 2),
        (sigmoid, lambda a: mpmath.exp(-exact_softplus(-a)), 3),
        (np.tanh, mpmath.tanh, 2),
    ],
    ids=["log_sigmoid", "softplus", "sigmoid", "tanh"],
)
def test_a_primitive_is_as_close_to_mpmath_as_its_docstring_says(function, exact, allowed):
    received = function(POINTS)
    assert max(ulps(y, exact(mpf(float(a)))) for a, y in zip(POINTS, received, strict=True)) <= allowed


@pytest.mark.parametrize(
    ("name", "exact", "points", "allowed"),
    [
        ("exp", mpmath.exp, POINTS[np.abs(POINTS) < 700], 2),
        ("expm1", mpmath.expm1, POINTS[np.abs(POINTS) < 700], 2),
        ("log", mpmath.log, np.abs(POINTS) + 1e-310, 2),
        ("log1p", mpmath.log1p, np.abs(POINTS), 2),
        ("erf", mpmath.erf, POINTS[np.abs(POINTS) < 20], 3),
        ("erfc", mpmath.erfc, POINTS[np.abs(POINTS) < 6], 40),
        ("erfc", mpmath.erfc, np.linspace(6, 26, 200), 600),
    ],
)
def test_the_library_functions_are_as_close_as_the_module_says(name, exact, points, allowed):
    with mpmath.workdps(400):
        assert max(ulps(y, exact(mpf(float(a)))) for a, y in zip(points, NUMPY[name](points), strict=True)) <= allowed


def test_log_gamma_from_1_on_is_within_4_ulp_of_the_larger_of_its_size_and_1():
    points = np.concatenate([np.arange(1.0, 300), 1 + 10.0 ** rng.uniform(-12, 12, 500)])
    error = [
        abs(mpf(float(y)) - mpmath.loggamma(mpf(float(a)))) / float(np.spacing(max(1.0, abs(y))))
        for a, y in zip(points, NUMPY["log_gamma"](points), strict=True)
    ]
    assert max(error) <= 4


def rows_of_pre_activations():
    """Rows that attack log-softmax: ties, near ties, huge gaps, large shifts, one class far ahead, K from 2 to 100."""
    for classes in (2, 3, 5, 7, 9, 17, 33, 64, 100):
        for scale in (1e-300, 1e-8, 1.0, 5.0, 30.0, 300.0, 1e4, 1e300):
            normal = scale * rng.standard_normal(classes)
            yield normal
            yield normal + rng.choice([-700, 700, 1e6, -1e8])
            yield np.round(normal)
            yield scale * (1 + 1e-15 * rng.integers(-5, 5, classes))
            yield np.where(np.arange(classes) == classes // 2, normal + 40, normal)
        for gap in [
            11.71162821573213,
            *rng.uniform(0, 60, 8),
        ]:  # one ahead of many equals: their sum decides the last digits
            yield np.where(np.arange(classes) == 0, 0.0, -gap)
        yield np.where(np.arange(classes) == 0, 0.0, -rng.uniform(30, 740, classes))


@pytest.fixture(scope="module")
def attacked():
    """Each row, the places looked at in it, and the exact log softmax there."""
    found = []
    with mpmath.workdps(60):
        for a in rows_of_pre_activations():
            of = sorted({0, 1, len(a) // 2, len(a) - 1, int(a.argmax()), int(a.argmin())})
            found.append((a, of, exact_log_softmax(a, of)))
    return found


def test_log_softmax_is_within_4_ulp_of_mpmath_over_both_tails(attacked):
    for a, of, exact in attacked:
        received = log_softmax(a[None])[0, of]
        assert max(map(ulps, received, exact)) <= 4, a


def test_softmax_is_within_5_ulp_of_mpmath(attacked):
    for a, of, exact in attacked:
        received = softmax(a[None])[0, of]
        assert all(ulps(y, mpmath.exp(log)) <= 5 for y, log in zip(received, exact, strict=True) if log > -700), a


def test_a_naive_log_softmax_would_fail_the_same_test():
    """The usual ``a - max - log(sum(exp(a - max)))`` is thousands of ulp away where one class is far ahead."""
    a = np.array([40.0, 0.0, 1.0])
    naive = (a - a.max()) - np.log(np.exp(a - a.max()).sum())
    assert ulps(naive[0], exact_log_softmax(a, [0])[0]) > 1000


def test_log_softmax_does_not_depend_on_memory_order_or_on_the_other_rows():
    A = rng.standard_normal((50, 7)) * 30
    assert np.array_equal(log_softmax(np.asfortranarray(A)), log_softmax(A))
    assert np.array_equal(log_softmax(A[::-1])[::-1], log_softmax(A))
    assert np.array_equal(np.vstack([log_softmax(row[None]) for row in A]), log_softmax(A))


def test_one_class_alone_has_the_probability_one():
    assert log_softmax(np.array([[3.0], [-1e300]])).tolist() == [[0.0], [0.0]]


def test_an_infinitely_unlikely_class_has_the_log_probability_minus_infinity_and_harms_no_other():
    received = log_softmax(np.array([[-np.inf, 0.0, 1.0], [1e308, -1e308, 0.0]]))
    assert received[0, 0] == received[1, 1] == -np.inf
    assert np.array_equal(received[0, 1:], log_softmax(np.array([[0.0, 1.0]]))[0])
    assert softmax(np.array([[-np.inf, 0.0, 1.0]]))[0, 0] == 0


@pytest.mark.parametrize("row", [[np.nan, 0.0], [0.0, np.nan], [np.inf, 0.0], [np.inf, np.inf], [-np.inf, -np.inf]])
def test_what_has_no_answer_is_nan_and_never_a_plausible_number(row):
    assert np.isnan(log_softmax(np.array([row]))).any()
    assert np.isnan(softmax(np.array([row]))).any()


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "log_sigmoid", "tanh", "maximum", "minimum"])
def test_nan_stays_nan(name):
    argument = (np.array([np.nan]), 0.0) if name in ("maximum", "minimum") else (np.array([np.nan]),)
    assert np.isnan(NUMPY[name](*argument)).all()


def test_infinities_have_their_limits():
    a = np.array([-np.inf, np.inf])
    assert sigmoid(a).tolist() == [0, 1]
    assert softplus(a).tolist() == [0, np.inf]
    assert log_sigmoid(a).tolist() == [-np.inf, 0]


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("sigmoid", lambda a: sigmoid(a) * sigmoid(-a)),
        ("softplus", sigmoid),
        ("log_sigmoid", lambda a: sigmoid(-a)),
        ("abs", np.sign),
        ("log_gamma", digamma),
    ],
)
def test_the_complex_step_passes_through_every_branch(name, slope):
    points = np.array([0.3, 1.7, 30.0, 650.0] if name == "log_gamma" else [-300.0, -30.0, -1.7, 0.3, 1.7, 30.0, 300.0])
    for a in points:
        received = complex_step(lambda at: NUMPY[name](at)[0], np.array([a]))[0]
        assert received == pytest.approx(slope(a), rel=1e-13, abs=1e-300)


def test_the_complex_step_of_log_softmax_is_its_jacobian():
    a = rng.standard_normal(4) * 3
    for k in range(4):
        received = complex_step(lambda at, k=k: log_softmax(at[None])[0, k], a)
        assert np.abs(received - (np.eye(4)[k] - softmax(a[None])[0])).max() < 1e-15


def test_numpy_has_every_primitive_of_the_vocabulary_and_no_other():
    assert set(NUMPY) == PRIMITIVES


def test_a_formula_reaches_nothing_but_the_vocabulary():
    for formula in ("__import__('os')", "open('x')", "np.exp(a)"):
        with pytest.raises(NameError):
            primitives.evaluate(formula, a=POINTS)


def test_the_complex_step_of_relu_at_zero_is_the_slope_from_the_left():
    a = np.array([0.0, -0.0, 1.0, -1.0]) + 1e-30j
    assert np.array_equal(np.imag(evaluate("maximum(a, 0)", a=a)) / 1e-30, [0, 0, 1, 0])
    assert np.array_equal(np.imag(evaluate("minimum(a, 0)", a=a)) / 1e-30, [1, 1, 0, 1])
