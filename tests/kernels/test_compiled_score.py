"""What rows contribute to the rate, against the rate of outputs in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from support import SMOOTH, networks, problem

pytest.importorskip("llvmlite")

from chainrule import Network
from chainrule.kernels import Objective, reference
from chainrule.kernels.compiled.kernel import Kernel
from chainrule.training.measure import rate_of
from chainrule.training.rate import figure, rate

NETWORKS = [net for net in networks(16, range(3), SMOOTH, seed=21) if net.law.name != "exp"]


@pytest.mark.parametrize("rows", [1, 53, 9001])
@pytest.mark.parametrize("net", NETWORKS, ids=str)
def test_it_is_the_figure_of_the_outputs(net, rows):
    weights, X, T = problem(net, rows, seed=6)
    s = np.random.default_rng(7).integers(0, 4, (rows, 1)) / 2.0 + 0.5  # whose sums are exact
    Y = reference.forward(net, weights, X)[1][net.L]
    kernel = Kernel(net)
    found = kernel.rows(X, T, s)
    expected = figure(net.law, Y, T, s)
    exact = net.law.name == "softmax"
    assert kernel.score(weights.flat, found) == (expected if exact else pytest.approx(expected, rel=1e-12))
    assert kernel.score(weights.flat, found, threads=2) == kernel.score(weights.flat, found)


def test_of_equal_outputs_the_first_counts_as_in_numpy():
    net = Network("1-3")
    X, T = np.zeros((3, 1)), np.array([[1.0, 0, 0], [0, 1.0, 0], [0.5, 0.5, 0]])
    kernel = Kernel(net)
    flat = np.zeros(net.size)  # every class is as probable
    assert kernel.score(flat, kernel.rows(X, T)) == 2  # the first row, and the last, whose own first class is 0


@pytest.mark.parametrize("text", ["2-3-3", "2-3-2 sigmoid", "3-4 tanh-2 identity", "2-3-1 exp", "30-20 relu-3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_rate_is_that_of_numpy_whoever_counts(text, weighted):
    net = Network(text)
    weights, X, T = problem(net, 200, seed=8)
    s = np.random.default_rng(9).uniform(0, 2, (200, 1)) if weighted else None
    compiled = Objective(net, X, T, s, evaluations=10**6)
    assert compiled.choice.kernel is not None
    numpy = Objective(net, X, T, s, evaluations=1)
    assert numpy.score(weights.flat) is None
    expected = rate(net.law, reference.forward(net, weights, X)[1][net.L], T, s)
    assert rate_of(compiled, weights.flat) == pytest.approx(expected, rel=1e-12)
    assert rate_of(numpy, weights.flat) == pytest.approx(expected, rel=1e-12)
