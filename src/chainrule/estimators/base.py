"""What both estimators share: from parameters and data to a fit, and from a fit to scikit-learn's attributes."""

from __future__ import annotations

import copy
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError, DivergedError, SettingError
from chainrule.estimators import forward
from chainrule.estimators.compat import CallbackSupportMixin
from chainrule.estimators.course import Rule, Standing
from chainrule.estimators.errors import DivergedFitError
from chainrule.estimators.explain import Explained
from chainrule.estimators.fitting import Fitted, Job, Start, fit, one_epoch
from chainrule.estimators.hooks import epoch_hooks
from chainrule.estimators.inputs import checked_rows, checked_weights
from chainrule.estimators.parameters import (
    CONSTRAINTS,
    FIRST_ORDER,
    adaptive_part,
    network_of,
    schedule_of,
    settings_of,
)
from chainrule.estimators.scaling import Scaling
from chainrule.estimators.sparse import is_sparse, objective_of
from chainrule.estimators.start import drawn
from chainrule.network import Network, Weights
from chainrule.terminal import ProgressBar
from chainrule.training.history import History
from chainrule.training.outcome import Outcome
from chainrule.training.randomness import derived_seed
from chainrule.training.schedules import Constant, InverseScaling
from chainrule.training.settings import Settings

Array = npt.NDArray[Any]

SEEDS = 2**31 - 1
LEAST_FALL = 2.220446049250313e-09  # SciPy's ftol for L-BFGS-B, which scikit-learn leaves as it is


