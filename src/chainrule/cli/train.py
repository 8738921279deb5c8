"""The command ``chainrule train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.app import app
from chainrule.cli.options import Dask, Header, Memory, Onnx, Report, Separator, TablePath, character

if TYPE_CHECKING:
    from chainrule.cli.compare import Other

# Headings of the help.
_TABLE, _TRAINING = "The table", "The training"


@app.command()
def train(
    table: TablePath,
    target: Annotated[str, typer.Option(metavar="COLUMN", help="The column to predict.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="The model file; beside the table if left out.")
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_TRAINING, help="Hidden layers, such as '32 tanh-16 relu', or none.", show_default=False
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_TABLE,
            metavar="TASK",
            help="classify, regress or count; guessed if left out.",
            show_default=False,
        ),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(rich_help_panel=_TABLE, metavar="COLUMN", help="Leave a column out; repeatable.")
    ] = None,
    categories: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=_TABLE, metavar="COLUMN", help="Take a column as categories; repeatable."),
    ] = None,
    numbers: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=_TABLE, metavar="COLUMN", help="Take a column as numbers; repeatable."),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            rich_help_panel=_TABLE,
            metavar="HOW",
            help="Missing cells: refuse, median (fill them) or drop (their rows).",
        ),
    ] = "refuse",
    missing_words: Annotated[
        str,
        typer.Option(rich_help_panel=_TABLE, metavar="WORDS", help="What stands for a missing cell, such as NA,null."),
    ] = "",
    test_share: Annotated[
        float, typer.Option(rich_help_panel=_TABLE, metavar="SHARE", help="Share of the rows to hold out.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(rich_help_panel=_TRAINING, help="Fixes the split and the initial weights.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(rich_help_panel=_TRAINING, help="At most so many passes.", show_default=False)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(rich_help_panel=_TRAINING, help="Size of a step.", show_default=False)
    ] = None,
    solver: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_TRAINING,
            metavar="NAME",
            help="lbfgs or newton (all rows); adam, adamw, nesterov, momentum or ascent (mini-batches, stopped early).",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(rich_help_panel=_TRAINING, min=1, help="Rows of a mini-batch.", show_default=False)
    ] = None,
    time_budget: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_TRAINING, metavar="SECONDS", help="Train for at most so long.", show_default=False
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=_TRAINING, metavar="FILE", help="Keep the training so far in a file.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=_TRAINING, help="Go on from the checkpoint.")
    ] = False,
    penalty: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_TRAINING,
            help="Precision of the prior on the weights; chosen if left out.",
            show_default=False,
        ),
    ] = None,
    header: Header = None,
    separator: Separator = None,
    memory: Memory = None,
    dask: Dask = None,
    compare: Annotated[
        bool,
        typer.Option("--compare/--no-compare", help="Train other models on the same rows, and show their figures."),
    ] = True,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Write figures beside the model.")] = True,
    report: Report = None,
    onnx: Onnx = None,
) -> None:
    """Train a network to predict one column of a table from the others."""
    from contextlib import nullcontext

    from chainrule.cli import ending, train_files, train_lines
    from chainrule.cli.trained import Trained
    from chainrule.cluster.connect import connected
    from chainrule.errors import ChainruleError, DivergedError
    from chainrule.files import save
    from chainrule.files.place import checked_checkpoint, checked_place
    from chainrule.tables.size import plan_for
    from chainrule.training import Outcome

    place = out or default_model_path(table)
    checked_place(place, not_over=table)
    checked_checkpoint(checkpoint, resume)
    train_files.check_places(table, place, report, onnx)
    try:
        with connected(dask) if dask is not None else nullcontext() as client:
            plan = plan_for(
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
                memory=memory,
                streamed=dask is not None,
            )
            ending.say("\n".join(train_lines.understood(plan, dask)))
            ending.say()
            trained = Trained.of(
                plan,
                solver=solver,
                epochs=epochs,
                learning_rate=learning_rate,
                batch_size=batch_size,
                penalty=penalty,
                time_budget=time_budget,
                checkpoint=checkpoint,
                resume=resume,
                **({} if client is None else {"client": client}),
            )
    except DivergedError as error:
        raise ChainruleError(
            f"Training diverged by epoch {error.epoch}, and nothing was saved.",
            "The learning rate is too large for this table.",
            f"Try --learning-rate {error.learning_rate:g}.",
        ) from None
    except KeyboardInterrupt:
        ending.say("Interrupted before the first epoch: there are no weights yet, and nothing is saved.")
        raise
    model = trained.model
    if model.outcome is Outcome.INTERRUPTED and not model.history[-1].epoch:
        ending.say("Interrupted before the first epoch: nothing was learnt yet, and nothing is saved.")
        raise typer.Exit(ending.status_when_interrupted())
    save(model, place)
    if model.outcome is Outcome.INTERRUPTED:
        ending.say(f"Interrupted. The weights so far are saved in {place}.")
        if checkpoint is not None and checkpoint.exists():
            ending.say(f"Go on from {checkpoint} with the same command and --resume.")
        raise typer.Exit(ending.status_when_interrupted())
    score = trained.score
    ending.say("\n".join(train_lines.trained(model)))
    found: list[Other] = []
    stopped = False
    if compare and score is not None and score.rows:
        from chainrule.terminal import is_interactive

        if is_interactive():
            ending.say(
                f"The model is saved in {place}. Training others to compare with; Ctrl-C leaves them out.\n", err=True
            )
        try:
            for other in trained.others(time_budget):
                found.append(other)
        except KeyboardInterrupt:  # the model is saved: its figures are printed before this ends
            stopped = True
    said = train_lines.notes(plan, trained.unseen, trained.sampled if found or report else 0, trained.is_tight)
    ending.say("\n".join([*train_lines.held_out(model, score, found), *said, f"Model    {place}"]))
    if report is not None:
        train_files.write_report(report, model, trained.plan_in_memory, found)
        ending.say(f"Report   {report}")
    if onnx is not None:
        from chainrule.files.onnx import table_to_onnx

        table_to_onnx(model, onnx)
        ending.say(f"ONNX     {onnx}")
    if stopped:
        ending.say("Interrupted while training other models to compare with.")
        raise typer.Exit(ending.status_when_interrupted())
    if figures:
        folder = place.with_name(f"{place.stem}-figures")
        lacks = train_files.write_figures(model, trained, folder)
        ending.say(f"Figures  {folder}/{' (their font lacks some letters of these names)' if lacks else ''}")


def default_model_path(table: Path) -> Path:
    """``data/iris.csv.gz`` to ``data/iris.model``."""
    name = table.name
    for suffix in (".gz", ".csv", ".tsv", ".txt", ".parquet", ".pq"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return table.with_name(f"{name}.model")
