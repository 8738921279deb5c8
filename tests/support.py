"""What many tests share: networks over a grid, random problems, independent oracles, one tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import Network, Weights

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


def worst(received: Any, expected: Any) -> float:
    """The largest difference relative to the largest entry expected."""
    received, expected = np.asarray(received), np.asarray(expected)
    assert received.shape == expected.shape, f"{received.shape} is not {expected.shape}"
    if not received.size:
        return 0.0
    return float(np.abs(received - expected).max() / max(np.abs(expected).max(), 1e-300))
