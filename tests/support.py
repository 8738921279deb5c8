"""What many tests share: networks over a grid, random problems, independent oracles, one tolerance."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from chainrule import Network, Weights
from chainrule.kernels import Objective

SMOOTH = ("sigmoid", "tanh", "elu", "softplus", "swish", "gelu", "mish", "identity")
KINKED = ("relu", "leaky_relu", "selu")
LAWS = ("softmax", "sigmoid", "identity", "exp")


def networks(count: int, depths: range, activations: tuple[str, ...], seed: int = 0) -> list[Network]:
    """``count`` networks, every depth (number of hidden layers), activation and law in turn, sizes from 1 to 6."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(count):
        law = LAWS[at % len(LAWS)]
        hidden = depths[(at // len(LAWS)) % len(depths)]
        layers = [f"{rng.integers(1, 7)} {activations[(at + l) % len(activations)]}" for l in range(hidden)]
        outputs = rng.integers(2 if law == "softmax" else 1, 6)
        found.append(Network(f"{rng.integers(1, 6)}-{'-'.join([*layers, f'{outputs} {law}'])}"))
    return found


def problem(net: Network, rows: int = 7, seed: int = 0) -> tuple[Weights, np.ndarray, np.ndarray]:
    """Random weights, inputs and targets that fit the network."""
    rng = np.random.default_rng(seed)
    weights = net.initial_weights("glorot", seed=rng)
    weights.flat[:] += 0.3 * rng.standard_normal(net.size)
    X = rng.standard_normal((rows, net.D))
    match net.law.name:
        case "softmax":
            T = np.eye(net.K)[rng.integers(net.K, size=rows)]
        case "sigmoid":
            T = rng.integers(2, size=(rows, net.K)).astype(float)
        case "exp":
            T = rng.poisson(2.0, size=(rows, net.K)).astype(float)
        case _:
            T = rng.standard_normal((rows, net.K))
    return weights, X, T


def complex_step(function: Any, at: np.ndarray, step: float = 1e-30) -> np.ndarray:
    """The gradient of a real-analytic function by the complex step: exact to the last digits (Squire, Trapp 1998)."""
    found = np.empty(at.size)
    for i in range(at.size):
        moved = at.astype(complex)
        moved[i] += 1j * step
        found[i] = np.imag(function(moved)) / step
    return found


def central_differences(function: Any, at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """The gradient by central differences at three steps, extrapolated to step 0 (Richardson): error step⁶."""
    found = np.empty(at.size)
    for i in range(at.size):
        slope = []
        for h in (step, step / 2, step / 4):
            up, down = at.copy(), at.copy()
            up[i] += h
            down[i] -= h
            slope.append((function(up) - function(down)) / (up[i] - down[i]))
        finer = [(4 * slope[1] - slope[0]) / 3, (4 * slope[2] - slope[1]) / 3]
        found[i] = (16 * finer[1] - finer[0]) / 15
    return found


def on_numpy(net: Network, X: Any, T: Any, sample_weight: Any = None) -> Objective:
    """J and its derivatives by the reference kernel: for one evaluation nothing is compiled."""
    objective = Objective(net, X, T, sample_weight, evaluations=1)
    assert objective.choice.kind == "reference"
    return objective


TOLERANCE = 1e-13  # of a gradient against the complex step, relative to its largest entry (measured: 2e-15)


def gradient_error(
    gradient: Any,
    net: Network,
    weights: Weights,
    X: np.ndarray,
    T: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> float:
    """The checker: ``gradient(net, weights, X, T, sample_weight)`` (P,) against the complex step of J.

    J comes from the reference kernel, which tests/kernels/test_objective.py holds against SciPy and mpmath.
    """
    J = on_numpy(net, X, T, sample_weight).value
    return worst(gradient(net, weights, X, T, sample_weight), complex_step(J, weights.flat))


def ulps(received: Any, exact: Any) -> float:
    """The distance from an exact mpmath number in units in the last place of float64."""
    import mpmath

    if math.isinf(received) or math.isnan(received):
        return 0.0 if received == float(exact) else math.inf
    return float(abs(mpmath.mpf(float(received)) - exact) / mpmath.mpf(float(np.spacing(abs(float(exact))))))


def worst(received: Any, expected: Any) -> float:
    """The largest difference relative to the largest entry expected."""
    received, expected = np.asarray(received), np.asarray(expected)
    assert received.shape == expected.shape, f"{received.shape} is not {expected.shape}"
    if not received.size:
        return 0.0
    return float(np.abs(received - expected).max() / max(np.abs(expected).max(), 1e-300))


def texts_that_overlap(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a matplotlib figure whose boxes overlap by more than a point, of those that are drawn."""
    from itertools import combinations
    from unittest import mock

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    FigureCanvasAgg(figure).draw()  # once for the layout
    drawn: list[Any] = []
    with mock.patch.object(Text, "draw", lambda text, *args, **kwargs: drawn.append(text)):
        FigureCanvasAgg(figure).draw()
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in drawn if text.get_text().strip()]
    point = figure.dpi / 72
    return [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > point and min(a.y1, b.y1) - max(a.y0, b.y0) > point
    ]


def times(full: int, short: int) -> int:
    """How often to try: the full number in ``make soak``, a short one in ``make test``."""
    return full if os.environ.get("CHAINRULE_SOAK") else short
