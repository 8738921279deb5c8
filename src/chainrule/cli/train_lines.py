"""What ``chainrule train`` prints: the table as understood, how training went, the figures, the notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.cli.compare import Other
    from chainrule.tables.model import TableModel
    from chainrule.tables.plan import Plan
    from chainrule.tables.score import Score
    from chainrule.tables.streamed_plan import StreamedPlan


def understood(plan: Plan | StreamedPlan, dask: str | None = None) -> list[str]:
    """Five lines: rows and columns, inputs by kind, target, split, network; one more where it is read in blocks."""
    from chainrule.cli.wording import plural, shown, wrapped
    from chainrule.tables.kinds import Kind

    target = plan.target
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
    held = f"{plan.test_rows:,} held out (seed {plan.settings['seed']})" if plan.test_rows else "none held out"
    return [
        wrapped("Table", f"{shown(plan.source)}, {plural(plan.rows, 'row')}, {len(plan.judgements) + 1} columns", 9),
        wrapped("Inputs", inputs, 9),
        wrapped("Target", f"{shown(target.name)}, {what}", 9),
        wrapped("Split", f"{plural(plan.training_rows, 'row')} to train on, {held}", 9),
        wrapped("Network", f"{plan.network.notation}, {plural(plan.network.size, 'weight')}", 9),
        *_in_blocks(plan, dask),
    ]


def _in_blocks(plan: Plan | StreamedPlan, dask: str | None) -> list[str]:
    """That a table is not held in the memory of this process."""
    from chainrule.cli.wording import wrapped
    from chainrule.tables.bound import readable
    from chainrule.tables.streamed_plan import StreamedPlan

    if not isinstance(plan, StreamedPlan):
        return []
    if dask is not None:
        where = "of this machine" if dask == "local" else f"at {dask}"
        return [wrapped("Dask", f"workers {where} read the files, each its own rows, and hold them", 9)]
    size = readable(plan.origin.size_in_memory())
    words = f"in memory the table would take about {size}: it is read in blocks, within {readable(plan.bound)}"
    return [wrapped("Memory", words, 9)]


def trained(model: TableModel) -> list[str]:
    """How training went: solver, passes, time, penalty, and how it ended."""
    from chainrule.cli.wording import plural, wrapped
    from chainrule.tables.way import WHOLE
    from chainrule.training import Outcome

    settings, last = model.settings, model.history[-1]
    many = plural(last.epoch, "iteration" if settings["solver"] in WHOLE else "epoch")
    how = f"{settings['solver']}, {many} in {settings['seconds']:.1f} s, penalty {settings['penalty']:g}"
    if settings["tried"]:
        where = f"in {settings['folds']} folds" if settings["folds"] > 1 else "on rows set apart"
        how += f" (best of {len(settings['tried'])} {where})"
    lines = [wrapped("Trained", how, 9)]
    if settings.get("streamed") and settings["dtype"] == "float32":
        lines.append(wrapped("", "In single precision: in double, the blocks would not fit in the memory allowed.", 9))
    if model.history.has_validation():
        kept = f"; the weights of epoch {settings['epoch']} are kept" if settings["epoch"] != last.epoch else ""
        lines.append(wrapped("", f"A tenth of the rows to train on was set apart to look at{kept}.", 9))
    if model.outcome is Outcome.MAX_EPOCHS and not model.history.has_validation():
        lines.append(wrapped("", "All of them were run; more may still raise J.", 9))
    if model.outcome is Outcome.TIME_LIMIT:
        lines.append(wrapped("", "The time was up; more of it may still raise J.", 9))
    if settings["verdict"]:
        lines.append(wrapped("Beware", settings["verdict"], 9))
    return [*lines, ""]


def held_out(model: TableModel, score: Score | None, others: Sequence[Other]) -> list[str]:
    """The figures of the rows held out, beside those of other models."""
    from chainrule.cli.wording import score_lines, wrapped

    if score is None:
        return []
    lines = [*score_lines(model.target, score, "Held out", others), ""]
    if score.rate < score.plain_rate or (score.task != "classify" and score.rate < 0):
        lines += [wrapped("Beware", "On the held-out rows the network is worse than a model without inputs.", 9), ""]
    return lines


def notes(plan: Plan | StreamedPlan, unseen: Sequence[str], sampled: int = 0, is_tight: bool = False) -> list[str]:
    """What was done with the table that a person should know."""
    from chainrule.cli.wording import wrapped

    found = [*plan.notes, *unseen]
    if sampled:
        without = " HistGradientBoosting was left out: its library needs more than is allowed." if is_tight else ""
        found.append(
            f"The other models, and pages that show rows, took {sampled:,} rows drawn from the table: so many fit in"
            f" memory.{without}"
        )
    lines = [wrapped("Notes" if at == 0 else "", note, 9) for at, note in enumerate(found)]
    return [*lines, ""] if lines else []
