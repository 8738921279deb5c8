"""The plane that moves a network's outputs most."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.kernels import reference
from chainrule.show.report.directions import _gradients, strongest_plane
from chainrule.show.report.subject import Rows, subject
from support import complex_step, networks, problem, worst


@pytest.mark.parametrize("net", networks(8, range(3), ("tanh", "softplus")), ids=str)
def test_gradients_of_the_outputs_are_those_of_the_complex_step(net: cr.Network) -> None:
    weights, X, T = problem(net, rows=4)
    found = _gradients(subject(net, weights), Rows(X, T), np.eye(net.D))
    for n in range(4):
        for k in range(net.K):

            def output(x: np.ndarray, k: int = k) -> complex:
                A = reference.forward(net, weights, x[None])[0][net.L][0]
                return A[k] - (A.mean() if net.law.name == "softmax" else 0)

            exact = complex_step(output, X[n])
            assert np.abs(found[n, k] - exact).max() <= 1e-12 * max(np.abs(exact).max(), 1.0)


@pytest.mark.parametrize(("D", "rows"), [(6, 200), (40, 15)])
def test_places_go_to_rows_and_back_and_the_small_network_says_the_same(D: int, rows: int) -> None:
    rng = np.random.default_rng(0)
    net = cr.Network(f"{D}-4 tanh-3")
    X = rng.standard_normal((rows, D)) @ rng.standard_normal((D, D))
    s = subject(net, net.initial_weights(), training=(X, np.eye(3)[rng.integers(3, size=rows)]))
    plane = strongest_plane(s, s.training)
    assert plane is not None
    S = rng.standard_normal((9, 2))
    assert worst(plane.of(plane.back(S)), S) < 1e-8
    assert worst(plane.seen(s).probabilities(S), s.probabilities(plane.back(S))) < 1e-9
    np.testing.assert_allclose(plane.of(X).std(axis=0), 1.0, rtol=1e-8)  # a step is a standard deviation


def test_the_directions_found_are_those_the_outputs_depend_on() -> None:
    """Outputs depend on two sums of inputs alone; the third independent input, far wider, must not be drawn."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 4)) * [1.0, 1.0, 1.0, 50.0]
    net = cr.Network("4-3")
    weights = net.weights_from(np.zeros(net.size))
    weights.W[1] = [[2.0, -1.0, -1.0], [0.0, 1.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    s = subject(net, weights, training=(X, np.eye(3)[rng.integers(3, size=500)]), inputs=["a", "b", "c", "wide"])
    plane = strongest_plane(s, s.training)
    assert plane is not None
    assert plane.share == pytest.approx(1.0)
    assert plane.words == ("higher a", "higher b")
    seen = s.probabilities(plane.back(plane.of(X)))
    assert worst(seen, s.probabilities(X)) < 1e-9  # nothing that matters is lost


def test_rows_that_vary_in_one_direction_have_no_plane() -> None:
    net = cr.Network("3-2")
    X = np.outer(np.arange(10.0), [1.0, 2.0, 3.0])
    s = subject(net, net.initial_weights(), training=(X, np.eye(2)[np.arange(10) % 2]))
    assert strongest_plane(s, s.training) is None
