"""A process of its own for someone else's code: no input, little memory, an end. Only numbers come back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainrule.teaching.grading import runner

MEMORY = 2 * 1024**3
_FRAME = re.compile(r'File "(.*)", line (\d+) in (.*)')


@dataclass
class Results:
    """What came of the calls.

    Attributes
    ----------
    records : dict of int to dict
        By number of call: ``value`` (arrays in lists and dicts), or ``error`` (``type text line``); ``changed`` names
        the arguments that the function changed.
    ended : dict of str to dict
        By function: why the whole process ended in it; ``type text line`` as for an error.
    loading : list of dict
        Statements of the file that failed.
    printed : str
        The beginning of what the file printed.
    """

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    loading: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""


def run_apart(
    source: str,
    filename: str,
    calls: list[dict[str, Any]],
    arrays: Mapping[str, Any],
    *,
    time_limit: float,
    memory_limit: int = MEMORY,
) -> Results:
    """Call functions of a file in another process; begin anew after a function that ended the process.

    Parameters
    ----------
    source : str
        Python 3 that parses.
    filename : str
        As it stands in tracebacks.
    calls : list of dict
        ``call`` (number), ``function``, ``arguments`` (name to the name of an array, or pairs of them), ``positional``.
    arrays : dict of array
    time_limit : float
        Seconds for loading the file, and for all calls of one function.
    memory_limit : int
        Bytes of address space.
    """
    results = Results()
    while calls:
        died_in = _once(results, source, filename, calls, arrays, time_limit, memory_limit)
        if died_in is None:
            break
        calls = [call for call in calls if call["function"] != died_in]
    return results


def run_here(functions: Mapping[str, Any], calls: list[dict[str, Any]], arrays: Mapping[str, Any]) -> Results:
    """The same for functions that are here already: nothing protects from what they do."""
    return Results({record["call"]: record for record in runner.perform(functions, calls, arrays, None)})


def _once(
    results: Results,
    source: str,
    filename: str,
    calls: list[dict[str, Any]],
    arrays: Mapping[str, Any],
    time_limit: float,
    memory_limit: int,
) -> str | None:
    """One process. The function in which it ended early, or None."""
    functions = list(dict.fromkeys(call["function"] for call in calls))
    longest = time_limit * (len(functions) + 1) + 20
    request = {
        "source": source,
        "filename": filename,
        "calls": calls,
        "arrays": runner.encoded(dict(arrays)),
        "time_limit": time_limit,
        "memory_limit": memory_limit,
        "cpu_limit": longest + 5,
    }
    with tempfile.TemporaryDirectory(prefix="chainrule-grade-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        with open(folder / "printed.txt", "wb") as printed:
            process = subprocess.Popen(
                [sys.executable, "-I", runner.__file__, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
            try:
                status: int | None = process.wait(longest)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                _end(process)
        with open(folder / "printed.txt", "rb") as file:
            results.printed += file.read(2000).decode("utf-8", "replace")
        return _read(results, folder, functions, filename, status, time_limit)


def _environment(folder: Path) -> dict[str, str]:
    """Little is passed on: nothing secret that stands in the environment, one thread for matrix products."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "HOME": str(folder), "MPLBACKEND": "Agg"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it may have started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()


def _read(
    results: Results, folder: Path, functions: list[str], filename: str, status: int | None, time_limit: float
) -> str | None:
    """Take over what was written; the function in which it ended early, or None."""
    loaded, inside, done = False, None, set[str]()
    for line in _lines(folder / "results.jsonl"):
        try:
            record = runner.decoded(json.loads(line))
            if "loaded" in record:
                loaded, results.loading = True, list(record["loaded"])
            elif "begin" in record:
                inside = str(record["begin"])
            elif "end" in record or "missing" in record:
                done.add(str(record.get("end", record.get("missing"))))
                inside = None
            elif "call" in record:
                results.records[int(record["call"])] = record
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # half a line, where the process was ended while it wrote
    if all(name in done for name in functions):
        return None
    why = _why(folder, filename, status, time_limit)
    if not loaded or inside is None:  # the file itself ended it: no function can be called
        results.ended.update({name: why for name in functions if name not in done})
        return None
    results.ended[inside] = why
    return inside


def _lines(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    return []


def _why(folder: Path, filename: str, status: int | None, time_limit: float) -> dict[str, Any]:
    """Why a process ended early, with the line where that is known."""
    stopped = "\n".join(_lines(folder / "stopped.txt"))
    if stopped or status is None:
        line = next((int(n) for name, n, _ in _FRAME.findall(stopped) if name == filename), None)
        return {"type": "time", "text": f"not done after {time_limit:g} s", "line": line}
    if status < 0:
        with contextlib.suppress(ValueError):
            return {"type": "end", "text": f"it crashed Python itself ({signal.Signals(-status).name})", "line": None}
    return {"type": "end", "text": f"it ended the process (exit status {status})", "line": None}
