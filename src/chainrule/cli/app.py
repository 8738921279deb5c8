"""The command ``chainrule``: its subcommands, and how faults end it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import typer

from chainrule import __version__
from chainrule.cli import ending
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Exit status: 0 done, 1 a check failed, 2 bad input, 130 Ctrl-C, 143 terminated."""
    ending.listen()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a terminal that cannot show a letter gets a question mark
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        status = app(args=arguments, standalone_mode=False)
        if status == ending.INTERRUPTED:  # what the library makes of any KeyboardInterrupt, a SIGTERM's included
            status = ending.status_when_interrupted()
        sys.stdout.flush()  # here, so that a closed pipe is noticed here
    except ChainruleError as error:
        status = _say(str(error), ending.BAD_INPUT)
    except typer.Abort:  # older versions of the library
        status = ending.status_when_interrupted()
    except SystemExit:  # the command-line library leaves so, and only so, when `| head` closed the pipe: not a fault
        status = ending.OK
    except BrokenPipeError:  # `| head` closed the pipe: not a fault; keep the interpreter from flushing into it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ending.OK
    except KeyboardInterrupt:
        status = ending.status_when_interrupted()
    except MemoryError:
        status = _say("There is not enough memory for this.\nTry fewer rows or columns.", ending.BAD_INPUT)
    except Exception as error:
        usage = getattr(error, "exit_code", None), getattr(error, "format_message", None)
        if usage[0] is None or usage[1] is None:
            raise
        status = _say(usage[1](), usage[0])
    sys.exit(status or ending.OK)


def _say(text: str, status: int) -> int:
    """Print an error on standard error and give back the exit status."""
    with contextlib.suppress(BrokenPipeError):
        typer.echo(text, err=True)
    return status


# Registered at the end: each module adds its command to `app`.
from chainrule.cli import check, demo, derive, doctor, evaluate, grade, predict, program, trace, train  # noqa: E402, F401
