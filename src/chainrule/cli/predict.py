"""The command ``chainrule predict``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, ModelPath, OnBadRow, Separator, TablePath, character

if TYPE_CHECKING:
    from chainrule.tables.model import Predictions, TableModel


@app.command()
def predict(
    model: ModelPath,
    table: TablePath,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The CSV to write; standard output if left out.")
    ] = None,
    on_bad_row: OnBadRow = "refuse",
    header: Header = None,
    separator: Separator = None,
) -> None:
    """Predict the target for every row of a table, with the probability of each class.

    The CSV has a line for each row of the table, in its order: the prediction, the probability p(CLASS) of each
    class, and whether the row lies far outside of what the model was trained on.
    """
    from chainrule.cli.wording import plural
    from chainrule.files.table_model import load_table_model

    found = load_table_model(model)
    if out is not None:
        _check_out(out, model, table)
    rows = found.read(table, header=header, separator=character(separator))
    said = found.predictions(rows, bad_rows=on_bad_row)
    extra = [name for name in rows.names if name not in found.contract.names and name != found.target.name]
    notes = [*rows.notes, *said.notes]
    if extra:
        from chainrule.cli.wording import several

        notes.append(f"Not read by the model: {several(extra)}.")
    if said.bad.any():
        notes.append(f"{plural(int(said.bad.sum()), 'row')} without a prediction: a cell is missing or unreadable.")
    for note in notes:
        typer.echo(note, err=True)
    if out is None:
        for line in csv_lines(found, said):
            typer.echo(line, nl=False)
        return
    from chainrule.atomic import write_atomically

    write_atomically(out, "".join(csv_lines(found, said)).encode())
    typer.echo(f"{plural(rows.rows, 'prediction')} written to {out}", err=True)


def csv_lines(model: TableModel, said: Predictions) -> Iterator[str]:
    """The predictions as lines of CSV, the header first."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    target = model.target
    writer.writerow(["prediction", *(f"p({name})" for name in target.classes), "far_outside"])
    # A class is written as the table wrote it; text that a spreadsheet would take for a formula is made harmless.
    labels = [harmless(name) if target.type == "text" else name for name in target.classes]
    best = said.probabilities.argmax(axis=1) if target.classes else None
    for row in range(len(said.values)):
        if said.bad[row]:
            writer.writerow(["", *[""] * len(target.classes), ""])
        else:
            value = labels[best[row]] if best is not None else repr(float(said.values[row]))
            probabilities = (repr(float(p)) for p in said.probabilities[row])
            writer.writerow([value, *probabilities, "yes" if said.outside[row] else "no"])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def harmless(text: str) -> str:
    """Text that no spreadsheet runs as a formula: an apostrophe before ``= + - @`` and control characters."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _check_out(out: Path, model: Path, table: Path) -> None:
    """ModelFileError where the output cannot be written, or is one of the inputs."""
    from chainrule.atomic import writable
    from chainrule.errors import ModelFileError

    target = writable(out)
    for path, word in ((model, "the model"), (table, "the table")):
        if target.exists() and path.exists() and os.path.samefile(target, path):
            raise ModelFileError(f"{str(out)!r} is {word} itself.", "Give another name with --out.")
