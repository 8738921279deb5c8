"""The examples of a page, run: fences marked ``run`` in Markdown, and what they print and return."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(?P<language>python|console)(?P<flags>(?: \w+)*)\n(?P<source>.*?)^```$", re.M | re.S)
WHOLE = {"coming-from-scikit-learn"}  # pages whose Python runs without being marked
_PROMPT = "$ "
_LONGEST = 120  # seconds of one command


class ExampleError(Exception):
    """An example of a page failed."""


@dataclass(frozen=True)
class Result:
    """What an example gave: text that was printed, and the value of its last line where that is an expression."""

    text: str = ""
    value: Any = None
    has_commands: bool = False  # the text is that of a terminal: each command, then what it wrote


def with_results(page: str, name: str, shown: Callable[[Result], str]) -> str:
    """The page with the result of each example below it, as ``shown(result)`` writes it.

    The Python of a page is one session, run from top to bottom in a folder of its own; commands run in the same
    folder. Flags after ``run``: ``quiet`` shows no result, ``hidden`` does not show the source, and ``fails`` expects
    a command to end with a status that is not 0.

    Raises
    ------
    ExampleError
        An example raised, warned, or ended with a status that is not 0; it names page and line.
    """
    session: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:

        def run(fence: re.Match[str]) -> str:
            line = page.count("\n", 0, fence.start()) + 2
            flags = fence["flags"].split()
            if not _runs(fence, name):
                return fence[0]
            try:
                if fence["language"] == "python":
                    result = run_python(fence["source"], session, folder)
                else:
                    result = run_commands(fence["source"], folder, fails="fails" in flags)
            except ExampleError as error:
                raise ExampleError(f"The example at {name}:{line} failed.\n{error}") from None
            source = "" if "hidden" in flags or result.has_commands else f"```{fence['language']}\n{fence['source']}```"
            return source + ("" if "quiet" in flags else "\n\n" + shown(result))

        return FENCE.sub(run, page)


def has_examples(page: str, name: str) -> bool:
    """Whether anything of the page runs."""
    return any(_runs(fence, name) for fence in FENCE.finditer(page))


def _runs(fence: re.Match[str], name: str) -> bool:
    return "run" in fence["flags"].split() or (fence["language"] == "python" and name in WHOLE)


def run_python(source: str, session: dict[str, Any], folder: str) -> Result:
    """Run a block; as in a notebook, the value of a last line that is an expression is its result."""
    try:
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        with _inside(folder), contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(tree, "<example>", "exec"), session)
            value = None
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<example>", "eval"), session)
    except (Exception, SystemExit):
        raise ExampleError(traceback.format_exc(limit=-3)) from None
    return Result(printed.getvalue(), value)


def run_commands(source: str, folder: str, fails: bool = False) -> Result:
    """Run lines that begin with a prompt; what each writes follows it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "COLUMNS": "96",
        "NO_COLOR": "1",
    }
    written = []
    for line in source.splitlines():
        if not line.startswith(_PROMPT):
            raise ExampleError(f"A command begins with {_PROMPT!r}: {line!r}")
        done = subprocess.run(
            line.removeprefix(_PROMPT), shell=True, cwd=folder, env=environment, capture_output=True, text=True,
            timeout=_LONGEST, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if bool(done.returncode) is not fails:
            raise ExampleError(f"{line}\n{done.stdout}{done.stderr}(status {done.returncode})")
        written.append(f"{line}\n{done.stdout}{done.stderr}".rstrip())
    return Result("\n\n".join(written), has_commands=True)


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
