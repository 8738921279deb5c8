"""The command ``chainrule derive``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, Separator
from chainrule.errors import DataError, SettingError, listed, nearest

if TYPE_CHECKING:
    from chainrule.derivation import Derivation
    from chainrule.network import Network

FORMATS = {"text": ".txt", "latex": ".tex", "markdown": ".md", "html": ".html"}
_BY_SUFFIX = {suffix: name for name, suffix in FORMATS.items()} | {".htm": "html", ".markdown": "markdown"}


@app.command()
def derive(
    notation: Annotated[
        str, typer.Argument(metavar="NOTATION", help='The network: "2-3-3"; or a model file.', show_default=False)
    ],
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[WANTED]",
            help="One gradient alone: W1, b2. Hv: also the Hessian times v. All gradients if left out.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="text|latex|markdown|html", help="What to write; found from --out's name."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; standard output if left out.")
    ] = None,
    detail: Annotated[str, typer.Option(metavar="full|short", help="Every line, or the results alone.")] = "full",
    sign: Annotated[
        str, typer.Option(metavar="ascent|descent", help="Climb the log-likelihood J, or descend the error E = −J.")
    ] = "ascent",
    reduction: Annotated[str, typer.Option(metavar="sum|mean", help="Over the samples.")] = "sum",
    letters: Annotated[
        str | None,
        typer.Option(metavar="general|post", help="post: W, b, V, c for one hidden layer.", show_default=False),
    ] = None,
    views: Annotated[
        str, typer.Option(metavar="NAME,...", help="What is shown of each line: symbols, numbers, code, reasons.")
    ] = "symbols,numbers,code,reasons",
    x: Annotated[
        str | None, typer.Option(metavar='"1.2,-0.7"', help="A sample's inputs: every line also with its numbers.")
    ] = None,
    t: Annotated[
        str | None, typer.Option(metavar="CLASS or NUMBERS", help="Its class, counted from 1, or its target values.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Numbers with random weights; x and t are drawn too where they are not given.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Numbers with the weights of a saved model.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="TABLE", help="With --weights: the sample is a row of this CSV or Parquet.")
    ] = None,
    row: Annotated[int, typer.Option(help="Which row of --table, counted from 1.")] = 1,
    header: Header = None,
    separator: Separator = None,
) -> None:
    """Derive the gradient of a network by the chain rule: every line with its rule, its reason and its check.

    With --x, --t or --seed every line is shown with the numbers of one sample as well; weights are drawn at random.
    With --weights they are those of a model that train wrote: chainrule derive 4-8-3 --weights iris.model --table
    iris.csv --row 71.
    """
    from chainrule.derivation import derive as derivation_of
    from chainrule.network import Network

    kind = _format(form, out)
    options = _options(kind, views, out is None)
    if weights is None and Path(notation).is_file():  # a model instead of a notation
        from chainrule.files import load

        net = load(Path(notation)).network
        weights = Path(notation) if any(value is not None for value in (table, x, t, seed)) else None
    else:
        net = Network(notation)
    numbers, origin = _sample(net, x, t, seed, weights, table, row, header, separator)
    chosen: dict[str, Any] = {"detail": detail, "sign": sign, "reduction": reduction, "letters": letters}
    if out is not None:
        from chainrule.atomic import writable

        writable(out)
    made = derivation_of(net, wanted, **chosen, **numbers)
    if origin:
        made = dataclasses.replace(made, chosen=f"{origin} {made.chosen}")
    _write(getattr(made, kind)(**options), made, out)


def _write(text: str, made: Derivation, out: Path | None) -> None:
    """To the file, with a line about it on standard error; or to standard output."""
    if out is None:
        typer.echo(text, nl=False)
        return
    from chainrule.atomic import write_atomically

    write_atomically(out, text.encode())
    checked = sum(step.error is not None for step in made.steps)
    typer.echo(f"{checked} lines, each checked (largest relative error {made.worst:.0e}), written to {out}", err=True)


def _format(form: str | None, out: Path | None) -> str:
    """The format by its name, or by the name of the file."""
    if form is None:
        suffix = out.suffix.lower() if out is not None else ".txt"
        if suffix not in _BY_SUFFIX:
            raise SettingError(
                f"The name {out.name!r} does not say which format to write."  # type: ignore[union-attr]  # has a suffix
                f" Known endings: {listed(_BY_SUFFIX)}.",
                f"Give --format, one of {listed(FORMATS)}.",
            )
        return _BY_SUFFIX[suffix]
    if form not in FORMATS:
        raise SettingError(f"There is no format named {form!r}.", f"Known: {listed(FORMATS)}.", nearest(form, FORMATS))
    return form


def _options(kind: str, views: str, to_terminal: bool) -> dict[str, Any]:
    """The options of a rendering; text always shows the symbols, and is as wide as the terminal."""
    from chainrule.derivation.render.content import shown

    on = shown(views)
    if kind != "text":
        return {"views": tuple(sorted(on))}
    import shutil

    width = max(60, min(shutil.get_terminal_size((100, 24)).columns, 120)) if to_terminal else 100
    return {"width": width, **{view: view in on for view in ("reasons", "numbers", "code")}}


def _sample(
    net: Network,
    x: str | None,
    t: str | None,
    seed: int | None,
    model: Path | None,
    table: Path | None,
    row: int,
    header: bool | None,
    separator: str | None,
) -> tuple[dict[str, Any], str]:
    """Weights, x and t for one sample where numbers are asked for, and in words where they come from."""
    if model is None:
        if table is not None:
            raise SettingError("--table needs a model that knows its columns.", "Give --weights MODEL as well.")
        return (_numbers(net, x, t, seed) if (x, t, seed) != (None, None, None) else {}), ""
    from chainrule.files import load

    found = load(model)
    if found.network != net:
        raise DataError(
            f"{model.name} holds the weights of {found.network.notation}, not of {net.notation}.",
            f'Derive that network: chainrule derive "{found.network.notation}" --weights {model.name}',
        )
    weights = {"weights": found.weights}
    if table is None:
        if seed is None and (x is None or t is None):
            raise SettingError(
                "--weights shows the numbers of one sample, and there is none.",
                "Give --table TABLE and --row N; or --x and --t as the network takes them; or --seed to draw them.",
            )
        return _numbers(net, x, t, seed) | weights, f"The weights are those of {model.name}."
    given = [name for name, value in (("--x", x), ("--t", t), ("--seed", seed)) if value is not None]
    if given:
        raise SettingError(f"{listed(given)} and --table are two samples.", "Give one of them.")
    from chainrule.cli.row import row_of_model

    here = row_of_model(model, table, row, header=header, separator=separator)
    words = f"{here.words} The inputs are scaled as the network takes them; the weights are those of {model.name}."
    return weights | {"x": here.X[0], "t": here.T[0]}, words


def _numbers(net: Network, x: str | None, t: str | None, seed: int | None) -> dict[str, Any]:
    """Weights, x and t for one sample; what is not given is drawn with the seed."""
    from chainrule.network import generator

    rng = generator(seed if seed is not None else 0)
    weights = net.initial_weights("normal", seed=rng)
    drawn_x, drawn_t = rng.standard_normal(net.D).round(2), _drawn_target(net, rng)
    return {
        "weights": weights,
        "x": _vector("x", x, net.D) if x is not None else drawn_x,
        "t": _target(net, t) if t is not None else drawn_t,
    }


def _drawn_target(net: Network, rng: Any) -> list[float]:
    """Random targets of one sample that fit the output law."""
    match net.law.name:
        case "softmax":
            return _one_hot(int(rng.integers(net.K)), net.K)
        case "sigmoid":
            return [float(v) for v in rng.integers(2, size=net.K)]
        case "exp":
            return [float(v) for v in rng.poisson(2.0, size=net.K)]
    return [float(v) for v in rng.standard_normal(net.K).round(2)]


def _target(net: Network, text: str) -> list[float]:
    """The targets of one sample: a class counted from 1 for softmax, or K numbers."""
    if net.law.name != "softmax" or "," in text:
        return _vector("t", text, net.K)
    if not text.strip().isdigit() or not 1 <= int(text) <= net.K:
        raise DataError(
            f"--t is {text!r}, and {net.notation} has the classes 1 to {net.K}.",
            f"Give a class from 1 to {net.K}, or {net.K} numbers with commas between them.",
        )
    return _one_hot(int(text) - 1, net.K)


def _one_hot(at: int, count: int) -> list[float]:
    return [float(k == at) for k in range(count)]


def _vector(name: str, text: str, count: int) -> list[float]:
    """So many finite numbers from text with commas."""
    import math

    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        what = "number" if count == 1 else "numbers with commas between them"
        raise DataError(f"--{name} is {text!r}.", f"It must be {count} {what}.")
    return values
