"""The checkers check: every planted bug is caught by the one the other tests use, and the right gradient passes it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from chainrule import Network, functions
from chainrule.kernels import reference
from planted_bugs import PLANTED, Backward
from support import TOLERANCE, central_differences, gradient_error, on_numpy, problem, worst

SQUARE = Network("3-3-3-3")  # every layer square, so that no bug is found by its shape
WEIGHTS, X, T = problem(SQUARE, rows=9, seed=4)
SAMPLE_WEIGHT = np.random.default_rng(1).uniform(0.5, 3, 9)


def test_the_backward_that_the_bugs_are_planted_in_is_right():
    assert gradient_error(Backward(), SQUARE, WEIGHTS, X, T, SAMPLE_WEIGHT) < TOLERANCE
    for notation in ("2-5-4", "4-3 tanh-2 gelu-2 exp", "3-1"):
        net = Network(notation)
        assert gradient_error(Backward(), net, *problem(net)) < TOLERANCE


@pytest.mark.parametrize("bug", PLANTED)
def test_the_checker_catches_the_planted_bug(bug):
    error = gradient_error(PLANTED[bug], SQUARE, WEIGHTS, X, T, SAMPLE_WEIGHT)
    assert error > 10 * TOLERANCE, f"{bug}: only {error:.1e}"


@pytest.mark.parametrize("bug", [name for name in PLANTED if name != "Single precision on the way"])
def test_central_differences_catch_all_but_the_finest(bug):
    """They see down to about 1e-10: enough for every bug but rounding, and for a step of 1e-6 in the slope."""
    J = on_numpy(SQUARE, X, T, SAMPLE_WEIGHT).value
    expected = central_differences(J, WEIGHTS.flat)
    received = PLANTED[bug](SQUARE, WEIGHTS, X, T, SAMPLE_WEIGHT)
    if bug != "The slope by a difference quotient with the step 1e-6":
        assert worst(received, expected) > 1e-8


def test_the_bugs_are_all_different():
    gradients = [bug(SQUARE, WEIGHTS, X, T, SAMPLE_WEIGHT) for bug in PLANTED.values()]
    assert len({gradient.tobytes() for gradient in gradients}) == len(PLANTED) >= 30


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ("tanh", "1 - z"),
        ("sigmoid", "z * (1 - z) * 1.0005"),
        ("softplus", "exp(-z)"),
        ("gelu", "0.5 * erfc(-0.70710678118654752 * a)"),
        ("swish", "sigmoid(a) * (1 + a * sigmoid(a))"),
        ("elu", "where(z > 0, 1, z)"),
        ("mish", "tanh(softplus(a))"),
        ("identity", "2 + 0 * z"),
        ("relu", "where(z > 0, 1, 0.01)"),
    ],
)
def test_a_wrong_slope_in_the_table_is_caught_in_the_kernel(activation, slope, monkeypatch):
    net = Network(f"3-4 {activation}-3")
    weights, X, T = problem(net)

    def kernel(net, weights, X, T, sample_weight):
        return on_numpy(net, X, T, sample_weight).gradient(weights.flat)[1]

    assert gradient_error(kernel, net, weights, X, T) < TOLERANCE
    wrong = dataclasses.replace(functions.activation_named(activation), slope=slope)
    monkeypatch.setitem(functions._ACTIVATIONS, activation, wrong)
    assert gradient_error(kernel, net, weights, X, T) > 1e-6


@pytest.mark.parametrize(
    ("activation", "curvature"),
    [
        ("tanh", "-2 * z"),
        ("sigmoid", "z * (1 - z)"),
        ("softplus", "exp(-z)"),
        ("gelu", "exp(-0.5 * a**2)"),
        ("elu", "0 * z"),
    ],
)
def test_a_wrong_curvature_in_the_table_is_caught_in_the_hessian_product(activation, curvature, monkeypatch):
    net = Network(f"3-4 {activation}-3 {activation}-3")
    weights, X, T = problem(net)
    v = problem(net, seed=1)[0].flat

    def error():
        objective = on_numpy(net, X, T)
        exact = np.imag(objective.gradient(weights.flat + 1e-30j * v)[1]) / 1e-30
        return worst(objective.hessian_product(weights.flat, v), exact)

    assert error() < TOLERANCE
    wrong = dataclasses.replace(functions.activation_named(activation), curvature=curvature)
    monkeypatch.setitem(functions._ACTIVATIONS, activation, wrong)
    assert error() > 1e-6


@pytest.mark.parametrize("law", ["softmax", "sigmoid", "exp", "identity"])
def test_a_wrong_slope_of_the_mean_is_caught_in_the_hessian_product(law, monkeypatch):
    net = Network(f"3-4-3 {law}")
    weights, X, T = problem(net)
    v = problem(net, seed=1)[0].flat
    objective = on_numpy(net, X, T)
    exact = np.imag(objective.gradient(weights.flat + 1e-30j * v)[1]) / 1e-30
    monkeypatch.setattr(reference, "_mean_slope", lambda net, Y, RA: Y * (1 - Y) * RA * 1.0005)
    assert worst(objective.hessian_product(weights.flat, v), exact) > 1e-6


def test_the_tolerance_helper_sees_a_single_wrong_entry_and_a_wrong_shape():
    expected = np.array([1.0, -1e6, 0.0])
    assert worst(expected, expected) == 0
    assert worst(expected + np.array([0, 0, 1e-3]), expected) == pytest.approx(1e-9)
    with pytest.raises(AssertionError, match="is not"):
        worst(np.zeros(2), np.zeros(3))
    assert np.isnan(worst(expected * np.nan, expected))  # and no comparison with NaN is true, so every test fails
