"""Models for other programs: ONNX files that any ONNX runtime runs, scaling and labels included."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import __version__
from chainrule.atomic import writable, write_atomically
from chainrule.errors import DataError, MissingDependencyError, SettingError, listed
from chainrule.files.onnx_graph import Graph
from chainrule.network import Network, Weights
from chainrule.tables.model import TableModel
from chainrule.training import Run

Array = npt.NDArray[Any]

OPSET, ML_OPSET, FORMAT = 17, 3, 8  # of 2022: what is in use can read it
_FARTHEST = 1e30  # a standardised input beyond this is the same to the network, and stays finite in float32


def to_onnx(
    network: Network,
    weights: Weights,
    path: str | os.PathLike[str],
    *,
    scaling: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    target_scaling: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    classes: Sequence[object] | npt.NDArray[Any] | None = None,
    dtype: str = "float32",
) -> Path:
    """Write a network as an ONNX model with one input ``X`` (N, D).

    Its outputs are named as scikit-learn's converter names them. Classes: ``label`` (N,) and ``probabilities`` (N, C).
    Several labels (more than one sigmoid output): both (N, K). Numbers: ``variable`` (N, K).

    Parameters
    ----------
    network : Network
    weights : Weights
    path : path
        Ends in ``.onnx``, by custom.
    scaling : (mean, scale), optional
        Numbers or (D,): the network is given ``(X - mean) / scale``.
    target_scaling : (mean, scale), optional
        Numbers or (K,): a prediction is ``mean + scale * Y``. For the output law identity.
    classes : sequence, optional
        C names or numbers, in the order of the probabilities; 0, 1, ... where left out. A single one is certain.
    dtype : {"float32", "float64"}
        Of the input, of the network's arithmetic and of its outputs. Inputs are scaled in float64 in any case.
        float64 says what chainrule says but for the last digits; float32 differs by about 1e-6, by more where the
        network's sums are large, as those of inputs that are not standardised.

    Returns
    -------
    Path of the file.

    Raises
    ------
    MissingDependencyError
        The package ``onnx`` is not installed.
    DataError
        The weights, the scaling or the classes do not fit the network.
    SettingError
        An activation of the user's own uses a function that ONNX lacks, or the dtype is another one.
    ModelFileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import chainrule as cr
    >>> net = cr.Network("2-3-3")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_onnx(net, net.initial_weights(), f"{folder}/post.onnx", classes=["red", "green", "blue"]).name
    'post.onnx'
    """
    if dtype not in ("float32", "float64"):
        raise SettingError(f"The inputs of an ONNX model are float32 or float64 here, not {dtype!r}.")
    check_available()
    target = writable(path)
    graph = Graph(dtype)
    X = graph.input("X", dtype, [None, network.D])
    if scaling is None:
        X = graph.cast(X, dtype)
    else:
        X = _standardised(graph, X, *_per_column(scaling, network.D, "inputs", network))
    _finish(graph, network, weights, X, target_scaling, classes)
    return _written(graph, network, target, {})


def run_to_onnx(run: Run, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write a run as an ONNX model: `to_onnx` with its classes."""
    classes = None if run.coding is None else run.coding.classes
    return to_onnx(run.network, run.weights, path, **{"classes": classes, **options})


def estimator_to_onnx(model: Any, path: str | os.PathLike[str], *, dtype: str = "float32") -> Path:
    """Write a fitted `MLPClassifier` or `MLPRegressor` as an ONNX model, its scaling included: see `to_onnx`."""
    inputs, targets = model._scaling, model._target_scaling
    classes = getattr(model, "classes_", None)
    if classes is not None and model.network_.law.name == "sigmoid" and model.network_.K > 1:  # several labels
        classes = None
    return to_onnx(
        model.network_,
        model.weights_,
        path,
        scaling=None if inputs is None else (0.0 if inputs.mean is None else inputs.mean, inputs.scale),
        target_scaling=None if targets is None else (0.0 if targets.mean is None else targets.mean, targets.spread),
        classes=classes,
        dtype=dtype,
    )


def table_to_onnx(model: TableModel, path: str | os.PathLike[str]) -> Path:
    """Write a table's model as an ONNX model with one input (N, 1) a column, under the column's own name.

    Numbers and the network's arithmetic are float64, as a table's are; yes/no columns are bool, categories are text. A
    level that training did not see makes zeros. Where missing cells are filled, NaN is a missing number and the empty
    text a missing category. Columns that carry no weight are no inputs. A column named like an output gets " (input)"
    behind its name; ``columns`` in the file's metadata has the names of both, as JSON.

    Outputs and errors as for `to_onnx`. The classes are as the model's ``classes`` are: text, int64, float64 or bool.
    """
    check_available()
    target = writable(path)
    graph = Graph("float64")
    outputs = {"label", "probabilities"} if model.target.task == "classify" else {"variable"}
    parts: list[str] = []
    names: dict[str, str] = {}
    for column in model.contract.columns:
        if not column.inputs:
            continue
        name = column.name
        while name in outputs or name in names.values() or not name:
            name += " (input)"
        names[column.name] = name
        if column.kind == "category":
            text = graph.input(name, "string", [None, 1])
            cats = [*column.levels, *([""] if column.has_missing_level else [])]
            hot = graph.node("OneHotEncoder", text, domain="ai.onnx.ml", cats_strings=cats, zeros=1)
            hot = graph.node("Reshape", hot, graph.constant([-1, len(cats)], "int64"))
            parts.append(graph.cast(hot, graph.real))
            continue
        value = graph.input(name, "bool" if column.kind == "boolean" else "float64", [None, 1])
        if column.kind == "boolean":
            value = graph.cast(value, "float64")
        elif column.fill is not None:
            value = graph.node("Where", graph.node("IsNaN", value), graph.constant(column.fill, "float64"), value)
        parts.append(_standardised(graph, value, np.array([column.mean]), np.array([column.scale])))
    X = graph.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    scaled = model.target.task == "regress"
    _finish(
        graph,
        model.network,
        model.weights,
        X,
        (model.target.mean, model.target.scale) if scaled else None,
        model.classes if model.target.task == "classify" else None,
    )
    facts = {"columns": json.dumps(names, ensure_ascii=False), "target": model.target.name}
    return _written(graph, model.network, target, facts)


