"""What ``chainrule train`` writes beside the model: figures, the report, the ONNX file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.cli.compare import Other
    from chainrule.cli.trained import Trained
    from chainrule.tables.model import TableModel
    from chainrule.tables.plan import Plan

_BEGINNING = {"--report": b"<!DOCTYPE html>", "--onnx": b"chainrule"}  # of files that may be replaced


def check_places(table: Path, model: Path, report: Path | None, onnx: Path | None) -> None:
    """Before the training: whether these files can be written, and replace nothing but files of their own kind."""
    from chainrule.atomic import writable
    from chainrule.errors import ModelFileError, SettingError

    taken = {os.path.realpath(table): "the table", os.path.realpath(model): "the model file"}
    for place, option in ((report, "--report"), (onnx, "--onnx")):
        if place is None:
            continue
        target = writable(place)
        if str(target) in taken:
            raise SettingError(f"{option} {place} is {taken[str(target)]}.", "Give it a name of its own.")
        taken[str(target)] = f"what {option} writes"
        if target.exists() and target.stat().st_size:
            with target.open("rb") as file:
                head = file.read(64)
            if _BEGINNING[option] not in head:
                kind = "report" if option == "--report" else "ONNX file of chainrule"
                raise ModelFileError(
                    f"{str(place)!r} exists and is no {kind}, so it is left alone.",
                    f"Give another name with {option}, or remove it.",
                )
    if onnx is not None:
        from chainrule.files.onnx import check_available

        check_available()


def write_report(path: Path, model: TableModel, plan: Plan, others: Sequence[Other]) -> None:
    """The report, with the figures of the other models that were trained."""
    from chainrule.show import report_table
    from chainrule.show.report.subject import Peer

    peers = [
        Peer(
            other.name,
            other.title,
            other.score.rate,
            other.score.log_likelihood,
            "hidden layer" in other.title,
            other.score.balanced_rate,
            other.score.error,
        )
        for other in others
        if other.score is not None
    ]
    report_table(path, model, plan, peers=peers)


def write_figures(model: TableModel, trained: Trained, folder: Path) -> bool:
    """The history, the network, and of the held-out rows the confusion matrix, or predicted against true numbers.

    Returns whether a name has letters that the figures' font lacks.
    """
    from chainrule import show
    from chainrule.errors import ModelFileError

    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ModelFileError(
            f"The model is saved, but the folder {str(folder)!r} cannot be made: {error.strerror}.",
            "Say --no-figures to do without them.",
        ) from None
    for name in ("confusion.png", "predictions.png"):  # those of an earlier model would mislead
        (folder / name).unlink(missing_ok=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for name, figure in _figures(model, trained).items():
            show.save_figure(figure, folder / f"{name}.png")
    lacks = [warning for warning in said if "missing from font" in str(warning.message)]
    for warning in said:
        if warning not in lacks:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return bool(lacks)


def _figures(model: TableModel, trained: Trained) -> dict[str, Figure]:
    """The figures by name."""
    import numpy as np

    from chainrule import show

    classes = [*model.target.classes]
    outputs = classes if len(classes) > 2 else [f"P({classes[1]})"] if classes else [model.target.name]
    figures = {
        "history": show.plot_history(model.history),
        "network": show.plot_network(model.network, model.weights, inputs=model.contract.inputs, outputs=outputs),
    }
    score = trained.score
    if score is None or not score.rows:
        return figures
    if classes:
        figures["confusion"] = show.plot_confusion(score.confusion, classes)
        return figures
    test = trained.plan_in_memory.test_table
    predicted, true = model.predict(test, bad_rows="nan"), model.target.numbers(test)
    there = np.isfinite(predicted) & np.isfinite(true)
    if there.any():
        figures["predictions"] = show.plot_predictions(predicted[there], true[there], model.target.name)
    return figures
