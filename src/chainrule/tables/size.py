"""Whether a table is held in memory or read in blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from chainrule.tables.bound import bytes_of, default_bound
from chainrule.tables.plan import Plan, planned
from chainrule.tables.source import in_memory, opened_source
from chainrule.tables.streamed_plan import StreamedPlan, Told, streamed_plan
from chainrule.terminal import ProgressBar, is_interactive


def plan_for(
    source: Any,
    target: str,
    *,
    memory: str | None = None,
    streamed: bool = False,
    header: bool | None = None,
    separator: str | None = None,
    **options: Any,
) -> Plan | StreamedPlan:
    """Look at a table in memory where it fits into the bound, else block by block.

    Parameters
    ----------
    source : path, data frame or mapping of columns
        Only files are ever read in blocks.
    target : str
    memory : str, optional
        How much a training may take, such as ``"2GB"``; most of what is free where left out.
    streamed : bool
        Block by block in any case.
    header, separator, **options
        See `chainrule.tables.plan.planned`.

    Raises
    ------
    DataError, SettingError
    """
    bound = default_bound() if memory is None else bytes_of(memory)
    if not isinstance(source, str | os.PathLike):
        return planned(source, target, **options)
    found = opened_source(Path(source), header=header, separator=separator)
    if streamed:
        _ = found.part_rows  # says so where there are none
    if not streamed and found.size_in_memory() <= bound:
        return planned(in_memory(found), target, **options)
    if not is_interactive():
        return streamed_plan(found, target, bound=bound, **options)
    with ProgressBar("Looking at rows", found.rows or 1) as bar:
        told: Told = lambda rows: bar.update(rows if found.rows else 0, f"{rows:,} rows")  # noqa: E731
        return streamed_plan(found, target, bound=bound, told=told, **options)
