"""The command ``chainrule program``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.app import app


@app.command()
def program(
    notation: Annotated[str, typer.Argument(metavar="NOTATION", help="The network, as in 2-3-3.", show_default=False)],
    only: Annotated[
        str | None, typer.Option(metavar="gradient", help="Print the functions alone.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="The table to train on; made-up data if left out.", show_default=False),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column to predict; the last if left out.", show_default=False),
    ] = None,
    solver: Annotated[str, typer.Option(metavar="ascent|momentum|nesterov|adam", help="How to climb J.")] = "ascent",
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--rate", help="Chosen by trial if left out.", show_default=False)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="For the initial weights.")] = 0,
    scheme: Annotated[
        str | None,
        typer.Option(metavar="normal|glorot|he|lecun", help="How initial weights are drawn.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; standard output if left out.")
    ] = None,
) -> None:
    """Print a NumPy script that trains this network and checks its own gradient.

    Run it with: chainrule program 2-3-3 --out network.py, then python network.py
    """
    from chainrule.program import program as made

    if out is not None:
        from chainrule.atomic import writable

        writable(out)
    text = made(
        notation,
        only=only,
        data=data,
        target=target,
        solver=solver,
        learning_rate=learning_rate,
        epochs=epochs,
        seed=seed,
        scheme=scheme,
    )
    if out is None:
        from chainrule.terminal import print_code

        print_code(text)
        return
    from chainrule.atomic import write_atomically

    write_atomically(out, text.encode())
    typer.echo(f"{len(text.splitlines())} lines written to {out}", err=True)
