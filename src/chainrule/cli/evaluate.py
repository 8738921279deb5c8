"""The command ``chainrule evaluate``."""

from __future__ import annotations

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, ModelPath, OnBadRow, Separator, TablePath, character


@app.command()
def evaluate(
    model: ModelPath,
    table: TablePath,
    on_bad_row: OnBadRow = "refuse",
    header: Header = None,
    separator: Separator = None,
) -> None:
    """Compare a model's predictions with the truth in a table."""
    from chainrule.cli.wording import plural, score_lines, shown, wrapped
    from chainrule.files.table_model import load_table_model

    found = load_table_model(model)
    rows = found.read(table, header=header, separator=character(separator))
    score = found.score(rows, bad_rows=on_bad_row)
    typer.echo(wrapped("Model", f"{shown(model)}: {shown(found.target.name)} by {found.network.notation}", 9))
    typer.echo(wrapped("Table", f"{shown(rows.source)}, {plural(rows.rows, 'row')}", 9))
    typer.echo()
    typer.echo("\n".join(score_lines(found.target, score, "Scored")))
    passed = rows.rows - score.rows - sum(score.unseen.values())
    if passed:
        typer.echo(f"\n{plural(passed, 'row')} passed over: a cell or the target is missing or unreadable.")
    for note in found.predictions(rows, bad_rows=on_bad_row).notes:
        typer.echo(wrapped("Note", note, 9))
