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
    from chainrule.cli.counting import counting
    from chainrule.cli.wording import plural, score_lines, shown, wrapped
    from chainrule.files.table_model import load_table_model
    from chainrule.tables.source import opened_source
    from chainrule.tables.streamed_model import streamed_score

    found = load_table_model(model)
    source = opened_source(table, header=header, separator=character(separator))
    with counting("Evaluating", source.rows) as told:
        score, said = streamed_score(found, source, bad_rows=on_bad_row, told=told)
    typer.echo(wrapped("Model", f"{shown(model)}: {shown(found.target.name)} by {found.network.notation}", 9))
    typer.echo(wrapped("Table", f"{shown(source.name)}, {plural(said.rows, 'row')}", 9))
    typer.echo()
    typer.echo("\n".join(score_lines(found.target, score, "Scored")))
    passed = said.rows - score.rows - sum(score.unseen.values())
    if passed:
        typer.echo(f"\n{plural(passed, 'row')} passed over: a cell or the target is missing or unreadable.")
    for note in said.notes:
        typer.echo(wrapped("Note", note, 9))
