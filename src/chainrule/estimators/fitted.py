"""What a fitted estimator holds: weights, curves and where the training stands, under scikit-learn's names."""

from __future__ import annotations

import math
import types
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from chainrule.estimators.course import Standing
from chainrule.estimators.fitting import Fitted
from chainrule.estimators.inputs import checked_rows
from chainrule.estimators.parameters import FIRST_ORDER, schedule_of
from chainrule.estimators.scaling import Scaling
from chainrule.kernels import forward, outputs
from chainrule.network import Network, Weights
from chainrule.training.history import History
from chainrule.training.outcome import Outcome
from chainrule.training.restarts import Restart
from chainrule.training.schedules import InverseScaling
from chainrule.training.settings import Settings
from chainrule.training.state import State

Array = npt.NDArray[Any]


class FittedModel:
    """The attributes of both estimators after a fit, and predictions from them."""

    coefs_: list[Array]
    intercepts_: list[Array]
    network_: Network
    history_: History
    outcome_: Outcome
    restarts_: tuple[Restart, ...]
    settings_: dict[str, Any]
    notes_: tuple[str, ...]
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_features_in_: int
    n_iter_: int
    t_: int
    _state: State | None
    _scaling: Scaling | None
    _target_scaling: Scaling | None
    _best_flat: Array | None
    _no_improvement_count: int
    _solver: str
    _dtype: np.dtype[Any]

    @property
    def weights_(self) -> Weights:
        """The weights by layer: ``weights_.W[1]``, ``weights_.b[1]``, ..., float64."""
        check_is_fitted(self)
        return self.network_.weights_from(self._flat)

    def _clear(self, dtype: Any, *, keep: bool = False) -> None:
        """Everything as before the first epoch; with ``keep`` only what is missing, for weights set by hand."""
        start: dict[str, Any] = {
            "t_": 0,
            "n_iter_": 0,
            "notes_": (),
            "history_": History(),
            "loss_curve_": [],
            "best_loss_": math.inf,
            "validation_scores_": None,
            "best_validation_score_": None,
            "_no_improvement_count": 0,
            "_state": None,
            "_solver": "",
            "_scaling": None,
            "_target_scaling": None,
            "_best_flat": None,
            "_dtype": np.dtype(dtype),
        }
        for name, value in start.items():
            if not (keep and hasattr(self, name)):
                setattr(self, name, value)

    def _set_weights(self, flat: Array) -> None:
        """``coefs_`` and ``intercepts_`` from the vector of all weights, in the dtype of the training rows."""
        weights = self.network_.weights_from(np.array(flat, dtype=self._dtype))
        self.coefs_ = [*weights.W[1:]]
        self.intercepts_ = [*weights.b[1:]]

    @property
    def _flat(self) -> Array:
        """The vector (P,) of ``coefs_`` and ``intercepts_``, float64."""
        parts = [part for W, b in zip(self.coefs_, self.intercepts_, strict=True) for part in (W.ravel(), b)]
        return np.concatenate(parts).astype(np.float64)

    def _standing(self) -> Standing:
        """The curves so far, to go on with."""
        best_loss, best_score = self.best_loss_, self.best_validation_score_
        return Standing(
            [*self.loss_curve_],
            [*(self.validation_scores_ or [])],
            math.inf if best_loss is None else best_loss,
            -math.inf if best_score is None else best_score,
            self._no_improvement_count,
        )

    def _take(self, found: Fitted, rows: int, settings: Settings, by_score: bool) -> None:
        """The attributes, from what the training gave."""
        model: Any = self
        standing, has_rate = found.standing, model.solver in FIRST_ORDER
        if found.improved:
            self._best_flat = found.state.weights
        self._set_weights(found.weights)
        self._state, self._solver = found.state, settings.solver
        self.n_iter_ = found.epochs
        self.t_ += found.epochs * rows if has_rate else 0
        self.loss_curve_ = standing.losses
        self.loss_ = standing.losses[-1] if standing.losses else math.nan
        self.best_loss_ = None if by_score else standing.best_loss
        self.validation_scores_ = standing.scores if by_score or standing.scores else None
        self.best_validation_score_ = standing.best_score if self.validation_scores_ is not None else None
        self._no_improvement_count = standing.waited
        earlier = [*self.history_]
        later = [record for record in found.history if not (earlier and record.epoch <= earlier[-1].epoch)]
        self.history_ = History([*earlier, *later])
        self.outcome_ = found.outcome
        self.restarts_ = found.restarts
        self.settings_ = {**settings.told(), "patience": model.n_iter_no_change}

    def _next_rate(self) -> float:
        """The learning rate of the next update, NaN for solvers that have none."""
        model: Any = self
        if model.solver not in FIRST_ORDER:
            return math.nan
        schedule, state = schedule_of(model), getattr(self, "_state", None)
        if isinstance(schedule, InverseScaling):  # t_ counts the rows of all calls
            return float(model.learning_rate_init / (getattr(self, "t_", 0) + 1) ** schedule.power)
        return float(model.learning_rate_init * (state.rate_factor if state is not None else 1.0))

    @property
    def _optimizer(self) -> Any:
        """Where code written for scikit-learn reads the present learning rate."""
        return types.SimpleNamespace(learning_rate=self._next_rate())

    def _ready(self, X: Any) -> Any:
        """Rows to predict, checked and scaled; a plain finite array of the right width needs no more checks."""
        if (
            type(X) is not np.ndarray
            or X.ndim != 2
            or X.dtype not in (np.float64, np.float32)
            or X.shape[1] != getattr(self, "n_features_in_", -1)
            or hasattr(self, "feature_names_in_")
            or not hasattr(self, "coefs_")
            or not np.isfinite(X).all()
        ):
            check_is_fitted(self)
            X = checked_rows(self, X)
        return X if self._scaling is None else self._scaling.apply(X)

    def _preactivation(self, X: Any) -> Array:
        """A[L] (N, K) of rows to predict."""
        return self._forward(self._ready(X))

    def _unchecked(self, X: Any) -> Array:
        """A[L] (N, K) of rows that were checked."""
        return self._forward(X if self._scaling is None else self._scaling.apply(X))

    def _forward(self, X: Any) -> Array:
        """A[L] (N, K) of rows that are checked and scaled."""
        return forward.last_preactivation(self.network_, self.coefs_, self.intercepts_, X)

    def _outputs(self, X: Any) -> Array:
        """Y (N, K) of rows to predict; many of them in compiled code."""
        X, net = self._ready(X), self.network_
        if type(X) is np.ndarray and len(X) > forward.ROWS_AT_ONCE and X.dtype == self.coefs_[0].dtype:
            return outputs(net, net.weights_from(self._flat.astype(X.dtype, copy=False)), np.ascontiguousarray(X))
        return forward.mean(net, self._forward(X))
