"""The gradient against automatic differentiation by JAX and PyTorch, where one of them is installed.

Both are too heavy for the tests' own environment; ``make bench`` has them. The networks are built from the table's
mathematical formulas, so neither our numeric forms nor our slopes take part.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest

from chainrule.kernels import Objective
from support import KINKED, SMOOTH, networks, problem, worst

GRID = networks(300, range(7), SMOOTH + KINKED, seed=7)
PARTS = [range(at, at + 30) for at in range(0, len(GRID), 30)]


def likelihood(net, flat, X, T, names: dict[str, Any], log_softmax, log_gamma) -> Any:
    """J from the formulas, in the functions of a framework."""
    at, Z = 0, X
    for l in range(1, net.L + 1):
        m, k = net.M[l - 1], net.M[l]
        W = flat[at : at + m * k].reshape(m, k)
        b = flat[at + m * k : at + (m + 1) * k]
        at += (m + 1) * k
        A = Z @ W + b
        if l < net.L:
            Z = eval(net.activations[l].formula, {"__builtins__": {}}, {**names, "a": A})
    match net.law.name:
        case "softmax":
            return (T * log_softmax(A)).sum()
        case "sigmoid":
            y = 1 / (1 + names["exp"](-A))
            return (T * names["log"](y) + (1 - T) * names["log"](1 - y)).sum()
        case "exp":
            return (T * A - names["exp"](A) - log_gamma(T + 1)).sum()
    return (-((T - A) ** 2) / 2 - math.log(2 * math.pi) / 2).sum()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_the_gradient_is_that_of_jax(part):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    names = {name: getattr(jnp, name) for name in ("exp", "log", "tanh", "where", "sqrt")}
    names["erf"] = jax.scipy.special.erf
    for seed in part:
        net = GRID[seed]
        weights, X, T = problem(net, seed=seed)

        def J(flat, net=net, X=X, T=T):
            return likelihood(net, flat, X, T, names, jax.nn.log_softmax, jax.scipy.special.gammaln)

        value, expected = jax.value_and_grad(J)(jnp.asarray(weights.flat))
        received_value, received = Objective(net, X, T).gradient(weights.flat)
        assert worst(received, np.asarray(expected)) < 1e-12, net
        assert received_value == pytest.approx(float(value), rel=1e-12), net


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_the_gradient_is_that_of_pytorch(part):
    import torch

    def where(condition, a, b):
        return torch.where(condition, torch.as_tensor(a, dtype=torch.float64), torch.as_tensor(b, dtype=torch.float64))

    names = {name: getattr(torch, name) for name in ("exp", "log", "tanh", "erf")}
    names |= {"where": where, "sqrt": math.sqrt}
    for seed in part:
        net = GRID[seed]
        weights, X, T = problem(net, seed=seed)
        flat = torch.tensor(weights.flat, requires_grad=True)
        inputs, targets = torch.tensor(X), torch.tensor(T)
        value = likelihood(net, flat, inputs, targets, names, lambda A: torch.log_softmax(A, dim=1), torch.lgamma)
        value.backward()
        received_value, received = Objective(net, X, T).gradient(weights.flat)
        assert worst(received, flat.grad.numpy()) < 1e-12, net
        assert received_value == pytest.approx(value.item(), rel=1e-12), net
