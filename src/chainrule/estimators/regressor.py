"""`MLPRegressor`: scikit-learn's, and more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from chainrule.errors import DataError, SettingError, listed
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.compat import with_callbacks
from chainrule.estimators.hooks import finished
from chainrule.estimators.inputs import checked_rows_and_targets
from chainrule.estimators.keeping import kept_on_failure
from chainrule.estimators.lazily import also_lazily
from chainrule.estimators.parameters import CONSTRAINTS, has_rate
from chainrule.estimators.rows import Rows
from chainrule.kernels.inputs import finite_matrix

Array = npt.NDArray[Any]

LAWS = {"squared_error": "identity", "poisson": "exp"}


class MLPRegressor(RegressorMixin, BaseMLP):
    """Predict numbers by a feed-forward network: scikit-learn's MLPRegressor, and what its users have asked for.

    ``maximise J = sum_n weight_n log p(t_n given x_n) - alpha/2 sum of W²``, for the Gaussian law least squares.

    Parameters are those of `MLPClassifier` without the ones for classes, and:

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        The output law: identity (Gaussian) or exp (Poisson).
    output_law : {"identity", "exp", "sigmoid"}, optional
        The same by our names, and "sigmoid" for shares from 0 to 1; it goes before ``loss``.
    standardize : bool
        Also gives the targets of the Gaussian law a mean of 0 and a spread of 1; predictions are in their own units.
    scoring : str or callable, optional
        What early stopping watches; R² where left out.

    Attributes
    ----------
    As of `MLPClassifier`, without ``classes_``.

    Source: the post, with the Gaussian law in place of the categorical one.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-3, 3, 200).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=16, activation="tanh", solver="lbfgs", max_iter=2000, random_state=0)
    >>> model = model.fit(X, np.sin(X[:, 0]))
    >>> bool(model.score(X, np.sin(X[:, 0])) > 0.999)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        **CONSTRAINTS,
        "loss": [StrOptions({*LAWS})],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        output_law: str | None = None,
        schedule: Any = None,
        dropout: Any = 0.0,
        weight_decay: float = 0.01,
        standardize: bool = False,
        scoring: Any = None,
        restarts: int = 1,
        time_limit: float | None = None,
        n_jobs: int | None = None,
    ) -> None:
        given = locals()
        for name in self._get_param_names():
            setattr(self, name, given[name])

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegressor:
        """Train on these rows.

        Parameters
        ----------
        X : array, data frame or sparse matrix (N, D)
        y : array (N,) or (N, K)
            What the output law takes: any numbers, counts from 0, or shares from 0 to 1.
        sample_weight : array (N,), optional
            Not negative.
        X_val, y_val, sample_weight_val : optional
            Rows to watch instead of held-out ones; measured in every epoch.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        As `MLPClassifier.fit`.
        """
        with kept_on_failure(self):
            self._fit(X, y, sample_weight, False, (X_val, y_val, sample_weight_val))
        finished(self, X, y)
        return self

    @available_if(has_rate)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegressor:
        """One epoch over these rows; see `MLPClassifier.partial_fit`."""
        with kept_on_failure(self):
            self._fit(X, y, sample_weight, True, (X_val, y_val, sample_weight_val))
        return self

    @also_lazily
    def predict(self, X: Any) -> Array:
        """The expected value of each row (N,), or (N, K) for several outputs, in the units of the targets."""
        Y = self._outputs(X)
        if self._target_scaling is not None:
            Y = self._target_scaling.undo(Y)
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def _encoded(self, X: Any, y: Any, reset: bool, incremental: bool) -> tuple[Any, Any, Array]:
        X, y = checked_rows_and_targets(self, X, y, reset=reset, numbers=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y, self._checked(y)

    def _checked(self, y: Any) -> Array:
        """T (N, K) inside what the law allows."""
        T: Array = finite_matrix(y, "y", None, flat=True)
        law = self._law()
        wrong = {"exp": (T < 0), "sigmoid": (T < 0) | (T > 1)}.get(law)
        if wrong is not None and wrong.any():
            row = int(wrong.any(axis=1).argmax())
            allowed = "numbers from 0" if law == "exp" else "numbers from 0 to 1"
            raise DataError(
                f"{int(wrong.sum()):,} values of y are outside what the output law {law!r} takes: {allowed}.",
                f"The first is {T[row][wrong[row]][0]:g}, at row {row}.",
            )
        return T

    def _targets(self, y: Any) -> Array:
        T = self._checked(y)
        if T.shape[1] != self.n_outputs_:
            raise DataError(f"y_val has {T.shape[1]} columns and y has {self.n_outputs_}.")
        return T

    def _law(self) -> str:
        if self.output_law is None:
            return LAWS[self.loss]
        if self.output_law not in ("identity", "exp", "sigmoid"):
            known = listed(("identity", "exp", "sigmoid"))
            raise SettingError(f"output_law must be one of {known}, not {self.output_law!r}.")
        return self.output_law

    def _noticed(self, data: Rows) -> list[str]:
        found = super()._noticed(data)
        if len(data.T) > 1 and (data.T == data.T[:1]).all():
            found.append(f"All targets are the same, {', '.join(f'{value:g}' for value in data.T[0, :6])}.")
        return found

    def _figure(self, T: Array, Y: Array, weight: Array | None) -> float:
        if not np.isfinite(Y).all():
            return float("nan")
        return float(r2_score(T, Y, sample_weight=weight))
