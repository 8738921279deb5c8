"""What goes into a trace: the sample checked, the units chosen, the lines, the Jacobian, the strength of each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, counted, listed
from chainrule.kernels.inputs import checked_inputs, checked_targets, finite_matrix
from chainrule.network import Network
from chainrule.teaching.trace_lines import Line, Sample

Array = npt.NDArray[Any]
GRADIENT_ENTRIES = 3  # times ``most``: entries of one ∂J/∂W that are shown


@dataclass(frozen=True)
class Flow:
    """How strong the gradient is in one layer.

    Attributes
    ----------
    layer : int
    delta : float
        The length of δ of this layer, sqrt(Σ δ²).
    dW : float
        The length of ∂J/∂W.
    slope : float or None
        Mean absolute slope of its units; None at the outputs, whose law's slope is in δ already.
    """

    layer: int
    delta: float
    dW: float
    slope: float | None


def one_row(name: str, array: Array) -> Array:
    """The one sample of an array; gradients have no axis for it."""
    return array if name.startswith(("dW", "db")) or name == "J" else array[0]


def target_row(network: Network, t: Any, classes: tuple[str, ...]) -> Array:
    """t as (1, K), from numbers or from a label."""
    value = np.asarray(t)
    if network.law.has_classes and value.ndim == 0:
        names = classes or tuple(map(str, range(max(network.K, 2))))
        label = f"{value.item():g}" if isinstance(value.item(), float) else str(value.item())
        if label in names:
            at = names.index(label)
        elif value.dtype.kind in "iu" and 0 <= value < len(names):
            at = int(value)
        else:
            raise DataError(f"There is no class {label!r}.", f"The classes are {listed(names)}.")
        value = np.eye(network.K)[at] if network.K > 1 else np.array([float(at)])
    return checked_targets(
        network, sample_row(value, "t", network.K, f"{network.notation} has {counted(network.K, 'output')}"), 1
    )


def sample_row(values: Any, name: str, width: int, why: str) -> Array:
    """The numbers of one sample as (1, width)."""
    row = np.asarray(values)
    if row.size != width or row.ndim > 2:
        raise DataError(f"{name} holds {counted(row.size, 'number')}, and {why}.", "Give the numbers of one sample.")
    return finite_matrix(row.reshape(1, -1), name, width)


def checked_data(network: Network, X: Any, T: Any) -> tuple[Array, Array]:
    from chainrule.training.validation import coded_targets

    inputs = checked_inputs(network, X)
    return inputs, checked_targets(network, coded_targets(network, T)[1], len(inputs))


def units_shown(network: Network, values: dict[str, Array], most: int | None) -> tuple[list[int], ...]:
    """The units of each layer with the most influence on this sample's J, in their order."""
    found = []
    for l, size in enumerate(network.M):
        if most is None or size <= most:
            found.append(list(range(size)))
            continue
        below = l < network.L
        # How much J would change if the unit were silent, to first order: its output times ∂J/∂(its output).
        back = values[f"delta{l + 1}"] @ values[f"W{l + 1}"].T if below else values[f"delta{l}"]
        z = values["X" if l == 0 else f"Z{l}"] if below else 1.0
        influence = np.abs(back * z)
        keep = np.argsort(-influence, kind="stable")[:most]
        if not below and network.law.has_classes:  # the class that came is always shown
            true = int(values["T"].argmax())
            keep = keep if true in keep else np.append(keep[:-1], true)
        found.append(sorted(int(unit) for unit in keep))
    return tuple(found)


def lines_shown(sample: Sample, shown: tuple[list[int], ...], most: int | None) -> tuple[list[Line], list[Line]]:
    L = sample.network.L
    lines: list[Line] = []
    for l in range(1, L + 1):
        lines += sample.lines_of(("a", l), "forward", shown[l])
        lines += sample.lines_of(("z", l), "forward", shown[l])
    lines.append(sample.objective_line())
    lines += sample.lines_of(("delta", L), "error", shown[L])
    for l in range(L, 0, -1):
        if l < L:
            lines += sample.slope_lines(l, shown[l])
            lines += sample.lines_of(("delta", l), "delta", shown[l])
        entries = [(i, j) for i in shown[l - 1] for j in shown[l]]
        if most is not None and len(entries) > max(GRADIENT_ENTRIES * most, 1):
            size = np.abs([sample.values[f"dW{l}"][entry] for entry in entries])
            entries = [entries[at] for at in sorted(np.argsort(-size, kind="stable")[: GRADIENT_ENTRIES * most])]
        lines += sample.gradient_lines(("W", l), list(entries))
        lines += sample.gradient_lines(("b", l), [(j,) for j in shown[l]])
    return lines, sample.collapse_lines(shown[L])


def output_jacobian(network: Network, Y: Array) -> Array:
    """∂y_k'/∂a_k, (K, K)."""
    match network.law.name:
        case "softmax":
            return Y[:, None] * (np.eye(network.K) - Y)  # y_k' (δ_kk' − y_k)
        case "sigmoid":
            return np.diag(Y * (1 - Y))
        case "exp":
            return np.diag(Y)
    return np.eye(network.K)


def layer_flow(network: Network, values: dict[str, Array]) -> tuple[Flow, ...]:
    return tuple(
        Flow(
            l,
            float(np.linalg.norm(values[f"delta{l}"])),
            float(np.linalg.norm(values[f"dW{l}"])),
            float(np.abs(values[f"slope{l}"]).mean()) if l < network.L else None,
        )
        for l in range(network.L, 0, -1)
    )
