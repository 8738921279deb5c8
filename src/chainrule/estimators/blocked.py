"""A fit on Dask arrays and data frames: rows that are read in blocks, and may lie on several machines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names

from chainrule.cluster.table import DaskBlocks
from chainrule.errors import DataError, SettingError, counted
from chainrule.estimators.fitting import Job, Score
from chainrule.estimators.parameters import FIRST_ORDER
from chainrule.estimators.rows import Rows, settings_and_rule
from chainrule.estimators.scaling import Scaling
from chainrule.estimators.start import drawn
from chainrule.kernels import Objective
from chainrule.kernels.blocks import Block, Blocks, SameRows
from chainrule.kernels.blocks.objective import of_table
from chainrule.tables.labels import LabelCoding
from chainrule.training.class_weights import class_weighted
from chainrule.training.given import AnyObjective
from chainrule.training.validation import held_out

Array = npt.NDArray[Any]


def fit_blocked(model: Any, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any, Any]) -> None:
    """Train an estimator on Dask collections, as `BaseMLP._fit` does on arrays.

    What differs: mini-batches take the order of a table in blocks, held-out rows are chosen by a hash of their numbers,
    and early stopping watches their rate (accuracy, or R²).

    Raises
    ------
    DataError
        Rows or targets cannot be used; the message names row and partition.
    SettingError
        A parameter asks for what needs all rows in one place.
    ClusterError
        The cluster is lost.
    """
    from chainrule.cluster.client import check_dask

    check_dask()
    first = not hasattr(model, "coefs_") or not model.warm_start
    new = first or not hasattr(model, "_seed")
    by_score = model.early_stopping and model.solver in FIRST_ORDER
    if model.scoring is not None and (by_score or validation[0] is not None):
        raise SettingError(
            "scoring needs the rows to watch in one place, and these are Dask's.",
            "Leave scoring out: accuracy or R² is watched.",
        )
    is_classifier = hasattr(model, "_label_binarizer") or hasattr(type(model), "predict_proba")
    is_column = getattr(y, "ndim", 1) == 1 or y.shape[1] == 1
    table = DaskBlocks(X, y, sample_weight, are_labels=is_classifier and is_column)
    if not table.rows:
        raise DataError("X has no rows (0 sample(s)), so there is nothing to learn from.")
    outputs = _see_targets(model, table, first) if is_classifier else table.outputs
    model.n_features_in_ = table.inputs
    _check_feature_names(model, getattr(X, "_meta", X), reset=first)
    model._describe(table.inputs, outputs)
    random_state = check_random_state(model.random_state)
    net = model.network_
    if first:
        model._clear(_dtype_of(X))
        model._set_weights(drawn(net, random_state))
    elif new:
        model._clear(_dtype_of(X), keep=True)
    elif isinstance(model.random_state, int | np.integer):
        drawn(net, random_state)
    share_seed = int(random_state.randint(2**31 - 1)) if by_score and validation[0] is None else 0
    if new:
        model._seed = int(random_state.randint(2**31 - 1))
    settings, rule = settings_and_rule(model, table.rows, False, by_score)
    objective = of_table(net, table.for_network(net, table.coding), settings.dtype)
    training = class_weighted(objective, getattr(model, "class_weight", None), table.coding)
    del objective
    given: Any = tuple(part for part in validation if part is not None) or None
    if given is not None and len(given) < 2:
        raise SettingError("X_val and y_val belong together: give both, or neither.")
    if given is None and by_score:
        given = model.validation_fraction
    training, watched = held_out(training, given, table.coding, share_seed)
    if by_score and watched is None:
        raise SettingError("early_stopping needs rows to watch: give X_val and y_val, or a validation_fraction.")
    if first and model.standardize:
        model._scaling, model._target_scaling = _scalings(training)
    if first:
        model.notes_ = tuple(_noticed(model))
    training, watched = _scaled(model, training), None if watched is None else _scaled(model, watched)
    job = Job(
        training.prepared(settings.evaluations(net, training.rows)),
        None if watched is None else watched.prepared(2 * settings.epochs),
        settings,
        rule,
        model.max_fun,
    )
    del training, watched
    starts = model._starts(model.restarts if first else 1, job)
    data = Rows(X, y, np.empty((0, outputs)), sample_weight)
    model._train(job, starts, _score(model, job), data, None, False)


def _see_targets(model: Any, table: DaskBlocks, first: bool) -> int:
    """Learn the classes; the number of outputs."""
    if not table.codes_labels:
        if model.multilabel is not True:
            raise DataError(
                f"y has {counted(table.outputs, 'column')}, so is it one label a row, or several?",
                "Give one column of labels, or multilabel=True.",
            )
        if model.class_weight is not None:
            raise SettingError("class_weight with several labels a row needs arrays.", "Use sample_weight.")
        model._label_binarizer = LabelBinarizer().fit(np.vstack([np.eye(table.outputs), np.ones(table.outputs)]))
        model.classes_ = model._label_binarizer.classes_
        return table.outputs
    assert table.coding is not None
    classes = table.coding.classes
    if len(classes) == 1:
        raise DataError(f"All labels are of one class, {str(classes[0])!r}.", "There is nothing to tell apart.")
    if first:
        model._learn_classes(classes)
    else:
        model._check_classes(classes)
    table.coding = LabelCoding(model.classes_)
    return 1 if len(classes) == 2 and model.output_law != "softmax" else len(classes)


def _dtype_of(X: Any) -> np.dtype[Any]:
    """float32 where all of X is; else float64."""
    kinds = [*X.dtypes] if hasattr(X, "dtypes") else [getattr(X, "dtype", np.float64)]
    return np.dtype(np.float32 if all(str(kind) == "float32" for kind in kinds) else np.float64)


class Moments:
    """Sums over a block's rows, sent to where they are: of X and T about ``middle``, to a power."""

    def __init__(self, power: int, middle: tuple[Any, Any]) -> None:
        self.power, self.middle = power, middle

    def __call__(self, number: int, part: Objective) -> tuple[Any, ...]:
        """(sum of the weights, of X, of T)."""
        w = np.ones((part.rows, 1)) if part.weight is None else part.weight.astype(np.float64)
        far = [Q.astype(np.float64) - q for Q, q in zip((part.X, part.T), self.middle, strict=True)]
        found = [(w * apart**self.power).sum(axis=0) for apart in far]
        return float(w.sum()), *found


