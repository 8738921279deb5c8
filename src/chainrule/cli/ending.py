"""How a command ends early: signals and exit status."""

from __future__ import annotations

import signal
from types import FrameType

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


def status_when_interrupted() -> int:
    """143 after SIGTERM or SIGHUP, 130 after Ctrl-C."""
    return TERMINATED if _received else INTERRUPTED


def _terminate(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise Terminated
