"""The command line in this process, and tables to hand to it."""

from __future__ import annotations

import contextlib
import csv
import io
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import bad_inputs
from chainrule.cli import app


class Ended(NamedTuple):
    """Exit status, standard output, standard error."""

    status: int
    out: str
    err: str


def command(*arguments: object) -> Ended:
    """Run `chainrule` with these arguments; handlers of signals are put back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    out, err = io.StringIO(), io.StringIO()
    status: Any = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            app.main([str(argument) for argument in arguments])
    except SystemExit as ended:
        status = ended.code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Ended(status, out.getvalue(), err.getvalue())


def content(of: bad_inputs.Content) -> bytes:
    """The bytes that a case stands for."""
    made = of() if callable(of) else of
    return made.encode() if isinstance(made, str) else made


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A CSV file with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    """Its rows by column name."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def in_a_process(*arguments: object) -> list[str]:
    """The command for a process of its own."""
    return [sys.executable, "-m", "chainrule", *map(str, arguments)]
