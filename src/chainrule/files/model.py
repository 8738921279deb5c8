"""Models to files and back: what is written of a `Run` and of a `TableModel`, and what is checked on the way in."""

from __future__ import annotations

import dataclasses
import math
import platform
import sys
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import __version__
from chainrule.atomic import writable, write_atomically
from chainrule.errors import ChainruleError, ModelFileError, SettingError
from chainrule.files.container import packed, read_bytes, unpacked
from chainrule.functions import BUILT_IN, activation_named
from chainrule.lock import locked
from chainrule.network import Network, Weights
from chainrule.tables.contract import Contract
from chainrule.tables.labels import LabelCoding
from chainrule.tables.model import TableModel
from chainrule.tables.target import Target
from chainrule.training import History, Outcome, Record, Run

Array = npt.NDArray[Any]

FORMAT = 1
_CLASS_KINDS = "biufU"  # of NumPy: booleans, whole numbers, numbers, text


def save(model: Run | TableModel, path: str | PathLike[str]) -> None:
    """Write a model to a file: data only, whole or not at all.

    The file is a safetensors file: weights W1, b1, ... and the history as tensors, everything else as JSON in
    the header, with a SHA-256 over all of it. The same model gives the same bytes.

    Parameters
    ----------
    model : Run or TableModel
    path : path
        In an existing folder. A file that is there is replaced at once, or stays as it was.

    Raises
    ------
    ModelFileError
        The folder is missing or cannot be written, the disk is full, another process is writing the same file.
    SettingError
        The model is of another class.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=20)
    >>> run = cr.train(cr.Network("2-3-3"), X, labels, epochs=10)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "clusters.model")
    ...     cr.save(run, file)
    ...     bool((cr.load(file).predict_proba(X) == run.predict_proba(X)).all())
    True
    """
    target = writable(path)
    content = dumped(model)
    with locked(target):
        write_atomically(target, content)


def load(path: str | PathLike[str]) -> Run | TableModel:
    """Read a model that `save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    Run or TableModel, as it was saved: the same predictions, bit for bit.

    Raises
    ------
    ModelFileError
        There is no such file, it is damaged in any bit, or it is of another kind. A pickle is never opened.
    """
    place = Path(path)
    return loaded(read_bytes(place), place.name)


def dumped(model: Run | TableModel) -> bytes:
    """The bytes of a model file."""
    estimator = _estimator_parts(model)
    if estimator is None and not isinstance(model, Run | TableModel):
        raise SettingError(
            f"A {type(model).__name__} cannot be saved as a model.",
            "Save what cr.train or cr.train_table returned, or a fitted MLPClassifier or MLPRegressor.",
        )
    source: Any = model if estimator is None else estimator
    net = source.network
    tensors = {name: np.asarray(source.weights[name]) for name in net.names}
    tensors |= {f"history.{name}": column for name, column in _columns(source.history).items()}
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": type(model).__name__ if estimator is None else estimator.kind,
        "notation": net.notation,
        "activations": _own_activations(net),
        "outcome": source.outcome.name,
        "settings": _plain(source.settings),
        "versions": {"chainrule": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }
    if estimator is not None:
        tensors |= {f"estimator.{name}": tensor for name, tensor in estimator.tensors.items()}
        facts["estimator"] = estimator.facts
    elif isinstance(model, TableModel):
        facts |= {"contract": model.contract.to_json(), "target": model.target.to_json()}
    elif model.coding is not None:
        classes = model.coding.classes
        if classes.dtype.kind not in _CLASS_KINDS:
            raise SettingError(f"Classes of type {classes.dtype} cannot be saved.", "Use text or numbers as labels.")
        facts["classes"] = {"dtype": classes.dtype.str, "values": classes.tolist()}
    return packed(tensors, facts)


