"""The command ``chainrule train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Header, Separator, TablePath, character

if TYPE_CHECKING:
    from chainrule.tables.model import TableModel
    from chainrule.tables.plan import Plan
    from chainrule.tables.score import Score


@app.command()
def train(
    table: TablePath,
    target: Annotated[str, typer.Option(metavar="COLUMN", help="The column to predict.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="The model file; beside the table if left out.")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Hidden layers, such as '32 tanh-16 relu', or none.", show_default=False)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="TASK", help="classify, regress or count; guessed if left out.", show_default=False),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Leave a column out; repeatable.")] = None,
    categories: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Take a column as categories; repeatable.")
    ] = None,
    numbers: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Take a column as numbers; repeatable.")
    ] = None,
    missing: Annotated[
        str, typer.Option(metavar="HOW", help="Missing cells: refuse, median (fill them) or drop (their rows).")
    ] = "refuse",
    missing_words: Annotated[
        str, typer.Option(metavar="WORDS", help="What stands for a missing cell, such as NA,null.")
    ] = "",
    test_share: Annotated[float, typer.Option(metavar="SHARE", help="Share of the rows to hold out.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Fixes the split and the initial weights.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="At most so many passes.", show_default=False)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Size of a step.", show_default=False)] = None,
    penalty: Annotated[
        float | None,
        typer.Option(help="Precision of the prior on the weights; chosen if left out.", show_default=False),
    ] = None,
    header: Header = None,
    separator: Separator = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Write figures beside the model.")] = True,
) -> None:
    """Train a network to predict one column of a table from the others."""
    from chainrule.cli import ending
    from chainrule.errors import ChainruleError, DivergedError
    from chainrule.files import save
    from chainrule.files.place import checked_place
    from chainrule.tables.fit import fitted
    from chainrule.tables.plan import planned
    from chainrule.training import Outcome

    place = out or default_model_path(table)
    checked_place(place, not_over=table)
    plan = planned(
        table,
        target,
        task=task,
        hidden=hidden,
        drop=drop or (),
        categories=categories or (),
        as_numbers=numbers or (),
        missing=missing,
        missing_words=[word.strip() for word in missing_words.split(",") if word.strip()],
        test_share=test_share,
        seed=seed,
        header=header,
        separator=character(separator),
    )
    typer.echo("\n".join(understood(plan)))
    typer.echo()
    try:
        model = fitted(plan, epochs=epochs, learning_rate=learning_rate, penalty=penalty)
    except DivergedError as error:
        raise ChainruleError(
            f"Training diverged by epoch {error.epoch}, and nothing was saved.",
            "The learning rate is too large for this table.",
            f"Try --learning-rate {error.learning_rate:g}.",
        ) from None
    save(model, place)
    interrupted = model.outcome is Outcome.INTERRUPTED
    if interrupted:
        typer.echo(f"Interrupted. The weights so far are saved in {place}.")
        raise typer.Exit(ending.status_when_interrupted())
    score = model.score(plan.test_table) if len(plan.test) else None
    typer.echo("\n".join(trained(plan, model, score)))
    typer.echo(f"Model    {place}")
    if figures:
        folder = place.with_name(f"{place.stem}-figures")
        lacks = write_figures(model, score, folder)
        typer.echo(f"Figures  {folder}/{' (their font lacks some letters of these names)' if lacks else ''}")


def default_model_path(table: Path) -> Path:
    """``data/iris.csv.gz`` to ``data/iris.model``."""
    name = table.name
    for suffix in (".gz", ".csv", ".tsv", ".txt", ".parquet", ".pq"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return table.with_name(f"{name}.model")


def understood(plan: Plan) -> list[str]:
    """Five lines: rows and columns, inputs by kind, target, split, network."""
    from chainrule.cli.wording import plural, shown, wrapped
    from chainrule.tables.kinds import Kind

    table, target = plan.table, plan.target
    by_kind = [
        (kind, [name for name, found in plan.judgements.items() if found.kind is kind])
        for kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY)
    ]
    nouns = {
        Kind.NUMBER: ("number", "numbers"),
        Kind.BOOLEAN: ("yes/no", "yes/no"),
        Kind.CATEGORY: ("category", "categories"),
    }
    parts = [plural(len(names), *nouns[kind]) for kind, names in by_kind if names]
    used = sum(len(names) for _, names in by_kind)
    unused = len(plan.judgements) - used
    inputs = ", ".join(parts)
    if plan.network.D != used:
        inputs += f", which make {plural(plan.network.D, 'input')}"
    if unused:
        inputs += f"; {plural(unused, 'column')} left out"
    if target.task == "classify":
        counts = sorted(zip(target.classes, plan.guess.counts, strict=True), key=lambda pair: -pair[1])
        some = counts if len(counts) <= 10 else counts[:8]
        listing = ", ".join(f"{shown(name, 20)} {count:,}" for name, count in some)
        rest = f", and {len(counts) - len(some)} more" if len(some) < len(counts) else ""
        what = f"{plural(len(counts), 'class', 'classes')} ({listing}{rest})"
    else:
        word = "a quantity" if target.task == "regress" else "a count"
        what = f"{word} from {target.minimum:,.6g} to {target.maximum:,.6g}, mean {target.mean:,.4g}"
    held = f"{len(plan.test):,} held out (seed {plan.settings['seed']})" if len(plan.test) else "none held out"
    return [
        wrapped("Table", f"{shown(table.source)}, {plural(table.rows, 'row')}, {len(plan.judgements) + 1} columns", 9),
        wrapped("Inputs", inputs, 9),
        wrapped("Target", f"{shown(target.name)}, {what}", 9),
        wrapped("Split", f"{plural(len(plan.training), 'row')} to train on, {held}", 9),
        wrapped("Network", f"{plan.network.notation}, {plural(plan.network.size, 'weight')}", 9),
    ]


def trained(plan: Plan, model: TableModel, score: Score | None) -> list[str]:
    """How training went, the held-out figures, the notes."""
    from chainrule.cli.wording import plural, score_lines, wrapped
    from chainrule.training import Outcome

    settings, last = model.settings, model.history[-1]
    many = plural(last.epoch, "iteration" if settings["solver"] == "lbfgs" else "epoch")
    how = f"{settings['solver']}, {many} in {settings['seconds']:.1f} s, penalty {settings['penalty']:g}"
    if settings["tried"]:
        where = f"in {settings['folds']} folds" if settings["folds"] > 1 else "on rows set apart"
        how += f" (best of {len(settings['tried'])} {where})"
    lines = [wrapped("Trained", how, 9)]
    if model.outcome is Outcome.MAX_EPOCHS:
        lines.append(wrapped("", "All of them were run; more may still raise J.", 9))
    lines.append("")
    if score is not None:
        lines += [*score_lines(model.target, score, "Held out"), ""]
        if score.rate < score.plain_rate or (score.task != "classify" and score.rate < 0):
            lines += [
                wrapped("Beware", "On the held-out rows the network is worse than a model without inputs.", 9),
                "",
            ]
    notes = [*plan.notes, *plan.contract.apply(plan.test_table).unseen]
    if notes:
        lines += [wrapped("Notes" if at == 0 else "", note, 9) for at, note in enumerate(notes)]
        lines.append("")
    return lines


def write_figures(model: TableModel, score: Score | None, folder: Path) -> bool:
    """The history, the network, and for classes the confusion matrix of the held-out rows.

    Returns whether a name has letters that the figures' font lacks.
    """
    import warnings

    from chainrule import show
    from chainrule.errors import ModelFileError

    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ModelFileError(
            f"The model is saved, but the folder {str(folder)!r} cannot be made: {error.strerror}.",
            "Say --no-figures to do without them.",
        ) from None
    (folder / "confusion.png").unlink(missing_ok=True)  # one of an earlier model would mislead
    classes = [*model.target.classes]
    outputs = classes if len(classes) > 2 else [f"P({classes[1]})"] if classes else [model.target.name]
    figures = {
        "history": show.plot_history(model.history),
        "network": show.plot_network(model.network, model.weights, inputs=model.contract.inputs, outputs=outputs),
    }
    if score is not None and classes and score.rows:
        figures["confusion"] = show.plot_confusion(score.confusion, classes)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for name, figure in figures.items():
            show.save_figure(figure, folder / f"{name}.png")
    lacks = [warning for warning in said if "missing from font" in str(warning.message)]
    for warning in said:
        if warning not in lacks:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return bool(lacks)
