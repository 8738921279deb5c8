"""What a function returned, as the arrays it was asked for: however they are wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.network import Network
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.signatures import role_of, target_of
from chainrule.teaching.grading.tolerance import agrees

Array = npt.NDArray[Any]


def flat(tree: Any) -> list[Array]:
    """All arrays in reading order."""
    if isinstance(tree, np.ndarray):
        return [tree]
    if isinstance(tree, dict):
        if "list" in tree:
            return [array for item in tree["list"] for array in flat(item)]
        if "dict" in tree:
            return [array for _, item in tree["dict"] for array in flat(item)]
        if "layers" in tree:
            return [array for item in tree["layers"] for array in flat(item)]
    return []


def described(tree: Any) -> str:
    """What came back in words, where it is no array."""
    if isinstance(tree, dict) and "none" in tree:
        return "nothing (None): does it end in return?"
    if isinstance(tree, dict) and "other" in tree:
        return str(tree["other"])
    return "no array"


def single(tree: Any, expected: Array) -> Array | None:
    """The one array of a function for one gradient; a bias may have the shape (1, M), a single column (N,)."""
    arrays = flat(tree)
    if len(arrays) != 1:
        return None
    return as_expected(arrays[0], expected)


def as_expected(array: Array, expected: Array) -> Array:
    """The same numbers without an axis of length 1 that makes no difference."""
    if array.shape != expected.shape and array.size == expected.size:
        plain_bias = expected.ndim == 1 and array.shape == (1, *expected.shape)
        column = expected.ndim == 2 and expected.shape[1] == 1 and array.ndim == 1
        number = array.size == 1 and 0 in (expected.ndim, array.ndim)
        if plain_bias or column or number:
            return array.reshape(expected.shape)
    return array


def outputs(tree: Any, problem: Problem) -> dict[str, Array]:
    """Y, and Z of the hidden layers where they can be told, of a function for the way forward."""
    net, truth = problem.net, problem.truth
    if isinstance(tree, dict) and "dict" in tree:
        found = {}
        for key, item in tree["dict"]:
            role, arrays = role_of(key, net), flat(item)
            if role and len(arrays) == 1 and role in truth:
                found[role] = as_expected(arrays[0], truth[role])
        if "Y" in found:
            return found
    arrays = flat(tree)
    if not arrays:
        return {}
    shaped = [as_expected(array, truth["Y"]) for array in arrays]
    right = [at for at, array in enumerate(shaped) if agrees(array, truth["Y"])]
    fitting = [at for at, array in enumerate(shaped) if array.shape == truth["Y"].shape]
    hidden = [at for at, array in enumerate(arrays) if net.L == 2 and agrees(array, truth["Z1"])]
    if right:
        at = right[-1]
    elif len(arrays) == 2 and hidden and len(fitting) == 2:
        at = 1 - hidden[0]  # the other one is Z, so this is meant as Y
    elif fitting:
        at = fitting[0] if len(arrays) <= 2 else fitting[-1]
    else:
        at = 0
    found = {"Y": shaped[at]}
    if net.L == 2 and len(arrays) == 2:
        found["Z1"] = arrays[1 - at]
    elif net.L > 2 and len(arrays) >= net.L:
        for l in range(1, net.L):
            if same := [a for a in arrays if agrees(a, truth[f"Z{l}"])]:
                found[f"Z{l}"] = same[0]
    return found


def gradients(tree: Any, problem: Problem) -> dict[str, Array]:
    """dJ/d of each weight by name: from names, pairs, or the order in which arrays of fitting shapes come."""
    net = problem.net
    expected = {name: problem.truth[f"d{name}"] for name in net.names}
    if isinstance(tree, dict) and "dict" in tree:
        found = {}
        for key, item in tree["dict"]:
            name, arrays = _weight_named(key, net), flat(item)
            if name and len(arrays) == 1:
                found[name] = as_expected(arrays[0], expected[name])
            elif len(arrays) == net.L and key.lower().strip("d_")[:1] in ("w", "b"):
                kind = key.lower().strip("d_")[0].replace("w", "W")
                found |= {f"{kind}{l}": as_expected(arrays[l - 1], expected[f"{kind}{l}"]) for l in range(1, net.L + 1)}
        if found:
            return found
    arrays = [array for array in flat(tree) if array.ndim or len(flat(tree)) == 2 * net.L]
    if isinstance(tree, dict) and "layers" in tree:
        arrays = [array for array in arrays if array.size]
        return _in_order(arrays, [f"{kind}{l}" for kind in "Wb" for l in range(1, net.L + 1)], expected)
    if len(arrays) == 1 and arrays[0].shape == (net.size,):
        return {name: arrays[0][part].reshape(expected[name].shape) for name, part in net.slices.items()}
    if len(arrays) != 2 * net.L:
        return {}
    layers = range(1, net.L + 1)
    orders = [
        list(net.names),
        [f"{kind}{l}" for kind in "Wb" for l in layers],
        [f"{kind}{l}" for l in reversed(layers) for kind in "Wb"],
        [f"{kind}{l}" for kind in "Wb" for l in reversed(layers)],
        [f"{kind}{l}" for l in layers for kind in "bW"],
        [f"{kind}{l}" for l in reversed(layers) for kind in "bW"],
    ]
    read = [_in_order(arrays, order, expected) for order in orders]
    return max(read, key=lambda found: (_fitting(found, expected), _right(found, expected)))


def _in_order(arrays: list[Array], order: list[str], expected: dict[str, Array]) -> dict[str, Array]:
    return {name: as_expected(array, expected[name]) for name, array in zip(order, arrays, strict=False)}


def _fitting(found: dict[str, Array], expected: dict[str, Array]) -> int:
    return sum(array.shape == expected[name].shape for name, array in found.items())


def _right(found: dict[str, Array], expected: dict[str, Array]) -> float:
    """How much of it is right in size: signs and constant factors left aside."""
    total = 0.0
    for name, array in found.items():
        if array.shape == expected[name].shape and array.dtype.kind in "fiu" and np.isfinite(array).all():
            lengths = float(np.linalg.norm(array)) * float(np.linalg.norm(expected[name]))
            if lengths:
                total += abs(float((array * expected[name]).sum())) / lengths
    return total


def _weight_named(key: str, net: Network) -> str | None:
    """``dW1``, ``W1``, ``grad_b2``, ``dV``: which weights."""
    target = target_of(key, net)
    if target and target[0] == "d":
        return target[1:]
    role = role_of(key, net)
    return role if role in net.names else None
