"""The command ``chainrule grade``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.app import app
from chainrule.errors import SettingError

FORMATS = ("text", "markdown", "json")


@app.command()
def grade(
    answers: Annotated[
        list[str],
        typer.Argument(
            metavar="ANSWERS... NOTATION",
            help="Files with functions (.py or a notebook), then the network of the exercise, as in 2-3-3.",
            show_default=False,
        ),
    ],
    solution: Annotated[
        bool, typer.Option("--solution", help="Show the right lines where an answer is wrong.")
    ] = False,
    sign: Annotated[
        str, typer.Option(metavar="ascent|descent", help="Whether the course climbs J or descends −J.")
    ] = "ascent",
    reduction: Annotated[str, typer.Option(metavar="sum|mean", help="Over the samples.")] = "sum",
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Functions that are asked for; all if left out.", show_default=False),
    ] = None,
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="For each function.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts; the same as --format json.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="text|markdown|json", help="What to write.")] = "text",
    seed: Annotated[int, typer.Option(help="Draws the problems.")] = 0,
) -> None:
    """Check someone's own backpropagation: each function right or wrong, and which mistake it is.

    Exit status: 0 everything right, 1 something wrong, 2 a file or an option that cannot be read.
    The files run in a process of their own, with limits.
    """
    from chainrule.network import Network
    from chainrule.teaching.grade import grade as graded

    kind = "json" if as_json else form
    if kind not in FORMATS:
        raise SettingError(f"There is no format {kind!r}.", f"Known: {', '.join(FORMATS)}.")
    if len(answers) < 2:
        raise SettingError(
            "The network of the exercise is missing.", f"Write chainrule grade {answers[0]} 2-3-3, or another notation."
        )
    *files, notation = answers
    net = Network(notation)
    wanted = [name.strip() for name in only.split(",")] if only else None
    reports = [
        graded(
            Path(file),
            net,
            solution=solution,
            sign=sign,
            reduction=reduction,
            only=wanted,
            time_limit=time_limit,
            seed=seed,
        )
        for file in files
    ]
    if kind == "json" and len(reports) > 1:
        import json

        typer.echo(json.dumps([report.as_dict() for report in reports], indent=2, ensure_ascii=False))
    else:
        import shutil

        width = max(60, min(shutil.get_terminal_size((100, 24)).columns, 120))
        texts = [report.text(width) if kind == "text" else getattr(report, kind)() for report in reports]
        typer.echo("\n".join(texts), nl=False)
    if not all(report.passed for report in reports):
        raise typer.Exit(1)
