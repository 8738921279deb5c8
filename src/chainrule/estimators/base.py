"""What both estimators share: from parameters and data to a fit."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from chainrule.cluster import is_dask
from chainrule.errors import DataError, DivergedError, SettingError, counted
from chainrule.estimators.compat import LEVELS, CallbackSupportMixin, HTMLDisplay
from chainrule.estimators.diverged import DivergedFitError
from chainrule.estimators.explain import Explained
from chainrule.estimators.fitted import FittedModel
from chainrule.estimators.fitting import Fitted, Job, OnEpoch, Score, Start, fit, one_epoch
from chainrule.estimators.hooks import epoch_hooks
from chainrule.estimators.inputs import checked_weights
from chainrule.estimators.keeping import FitInterrupted
from chainrule.estimators.parameters import CONSTRAINTS, FIRST_ORDER, network_of
from chainrule.estimators.rows import Rows, given_validation, held_out, job_of, scorer_of
from chainrule.estimators.sample import ShownRows
from chainrule.estimators.scaling import Scaling
from chainrule.estimators.sparse import is_sparse
from chainrule.estimators.start import drawn
from chainrule.terminal import ProgressBar
from chainrule.training.outcome import Outcome
from chainrule.training.randomness import derived_seed

Array = npt.NDArray[Any]

SEEDS = 2**31 - 1


class BaseMLP(Explained, FittedModel, CallbackSupportMixin, HTMLDisplay, BaseEstimator, ABC):
    """Base of both estimators: `fit` and `partial_fit` but for what the targets are."""

    _parameter_constraints: dict[str, Any] = CONSTRAINTS

    n_outputs_: int
    out_activation_: str
    n_layers_: int
    _seed: int
    _shown_rows: ShownRows | None

    @abstractmethod
    def _encoded(self, X: Any, y: Any, reset: bool, incremental: bool) -> tuple[Any, Any, Array]:
        """X and y as scikit-learn checks them, and T (N, K)."""

    @abstractmethod
    def _targets(self, y: Any) -> Array:
        """T of targets that come after those of the training rows."""

    @abstractmethod
    def _law(self) -> str:
        """The output law, once the targets were seen."""

    @abstractmethod
    def _figure(self, T: Array, Y: Array, weight: Array | None) -> float:
        """What early stopping watches where no scorer is chosen."""

    def _class_weights(self, y: Any, weight: Array | None, incremental: bool) -> Array | None:
        """Sample weights with those of the classes put in."""
        return weight

    def _strata(self, T: Array) -> Array | None:
        """What the rows to watch are stratified by."""
        return None

    def _noticed(self, data: Rows) -> list[str]:
        """Sentences on what is odd in the data, and done about it."""
        found = []
        if self._scaling is not None:
            constant = int((np.ptp(data.X, axis=0) == 0).sum()) if not is_sparse(data.X) else 0
            if constant:
                found.append(f"{counted(constant, 'column')} of X never changed: the network is given zeros there.")
            if is_sparse(data.X):
                found.append("Sparse columns were divided by their spread and not shifted, so that zeros stay zeros.")
        if data.X.shape[0] == 1:
            found.append("There was one row to learn from.")
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation: tuple[Any, Any, Any]) -> None:
        """Train; with ``incremental`` one epoch, else from the start or, warm, from where the last call ended."""
        model: Any = self
        scorer_of(model.scoring)  # a name that is wrong is told also where nothing is watched
        if any(is_dask(part) for part in (X, y, sample_weight)):
            if incremental:
                raise SettingError(
                    "partial_fit takes rows in memory, and these are Dask's.",
                    "Call fit with them, or partial_fit with each computed block.",
                )
            from chainrule.estimators.blocked import fit_blocked

            fit_blocked(self, X, y, sample_weight, validation)
            return
        first = not hasattr(self, "coefs_") or (not model.warm_start and not incremental)
        new = first or not hasattr(self, "_seed")  # weights set by hand are gone on from, but have no seed
        by_score = model.early_stopping and model.solver in FIRST_ORDER
        if incremental and model.early_stopping and validation[0] is None:
            raise SettingError(
                "partial_fit does not support early_stopping=True, unless it is given rows to watch:",
                "partial_fit(X, y, X_val=..., y_val=...).",
            )
        X, y, T = self._encoded(X, y, first, incremental)
        weight = self._class_weights(y, checked_weights(sample_weight, X), incremental)
        self._describe(X.shape[1], T.shape[1])
        random_state = check_random_state(model.random_state)
        if first:
            self._clear(X.dtype)
            self._set_weights(drawn(self.network_, random_state))
        elif new:
            self._clear(X.dtype, keep=True)
        elif isinstance(model.random_state, int | np.integer):
            drawn(self.network_, random_state)  # the draws after it then are those of the first call
        data, watched = Rows(X, y, T, weight), given_validation(self, *validation)
        if by_score and watched is None:
            data, watched = held_out(self, data, random_state)
        if new:
            self._seed = int(random_state.randint(SEEDS))
        if first and model.standardize:
            self._scaling = Scaling.of(data.X, data.weight)
            self._target_scaling = Scaling.of(data.T, data.weight) if self.network_.law.name == "identity" else None
        if first:
            self.notes_ = tuple(self._noticed(data))
        job, score = job_of(self, data, watched, incremental, by_score)
        starts = self._starts(model.restarts if first and not incremental else 1, job)
        self._train(job, starts, score, data, watched, incremental)

    def _describe(self, inputs: int, outputs: int) -> None:
        """The network, and scikit-learn's attributes that describe it."""
        model: Any = self
        law = self._law()
        self.n_outputs_ = outputs
        self.network_ = network_of(inputs, model.hidden_layer_sizes, model.activation, outputs, law)
        self.out_activation_ = "logistic" if law == "sigmoid" else law
        self.n_layers_ = self.network_.L + 1

    def _starts(self, count: int, job: Job) -> list[Start]:
        """Where each start begins: the first at the weights so far, the others at draws of their own."""
        flat, state = self._flat, self._state
        if flat.size != self.network_.size:
            raise DataError(
                f"The weights so far do not fit the network {self.network_.notation}.",
                "Its hidden layers or the columns of X or y changed since they were made.",
                "Fit anew with warm_start=False.",
            )
        epoch = self.history_[-1].epoch if len(self.history_) else 0
        goes_on = (
            state is not None
            and not job.second_order
            and self._solver == job.settings.solver
            and np.array_equal(state.weights.astype(self._dtype), flat.astype(self._dtype))
        )
        standing = self._standing()
        begun = [Start(flat, self._seed, state if goes_on else None, standing, epoch)]
        for number in range(1, count):
            seed = derived_seed(self._seed, number)
            again = drawn(self.network_, np.random.RandomState(seed % SEEDS))
            begun.append(Start(again, seed, None, standing.copy(), epoch))
        return begun

    def _train(
        self,
        job: Job,
        starts: list[Start],
        score: Score | None,
        data: Rows,
        watched: Rows | None,
        incremental: bool,
    ) -> None:
        """Run the job and put what came of it into the attributes."""
        model: Any = self
        by_score = job.rule.by_score
        say = print if model.verbose and model.verbose != "bar" else None
        try:
            if incremental:
                found = one_epoch(job, starts[0], score=score, say=say)
                if found.outcome is Outcome.EARLY_STOPPED and self._best_flat is not None and not found.improved:
                    found = found.with_weights(self._best_flat)
            else:
                hooks = epoch_hooks(self, len(starts), data.X, data.y, data.weight)
                found = self._run(job, starts, score, hooks, say)
        except DivergedError as error:
            raise DivergedFitError.of(error, model.solver, model.standardize) from error
        if not np.isfinite(found.weights).all():
            raise DivergedFitError.of(None, model.solver, model.standardize)
        self._take(found, job.training.rows, job.settings, by_score)
        self._show(data, watched, by_score, incremental)
        if found.outcome is Outcome.INTERRUPTED:
            raise FitInterrupted
        if not incremental:
            self._warn(found)

    def _show(self, data: Rows, watched: Rows | None, decided: bool, incremental: bool) -> None:
        """Keep some rows for a report; those of ``partial_fit`` join those of earlier calls."""
        if is_dask(data.X) or is_dask(data.y):  # where rows lie on other machines, a report is given some
            self._shown_rows = None
            return
        earlier = getattr(self, "_shown_rows", None) if incremental else None
        self._shown_rows = (earlier.after if earlier else ShownRows.of)(data, watched, decided)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy, a pickle or another process gets: everything but rows."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_shown_rows", None)
        return state

    def _run(
        self,
        job: Job,
        starts: list[Start],
        score: Score | None,
        hooks: Sequence[OnEpoch | None],
        say: Callable[[str], None] | None,
    ) -> Fitted:
        model: Any = self
        workers = min(len(starts), effective_n_jobs(model.n_jobs))
        options: dict[str, Any] = {"score": score, "say": say, "time_limit": model.time_limit, "workers": workers}
        if model.verbose != "bar":
            return fit(job, starts, on_epoch=hooks, **options)
        with ProgressBar(self.network_.notation, model.max_iter * len(starts)) as bar:
            done = [0] * len(starts)

            def moving(number: int, hook: OnEpoch | None) -> OnEpoch:
                def call(epoch: int, weights: Array) -> bool:
                    done[number] = epoch
                    losses = starts[number].standing.losses
                    bar.update(sum(done), f"loss {losses[-1]:.4g}" if losses else "")
                    return hook(epoch, weights) if hook else False

                return call

            moved = [moving(number, hook) for number, hook in enumerate(hooks)]
            return fit(job, starts, on_epoch=moved, **options)

    def _warn(self, found: Fitted) -> None:
        """Say where the training did not get to its end, or to nothing."""
        model: Any = self
        lines = []
        if found.diverged is not None:
            lines.append(f"{str(found.diverged).splitlines()[0]} The best weights before that were kept.")
        elif found.outcome is Outcome.MAX_EPOCHS and model.solver in FIRST_ORDER:
            lines.append(
                f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't "
                "converged yet."
            )
        elif found.outcome is Outcome.MAX_EPOCHS:
            limit = "max_iter" if found.epochs >= model.max_iter else "max_fun"
            lines.append(
                f"{model.solver} failed to converge after {counted(found.epochs, 'iteration')} ({limit} reached). "
                + (
                    "Increase it, or raise alpha."
                    if model.standardize
                    else "Increase it, or scale the data: standardize=True."
                )
            )
        if found.is_worse_than_constant:
            hint = "" if model.standardize else " Try standardize=True."
            lines.append(f"The network predicts worse than the best constant prediction: it has learnt nothing.{hint}")
        if lines:
            warnings.warn("\n".join(lines), ConvergenceWarning, stacklevel=LEVELS + 5)