def loaded(content: bytes, name: str = "the file") -> Run | TableModel:
    """The model in the bytes of a model file."""
    tensors, facts = unpacked(content, name)
    if facts.get("format") != FORMAT:
        raise ModelFileError(
            f"{name} has the format {str(facts.get('format'))[:20]}; this chainrule {__version__} reads {FORMAT}.",
            "Use the version of chainrule that wrote it, or a newer one.",
        )
    try:
        _define_activations(facts["activations"], name)
        net = Network(facts["notation"])
        weights = _weights(net, tensors, name)
        history = _history(tensors)
        outcome = Outcome[facts["outcome"]]
        settings = facts["settings"]
        words = settings.get("missing_words", [])
        if not isinstance(settings, dict) or not isinstance(words, list) or not all(isinstance(w, str) for w in words):
            raise ValueError("settings")
        if facts["kind"] in ("MLPClassifier", "MLPRegressor"):
            from chainrule.estimators.stored import restored

            own = {key[10:]: tensor for key, tensor in tensors.items() if key.startswith("estimator.")}
            return restored(
                facts["kind"], net, weights, history, outcome, _as_called(settings), own, facts["estimator"]
            )
        if facts["kind"] == "TableModel":
            contract = Contract.from_json(facts["contract"])
            target = Target.from_json(facts["target"])
            _check_fits(net, contract, target, name)
            contract.check_types()
            target.check_types()
            return TableModel(net, weights, contract, target, history, outcome, settings)
        classes = facts.get("classes")
        coding = LabelCoding(np.array(classes["values"], dtype=_class_dtype(classes["dtype"]))) if classes else None
        return Run(net, weights, history, outcome, coding, _as_called(settings))
    except ModelFileError:
        raise
    except (ChainruleError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise ModelFileError(
            f"{name} is whole, but does not describe a model: {type(error).__name__}.",
            str(error).splitlines()[0][:120] if str(error) else "",
            "It was made or changed by another program.",
        ) from None


def _estimator_parts(model: Any) -> Any:
    """What a file holds of a fitted estimator, None for any other model; scikit-learn is not imported for those."""
    estimators = sys.modules.get("chainrule.estimators")
    if estimators is None or not isinstance(model, estimators.MLPClassifier | estimators.MLPRegressor):
        return None
    from chainrule.estimators.stored import parts

    return parts(model)


def _weights(net: Network, tensors: dict[str, Array], name: str) -> Weights:
    """The weights, each tensor of the shape that the network says; nothing is allocated before that is known."""
    for key in net.names:
        l = int(key[1:])
        shape = (net.M[l - 1], net.M[l]) if key[0] == "W" else (net.M[l],)
        if key not in tensors or tensors[key].shape != shape:
            raise ModelFileError(f"{name} has no {key} of shape {shape}, which {net.notation} needs.")
        if not np.isfinite(tensors[key]).all():
            raise ModelFileError(f"{name} holds values of {key} that are not finite.", "Train again.")
    return net.weights_from(np.concatenate([tensors[key].reshape(-1) for key in net.names]))


def _columns(history: History) -> dict[str, Array]:
    """The history by columns, one for each field of a record; what is not there is NaN."""
    return {
        field: np.array([math.nan if getattr(r, field) is None else getattr(r, field) for r in history], dtype="f8")
        for field in Record._fields
    }


def _history(tensors: dict[str, Array]) -> History:
    fields = [field for field in Record._fields if f"history.{field}" in tensors]
    rows = zip(*(tensors[f"history.{field}"].tolist() for field in fields), strict=True)
    named = (dict(zip(fields, row, strict=True)) for row in rows)
    return History([Record(**{**row, "epoch": int(row["epoch"])}) for row in named])


def _check_fits(net: Network, contract: Contract, target: Target, name: str) -> None:
    outputs = 1 if target.task != "classify" or len(target.classes) == 2 else len(target.classes)
    law = target.outputs.split()[1]
    if (net.D, net.K, net.law.name) != (len(contract.inputs), outputs, law):
        raise ModelFileError(
            f"{name} holds a network {net.notation} for {len(contract.inputs)} inputs and {target.outputs}.",
            "It was made or changed by another program.",
        )


def _own_activations(net: Network) -> dict[str, str]:
    """Formulas of the user's activations in the network, by name."""
    names = {layer.function for layer in net.layers[:-1]} - BUILT_IN
    return {name: activation_named(name).formula for name in sorted(names)}


def _define_activations(formulas: dict[str, str], name: str) -> None:
    """Define the user's activations again from their formulas, which are read as mathematics and never run."""
    from chainrule.functions import activation_names

    for key, formula in formulas.items():
        if key in BUILT_IN:
            raise ModelFileError(f"{name} defines the activation {key!r}, which is built in.")
        if key in activation_names():
            if activation_named(key).formula != formula:
                raise ModelFileError(
                    f"{name} uses an activation {key!r} that is {formula!r}, but here it is"
                    f" {activation_named(key).formula!r}.",
                    "Load the file in a session that has not defined it otherwise.",
                )
            continue
        from chainrule.derivation import activation  # type: ignore[attr-defined, unused-ignore]

        activation(key, formula)


def _class_dtype(text: str) -> np.dtype[Any]:
    dtype = np.dtype(text)
    if dtype.kind not in _CLASS_KINDS or dtype.itemsize > 2**20:
        raise ValueError(f"classes of type {text!r}")
    return dtype


def _plain(value: Any) -> Any:
    """Settings as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _as_called(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as `train` keeps them: lists of names are tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
