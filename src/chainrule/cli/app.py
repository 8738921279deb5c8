"""The command ``chainrule``: its subcommands, and how faults end it."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

import typer

from chainrule import __version__
from chainrule.errors import ChainruleError

app = typer.Typer(
    name="chainrule",
    help="Feed-forward neural networks that show their work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Feed-forward neural networks that show their work."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or a closed terminal: everything that saves on Ctrl-C saves on this too."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 a check failed, 2 bad input, 130 Ctrl-C, 143 terminated."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    try:
        status = app(standalone_mode=False)
    except ChainruleError as error:
        status = _say(str(error), 2)
    except typer.Abort:
        status = 130
    except BrokenPipeError:  # `| head` closed the pipe: not a fault; keep the interpreter from flushing into it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Terminated:
        status = 143
    except KeyboardInterrupt:
        status = 130
    except Exception as error:
        usage = getattr(error, "exit_code", None), getattr(error, "format_message", None)
        if usage[0] is None or usage[1] is None:
            raise
        status = _say(usage[1](), usage[0])
    sys.exit(status or 0)


def _say(text: str, status: int) -> int:
    """Print an error on standard error and give back the exit status."""
    typer.echo(text, err=True)
    return status


# Registered at the end: each module adds its command to `app`.
from chainrule.cli import demo, evaluate, predict, train  # noqa: E402, F401
