"""A bar that counts rows, where a person is watching."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def counting(title: str, rows: int | None) -> Iterator[Callable[[int], object]]:
    """A function to be told of the rows that are done; a bar shows them on a terminal, where their number is known."""
    from chainrule.terminal import ProgressBar, is_interactive

    if rows is None or not is_interactive():
        yield lambda done: None
        return
    with ProgressBar(title, rows) as bar:
        yield lambda done: bar.update(done, "rows")
