"""Reports on what the rest of chainrule makes: a table's model, a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.show.report.page import write_report
from chainrule.show.report.subject import Column, Peer
from chainrule.show.report.text import range_words

if TYPE_CHECKING:
    from chainrule.estimators.sample import Sample, ShownRows
    from chainrule.tables.columns import Column as TableColumn
    from chainrule.tables.model import TableModel
    from chainrule.tables.plan import Plan
    from chainrule.tables.table import Table
    from chainrule.training import Run

_MOST_ROWS, _MOST_CELLS = 20_000, 20_000_000  # of an estimator
_MOST_LEVELS = 6  # of a category, named


def report_table(path: str | os.PathLike[str], model: TableModel, plan: Plan, *, peers: Sequence[Peer] = ()) -> Path:
    """Write the report on a model and the table it was trained on.

    Parameters
    ----------
    path : path
        Ends in ``.html``, by custom.
    model : TableModel
    plan : Plan
        What the model was trained by: it holds the rows.
    peers : sequence of `chainrule.show.report.subject.Peer`, optional
        Other models' figures on the same held-out rows.

    Returns
    -------
    Path of the file.

    Raises
    ------
    ModelFileError
        The file cannot be written there.
    """
    contract, target = model.contract, model.target
    mean = np.array([column.mean for column in contract.columns for _ in column.inputs])
    scale = np.array([column.scale for column in contract.columns for _ in column.inputs])
    scaled = target.task == "regress"
    return write_report(
        path,
        model.network,
        model.weights,
        target=target.name,
        training=_rows(model, plan.training_table),
        held_out=_rows(model, plan.test_table) if len(plan.test) else None,
        inputs=contract.inputs,
        classes=target.classes or None,
        counts=target.counts,
        columns=_columns(plan),
        scaling=(mean, scale),
        target_scaling=(target.mean, target.scale or 1.0) if scaled else (0.0, 1.0),
        spread=target.spread if scaled and target.spread > 0 else None,
        history=model.history,
        outcome=model.outcome,
        settings=model.settings,
        notes=tuple(plan.notes),
        source=str(plan.table.source),
        peers=tuple(peers),
    )


def report_run(
    path: str | os.PathLike[str],
    run: Run,
    X: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    held_out: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    inputs: Any = None,
    **more: Any,
) -> Path:
    """Write the report on a run.

    Parameters
    ----------
    path : path
    run : Run
    X, labels : arrays
        What it was trained on: labels, or T (N, K).
    held_out : (X, labels), optional
    inputs : sequence of str, optional
        Names of the columns of X.
    **more
        What else `build_report` takes: title, target, notes, source.

    Returns
    -------
    Path of the file.

    Raises
    ------
    DataError
        The rows do not fit the network.
    ModelFileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=20)
    >>> run = cr.train(cr.Network("2-3-3"), X, labels, solver="lbfgs", epochs=20)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report_run(f"{folder}/clusters.html", run, X, labels).name
    'clusters.html'
    """
    return write_report(
        path,
        run.network,
        run.weights,
        training=(np.asarray(X), _targets(run, labels)),
        held_out=None if held_out is None else (np.asarray(held_out[0]), _targets(run, held_out[1])),
        inputs=inputs,
        classes=None if run.coding is None else [str(name) for name in run.coding.classes],
        history=run.history,
        outcome=run.outcome,
        settings=run.settings,
        **more,
    )


def report_estimator(
    path: str | os.PathLike[str],
    model: Any,
    rows: tuple[Any, Any] | None = None,
    held_out: tuple[Any, Any] | None = None,
    *,
    kept: ShownRows | None = None,
    **more: Any,
) -> Path:
    """Write the report on a fitted `MLPClassifier` or `MLPRegressor`.

    Parameters
    ----------
    path : path
    model : MLPClassifier or MLPRegressor
    rows, held_out : (X, y), optional
        As for ``fit`` and ``predict``; of very many rows some are taken, at most 20,000 (fewer of very wide rows).
    kept : ShownRows, optional
        Shown where ``rows`` are left out. Without any rows the report shows the network and its training.
    **more
        What else `build_report` takes: title, target, notes, source.

    Returns
    -------
    Path of the file.

    Raises
    ------
    DataError, ValueError
        The rows are not such as the model was fitted to.
    ModelFileError
        The file cannot be written there.
    """
    scaling, target_scaling = model._scaling, model._target_scaling
    classes = getattr(model, "classes_", None)
    names = None if classes is None else [str(name) for name in classes]
    several = names is not None and model.network_.K > 1 and model.network_.law.name == "sigmoid"
    inputs = getattr(model, "feature_names_in_", None)
    mean = None if scaling is None else np.zeros(model.n_features_in_) if scaling.mean is None else scaling.mean
    if target_scaling is not None:
        more["target_scaling"] = (target_scaling.mean, target_scaling.spread)
    training = None if rows is None else _estimators_rows(model, *rows)
    judged = None if held_out is None else _estimators_rows(model, *held_out)
    if rows is None and kept is not None:
        training = _as_the_network_takes(model, kept.training.X, kept.training.T)
        more["rows_said"] = kept.words(only_training=held_out is not None)
        if kept.calls == 1:
            more["trained_on"] = kept.training.seen
            more["counts"] = _counts(model, kept.training)
        if held_out is None and kept.held_out is not None:
            judged = _as_the_network_takes(model, kept.held_out.X, kept.held_out.T)
    more["notes"] = (*getattr(model, "notes_", ()), *more.get("notes", ()))
    options = model.get_params(deep=False)
    settings = {"solver": options.get("solver"), "penalty": options.get("alpha"), "seed": options.get("random_state")}
    return write_report(
        path,
        model.network_,
        model.weights_,
        training=training,
        held_out=judged,
        inputs=None if inputs is None else list(map(str, inputs)),
        classes=None if names is None or several or len(names) < 2 else names,
        outputs=names if several else None,
        shares=classes is None and model.network_.law.name == "sigmoid",
        scaling=None if scaling is None or mean is None else (mean, scaling.scale),
        history=getattr(model, "history_", None),
        outcome=getattr(model, "outcome_", None),
        settings={name: value for name, value in settings.items() if value is not None},
        **more,
    )


def _estimators_rows(model: Any, X: Any, y: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """X and T as the estimator's network takes them."""
    from chainrule.estimators.inputs import checked_rows

    found = checked_rows(model, X)
    T = np.asarray(model._targets(y), dtype=np.float64)
    if found.shape[0] != len(T):
        raise DataError(f"X has {found.shape[0]:,} rows and y has {len(T):,}.", "Give one target a row.")
    return _as_the_network_takes(model, found, T)


