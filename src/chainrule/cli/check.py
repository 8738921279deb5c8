"""The command ``chainrule check``."""

from __future__ import annotations

from typing import Annotated

import typer

from chainrule.cli.app import app


@app.command()
def check(
    notation: Annotated[str, typer.Argument(metavar="NOTATION", help="The network, as in 2-3-3.", show_default=False)],
    rows: Annotated[int, typer.Option(help="Samples of the random problem.")] = 7,
    seed: Annotated[int, typer.Option(help="Draws weights, inputs and targets.")] = 0,
) -> None:
    """Check the gradient: derivation, program, NumPy and compiled kernels, and the complex step against each other.

    Exit status: 0 they agree, 1 they differ, 2 the notation cannot be read.
    """
    from chainrule.network import Network
    from chainrule.teaching.check import check as checked

    report = checked(Network(notation), rows=rows, seed=seed)
    typer.echo(report.text(), nl=False)
    if not report.passed:
        raise typer.Exit(1)
