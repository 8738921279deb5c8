"""What a model file holds of an estimator beside its network: parameters, classes, columns, scaling, curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer

from chainrule.errors import SettingError
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.regressor import MLPRegressor
from chainrule.estimators.scaling import Scaling
from chainrule.network import Network, Weights
from chainrule.training.history import History
from chainrule.training.outcome import Outcome

Array = npt.NDArray[Any]

KINDS: dict[str, type[BaseMLP]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}

_CLASS_KINDS = "biufUO"  # of NumPy: booleans, whole numbers, numbers, text, objects that are text
_LONGEST = 2**20  # bytes of one label


@dataclass(frozen=True)
class Parts:
    """An estimator as a file takes it: its kind and what every model has, then what is the estimator's own."""

    kind: str
    network: Network
    weights: Weights
    history: History
    outcome: Outcome
    settings: dict[str, Any]
    tensors: dict[str, Array]
    facts: dict[str, Any]


def parts(model: BaseMLP) -> Parts:
    """Everything a file holds of a fitted estimator.

    What is no plain value among its parameters (a scorer of one's own, a random state that has been used) is left
    out, and is the default after loading.

    Raises
    ------
    SettingError
        Its labels are neither text nor numbers.
    """
    tensors = {}
    for name, scaling in (("inputs", model._scaling), ("targets", model._target_scaling)):
        if scaling is not None:
            tensors[f"{name}.spread"] = scaling.spread
            if scaling.mean is not None:
                tensors[f"{name}.mean"] = scaling.mean
    tensors["curve.loss"] = np.array(model.loss_curve_, dtype=np.float64)
    if model.validation_scores_ is not None:
        tensors["curve.score"] = np.array(model.validation_scores_, dtype=np.float64)
    given = {name: _plain(value) for name, value in model.get_params(deep=False).items()}
    facts: dict[str, Any] = {
        "parameters": {name: value for name, value in given.items() if value is not _NOT_PLAIN},
        "dtype": model._dtype.name,
        "columns": [str(name) for name in getattr(model, "feature_names_in_", ())],
        "n_iter": int(model.n_iter_),
        "t": int(model.t_),
        "seed": int(model._seed),
        "waited": int(model._no_improvement_count),
        "notes": list(model.notes_),
    }
    if isinstance(model, MLPClassifier):
        binarizer = model._label_binarizer
        facts["classes"] = _classes(model.classes_)
        facts["labels"] = {"kind": str(binarizer.y_type_), "sparse": bool(binarizer.sparse_input_)}
    kind = next(name for name, maker in KINDS.items() if isinstance(model, maker))
    return Parts(
        kind,
        model.network_,
        model.weights_,
        model.history_,
        model.outcome_,
        model.settings_,
        tensors,
        facts,
    )


def restored(
    kind: str,
    network: Network,
    weights: Weights,
    history: History,
    outcome: Outcome,
    settings: dict[str, Any],
    tensors: dict[str, Array],
    facts: dict[str, Any],
) -> BaseMLP:
    """The estimator again: the same predictions, bit for bit; its solver begins anew where it is trained on.

    Raises
    ------
    KeyError, TypeError, ValueError
        The file was made by another program.
    """
    maker: Any = KINDS[kind]
    model: BaseMLP = maker(**{name: _back(value) for name, value in facts["parameters"].items()})
    dtype = np.dtype(facts["dtype"])
    if dtype not in (np.float64, np.float32):
        raise ValueError(f"weights of type {dtype}")
    model._clear(dtype)
    model.n_features_in_ = network.D
    if facts["columns"]:
        if len(facts["columns"]) != network.D:
            raise ValueError("another number of columns than the network has inputs")
        model.feature_names_in_ = np.array(facts["columns"], dtype=object)
    model.network_, model.n_outputs_, model.n_layers_ = network, network.K, network.L + 1
    law = network.law.name
    model.out_activation_ = "logistic" if law == "sigmoid" else law
    model._set_weights(weights.flat)
    model._scaling = _scaling(tensors, "inputs", network.D)
    model._target_scaling = _scaling(tensors, "targets", network.K)
    model.history_, model.outcome_, model.settings_, model.restarts_ = history, outcome, settings, ()
    model.notes_ = tuple(map(str, facts["notes"]))
    model._seed, model.n_iter_, model.t_ = int(facts["seed"]), int(facts["n_iter"]), int(facts["t"])
    model.loss_curve_ = tensors["curve.loss"].tolist()
    model.loss_ = model.loss_curve_[-1] if model.loss_curve_ else math.nan
    scores = tensors["curve.score"].tolist() if "curve.score" in tensors else None
    model.validation_scores_ = scores
    model.best_validation_score_ = max(scores, default=-math.inf) if scores is not None else None
    watched = getattr(model, "early_stopping", False) and scores is not None
    model.best_loss_ = None if watched else min(model.loss_curve_, default=math.inf)
    model._no_improvement_count = int(facts["waited"])
    if isinstance(model, MLPClassifier):
        _put_classes(model, facts, network)
    return model


