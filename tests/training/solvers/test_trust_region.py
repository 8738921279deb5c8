import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.training.solvers.trust_region import conjugate_gradients_step, exact_step


def model(H, g, p):
    return g @ p + p @ H @ p / 2


def random_problem(seed, n, spectrum):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    drawn = {
        "positive": rng.uniform(0.1, 10, n),
        "mixed": rng.uniform(-5, 5, n),
        "negative": -rng.uniform(0.1, 5, n),
        "singular": np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.1, 3, n)),
    }
    return Q @ np.diag(np.sort(drawn[spectrum])) @ Q.T, rng.standard_normal(n)


@given(
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.sampled_from(["positive", "mixed", "negative", "singular"]),
    st.sampled_from([1e-3, 0.1, 1.0, 10.0, 1e3]),
)
@settings(max_examples=300, deadline=None)
def test_the_exact_step_satisfies_the_conditions_of_a_global_minimum(seed, n, spectrum, radius):
    # Moré, Sorensen: (H + s I) p = -g, s >= 0, H + s I positive semidefinite, s (radius - |p|) = 0
    H, g = random_problem(seed, n, spectrum)
    values, vectors = np.linalg.eigh(H)
    p = exact_step(values, vectors, g, radius)
    length = np.linalg.norm(p)
    scale = np.abs(values).max() + np.linalg.norm(g) / radius
    assert length <= radius * (1 + 1e-9)
    s = -(p @ (H @ p + g)) / (p @ p)
    assert np.linalg.norm(H @ p + g + s * p) <= 1e-7 * (np.linalg.norm(g) + scale * length)
    assert s >= -1e-7 * scale
    assert values[0] + s >= -1e-7 * scale
    assert s <= 1e-7 * scale or length >= radius * (1 - 1e-6)


@pytest.mark.parametrize("radius", [0.5, 2.0, 30.0])
def test_in_the_hard_case_the_step_reaches_the_rim_along_the_lowest_direction(radius):
    values, vectors, g = np.array([-1.0, 2.0]), np.eye(2), np.array([0.0, 0.1])
    p = exact_step(values, vectors, g, radius)
    assert np.linalg.norm(p) == pytest.approx(radius, rel=1e-9)
    assert p[1] == pytest.approx(-0.1 / 3, rel=1e-6)
    assert model(np.diag(values), g, p) == pytest.approx(
        min(model(np.diag(values), g, radius * np.array([np.cos(a), np.sin(a)])) for a in np.linspace(0, 7, 20001)),
        rel=1e-6,
    )


def test_a_flat_direction_without_slope_is_left_alone():
    p = exact_step(np.array([0.0, 1.0]), np.eye(2), np.array([0.0, -3.0]), radius=100.0)
    assert p.tolist() == [0.0, 3.0]


@given(
    st.integers(0, 10_000), st.integers(1, 8), st.sampled_from(["positive", "mixed", "singular"]), st.floats(0.01, 100)
)
@settings(max_examples=200, deadline=None)
def test_conjugate_gradients_go_at_least_as_low_as_the_steepest_descent_within_the_ball(seed, n, spectrum, radius):
    H, g = random_problem(seed, n, spectrum)
    p = conjugate_gradients_step(lambda v: H @ v, g, radius, forcing=0.1, most=50)
    assert np.linalg.norm(p) <= radius * (1 + 1e-9)
    curvature, size = g @ H @ g, np.linalg.norm(g)
    length = radius / size if curvature <= 0 else min(radius / size, size**2 / curvature)
    assert model(H, g, p) <= model(H, g, -length * g) + 1e-9


def test_conjugate_gradients_solve_the_system_where_the_ball_is_wide():
    H, g = random_problem(3, 6, "positive")
    p = conjugate_gradients_step(lambda v: H @ v, g, 1e6, forcing=1e-12, most=50)
    np.testing.assert_allclose(p, -np.linalg.solve(H, g), rtol=1e-8)
