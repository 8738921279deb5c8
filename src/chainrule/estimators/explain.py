"""What a fitted estimator tells of itself: derivation, trace, check, figures, script, a page for notebooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError, SettingError, listed
from chainrule.kernels.inputs import finite_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.derivation import Derivation
    from chainrule.network import Network, Weights
    from chainrule.teaching.trace import Trace
    from chainrule.training.history import History

Array = npt.NDArray[Any]


class Explained:
    """The methods of both estimators that explain."""

    network_: Network
    history_: History
    weights_: Weights
    n_features_in_: int

    def derive(self, wanted: str | None = None, **options: Any) -> Derivation:
        """The derivation of this network's gradient; options as of `chainrule.derive`."""
        from chainrule.derivation import derive

        check_is_fitted(self)
        return derive(self.network_, wanted, **options)

    def trace(self, row: Any, target: Any = None, **options: Any) -> Trace:
        """One row's numbers through the network and back.

        Parameters
        ----------
        row : array (D,) or one row of a table
            In the units of the training rows.
        target : label, number or array (K,), optional
            What it should have been; left out, what the network predicts.
        options
            As of `chainrule.trace`.

        Returns
        -------
        Trace
        """
        from chainrule.teaching.trace import trace

        check_is_fitted(self)
        x = self._one_row(row)
        t = self._one_target(row, target)
        names = {"inputs": self.input_names_, "classes": self.output_names_}
        return trace(self.network_, self.weights_, x, t, **{**names, **options})

    def check(self) -> Any:
        """The gradient of this network computed in independent ways, and how far they differ; see `chainrule.check`."""
        import chainrule

        check_is_fitted(self)
        return chainrule.check(self.network_)

    def plot(self) -> Figure:
        """How the training went: J, and that of the validation rows, by epoch."""
        from chainrule.show import plot_history

        check_is_fitted(self)
        return plot_history(self.history_)

    def plot_network(self) -> Figure:
        """The network with its weights."""
        from chainrule.show import plot_network

        check_is_fitted(self)
        outputs = self.output_names_ if len(self.output_names_) == self.network_.K else None
        return plot_network(self.network_, self.weights_, self.input_names_ or None, outputs)

    def to_program(self) -> str:
        """A script that predicts with NumPy alone: the weights, the scaling and the functions of the network.

        Run with a CSV of numbers it prints a line of predictions a row; imported, it has ``predict(X)`` (and
        ``predict_proba(X)`` for classes).
        """
        check_is_fitted(self)
        from chainrule.estimators.script import predicting_script

        return predicting_script(self)

    def report(
        self,
        path: str | os.PathLike[str],
        X: Any = None,
        y: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        **options: Any,
    ) -> Path:
        """Write a report: one HTML file that shows what was learnt, how well, why, and what to try next.

        Parameters
        ----------
        path : path
            Ends in ``.html``, by custom.
        X, y : optional
            The rows it was fitted to. Left out, those that the last fit kept: at most 2,000, drawn at random. They are
            in no copy, pickle or saved file of the estimator; where there are none, the report shows the network and
            its training alone.
        X_val, y_val : optional
            Rows it was not fitted to: the figures are of these. Left out together with X and y, at most 2,000 of the
            rows that the last fit held out or was given to watch, if it had any.
        options
            As of `chainrule.show.build_report`: title, target, notes, source.

        Returns
        -------
        Path of the file.

        Raises
        ------
        SettingError
            X without y, or y without X.
        ModelFileError
            The file cannot be written there.
        """
        from chainrule.show import report_estimator

        check_is_fitted(self)
        for rows, names in (((X, y), "X and y"), ((X_val, y_val), "X_val and y_val")):
            if (rows[0] is None) != (rows[1] is None):
                raise SettingError(f"{names} belong together: give both, or neither.")
        return report_estimator(
            path,
            self,
            None if X is None else (X, y),
            None if X_val is None else (X_val, y_val),
            kept=getattr(self, "_shown_rows", None),
            **options,
        )

    def to_onnx(self, path: str | os.PathLike[str], *, dtype: str = "float32") -> Path:
        """Write an ONNX model, scaling and labels included; outputs are named as scikit-learn's converter names them.

        Parameters
        ----------
        path : path
        dtype : {"float32", "float64"}
            Of the input, of the network's arithmetic and of its outputs.

        Returns
        -------
        Path of the file.

        Raises
        ------
        MissingDependencyError
            The package ``onnx`` is not installed.
        SettingError
            An activation of the user's own uses a function that ONNX lacks.
        """
        from chainrule.files.onnx import estimator_to_onnx

        check_is_fitted(self)
        return estimator_to_onnx(self, path, dtype=dtype)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file that holds data only; `chainrule.load` reads it."""
        from chainrule.files import save

        check_is_fitted(self)
        save(self, path)  # type: ignore[arg-type]

    @property
    def input_names_(self) -> tuple[str, ...]:
        """Names of the columns, where they were given."""
        return tuple(map(str, getattr(self, "feature_names_in_", ())))

    @property
    def output_names_(self) -> tuple[str, ...]:
        """Names of the classes, where there are any."""
        return tuple(map(str, getattr(self, "classes_", ())))

    def _html_repr(self) -> str:
        """scikit-learn's diagram, and below it the network and its derivation in short."""
        found: str = super()._html_repr()  # type: ignore[misc]
        if not hasattr(self, "coefs_"):
            return found
        from chainrule.show.inline import inline_svg

        figure = self.plot_network()
        name = f"network-{id(self):x}"
        drawing = inline_svg(figure, name, f"The network {self.network_.notation} with its weights")
        outcome = getattr(self, "outcome_", None)
        line = "" if outcome is None else f"<p>{outcome.value}</p>"
        return f'{found}<div class="chainrule-network">{drawing}{line}</div>'

    def _numbers(self, row: Any) -> Array:
        """A row (1, D) of plain numbers; from a mapping or a row with names, in the order of the columns."""
        names = getattr(self, "feature_names_in_", None)
        if names is not None and hasattr(row, "keys"):
            missing = [name for name in names if name not in row]
            if missing:
                raise DataError(f"The row has no {listed(missing)}.", f"The network's inputs are {listed(names)}.")
            row = [row[name] for name in names]
        x = finite_matrix(np.reshape(np.asarray(row), (1, -1)), "the row", None)
        if x.shape[1] != self.n_features_in_:
            raise DataError(
                f"The row has {x.shape[1]} numbers, and the network has {self.n_features_in_} inputs.",
                "Give one row, as in X[0] or frame.iloc[0].",
            )
        return x

    def _one_row(self, row: Any) -> Array:
        """The row as the network takes it, (D,)."""
        x, scaling = self._numbers(row), self._scaling  # type: ignore[attr-defined]
        found: Array = (x if scaling is None else scaling.apply(x))[0]
        return found

    def _one_target(self, row: Any, target: Any) -> Any:
        model: Any = self
        if target is None:
            A = model._unchecked(self._numbers(row))
            if not self.network_.law.has_classes:
                from chainrule.kernels.forward import mean

                return mean(self.network_, A)[0].astype(np.float64)
            return (
                (A[0] > 0).astype(float) if self.network_.law.name == "sigmoid" else np.eye(A.shape[1])[A[0].argmax()]
            )
        if hasattr(model, "classes_"):
            return model._targets([target] if np.ndim(target) == 0 else np.reshape(target, (1, -1)))[0]
        t = np.reshape(np.asarray(target, dtype=np.float64), (1, -1))
        return (t if model._target_scaling is None else model._target_scaling.apply(t))[0]
