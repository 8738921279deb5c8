"""How a command ends early: signals and exit status."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

import typer

OK, CHECK_FAILED, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM or a closed terminal: everything that saves on Ctrl-C saves on this too."""


_received: list[int] = []


def listen() -> None:
    """Turn SIGTERM and SIGHUP into `Terminated`."""
    _received.clear()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)


def say(text: str = "", *, err: bool = False) -> None:
    """Print lines; where nobody reads on (`| head`), what is still to be done is done in silence."""
    try:
        typer.echo(text, err=err)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if err else sys.stdout).fileno())


def status_when_interrupted() -> int:
    """143 after SIGTERM or SIGHUP, 130 after Ctrl-C."""
    return TERMINATED if _received else INTERRUPTED


def _terminate(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise Terminated
