import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der

from chainrule.training.solvers.line_search import FLAT, SUFFICIENT, Point, wolfe_step


def searched(f, df, x, direction, first=1.0):
    x, direction = np.asarray(x, dtype=float), np.asarray(direction, dtype=float)
    evaluations = []

    def function(w):
        evaluations.append(w)
        return float(f(w)), np.asarray(df(w), dtype=float)

    value, gradient = float(f(x)), np.asarray(df(x), dtype=float)
    origin = Point(0.0, x, value, gradient, float(gradient @ direction))
    return origin, wolfe_step(function, origin, direction, first), len(evaluations)


def satisfies_wolfe(origin, found):
    falls = found.f <= origin.f + SUFFICIENT * found.step * origin.slope
    return falls and abs(found.slope) <= -FLAT * origin.slope


@given(st.floats(-2, 2), st.floats(-2, 3), st.sampled_from([1e-4, 0.01, 1.0, 100.0]))
@settings(max_examples=150, deadline=None)
def test_on_rosenbrocks_valley_the_step_satisfies_the_strong_wolfe_conditions(a, b, first):
    x = np.array([a, b])
    slope = rosen_der(x)
    if np.abs(slope).max() < 1e-3:
        return
    origin, found, evaluations = searched(rosen, rosen_der, x, -slope / np.linalg.norm(slope), first)
    assert found is not None
    assert satisfies_wolfe(origin, found)
    assert evaluations <= 25


# the test functions of Moré and Thuente (1994), with their minima far from the first step or in a narrow place
MORE_THUENTE = {
    "flat then down": (lambda a: -a / (a * a + 2), lambda a: (a * a - 2) / (a * a + 2) ** 2),
    "narrow": (
        lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
        lambda a: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
    ),
}


@pytest.mark.parametrize("name", MORE_THUENTE)
@pytest.mark.parametrize("first", [1e-3, 0.1, 10.0, 1e3])
def test_hard_curves_are_searched_from_any_first_step(name, first):
    f, df = MORE_THUENTE[name]
    origin, found, _ = searched(lambda w: f(w[0]), lambda w: [df(w[0])], [0.0], [1.0], first)
    assert satisfies_wolfe(origin, found)


def test_a_function_that_is_infinite_ahead_is_searched_nearer():
    f = lambda w: -np.log(1 - w[0]) - 3 * w[0] if w[0] < 1 else np.inf  # noqa: E731
    origin, found, _ = searched(f, lambda w: [1 / (1 - w[0]) - 3 if w[0] < 1 else np.nan], [0.0], [1.0], first=50.0)
    assert found is not None
    assert 0 < found.step < 1
    assert found.f < origin.f


def test_at_a_minimum_there_is_no_step():
    origin = Point(0.0, np.zeros(1), 0.0, np.array([1e-30]), -1e-30)
    flat = wolfe_step(lambda w: (0.0, np.array([1e-30])), origin, np.array([-1.0]), 1.0)
    assert flat is None
