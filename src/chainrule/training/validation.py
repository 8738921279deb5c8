"""Rows held out from training, and rows that count for more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, SettingError, listed
from chainrule.kernels import Objective
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding
from chainrule.training import randomness

Array = npt.NDArray[Any]
Validation = float | tuple[Any, ...] | None


def coded_targets(net: Network, T: npt.ArrayLike) -> tuple[LabelCoding | None, npt.ArrayLike]:
    """The classes and T as a matrix, from T or from raw labels."""
    if not net.law.has_classes:
        return None, T
    if _are_labels(net, T):
        coding = LabelCoding.of(T)
        if len(coding.classes) == 1:
            raise DataError(
                f"All labels are of one class, {str(coding.classes[0])!r}.", "There is nothing to tell apart."
            )
        return coding, coding.indicator(T, net.K)
    classes = np.arange(2 if net.K == 1 else net.K)
    return (LabelCoding(classes) if net.law.name == "softmax" or net.K == 1 else None), T


def held_out(
    training: Objective, validation: Validation, coding: LabelCoding | None, seed: int
) -> tuple[Objective, Objective | None]:
    """The objectives of the training rows and of the validation rows.

    Raises
    ------
    DataError
        The validation rows are not what the network takes, or a share leaves one side empty.
    SettingError
        ``validation`` is neither a share nor (X, T) nor (X, T, sample_weight).
    """
    if validation is None:
        return training, None
    net = training.net
    if isinstance(validation, tuple | list):
        if len(validation) not in (2, 3):
            raise SettingError(
                f"validation must be a share or (X, T) or (X, T, sample_weight), not {len(validation)} things."
            )
        T = validation[1]
        if coding is not None and _are_labels(net, T):
            T = coding.indicator(T, net.K)
        found = Objective(net, validation[0], T, *validation[2:], evaluations=1, dtype=training.dtype)
        if not found.rows:
            raise DataError("The validation set has no rows.", "Leave validation out, or give it rows.")
        return training, found
    share = _share(validation)
    out = split(training.T if net.law.has_classes else None, training.rows, share, seed)
    if out.all() or not out.any():
        left = "train on" if out.all() else "hold out"
        raise DataError(
            f"A share of {share:g} of {training.rows} rows leaves no rows to {left}.",
            "Give more rows, another share, or validation=(X, T).",
        )
    return training.of_rows(~out), training.of_rows(out)


def split(T: Array | None, rows: int, share: float, seed: int) -> Array:
    """Which rows are held out, bool (rows,): a share of each class, where T are classes; the seed fixes which."""
    order = randomness.bits(seed, randomness.SPLIT, 0, rows).argsort()
    if T is None:
        groups = np.zeros(rows, dtype=np.int64)
    else:
        groups = np.unique(T, axis=0, return_inverse=True)[1].reshape(-1)
    out = np.zeros(rows, dtype=bool)
    carried = 0.0  # what rounding left over in the groups so far, so that the share of all rows is kept
    for group in range(groups.max(initial=-1) + 1):
        members = order[groups[order] == group]
        carried += share * len(members)
        take = round(carried)
        carried -= take
        out[members[:take]] = True
    return out


def class_weighted(
    objective: Objective, class_weight: str | Mapping[Any, float] | None, coding: LabelCoding | None
) -> Objective:
    """The objective with each row counting as its class does.

    "balanced" gives each class the weight ``rows / (classes * rows of the class)``, so that all classes count alike.

    Raises
    ------
    SettingError
        There are no classes, a class is unknown, or the weights are not numbers from 0.
    """
    if class_weight is None:
        return objective
    if coding is None:
        raise SettingError("class_weight needs classes, and these targets are none.", "Use sample_weight.")
    T = objective.T
    at = (T[:, 0] > 0.5).astype(np.int64) if T.shape[1] == 1 else T.argmax(axis=1)
    weights = np.ones(len(coding.classes))
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(f"class_weight must be 'balanced' or a mapping, not {class_weight!r}.")
        counts = np.bincount(at, minlength=len(weights))
        weights = objective.rows / (len(weights) * np.maximum(counts, 1))
    else:
        names = coding.classes.tolist()
        for name, weight in class_weight.items():
            if name not in names:
                raise SettingError(
                    f"class_weight names the class {name!r}, which the labels do not have.",
                    f"The classes are {listed(coding.classes)}.",
                )
            weights[names.index(name)] = weight
    return objective.weighted(weights[at])


def _are_labels(net: Network, T: npt.ArrayLike) -> bool:
    """Whether T holds one label a row, not a column an output."""
    try:
        shape = np.shape(T)
    except ValueError:
        raise DataError("The rows of T have different lengths.", "Every row needs the same columns.") from None
    is_column = len(shape) == 2 and shape[1] == 1
    return len(shape) == 1 or (is_column and (net.K > 1 or np.asarray(T).dtype.kind in "USO"))


def _share(validation: Any) -> float:
    try:
        share = float(validation)
    except (TypeError, ValueError):
        share = float("nan")
    if not 0 < share < 1:
        raise SettingError(f"validation must be a share between 0 and 1, or (X, T), not {validation!r}.")
    return share