class BaseMLP(Explained, CallbackSupportMixin, BaseEstimator, ABC):
    """Base of both estimators."""

    _parameter_constraints: dict[str, Any] = CONSTRAINTS

    coefs_: list[Array]
    intercepts_: list[Array]
    network_: Network
    history_: History
    outcome_: Outcome
    n_features_in_: int
    n_outputs_: int
    out_activation_: str

    @abstractmethod
    def _encoded(self, X: Any, y: Any, reset: bool, incremental: bool) -> tuple[Any, Any, Array]:
        """X and y as scikit-learn checks them, and T (N, K)."""

    @abstractmethod
    def _targets(self, y: Any) -> Array:
        """T of the targets of validation rows."""

    @abstractmethod
    def _law(self) -> str:
        """The output law, once the targets were seen."""

    @abstractmethod
    def _default_score(self, T: Array, Y: Array, weight: Array | None) -> float:
        """What early stopping watches where no scorer is chosen."""

    def _class_weights(self, y: Any, weight: Array | None, incremental: bool) -> Array | None:
        """Sample weights with those of the classes put in."""
        return weight

    def _strata(self, T: Array) -> Array | None:
        """What the held-out rows are stratified by."""
        return None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation: tuple[Any, Any, Any]) -> Any:
        """Train; with ``incremental`` one epoch, else from the start or, warm, from where the last call ended."""
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        by_score = self.early_stopping and self.solver in FIRST_ORDER
        if incremental and self.early_stopping and validation[0] is None:
            raise SettingError(
                "partial_fit does not support early_stopping=True without rows to watch.".replace(
                    " without rows to watch", ""
                ),
                "Give it the rows to watch: partial_fit(X, y, X_val=..., y_val=...).",
            )
        X, y, T = self._encoded(X, y, first, incremental)
        weight = self._class_weights(y, checked_weights(sample_weight, X), incremental)
        self._prepare_network(X.shape[1], T.shape[1])
        random_state = check_random_state(self.random_state)
        if first or not hasattr(self, "_seed"):
            self._state = self._scaling = self._target_scaling = None
            flat = drawn(self.network_, random_state)
        elif isinstance(self.random_state, int | np.integer):
            drawn(self.network_, random_state)  # the draws after it then are those of the first call
        given = self._validation_rows(validation)
        if by_score and given is None:
            X, y, T, weight, given = self._held_out(X, y, T, weight, random_state)
        if first or not hasattr(self, "_seed"):
            self._seed = int(random_state.randint(SEEDS))
        if first:
            self._begin(flat, X.dtype)
        if first and self.standardize:
            self._learn_scaling(X, T, weight)
        job, score = self._job(X, T, weight, given, incremental, by_score)
        return self._train(job, score, (X, y, weight), first, incremental)

    def _train(
        self,
        job: Job,
        score: Callable[[Array], float] | None,
        data: tuple[Any, Any, Array | None],
        first: bool,
        incremental: bool,
    ) -> Any:
        """Run the job and put what came of it into the attributes."""
        restarts = self.restarts if first and not incremental else 1
        starts = self._starts(restarts, job)
        say = print if self.verbose and self.verbose != "bar" else None
        try:
            if incremental:
                found = one_epoch(job, starts[0], score=score, say=say)
            else:
                hooks = epoch_hooks(self, restarts, *data)
                bar = ProgressBar(self.network_.notation, self.max_iter * restarts) if self.verbose == "bar" else None
                if bar is not None:
                    with bar:
                        found = self._run(job, starts, score, [_with_bar(bar, hook) for hook in hooks], say)
                else:
                    found = self._run(job, starts, score, hooks, say)
        except DivergedError as error:
            raise DivergedFitError.of(error, self.solver, self.standardize) from error
        rows = job.training.rows
        self._take(found, rows, job.settings)
        if not np.isfinite(found.weights).all():
            raise DivergedFitError.of(None, self.solver, self.standardize)
        if found.outcome is Outcome.INTERRUPTED:
            raise KeyboardInterrupt
        if not incremental:
            self._warn(found)
        return self

    def _run(
        self,
        job: Job,
        starts: Sequence[Start],
        score: Callable[[Array], float] | None,
        hooks: Sequence[Any],
        say: Callable[[str], None] | None,
    ) -> Fitted:
        return fit(
            job,
            starts,
            score=score,
            on_epoch=hooks,
            say=say,
            time_limit=self.time_limit,
            workers=min(len(starts), effective_n_jobs(self.n_jobs)),
        )

    def _prepare_network(self, inputs: int, outputs: int) -> None:
        """The network, and the attributes that describe it."""
        self.n_outputs_ = outputs
        law = self._law()
        self.network_ = network_of(inputs, self.hidden_layer_sizes, self.activation, outputs, law)
        self.out_activation_ = "logistic" if law == "sigmoid" else law
        self.n_layers_ = self.network_.L + 1

    def _begin(self, flat: Array, dtype: Any) -> None:
        """First weights and empty curves."""
        self.t_ = self.n_iter_ = 0
        self.notes_: tuple[str, ...] = ()
        self.history_ = History()
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_loss_: float | None = math.inf
        self.best_validation_score_: float | None = None
        self._no_improvement_count = 0
        self._dtype = np.dtype(dtype)
        self._set_weights(flat)

    def _set_weights(self, flat: Array) -> None:
        """``coefs_`` and ``intercepts_`` from the vector of all weights, in the dtype of the rows."""
        weights = self.network_.weights_from(np.array(flat, dtype=getattr(self, "_dtype", np.float64)))
        self.coefs_ = [*weights.W[1:]]
        self.intercepts_ = [*weights.b[1:]]

    @property
    def _flat(self) -> Array:
        """The vector (P,) of ``coefs_`` and ``intercepts_``, float64."""
        parts = [part for W, b in zip(self.coefs_, self.intercepts_, strict=True) for part in (W.ravel(), b)]
        return np.concatenate(parts).astype(np.float64)

    @property
    def weights_(self) -> Weights:
        """The weights by layer: ``weights_.W[1]``, ``weights_.b[1]``, ..., float64."""
        check_is_fitted(self)
        return self.network_.weights_from(self._flat)

    @property
    def learning_rate_(self) -> float:
        """The learning rate of the next update, NaN for solvers that have none."""
        if self.solver not in FIRST_ORDER:
            return math.nan
        state = getattr(self, "_state", None)
        schedule = schedule_of(self)
        if isinstance(schedule, InverseScaling):
            return float(self.learning_rate_init / (getattr(self, "t_", 0) + 1) ** schedule.power)
        return float(self.learning_rate_init * (state.rate_factor if state is not None else 1.0))

    @property
    def _optimizer(self) -> Any:
        """What code written for scikit-learn reads the present rate from."""
        import types

        return types.SimpleNamespace(learning_rate=self.learning_rate_)

    def _learn_scaling(self, X: Any, T: Array, weight: Array | None) -> None:
        self._scaling = Scaling.of(X, weight)
        if self.network_.law.name == "identity":
            self._target_scaling = Scaling.of(T, weight)
        constant = int((self._scaling.scale == 1).sum() if self._scaling.mean is None else 0)
        if is_sparse(X):
            self.notes_ += ("Sparse columns were divided by their spread and not shifted, so that zeros stay zeros.",)
        del constant

    def _validation_rows(self, validation: tuple[Any, Any, Any]) -> tuple[Any, Any, Array, Array | None] | None:
        """The user's own validation rows: X, y, T, weight."""
        X, y, weight = validation
        if X is None and y is None:
            if weight is not None:
                raise SettingError("sample_weight_val needs X_val and y_val.")
            return None
        if X is None or y is None:
            raise SettingError("X_val and y_val belong together: give both, or neither.")
        X = checked_rows(self, X)
        T = self._targets(y)
        if len(T) != X.shape[0]:
            raise DataError(f"X_val has {X.shape[0]} rows and y_val has {len(T)}.")
        return X, y, T, checked_weights(weight, X)

    def _held_out(self, X: Any, y: Any, T: Array, weight: Array | None, random_state: Any) -> Any:
        """Training rows and validation rows: the very ones that scikit-learn would take."""
        share = {"test_size": self.validation_fraction, "random_state": random_state, "stratify": self._strata(T)}
        train, out = train_test_split(np.arange(X.shape[0]), **share)
        if len(out) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset.",
                f"It would have {len(out)} of {X.shape[0]} rows.",
                "Or give rows of your own: fit(X, y, X_val=..., y_val=...).",
            )
        part = (lambda rows: None) if weight is None else (lambda rows: weight[rows])
        return X[train], y[train], T[train], part(train), (X[out], y[out], T[out], part(out))

    def _job(
        self, X: Any, T: Array, weight: Array | None, given: Any, incremental: bool, by_score: bool
    ) -> tuple[Job, Callable[[Array], float] | None]:
        """The training as one value, and the score of its validation rows."""
        net, rows = self.network_, X.shape[0]
        if self.batch_size != "auto" and self.batch_size > rows and self.solver in FIRST_ORDER:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
            )
        schedule, rate = schedule_of(self), self.learning_rate_init
        if incremental and isinstance(schedule, InverseScaling):  # calls may differ in their rows: t_ counts them
            schedule, rate = Constant(), self.learning_rate_
        settings = settings_of(self, net, rows, schedule, rate, self._seed)
        if is_sparse(X) and settings.dropout and settings.dropout[0]:
            raise SettingError(
                "Inputs cannot be dropped from sparse rows.", "Let dropout begin with 0, or give X.toarray()."
            )
        first_order = self.solver in FIRST_ORDER
        rule = Rule(
            self.tol,
            self.n_iter_no_change if first_order else math.inf,
            by_score,
            adaptive_part(schedule),
            rate,
            LEAST_FALL if self.solver == "lbfgs" else 0.0,
        )
        evaluations = 2 if incremental else settings.evaluations(net)
        training = self._objective(X, T, weight, evaluations)
        if given is None:
            return Job(training, None, settings, rule, self.max_fun), None
        X_val, y_val, T_val, weight_val = given
        validation = self._objective(X_val, T_val, weight_val, 2 * settings.epochs)
        job = Job(training, validation, settings, rule, self.max_fun)
        if self.scoring is None:
            return job, lambda flat: self._default_score(validation.T, validation.outputs(flat), weight_val)
        scorer = get_scorer(self.scoring) if isinstance(self.scoring, str) else self.scoring
        options = {} if weight_val is None else {"sample_weight": weight_val}
        return job, lambda flat: float(scorer(self._view(flat), X_val, y_val, **options))

    def _objective(self, X: Any, T: Array, weight: Array | None, evaluations: int) -> Any:
        if self._scaling is not None:
            X = self._scaling.apply(X)
        if self._target_scaling is not None:
            T = self._target_scaling.apply(T)
        return objective_of(self.network_, X, T, weight, evaluations)

    def _view(self, flat: Array) -> Any:
        """This estimator with other weights."""
        view = copy.copy(self)
        view._set_weights(flat)
        return view

    def _starts(self, count: int, job: Job) -> list[Start]:
        flat, state = self._flat, self._state
        if flat.size != self.network_.size:
            raise DataError(
                f"The weights so far do not fit the network {self.network_.notation}.",
                "The number of outputs or the hidden layers changed since they were made.",
                "Fit anew with warm_start=False.",
            )
        epoch = 0 if state is None else state.epoch
        same_weights = state is not None and np.array_equal(state.weights.astype(self._dtype), flat.astype(self._dtype))
        same_solver = getattr(self, "_solver", None) == job.settings.solver
        goes_on = state if same_weights and same_solver and not job.second_order else None
        scores, best = getattr(self, "validation_scores_", None), getattr(self, "best_validation_score_", None)
        best_loss = getattr(self, "best_loss_", None)
        standing = Standing(
            [*getattr(self, "loss_curve_", [])],
            [*(scores or [])],
            math.inf if best_loss is None else best_loss,
            -math.inf if best is None else best,
            getattr(self, "_no_improvement_count", 0),
        )
        begun = [Start(flat, self._seed, goes_on, standing, epoch)]
        for number in range(1, count):
            seed = derived_seed(self._seed, number)
            again = drawn(self.network_, np.random.RandomState(seed % SEEDS))
            begun.append(Start(again, seed, None, standing.copy(), epoch))
        return begun

    def _take(self, found: Fitted, rows: int, settings: Settings) -> None:
        """scikit-learn's attributes, and ours, from what the training gave."""
        standing, first_order = found.standing, self.solver in FIRST_ORDER
        watched = settings.schedule is not None and self.early_stopping and first_order
        self._dtype = getattr(self, "_dtype", np.dtype(np.float64))
        self._set_weights(found.weights)
        self._state, self._solver = found.state, settings.solver
        self.n_iter_ = found.epochs
        self.t_ = getattr(self, "t_", 0) + (found.epochs * rows if first_order else 0)
        self.loss_curve_ = standing.losses
        self.loss_ = standing.losses[-1] if standing.losses else math.nan
        self.best_loss_ = None if watched else standing.best_loss
        self.validation_scores_ = standing.scores if watched or standing.scores else None
        self.best_validation_score_ = standing.best_score if self.validation_scores_ is not None else None
        self._no_improvement_count = standing.waited
        earlier = [*getattr(self, "history_", History())]
        later = [r for r in found.history if not (earlier and r.epoch <= earlier[-1].epoch)]
        self.history_ = History([*earlier, *later])
        self.outcome_ = found.outcome
        self.restarts_ = found.restarts
        self.settings_ = {**settings.told(), "patience": self.n_iter_no_change, "random_state": str(self.random_state)}

    def _warn(self, found: Fitted) -> None:
        """Say where the training did not get to its end, or to nothing."""
        lines = []
        if found.diverged is not None:
            lines.append(f"{str(found.diverged).splitlines()[0]} The best weights before that were kept.")
        elif found.outcome is Outcome.MAX_EPOCHS and self.solver in FIRST_ORDER:
            lines.append(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet."
            )
        elif found.outcome is Outcome.MAX_EPOCHS:
            limit = "max_iter" if found.epochs >= self.max_iter else "max_fun"
            lines.append(
                f"{self.solver} failed to converge after {found.epochs} iteration(s) ({limit} reached). "
                "Increase it, or scale the data: standardize=True."
            )
        if found.is_worse_than_constant:
            hint = "" if self.standardize else " Try standardize=True."
            lines.append(f"The network predicts worse than the best constant prediction: it has learnt nothing.{hint}")
        if lines:
            warnings.warn("\n".join(lines), ConvergenceWarning, stacklevel=6)

    def _preactivation(self, X: Any) -> Array:
        """A[L] (N, K) of rows to predict; a plain finite array of the right width needs no more checks."""
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
        if self._scaling is not None:
            X = self._scaling.apply(X)
        return forward.last_preactivation(self.network_, self.coefs_, self.intercepts_, X)

    def _outputs(self, X: Any) -> Array:
        """Y (N, K)."""
        return forward.mean(self.network_, self._preactivation(X))


def _with_bar(bar: ProgressBar, hook: Any) -> Callable[[int, Array], bool]:
    """A hook that moves the bar too."""
    done = [0]

    def call(epoch: int, weights: Array) -> bool:
        done[0] = epoch
        bar.update(epoch, "")
        return bool(hook(epoch, weights)) if hook else False

    return call


def with_rate(state: Any, factor: float) -> Any:
    """The state with its rate cut to this share."""
    return replace(state, rate_factor=factor)
