"""Random problems on which answers are compared with the truth: several sizes, so that no two axes can be confused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.network import Network, Weights
from chainrule.program.operations import Program, run

Array = npt.NDArray[Any]
FROM_KINKS = 1e-3  # more than the step of a difference quotient
_SEVERAL = (5, 4, 6, 3, 7, 8, 9, 10)  # sizes of a network whose layers all differ


@dataclass(frozen=True)
class Problem:
    """Numbers for one network.

    Attributes
    ----------
    name : str
        ``given`` (the network asked for), ``again`` (the same, other numbers), ``single`` (one sample), ``sizes``
        (all sizes differ), ``square`` (all sizes and N equal: nothing can fail for its shape), ``small`` (two samples
        with short numbers, for examples), ``large`` (logits beyond what exp can take).
    program : Program
    weights : Weights
    X, T : arrays (N, D), (N, K)
    truth : dict of array
        Every array of the program, and the weights, by name.
    """

    name: str
    program: Program
    weights: Weights
    X: Array
    T: Array
    truth: dict[str, Array]

    @property
    def net(self) -> Network:
        """Its network."""
        return self.program.network

    @property
    def N(self) -> int:
        """Number of samples."""
        return len(self.X)


def problems(net: Network, seed: int) -> tuple[Problem, ...]:
    """The problems of a network."""
    several = _resized(net, [_SEVERAL[l % 8] + 8 * (l // 8) for l in range(net.L + 1)])
    square = _resized(net, [4] * (net.L + 1))
    free = {*net.M}
    N = next(n for n in (7, 8, 9, 10, 11, 12) if n not in free) if len(free) < 6 else 7
    other = next(n for n in range(11, 40) if n not in free and n != N)
    made = [
        _drawn("given", net, N, seed),
        _drawn("sizes", several, 11 if 11 not in several.M else 12, seed + 1),
        _drawn("square", square, 4, seed + 2),
        _drawn("again", net, other, seed + 3),
        _drawn("single", net, 1, seed + 4),
        _drawn("small", net, 2, seed + 5, digits=1),
    ]
    if net.law.name in ("softmax", "sigmoid"):
        made.append(_drawn("large", net, N, seed + 6, logits=1500.0))
    return tuple(made)


def _resized(net: Network, sizes: list[int]) -> Network:
    """The same functions on layers of other sizes; a single output stays single: its answers may rely on it."""
    if net.K == 1:
        sizes[-1] = 1
    parts = [str(sizes[0]), *(f"{m} {layer.function}" for m, layer in zip(sizes[1:], net.layers, strict=True))]
    return Network("-".join(parts))


def _drawn(
    name: str, net: Network, N: int, seed: int, *, digits: int | None = None, logits: float | None = None
) -> Problem:
    """Weights of ordinary size, inputs, targets that fit the law; away from kinks."""
    rng = np.random.default_rng([seed, net.size])
    for _ in range(40):
        weights = net.initial_weights("glorot", seed=rng)
        weights.flat[:] += 0.4 * rng.standard_normal(net.size)
        X = rng.standard_normal((N, net.D))
        T = _targets(net, N, rng)
        if digits is not None:
            weights.flat[:], X = weights.flat.round(digits), X.round(digits)
            X[X == 0] = 0.5
        program = Program.of(net)
        truth = run(program, weights, X, T)
        if logits is not None:
            A = truth[f"A{net.L}"]
            up = logits / A.flat[np.abs(A).argmax()]  # the largest is positive: its exponential overflows
            weights.W[net.L][...] *= up
            weights.b[net.L][...] *= up
            truth = run(program, weights, X, T)
        truth |= {"X": X, "T": T, **{n: weights[n] for n in net.names}}
        if _is_ordinary(net, truth) or logits is not None:
            break
    return Problem(name, program, weights, X, T, truth)


def _is_ordinary(net: Network, truth: dict[str, Array]) -> bool:
    """No pre-activation at a kink, no output of exp beyond use, and no layer that is switched off altogether."""
    for l in range(1, net.L):
        row = net.activations[l]
        A = truth[f"A{l}"]
        if row is not None and any(np.abs(A - kink).min() < FROM_KINKS for kink in row.kinks) and A.size < 2000:
            return False
        if row is not None and row.kinks and not ((A > 0).any() and (A < 0).any()) and A.size > 3:
            return False
    return bool(np.abs(truth[f"A{net.L}"]).max() < 20) and bool(np.isfinite(truth["J"]))


def _targets(net: Network, N: int, rng: np.random.Generator) -> Array:
    """Targets of the law; over the samples no class is left out where there is room."""
    match net.law.name:
        case "softmax":
            return np.eye(net.K)[rng.permutation(np.arange(N) % net.K)]
        case "sigmoid":
            return rng.permuted((np.arange(N * net.K) % 2).reshape(N, net.K).astype(float), axis=0)
        case "exp":
            return rng.poisson(2.0, size=(N, net.K)).astype(float)
    return rng.standard_normal((N, net.K)).round(2)
