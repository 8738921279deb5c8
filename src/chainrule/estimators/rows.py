"""Which rows are trained on and which are watched, and both as a job."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import train_test_split

from chainrule.errors import DataError, SettingError, counted, nearest
from chainrule.estimators.course import Rule
from chainrule.estimators.fitting import Job, Score
from chainrule.estimators.inputs import checked_rows, checked_weights
from chainrule.estimators.parameters import FIRST_ORDER, adaptive_part, schedule_of, settings_of
from chainrule.estimators.sparse import is_sparse, objective_of
from chainrule.kernels import Objective
from chainrule.training.schedules import Constant, InverseScaling
from chainrule.training.settings import Settings

Array = npt.NDArray[Any]

LEAST_FALL = 2.220446049250313e-09  # SciPy's ftol for L-BFGS-B, which scikit-learn leaves as it is


class Rows(NamedTuple):
    """Rows with their targets, as the user gave them and as the network takes them."""

    X: Any
    y: Any
    T: Array
    weight: Array | None

    def part(self, rows: Array) -> Rows:
        """Some of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Rows(self.X[rows], self.y[rows], self.T[rows], weight)


def given_validation(model: Any, X: Any, y: Any, weight: Any) -> Rows | None:
    """The user's own rows to watch, checked; None where there are none."""
    if X is None and y is None:
        if weight is not None:
            raise SettingError("sample_weight_val needs X_val and y_val.")
        return None
    if X is None or y is None:
        raise SettingError("X_val and y_val belong together: give both, or neither.")
    X = checked_rows(model, X)
    T = model._targets(y)
    if len(T) != X.shape[0]:
        raise DataError(f"X_val has {counted(X.shape[0], 'row')} and y_val has {counted(len(T), 'row')}.")
    return Rows(X, y, T, checked_weights(weight, X))


def held_out(model: Any, data: Rows, random_state: Any) -> tuple[Rows, Rows]:
    """Rows to train on and rows to watch: the very ones that scikit-learn would take.

    Raises
    ------
    DataError
        Fewer than two rows would be watched.
    ValueError
        A class has too few rows to be on both sides.
    """
    rows = data.X.shape[0]
    train, out = train_test_split(
        np.arange(rows), test_size=model.validation_fraction, random_state=random_state, stratify=model._strata(data.T)
    )
    if len(out) < 2:
        raise DataError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset.",
            f"It would have {len(out):,} of {rows:,} rows.",
            "Or give rows of your own: fit(X, y, X_val=..., y_val=...).",
        )
    return data.part(train), data.part(out)


def job_of(model: Any, data: Rows, watched: Rows | None, incremental: bool, by_score: bool) -> tuple[Job, Score | None]:
    """The training as one value, and the score of the watched rows as a function of weights and outputs."""
    settings, rule = settings_and_rule(model, data.X.shape[0], incremental, by_score)
    if is_sparse(data.X) and settings.dropout and settings.dropout[0]:
        raise SettingError(
            "Inputs cannot be dropped from sparse rows.", "Let dropout begin with 0, or use X.toarray()."
        )
    net, rows = model.network_, data.X.shape[0]
    training = _objective(model, data, 2 if incremental else settings.evaluations(net, rows), settings.dtype)
    if watched is None:
        return Job(training, None, settings, rule, model.max_fun), None
    validation = _objective(model, watched, 2 if incremental else 2 * settings.epochs, settings.dtype)
    return Job(training, validation, settings, rule, model.max_fun), _score(model, watched, validation)


def settings_and_rule(model: Any, rows: int, incremental: bool, by_score: bool) -> tuple[Settings, Rule]:
    """The options of a training on so many rows, and when it stops."""
    net, has_rate = model.network_, model.solver in FIRST_ORDER
    if has_rate and model.batch_size != "auto" and model.batch_size > rows:
        what = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
        warnings.warn(what, stacklevel=7)
    schedule, rate = schedule_of(model), model.learning_rate_init
    if incremental and isinstance(schedule, InverseScaling):  # calls may differ in their rows: t_ counts them
        schedule, rate = Constant(), model._next_rate()
    settings = settings_of(model, net, rows, schedule, rate, model._seed)
    rule = Rule(
        model.tol,
        model.n_iter_no_change if has_rate else math.inf,
        by_score,
        adaptive_part(schedule),
        rate,
        LEAST_FALL if model.solver == "lbfgs" else 0.0,
    )
    return settings, rule


def view(model: Any, flat: Array) -> Any:
    """The estimator with other weights, for rows that were checked: it asks for no names of columns."""
    found = copy.copy(model)
    vars(found).pop("feature_names_in_", None)
    found._set_weights(flat)
    return found


def scorer_of(scoring: Any) -> Any:
    """A scorer from its name; a function is one already.

    Raises
    ------
    SettingError
        There is none of this name.
    """
    if not isinstance(scoring, str):
        return scoring
    names = get_scorer_names()
    if scoring not in names:
        known = nearest(scoring, names)
        raise SettingError(
            f"There is no scorer named {scoring!r}.", known, "sklearn.metrics.get_scorer_names() has all names."
        )
    return get_scorer(scoring)


def _score(model: Any, watched: Rows, validation: Objective) -> Score:
    """What early stopping watches: the scorer that was chosen, or the estimator's own figure."""
    if model.scoring is None:
        return lambda flat, Y: float(model._figure(validation.T, Y, watched.weight))
    scorer = scorer_of(model.scoring)
    options = {} if watched.weight is None else {"sample_weight": watched.weight}
    return lambda flat, Y: float(scorer(view(model, flat), watched.X, watched.y, **options))


def _objective(model: Any, data: Rows, evaluations: int, dtype: str) -> Objective:
    """J on these rows, scaled as the model does."""
    X = data.X if model._scaling is None else model._scaling.apply(data.X)
    T = data.T if model._target_scaling is None else model._target_scaling.apply(data.T)
    return objective_of(model.network_, X, T, data.weight, evaluations, dtype)
