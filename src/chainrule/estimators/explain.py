"""What a fitted estimator tells of itself: derivation, trace, check, figures, script, a page for notebooks."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError

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
        return predicting_script(self)

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

    def _one_row(self, row: Any) -> Array:
        x = np.asarray(row, dtype=np.float64).reshape(1, -1)
        if x.shape[1] != self.n_features_in_:
            raise DataError(
                f"The row has {x.shape[1]} numbers, and the network has {self.n_features_in_} inputs.",
                "Give one row, as in X[0], or frame.iloc[0].",
            )
        scaling = self._scaling  # type: ignore[attr-defined]
        found: Array = (scaling.apply(x) if scaling is not None else x)[0]
        return found

    def _one_target(self, row: Any, target: Any) -> Any:
        model: Any = self
        if target is None:
            X = np.asarray(row, dtype=np.float64).reshape(1, -1)
            A = model._preactivation(_named(model, X))
            if not self.network_.law.has_classes:
                from chainrule.estimators.forward import mean

                return mean(self.network_, A)[0].astype(np.float64)
            return (
                (A[0] > 0).astype(float) if self.network_.law.name == "sigmoid" else np.eye(A.shape[1])[A[0].argmax()]
            )
        if hasattr(model, "classes_"):
            return model._targets([target] if np.ndim(target) == 0 else np.reshape(target, (1, -1)))[0]
        t = np.reshape(np.asarray(target, dtype=np.float64), (1, -1))
        return (t if model._target_scaling is None else model._target_scaling.apply(t))[0]


def _named(model: Any, X: Array) -> Any:
    """The row as the estimator was fitted: with names where it has them."""
    if not hasattr(model, "feature_names_in_"):
        return X
    import pandas as pd

    return pd.DataFrame(X, columns=model.feature_names_in_)


def predicting_script(model: Any) -> str:
    """See `Explained.to_program`."""
    from chainrule.program import program

    whole = program(model.network_, only="gradient")
    tree = ast.parse(whole)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    needed, names = set(), ["forward"]
    while names:
        name = names.pop()
        needed.add(name)
        called = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        names += [other for other in called & functions.keys() if other not in needed]
    kept = [ast.get_source_segment(whole, node) or "" for name, node in functions.items() if name in needed]
    uses_math = any("math." in text for text in kept)
    constants = [f"{name} = np.array({model.weights_[name].tolist()!r})" for name in model.network_.names]
    constants.append(f"WEIGHTS = ({', '.join(model.network_.names)})")
    return (
        "\n\n\n".join(
            [
                f'"""Predict with the network {model.network_.notation}: NumPy and nothing else."""\n\n'
                + ("import math\nimport sys\n" if uses_math else "import sys\n")
                + "\nimport numpy as np\n\n"
                + "\n".join([*constants, *_scaling_constants(model)]),
                *kept,
                *_predicting_functions(model),
                'if __name__ == "__main__":\n'
                '    for row in predict(np.loadtxt(sys.argv[1], delimiter=",", ndmin=2)):\n'
                "        print(row)",
            ]
        )
        + "\n"
    )


def _scaling_constants(model: Any) -> list[str]:
    lines = []
    for name, scaling in (("X", model._scaling), ("Y", model._target_scaling)):
        if scaling is not None:
            mean = np.zeros_like(scaling.scale) if scaling.mean is None else scaling.mean
            lines += [
                f"{name}_MEAN = np.array({mean.tolist()!r})",
                f"{name}_SCALE = np.array({scaling.scale.tolist()!r})",
            ]
    if hasattr(model, "classes_"):
        lines.append(f"CLASSES = np.array({model.classes_.tolist()!r})")
    return lines


def _predicting_functions(model: Any) -> list[str]:
    standardised = "(X - X_MEAN) / X_SCALE" if model._scaling is not None else "X"
    outputs = (
        'def outputs(X):\n    """Y, the outputs of the network."""\n'
        "    X = np.asarray(X, dtype=float)  # (N, D)\n"
        f"    return forward({standardised}, WEIGHTS)[-1]  # (N, K)"
    )
    if not hasattr(model, "classes_"):
        back = "outputs(X) * Y_SCALE + Y_MEAN" if model._target_scaling is not None else "outputs(X)"
        last = f"    Y = {back}  # (N, K)\n    return Y[:, 0] if Y.shape[1] == 1 else Y"
        return [outputs, f'def predict(X):\n    """The expected value of each row."""\n{last}']
    several = model._label_binarizer.y_type_.startswith("multilabel")
    if several:
        proba = "    return outputs(X)  # (N, C)"
        decide = "    return (outputs(X) > 0.5).astype(int)  # (N, C)"
    elif len(model.classes_) == 1:
        proba, decide = "    return np.ones((len(X), 1))", "    return CLASSES[np.zeros(len(X), dtype=int)]"
    elif model.network_.K == 1:
        proba = "    Y = outputs(X)  # (N, 1)\n    return np.hstack([1 - Y, Y])  # (N, 2)"
        decide = "    return CLASSES[(outputs(X)[:, 0] > 0.5).astype(int)]  # (N,)"
    else:
        proba = "    return outputs(X)  # (N, C)"
        decide = "    return CLASSES[outputs(X).argmax(axis=1)]  # (N,)"
    return [
        outputs,
        f'def predict_proba(X):\n    """The probability of each class, in the order of CLASSES."""\n{proba}',
        f'def predict(X):\n    """The most probable class of each row."""\n{decide}',
    ]