def _scalings(training: AnyObjective) -> tuple[Scaling, Scaling | None]:
    """Means and spreads of the inputs, and of the targets of a Gaussian law; two passes over rows that are held."""
    held = training.prepared(1) if training.is_streamed else training
    total, X, T = _sum(held, Moments(1, (0.0, 0.0)))
    means = X / total, T / total
    total, X, T = _sum(held, Moments(2, means))
    found = []
    for mean, square in zip(means, (X, T), strict=True):
        spread = np.sqrt(square / total)
        spread[spread <= 1e-13 * np.abs(mean)] = 0.0  # constant but for rounding
        found.append(Scaling(mean, spread))
    return found[0], found[1] if training.net.law.name == "identity" else None


def _sum(objective: AnyObjective, of_block: Any) -> Any:
    return of_block(0, objective) if isinstance(objective, Objective) else objective.sum(of_block)


class ScaledBlocks(SameRows):
    """A table whose inputs, and targets of a Gaussian law, are standardised."""

    def __init__(self, source: Blocks, scaling: Scaling, target_scaling: Scaling | None) -> None:
        super().__init__(source)
        self.scaling, self.target_scaling = scaling, target_scaling

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """The block, standardised."""
        X, T, weight = self.source.read(number, dtype)
        return Block(self.scaling.apply(X), T if self.target_scaling is None else self.target_scaling.apply(T), weight)


def _scaled(model: Any, objective: AnyObjective) -> AnyObjective:
    """The objective on rows scaled as the model does."""
    if model._scaling is None:
        return objective
    net, of_targets = model.network_, model._target_scaling
    if isinstance(objective, Objective):
        T = objective.T if of_targets is None else of_targets.apply(objective.T)
        X, weight = model._scaling.apply(objective.X), objective.weight
        return Objective(net, X, T, weight, evaluations=1, dtype=objective.dtype)
    return of_table(net, ScaledBlocks(objective.blocks, model._scaling, of_targets), objective.dtype)


def _noticed(model: Any) -> list[str]:
    """Sentences on what is odd in the data."""
    constant = 0 if model._scaling is None else int((model._scaling.spread == 0).sum())
    return [f"{counted(constant, 'column')} of X never changed: the network is given zeros there."] if constant else []


def _score(model: Any, job: Job) -> Score | None:
    """What early stopping watches; of rows in blocks the meter finds it by itself."""
    watched = job.validation
    if watched is None:
        return None
    if not isinstance(watched, Objective):
        return lambda flat, Y: float("nan")
    weight = None if watched.weight is None else watched.weight[:, 0]
    return lambda flat, Y: float(model._figure(watched.T, Y, weight))
