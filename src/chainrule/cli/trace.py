"""The command ``chainrule trace``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, Separator
from chainrule.errors import DataError, SettingError

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.teaching.trace import Trace

_SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
FORMATS = ("text", "markdown", "html")
_ENTRY = re.compile(r"\s*([Wb]\d+)\s*[\[,]\s*(\d+)(?:\s*,\s*(\d+))?\s*\]?\s*")


@app.command()
def trace(
    source: Annotated[
        str,
        typer.Argument(metavar="MODEL|NOTATION", help="A file that train wrote, or a network.", show_default=False),
    ],
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABLE]", help="With a model: its CSV or Parquet.", show_default=False)
    ] = None,
    row: Annotated[int, typer.Option(help="Which row of the table, counted from 1.")] = 1,
    why: Annotated[
        str | None,
        typer.Option(
            metavar="W1[0,2]",
            help="Which rows of the table move this weight most; entries counted from 0, as in Python.",
            show_default=False,
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Units shown of each layer, those that matter most; 0 shows all.")] = 8,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="text|markdown|html", help="What to write; found from --out's name."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; standard output if left out.")
    ] = None,
    x: Annotated[
        str | None, typer.Option(metavar='"1.2,-0.7"', help="With a network: the inputs; drawn if left out.")
    ] = None,
    t: Annotated[
        str | None,
        typer.Option(metavar="CLASS or NUMBERS", help="With a network: the class, from 1, or its target values."),
    ] = None,
    seed: Annotated[int, typer.Option(help="With a network: draws the weights, and what else is not given.")] = 0,
    header: Header = None,
    separator: Separator = None,
) -> None:
    """Follow one sample through a network and back, every number with its formula.

    chainrule trace MODEL TABLE --row 7 follows a row of a table through a trained model;
    chainrule trace 2-3-3 --x 1,-2 --t 2 follows these numbers through a network with random weights.
    """
    kind = _format(form, out)
    if out is not None:
        from chainrule.atomic import writable

        writable(out)
    shown = None if most == 0 else most
    if Path(source).is_file() or table is not None:
        _refused({"--x": x, "--t": t}, "go with a network; a model takes its numbers from the table")
        found = _of_model(Path(source), table, row, shown, header, separator, whole=why is not None)
    else:
        _refused({"--why": why}, "needs a model and a table: the rows are what moves a weight")
        found = _of_network(source, x, t, seed, shown)
    if why is not None:
        text = _reasons(found, why, kind)
    else:
        text = getattr(found, kind)(**({"width": _columns()} if kind == "text" and out is None else {}))
    if out is None:
        typer.echo(text, nl=False)
        return
    from chainrule.atomic import write_atomically

    write_atomically(out, text.encode())
    typer.echo(f"{found.network.notation} written to {out}", err=True)


def _of_model(
    model: Path,
    table: Path | None,
    row: int,
    most: int | None,
    header: bool | None,
    separator: str | None,
    *,
    whole: bool,
) -> Trace:
    """The trace of a row of a table through the model of such tables."""
    import numpy as np

    from chainrule.cli.row import row_of_model
    from chainrule.tables.kinds import as_text
    from chainrule.teaching.trace import trace as traced

    if table is None:
        raise SettingError("A model needs a table whose row it can follow.", "chainrule trace MODEL TABLE --row 1")
    here = row_of_model(model, table, row, header=header, separator=separator)
    found, rows, target = here.model, here.rows, here.model.target
    data: dict[str, Any] = {}
    if whole:
        applied = found.contract.apply(rows, bad_rows="nan")
        keep = ~applied.bad & ~as_text(rows.columns[target.name]).is_null().to_numpy()
        if target.task == "classify":
            keep &= target.codes(rows) >= 0
        kept = np.flatnonzero(keep)
        data = {"X": applied.X[kept], "T": target.code(rows.take(kept)), "names": [rows.place(n) for n in kept]}
    return traced(
        found.network,
        found.weights,
        here.X[0],
        here.T[0],
        most=most,
        origin=here.words,
        inputs=found.contract.inputs,
        classes=target.classes,
        **data,
    )


def _of_network(notation: str, x: str | None, t: str | None, seed: int, most: int | None) -> Trace:
    """The trace of given or drawn numbers through a network with random weights."""
    import numpy as np

    from chainrule.network import Network
    from chainrule.teaching.trace import trace as traced

    net = Network(notation)
    weights = net.initial_weights(seed=seed)
    rng = np.random.default_rng([seed, 1])
    inputs = rng.standard_normal(net.D).round(2) if x is None else _numbers(x, "--x")
    return traced(net, weights, inputs, _target(net, t, rng), most=most)


def _target(net: Network, t: str | None, rng: Any) -> Any:
    """A class counted from 1, target values, or drawn."""
    import numpy as np

    if t is None:
        match net.law.name:
            case "softmax":
                return np.eye(net.K)[rng.integers(net.K)]
            case "sigmoid":
                return rng.integers(2, size=net.K).astype(float)
            case "exp":
                return rng.poisson(2, size=net.K).astype(float)
        return rng.standard_normal(net.K).round(2)
    values = _numbers(t, "--t")
    if net.law.name == "softmax" and len(values) == 1:
        if values[0] not in range(1, net.K + 1):
            raise DataError(f"--t {t} is no class of {net.notation}.", f"They are counted from 1 to {net.K}.")
        return np.eye(net.K)[int(values[0]) - 1]
    return np.array(values)


def _numbers(text: str, option: str) -> list[float]:
    """Numbers separated by commas or spaces."""
    try:
        return [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise DataError(f"{option} {text!r} holds something that is no number.", "Write it as 1.2,-0.7") from None


def _reasons(found: Trace, why: str, kind: str) -> str:
    """Which rows move one weight, as text, Markdown or a page."""
    entry = _ENTRY.fullmatch(why)
    if entry is None:
        raise SettingError(f"--why {why!r} names no weight.", "Write W1[0,2] or b2[1], entries counted from 0.")
    made = found.why(entry[1], *(int(part) for part in entry.groups()[1:] if part is not None))
    text: str = getattr(made, kind)()
    return text


def _columns() -> int:
    """The width of the terminal, within reason; 100 into a pipe."""
    import shutil
    import sys

    from chainrule.terminal import is_interactive

    return min(max(shutil.get_terminal_size((100, 24)).columns, 60), 140) if is_interactive(sys.stdout) else 100


def _format(form: str | None, out: Path | None) -> str:
    if form is None:
        return _SUFFIXES.get(out.suffix.lower(), "text") if out is not None else "text"
    if form not in FORMATS:
        raise SettingError(f"There is no format {form!r}.", f"Known: {', '.join(FORMATS)}.")
    return form


def _refused(options: dict[str, str | None], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise SettingError(f"{name} {why}.", "chainrule trace --help shows both ways.")