def _as_the_network_takes(model: Any, X: Any, T: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Rows that were checked, of very many some; scaled as the model does, dense."""
    most = min(_MOST_ROWS, max(_MOST_CELLS // X.shape[1], 1))
    if len(T) > most:
        some = np.sort(np.random.default_rng(0).choice(len(T), most, replace=False))
        X, T = X[some], T[some]
    if model._scaling is not None:
        X = model._scaling.apply(X)
    if model._target_scaling is not None:
        T = model._target_scaling.apply(T)
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64), T


def _counts(model: Any, sample: Sample) -> tuple[int, ...]:
    """Rows of each class among all that the sample was drawn from; empty where a row has no one class."""
    if not hasattr(model, "classes_") or model._label_binarizer.y_type_.startswith("multilabel"):
        return ()
    ones = tuple(round(float(total)) for total in sample.totals)
    return ones if len(ones) > 1 else (sample.seen - ones[0], ones[0])


def _targets(run: Run, labels: npt.ArrayLike) -> npt.NDArray[Any]:
    """T (N, K) from labels or from what is T already."""
    given = np.asarray(labels)
    if run.coding is not None and (given.ndim == 1 or given.shape[1:] == (1,)):
        return run.coding.indicator(given, run.network.K)
    return given.reshape(len(given), -1)


def _rows(model: TableModel, table: Table) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """X and T of the rows that can be used: every cell there, and the target one that training knew."""
    seen = model.contract.apply(table, bad_rows="nan")
    good = ~seen.bad
    if model.target.task == "classify":
        good &= model.target.codes(table) >= 0
    rows = table.take(np.flatnonzero(good))
    return seen.X[good], model.target.code(rows)


def _columns(plan: Plan) -> list[Column]:
    """Every column of the table but the target: what it is, and what the training rows hold."""
    found, at = [], 0
    read = {column.name: column for column in plan.contract.columns}
    for name, column in read.items():
        many = len(column.inputs)
        found.append(Column(name, column.kind, tuple(range(at, at + many)), _about(column)))
        at += many
    for name, judgement in plan.judgements.items():
        if name not in read:
            found.append(Column(name, f"{judgement.kind.value}, left out", (), judgement.note))
    return found


def _about(column: TableColumn) -> str:
    if column.is_constant:
        return "one value throughout: it carries no weight"
    filled = "" if column.fill is None else "; missing cells are filled"
    if column.kind == "number":
        return range_words(column.minimum, column.maximum, column.mean, column.scale) + filled
    if column.kind == "boolean":
        return f"yes in {100 * column.mean:.1f} % of the rows{filled}"
    levels = ", ".join(level if len(level) <= 30 else level[:29] + "…" for level in column.levels[:_MOST_LEVELS])
    more = f" and {len(column.levels) - _MOST_LEVELS} more" if len(column.levels) > _MOST_LEVELS else ""
    many = len(column.levels)
    return f"{many} level{'s' if many != 1 else ''}, the commonest first: {levels}{more}"
