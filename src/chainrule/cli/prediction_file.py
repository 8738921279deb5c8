"""Predictions written while they are made: CSV or Parquet, whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.tables.model import TableModel
    from chainrule.tables.streamed_model import StreamedPredictions

PARQUET = (".parquet", ".pq")


def is_parquet(out: Path | None) -> bool:
    """Whether a file is to be Parquet, by its name."""
    return out is not None and out.suffix.lower() in PARQUET


def write(said: StreamedPredictions, out: Path | None) -> None:
    """Write what a model says, block after block: to a file, or as CSV to standard output."""
    from chainrule.atomic import replaced
    from chainrule.tables.prediction_frame import write_csv, write_parquet

    labels = written_labels(said.model)
    if out is None:
        write_csv(said, sys.stdout.write, labels)
        return
    with replaced(out) as new:
        if is_parquet(out):
            write_parquet(said, new)
            return
        with new.open("w", encoding="utf-8", newline="") as file:
            write_csv(said, file.write, labels)


def written_labels(model: TableModel) -> list[str]:
    """Each class as a CSV has it: as the table wrote it; text that a spreadsheet would run is made harmless."""
    return [harmless(name) if model.target.type == "text" else name for name in model.target.classes]


def harmless(text: str) -> str:
    """Text that no spreadsheet runs as a formula: an apostrophe before ``= + - @`` and control characters."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
