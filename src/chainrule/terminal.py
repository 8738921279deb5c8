"""The terminal: progress bars, tables, colours. The one place that imports rich."""

from __future__ import annotations

import sys
from typing import Any


def is_interactive(stream: Any = None) -> bool:
    """Whether a person is watching this stream (standard error unless told)."""
    stream = stream or sys.stderr
    return bool(getattr(stream, "isatty", lambda: False)())


class ProgressBar:
    """A bar on standard error with J, the rate and the time left; a context manager."""

    def __init__(self, title: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[whole]:,}/{task.total:,.0f}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(title, total=total, whole=0, figures="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def update(self, done: float, figures: str) -> None:
        """Show how far it is and the newest figures."""
        self._bar.update(self._task, completed=done, whole=int(done), figures=figures)


def print_code(text: str) -> None:
    """Python source on standard output: in colours on a terminal, as it is into a pipe or a file."""
    if not is_interactive(sys.stdout):
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    Console().print(Syntax(text.rstrip("\n"), "python", theme="ansi_dark", background_color="default"))
