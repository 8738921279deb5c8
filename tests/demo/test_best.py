"""The best rate, against oracles that are not ours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.stats import multivariate_normal, norm

from chainrule.datasets import CENTRES, three_clusters
from chainrule.demo.best import best_rate, log_likelihood, posterior


def test_for_two_clusters_it_is_the_normal_law_of_half_their_distance() -> None:
    for distance in (0.1, 1.0, 3.0, 8.0):
        found = best_rate(np.array([[1.0, -2.0], [1.0 + distance * 0.6, -2.0 + distance * 0.8]]))
        assert abs(found.value - norm.cdf(distance / 2)) <= found.bound


def test_for_three_clusters_it_is_the_probability_of_three_wedges() -> None:
    # Being nearer to c_k than to two others is two linear conditions on a normal point: a bivariate normal law.
    total = 0.0
    for k in range(3):
        n = np.delete(CENTRES, k, axis=0) - CENTRES[k]
        half = np.linalg.norm(n, axis=1) / 2
        n = n / np.linalg.norm(n, axis=1, keepdims=True)
        total += float(multivariate_normal(cov=n @ n.T).cdf(half))
    found = best_rate(CENTRES)
    assert found.bound < 1e-6
    assert abs(found.value - total / 3) < found.bound + 1e-5  # SciPy's own integral is good to 1e-5


def test_it_agrees_with_an_adaptive_integral_within_its_bound() -> None:
    def beyond(theta: float, k: int) -> float:
        u = np.array([math.cos(theta), math.sin(theta)])
        others = np.delete(CENTRES, k, axis=0) - CENTRES[k]
        reach = [np.linalg.norm(n) ** 2 / 2 / (n @ u) for n in others if n @ u > 0]
        return math.exp(-0.5 * min(reach) ** 2) if reach else 0.0

    wrong = np.mean(
        [
            integrate.quad(beyond, 0, 2 * math.pi, args=(k,), limit=500, epsabs=1e-11)[0] / (2 * math.pi)
            for k in range(3)
        ]
    )
    found = best_rate(CENTRES)
    assert abs(found.value - (1 - wrong)) <= found.bound


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=5, unique=True))
def test_a_finer_integral_lies_inside_the_bounds_of_a_coarser_one(centres: list[tuple[float, float]]) -> None:
    points = np.array(centres)
    if np.min([np.hypot(*(a - b)) for i, a in enumerate(points) for b in points[:i]]) < 1e-3:
        return
    coarse, fine = best_rate(points, steps=37), best_rate(points, steps=1 << 14)
    assert abs(coarse.value - fine.value) <= coarse.bound
    assert fine.bound < coarse.bound


def test_bayes_rule_reaches_that_rate_on_many_points() -> None:
    X, labels = three_clusters(per_class=200_000, seed=5)
    share = (posterior(X, CENTRES).argmax(axis=1) == labels).mean()
    rate = best_rate(CENTRES).value
    assert abs(share - rate) < 4 * math.sqrt(rate * (1 - rate) / len(X))


def test_the_posterior_is_that_of_the_densities() -> None:
    X, labels = three_clusters(per_class=30, seed=2)
    density = np.column_stack([multivariate_normal(mean=c).pdf(X) for c in CENTRES])
    expected = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(posterior(X, CENTRES), expected, rtol=1e-12)
    J = np.log(expected[np.arange(len(X)), labels]).sum()
    assert log_likelihood(X, labels, CENTRES) == pytest.approx(J, rel=1e-12)
