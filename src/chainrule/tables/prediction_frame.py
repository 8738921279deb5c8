"""Predictions as columns, and files of them that are written block after block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from chainrule.tables.model import TableModel
from chainrule.tables.noticed import Noticed
from chainrule.tables.predictions import Predictions
from chainrule.tables.streamed_model import StreamedPredictions


def write_csv(said: StreamedPredictions, write: Callable[[str], object], labels: list[str]) -> None:
    """Lines of CSV, the header first; a class is written as ``labels`` has it."""
    model = said.model
    header = _frame(model, _nothing(model), labels).write_csv()
    for text in said.each(lambda _, block: _frame(model, block, labels).write_csv(include_header=False)):
        write(header + text)
        header = ""


def write_parquet(said: StreamedPredictions, path: Path) -> None:
    """A Parquet file; a class has the type that it has in the table."""
    from polars.io.plugins import register_io_source

    model = said.model

    def blocks(columns: Any, predicate: Any, rows: Any, batch: Any) -> Iterator[pl.DataFrame]:
        yield from said.each(lambda _, block: _frame(model, block))

    frame = register_io_source(blocks, schema=_frame(model, _nothing(model)).schema)
    frame.sink_parquet(path, maintain_order=True, compression="snappy")


def _nothing(model: TableModel) -> Predictions:
    """Predictions of no rows."""
    P, none, classes = np.empty((0, len(model.classes))), np.empty(0, bool), model.classes
    return Predictions(np.empty(0, np.intp if len(classes) else float), classes, P, none, none, Noticed())


def _frame(model: TableModel, said: Predictions, labels: list[str] | None = None) -> pl.DataFrame:
    """Prediction, probability of each class, whether the row lies far outside; null in rows without a prediction."""
    if model.target.classes:
        classes = pl.Series(model.classes if labels is None else labels)
        prediction = classes.gather(said.decided.astype(np.uint32))
    else:
        prediction = pl.Series(said.decided, dtype=pl.Float64)
    outside = (
        pl.Series(said.outside) if labels is None else pl.Series(["no", "yes"]).gather(said.outside.astype(np.uint32))
    )
    columns = {"prediction": prediction}
    columns |= {
        f"p({name})": pl.Series(np.ascontiguousarray(said.probabilities[:, at]))
        for at, name in enumerate(model.target.classes)
    }
    columns["far_outside"] = outside
    frame = pl.DataFrame(columns)
    if not said.bad.any():
        return frame
    good = pl.Series(~said.bad)
    return frame.select(pl.when(good).then(pl.col(name)).alias(name) for name in frame.columns)
