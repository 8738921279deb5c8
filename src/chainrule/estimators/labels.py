"""Labels of the classifier: which classes there are, and T from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import type_of_target, unique_labels

from chainrule.errors import DataError, SettingError, listed
from chainrule.estimators.inputs import checked_rows_and_targets
from chainrule.tables.labels import LabelCoding, checked_labels

Array = npt.NDArray[Any]


class Labelled:
    """The part of the classifier that knows its classes."""

    classes_: Array
    warm_start: bool
    multilabel: bool | None
    output_law: str | None
    class_weight: Any
    _label_binarizer: Any

    def _see_classes(self, y: Any, classes: Any) -> None:
        """The classes of the first call of ``partial_fit``."""
        if hasattr(self, "classes_"):
            if classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
                raise DataError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                                f"{self.classes_!r}")  # fmt: skip
            return
        if classes is None:
            raise DataError("classes must be passed on the first call to partial_fit.")
        self.classes_ = unique_labels(classes)
        several = type_of_target(y).startswith("multilabel")
        self._label_binarizer = LabelBinarizer().fit(y if several else self.classes_)

    def _encoded(self, X: Any, y: Any, reset: bool, incremental: bool) -> tuple[Any, Any, Array]:
        if isinstance(y, list | tuple) and y and (isinstance(y[0], str) or not hasattr(y[0], "__len__")):
            checked_labels(y)  # NumPy would quietly make text of [1, "a"]
        elif str(getattr(y, "dtype", "")) == "boolean" and not y.isna().any():
            y = y.to_numpy(dtype=bool)  # pandas' own booleans would become 0.0 and 1.0
        X, y = checked_rows_and_targets(self, X, y, reset=reset, numbers=False)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._learn_classes(y)
        else:
            self._check_classes(y)
        return X, y, self._indicator(y)

    def _learn_classes(self, y: Any) -> None:
        try:
            self._label_binarizer = LabelBinarizer().fit(y)
        except TypeError:  # "'<' not supported": of mixed types
            checked_labels(y)
            raise
        self.classes_ = self._label_binarizer.classes_
        if self._label_binarizer.y_type_ == "multilabel-indicator" and self.multilabel is None:
            T = np.asarray(y.sum(axis=1)).ravel()
            if len(T) > 1 and y.shape[1] > 1 and (T == 1).all():
                raise DataError(
                    f"Each row of y has exactly one 1 among its {y.shape[1]} columns.",
                    "Is that one label a row, or may a row have several labels?",
                    "Give y.argmax(axis=1) for one label a row, or multilabel=True for several.",
                )

    def _check_classes(self, y: Any) -> None:
        classes = np.unique(y) if y.ndim == 1 else unique_labels(y)
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise DataError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(new := np.setdiff1d(classes, self.classes_)):
            row = int(np.isin(y, new).argmax()) if y.ndim == 1 else 0
            raise DataError(
                f"`y` has classes not in `self.classes_`: {listed(new)} (first at row {row}).",
                f"The classes are {listed(self.classes_)}.",
                "All classes there will be are named in the first call: partial_fit(X, y, classes=...).",
            )

    def _indicator(self, y: Any) -> Array:
        T: Array
        labels = np.asarray(y) if not self._label_binarizer.y_type_.startswith("multilabel") else None
        if labels is None or labels.ndim != 1:
            T = np.asarray(self._label_binarizer.transform(y)).astype(np.float64)
        else:  # what LabelBinarizer does, without looking at every label again
            at = np.searchsorted(self.classes_, labels)
            T = at.reshape(-1, 1).astype(np.float64) if len(self.classes_) <= 2 else np.eye(len(self.classes_))[at]
        if T.shape[1] == 1 and self.output_law == "softmax":
            return np.hstack([1 - T, T])
        return T

    def _targets(self, y: Any) -> Array:
        if not self._label_binarizer.y_type_.startswith("multilabel"):
            LabelCoding(self.classes_).indices(y)  # names a label that training has not seen
        return self._indicator(y)

    def _class_weights(self, y: Any, weight: Array | None, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return weight
        if incremental and isinstance(self.class_weight, str):
            raise SettingError(
                "class_weight='balanced' needs all rows at once, so partial_fit cannot take it.",
                "Give the weights: class_weight={label: weight, ...}.",
            )
        of_classes: Array = compute_sample_weight(self.class_weight, y)
        return of_classes if weight is None else weight * of_classes
