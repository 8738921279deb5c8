"""``check``: the derivation, the program, the kernels and the complex step against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DerivationError, SettingError
from chainrule.kernels import reference
from chainrule.kernels.inputs import checked_inputs, checked_targets, checked_weights
from chainrule.kernels.primitives import evaluate
from chainrule.network import Network, Weights, generator
from chainrule.program.operations import Program, run
from chainrule.teaching.check_report import CheckReport, Row

Array = npt.NDArray[Any]

TOLERANCE = 1e-9  # relative to the largest entry; measured: 1e-15 for most networks, 1e-13 for saturated ones
MOST_ENTRIES = 2000  # that are put through the complex step, one evaluation of J each
FROM_KINKS = 1e-3


def check(
    net: Network | str,
    weights: Weights | None = None,
    X: npt.ArrayLike | None = None,
    T: npt.ArrayLike | None = None,
    *,
    rows: int = 7,
    seed: int = 0,
) -> CheckReport:
    """Compute the gradient in every way there is, and compare.

    ``∂J/∂w = Im J(w + iε) / ε``: the complex step knows J alone and no chain rule.

    Parameters
    ----------
    net : Network or str
    weights : Weights, optional
        Drawn at random where left out.
    X : array (N, D), optional
    T : array (N, K), optional
        Drawn to fit the output law where left out; X is drawn away from the kinks of its activations.
    rows : int
        Samples where X is drawn, from 1 to 100,000.
    seed : int

    Returns
    -------
    CheckReport
        ``.passed``, ``.worst``, ``.rows``; the text is a table with the worst entry of each gradient by name.

    Raises
    ------
    NotationError, DataError, SettingError
        The network, the numbers, or the seed are not what is allowed.

    Source: Squire, Trapp, Using complex variables to estimate derivatives of real functions (1998).

    Examples
    --------
    >>> report = check("2-3-3")
    >>> report.passed, report.worst < 1e-12
    (True, True)
    """
    net = Network(net) if isinstance(net, str) else net
    weights, inputs, targets = _point(net, weights, X, T, rows, seed)
    lines, derivation_error, fault = _derivation(net)
    ways, absent = _ways(net, weights, inputs, targets)
    steps, looked_at = _complex_step(net, weights, inputs, targets, seed)
    sizes = _sizes(net, weights, inputs, targets)
    found = [_objective_row(ways)]
    found += [
        _row(name, net, part, {way: flat for way, (_, flat) in ways.items()}, steps, looked_at, sizes[name])
        for name, part in net.slices.items()
    ]
    return CheckReport(
        network=net,
        samples=len(inputs),
        ways=(*ways, "complex step"),
        absent=absent,
        lines=lines,
        derivation_error=derivation_error,
        fault=fault,
        rows=tuple(found),
        looked_at=len(looked_at),
        tolerance=TOLERANCE,
    )


def _point(
    net: Network, weights: Weights | None, X: npt.ArrayLike | None, T: npt.ArrayLike | None, rows: int, seed: int
) -> tuple[Weights, Array, Array]:
    """Weights, X and T: those given, the others drawn."""
    rng = generator(seed)
    if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or not 1 <= rows <= 100_000:
        raise SettingError(f"rows is {rows!r}.", "Allowed: a whole number from 1 to 100,000.")
    if weights is None:
        weights = net.initial_weights("glorot", seed=rng)
        weights.flat[:] += 0.3 * rng.standard_normal(net.size)
    flat = checked_weights(net, weights)
    weights = net.weights_from(flat.astype(np.float64))
    count = rows if X is None and T is None else len(np.asarray(T if X is None else X))
    inputs = _inputs(net, weights, count, rng) if X is None else checked_inputs(net, X)
    targets = _targets(net, len(inputs), rng) if T is None else T
    return weights, inputs, checked_targets(net, targets, len(inputs))


def _inputs(net: Network, weights: Weights, rows: int, rng: np.random.Generator) -> Array:
    """Inputs none of whose pre-activations lies at a kink, where a slope is not defined."""
    X = rng.standard_normal((rows, net.D))
    for _ in range(50):
        A, _Z = reference.forward(net, weights, X)
        near = np.zeros(rows, dtype=bool)
        for l in range(1, net.L):
            row = net.activations[l]
            for kink in row.kinks if row is not None else ():
                near |= (np.abs(A[l] - kink) < FROM_KINKS).any(axis=1)
        if not near.any():
            break
        X[near] = rng.standard_normal((int(near.sum()), net.D))
    return X


def _targets(net: Network, rows: int, rng: np.random.Generator) -> Array:
    match net.law.name:
        case "softmax":
            return np.eye(net.K)[rng.integers(net.K, size=rows)]
        case "sigmoid":
            return rng.integers(2, size=(rows, net.K)).astype(float)
        case "exp":
            return rng.poisson(2.0, size=(rows, net.K)).astype(float)
    return rng.standard_normal((rows, net.K))


def _derivation(net: Network) -> tuple[int, float, str]:
    """How many lines were checked, the largest error of one, and the line that failed."""
    from chainrule.derivation import derive

    try:
        derivation = derive(net)
    except DerivationError as error:
        return 0, float("inf"), str(error)
    return sum(step.error is not None for step in derivation.steps), derivation.worst, ""


def _ways(
    net: Network, weights: Weights, X: Array, T: Array
) -> tuple[dict[str, tuple[float, Array]], tuple[tuple[str, str], ...]]:
    """J and the gradient (P,) in each way that there is here; the names of those that are not, and why."""
    from chainrule.kernels import select

    made = run(Program.of(net), weights, X, T)
    flat = np.concatenate([np.asarray(made[f"d{name}"], dtype=np.float64).ravel() for name in net.names])
    value, gradient = reference.gradient(net, weights, X, T)
    ways = {"program": (float(made["J"]), flat), "reference": (float(value), gradient)}
    choice = select.choose(net, len(X), 10**9)  # so many that compiling pays, if it can be done
    compiled = choice.evaluator(X, T, None)
    if compiled is None:
        return ways, (("compiled", choice.reason),)
    value, gradient = compiled.gradient(weights.flat)
    ways["compiled"] = (float(value), np.array(gradient))
    return ways, ()


def _complex_step(net: Network, weights: Weights, X: Array, T: Array, seed: int) -> tuple[Array, Array]:
    """∂J/∂w of each weight looked at, NaN elsewhere; and which those are: all, or a random choice from each array."""
    step = 1e-30
    rng = np.random.default_rng(seed)
    chosen = []
    for part in net.slices.values():
        entries = np.arange(part.start, part.stop)
        share = max(20, MOST_ENTRIES * len(entries) // net.size)
        chosen.append(entries if net.size <= MOST_ENTRIES else rng.permutation(entries)[:share])
    looked_at = np.sort(np.concatenate(chosen))
    found = np.full(net.size, np.nan)
    moved = weights.astype(complex)
    for i in looked_at:
        moved.flat[i] += 1j * step
        found[i] = np.imag(reference.log_likelihood(net, moved, X, T)) / step
        moved.flat[i] = weights.flat[i]
    return found, looked_at


def _objective_row(ways: dict[str, tuple[float, Array]]) -> Row:
    values = {way: value for way, (value, _) in ways.items()}
    numbers = list(values.values())
    spread = max(numbers) - min(numbers)
    error = spread / max(abs(numbers[0]), 1e-300) if spread else 0.0
    return Row("J", "J", values, error if error == error else float("inf"), 1)


def _sizes(net: Network, weights: Weights, X: Array, T: Array) -> dict[str, float]:
    """How large the terms are that each gradient is the sum of: rounding is relative to them, and at a maximum of J
    they cancel."""
    A, Z = reference.forward(net, weights, X)
    delta = np.abs(T) + np.abs(Z[net.L])  # (N, K)
    sizes = {}
    for l in range(net.L, 0, -1):
        sizes[f"W{l}"] = float((np.abs(Z[l - 1]).T @ delta).max(initial=0.0))
        sizes[f"b{l}"] = float(delta.sum(axis=0).max(initial=0.0))
        row = net.activations[l - 1] if l > 1 else None
        if row is not None:
            slope = evaluate(row.slope, a=A[l - 1], z=Z[l - 1])
            least = np.maximum(np.abs(slope), 1e-5)  # 1 - z near z = 1 is known to 1e-16, however small it is
            delta = (delta @ np.abs(weights.W[l]).T) * least  # (N, M[l-1])
    return sizes


def _row(
    name: str, net: Network, part: slice, ways: dict[str, Array], steps: Array, looked_at: Array, size: float
) -> Row:
    """One gradient: the entry at which two ways differ most."""
    gradients = np.stack([flat[part] for flat in ways.values()])
    own = np.zeros(part.stop - part.start, dtype=bool)
    own[looked_at[(looked_at >= part.start) & (looked_at < part.stop)] - part.start] = True
    everything = np.vstack([gradients, np.where(own, steps[part], gradients[0])])
    top = max(float(np.abs(everything).max(initial=0.0)), size)
    gap = everything.max(axis=0) - everything.min(axis=0)
    if not np.isfinite(everything).all():
        gap = np.where(np.isfinite(everything).all(axis=0), gap, np.inf)
        top = 1.0
    seen = np.where(own, gap, -1.0) if own.any() and gap[own].max() >= gap.max() else gap
    worst = int(seen.argmax())
    at = np.unravel_index(worst, (net.M[int(name[1:]) - 1], net.M[int(name[1:])]) if name[0] == "W" else (len(gap),))
    values = {way: float(flat[part][worst]) for way, flat in ways.items()}
    if own[worst]:
        values["complex step"] = float(steps[part][worst])
    place = f"{name}[{','.join(str(int(i)) for i in at)}]"
    return Row(name, place, values, float(gap[worst]) / max(top, 1e-300) if gap[worst] else 0.0, int(own.sum()))
