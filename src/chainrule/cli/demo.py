"""The command ``chainrule demo``."""

from __future__ import annotations

import contextlib
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.app import app
from chainrule.errors import SettingError

if TYPE_CHECKING:
    from chainrule.demo.experiment import Experiment

WIDTH = 88


@app.command()
def demo(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data; the post has 100,000.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Fixes the data and the starting weights.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the page and the figures.")] = Path("demo"),
) -> None:
    """The post's experiment, end to end: its table, its figures, and a page that ties them together."""
    made = _folder(out)
    written = False
    try:
        from chainrule.demo.experiment import run_experiment

        typer.echo(_setting(epochs, seed))
        experiment = run_experiment(epochs, seed, say=lambda text: typer.echo(f"  {text}", err=True))
        typer.echo("\n" + report(experiment))
        from chainrule.atomic import write_atomically
        from chainrule.demo.page import files

        content = files(experiment)
        written = True
        for name, part in content.items():
            write_atomically(out / name, part)
    except KeyboardInterrupt:
        if not written:
            typer.echo("Interrupted; nothing was written.", err=True)
        raise
    finally:
        if made and not written:
            with contextlib.suppress(OSError):
                out.rmdir()
    typer.echo(f"\nThe page and {sum(name.endswith('.png') for name in content)} figures: {out / 'index.html'}")


def report(experiment: Experiment) -> str:
    """What the demo prints after its runs."""
    from chainrule.demo import words

    parts = [_table(experiment)]
    parts += [textwrap.fill(text, WIDTH) for text in words.conclusion(experiment)]
    if words.compared(experiment):
        parts.append(textwrap.fill(words.how_the_seeds_ran(experiment), WIDTH))
    parts.append(textwrap.fill(words.best_possible(experiment), WIDTH))
    return "\n\n".join(parts)


def _setting(epochs: int, seed: int) -> str:
    """What is about to be done."""
    from chainrule.datasets import CENTRES
    from chainrule.demo.experiment import LEARNING_RATE, NETWORK, PER_CLASS
    from chainrule.network import Network

    net = Network(NETWORK)
    centres = ", ".join(f"({x:g}, {y:g})" for x, y in CENTRES)
    rows = (
        ("Data", f"{len(CENTRES) * PER_CLASS:,} points in three round clusters around {centres}; seed {seed}"),
        ("Network", f"{net.notation}: {net.size} weights and biases from the standard normal law"),
        ("Training", f"{epochs:,} epochs of gradient ascent at {LEARNING_RATE:g}: with V trained, with V held fixed"),
    )
    return "\n".join(f"{name:<10}{text}" for name, text in rows)


def _table(experiment: Experiment) -> str:
    """Reward and rate by epoch: published, V held fixed, V trained."""
    from chainrule.demo import words

    heads = "".join(f"{name:^21}" for name in ("published", "V held fixed", "V trained"))
    found = [f"{'':>9}  {heads}".rstrip(), f"{'epoch':>9}  " + f"{'reward':>11}{'rate':>8}  " * 3]
    for line in words.lines(experiment):
        cells = "".join(
            f"{part.J:>11,.2f}{part.rate:>8.4f}  " if part else f"{'':>21}"
            for part in (line.published, line.fixed, line.trained)
        )
        found.append(f"{line.epoch:>9,}  {cells}")
    return "\n".join(text.rstrip() for text in found)


def _folder(out: Path) -> bool:
    """Make the folder and try whether it can be written to, before the training; whether it was made."""
    import tempfile

    made = not out.exists()
    if not made and not out.is_dir():
        raise SettingError(f"{str(out)!r} is a file, and the demo needs a folder.", "Give another name with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise SettingError(
            f"The folder {str(out)!r} cannot be written to: {error.strerror or error}.",
            "Give another one with --out.",
        ) from error
    return made