def _put_classes(model: MLPClassifier, facts: dict[str, Any], network: Network) -> None:
    """The classes and the way to and from the network's outputs."""
    found = facts["classes"]
    dtype = np.dtype(found["dtype"])
    if dtype.kind not in _CLASS_KINDS or dtype.itemsize > _LONGEST:
        raise ValueError(f"classes of type {dtype}")
    classes = np.array(found["values"], dtype=dtype)
    several = facts["labels"]["kind"].startswith("multilabel")
    outputs = {len(classes)} if several or len(classes) > 2 else {1, len(classes)}
    if classes.ndim != 1 or network.K not in outputs or not network.law.has_classes:
        raise ValueError(f"{len(classes)} classes for {network.notation}")
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.y_type_ = classes, str(facts["labels"]["kind"])
    binarizer.sparse_input_ = bool(facts["labels"]["sparse"])
    model.classes_, model._label_binarizer = classes, binarizer


def _classes(classes: Array) -> dict[str, Any]:
    text = classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes)
    if classes.dtype.kind not in _CLASS_KINDS or (classes.dtype.kind == "O" and not text):
        raise SettingError(f"Classes of type {classes.dtype} cannot be saved.", "Use text or numbers as labels.")
    return {"dtype": classes.dtype.str, "values": classes.tolist()}


def _scaling(tensors: dict[str, Array], name: str, width: int) -> Scaling | None:
    spread, mean = tensors.get(f"{name}.spread"), tensors.get(f"{name}.mean")
    if spread is None:
        return None
    for found in (spread, mean):
        if found is not None and (found.shape != (width,) or not np.isfinite(found).all()):
            raise ValueError(f"the scaling of the {name} is not {width} finite numbers")
    if (spread < 0).any():
        raise ValueError(f"a spread of the {name} is below 0")
    return Scaling(mean, spread)


class _NotPlain:
    """What no file holds."""


_NOT_PLAIN = _NotPlain()


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: tuples, mappings and infinity are marked, so that they come back as they were."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        items = [_plain(item) for item in value]
        kept = not any(item is _NOT_PLAIN for item in items)
        return {"tuple" if isinstance(value, tuple) else "list": items} if kept else _NOT_PLAIN
    if isinstance(value, dict):
        pairs = [[_plain(key), _plain(item)] for key, item in value.items()]
        kept = not any(part is _NOT_PLAIN for pair in pairs for part in pair)
        return {"dict": pairs} if kept else _NOT_PLAIN
    return _NOT_PLAIN


def _back(value: Any) -> Any:
    """The parameter again."""
    if not isinstance(value, dict):
        return value
    ((mark, inside),) = value.items()
    match mark:
        case "number":
            return float(inside)
        case "tuple":
            return tuple(_back(item) for item in inside)
        case "list":
            return [_back(item) for item in inside]
        case "dict":
            return {_back(key): _back(item) for key, item in inside}
        case _:
            raise ValueError(f"a parameter marked {mark!r}")
