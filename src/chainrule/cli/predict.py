"""The command ``chainrule predict``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, ModelPath, OnBadRow, Separator, TablePath, character


@app.command()
def predict(
    model: ModelPath,
    table: TablePath,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The CSV or Parquet file to write; standard output if left out.")
    ] = None,
    on_bad_row: OnBadRow = "refuse",
    header: Header = None,
    separator: Separator = None,
) -> None:
    """Predict the target for every row of a table, with the probability of each class.

    The file has a line for each row of the table, in its order: the prediction, the probability p(CLASS) of each
    class, and whether the row lies far outside of what the model was trained on. A table of any size is read and
    written block by block.
    """
    from chainrule.cli import prediction_file
    from chainrule.cli.counting import counting
    from chainrule.cli.wording import plural, several
    from chainrule.files.table_model import load_table_model
    from chainrule.tables.source import opened_source
    from chainrule.tables.streamed_model import StreamedPredictions

    found = load_table_model(model)
    if out is not None:
        _check_out(out, model, table)
    source = opened_source(table, header=header, separator=character(separator))
    said = StreamedPredictions(found, source, on_bad_row)
    with counting("Predicting", source.rows) as said.told:
        prediction_file.write(said, out)
    extra = [name for name in source.names if name not in found.contract.names and name != found.target.name]
    notes = [*source.notes, *said.notes]
    if extra:
        notes.append(f"Not read by the model: {several(extra)}.")
    if said.bad:
        notes.append(f"{plural(said.bad, 'row')} without a prediction: a cell is missing or unreadable.")
    for note in notes:
        typer.echo(note, err=True)
    if out is not None:
        typer.echo(f"{plural(said.rows, 'prediction')} written to {out}", err=True)


def _check_out(out: Path, model: Path, table: Path) -> None:
    """ModelFileError where the output cannot be written, or is one of the inputs."""
    from chainrule.atomic import writable
    from chainrule.errors import ModelFileError

    target = writable(out)
    for path, word in ((model, "the model"), (table, "the table")):
        if target.exists() and path.exists() and os.path.samefile(target, path):
            raise ModelFileError(f"{str(out)!r} is {word} itself.", "Give another name with --out.")