def check_available() -> None:
    """MissingDependencyError where the package onnx is not installed."""
    if importlib.util.find_spec("onnx") is None:
        raise MissingDependencyError(
            "An ONNX file is written with the package onnx, which is not installed.",
            "Install it: pip install 'chainrule[onnx]'",
        )


def _standardised(graph: Graph, X: str, mean: Array, scale: Array) -> str:
    """``(X - mean) / scale`` in float64, whatever comes after: a large mean costs no digits."""
    value = graph.node("Sub", graph.cast(X, "float64"), graph.constant(mean, "float64"))
    value = graph.node("Div", value, graph.constant(scale, "float64"))
    limits = (graph.constant(bound, "float64") for bound in (-_FARTHEST, _FARTHEST))
    return graph.cast(graph.node("Clip", value, *limits), graph.real)


def _finish(
    graph: Graph,
    network: Network,
    weights: Weights,
    X: str,
    target_scaling: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    classes: Sequence[object] | npt.NDArray[Any] | None,
) -> None:
    """The layers, the law and the outputs."""
    if weights.network != network:
        raise DataError(f"The weights belong to {weights.network.notation}, not to {network.notation}.")
    Z = A = X
    for l in range(1, network.L + 1):
        A = graph.node("Gemm", Z, graph.constant(weights.W[l], graph.real), graph.constant(weights.b[l], graph.real))
        row = network.activations[l] if l < network.L else None
        Z = graph.activation(row, A) if row is not None else A
    law, K = network.law.name, network.K
    if not network.law.has_classes:
        Y = graph.node("Exp", A) if law == "exp" else A
        if target_scaling is not None:
            mean, scale = _per_column(target_scaling, K, "outputs", network, may_be_zero=True)
            wide = graph.node("Mul", graph.cast(Y, "float64"), graph.constant(scale, "float64"))
            Y = graph.cast(graph.node("Add", wide, graph.constant(mean, "float64")), graph.real)
        graph.output("variable", Y, graph.real, [None, K])
        return
    if law == "sigmoid" and K > 1:
        P = graph.node("Sigmoid", A)
        yes = graph.node("Greater", P, graph.constant(0.5, graph.real))
        graph.output("label", graph.cast(yes, "int64"), "int64", [None, K])
        graph.output("probabilities", P, graph.real, [None, K])
        return
    C = 1 if K == 1 and classes is not None and len(classes) == 1 else max(K, 2)
    names = _classes(classes, C, network)
    if C == 1:  # one class alone is certain
        P = graph.node("Max", graph.node("Sigmoid", A), graph.constant(1.0, graph.real))
    elif K == 1:
        P = graph.node("Concat", graph.node("Sigmoid", graph.node("Neg", A)), graph.node("Sigmoid", A), axis=1)
    else:
        P = graph.node("Softmax", A, axis=1)
    decided = graph.node("ArgMax", P, axis=1, keepdims=0)
    kind = {"U": "string", "i": "int64", "u": "int64", "f": "float64", "b": "bool"}[names.dtype.kind]
    graph.output("label", graph.node("Gather", graph.constant(names, kind), decided, axis=0), kind, [None])
    graph.output("probabilities", P, graph.real, [None, C])


def _classes(classes: Sequence[object] | npt.NDArray[Any] | None, C: int, network: Network) -> Array:
    """The classes as an array of text or numbers."""
    names = np.asarray(classes if classes is not None else range(C))
    if names.dtype.kind == "O":
        names = np.array([str(name) for name in names])
    if names.dtype.kind not in "Uiufb":
        raise DataError(f"Classes of type {names.dtype} have no place in an ONNX file.", "Use text or numbers.")
    if names.shape != (C,):
        raise DataError(f"{network.notation} has {C} classes and {names.size} were given: {listed(names.ravel(), 6)}.")
    return names


def _per_column(
    pair: tuple[npt.ArrayLike, npt.ArrayLike], count: int, noun: str, network: Network, may_be_zero: bool = False
) -> tuple[Array, Array]:
    """Mean and scale as arrays of one number a column."""
    try:
        mean, scale = (np.broadcast_to(np.asarray(part, dtype=np.float64), (count,)) for part in pair)
    except ValueError:
        raise DataError(f"The scaling does not fit the {count} {noun} of {network.notation}.") from None
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (may_be_zero or (scale != 0).all())):
        raise DataError("The scaling has a scale of 0, or numbers that are missing or infinite.")
    return mean, scale


def _written(graph: Graph, network: Network, target: Path, facts: dict[str, str]) -> Path:
    """The checked model, at its place all at once; the same model gives the same bytes."""
    import onnx

    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = onnx.helper.make_model(
        graph.made(),
        opset_imports=opsets,
        ir_version=FORMAT,
        producer_name="chainrule",
        producer_version=__version__,
        doc_string=f"The network {network.notation}.",
    )
    onnx.helper.set_model_props(model, {"notation": network.notation, **facts})
    onnx.checker.check_model(model, full_check=True)
    write_atomically(target, model.SerializeToString(deterministic=True))
    return target
