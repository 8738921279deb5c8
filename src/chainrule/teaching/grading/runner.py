"""Calls a learner's functions. Run as a script in a process of its own: needs NumPy alone, never imports chainrule.

``python -I runner.py FOLDER``: reads FOLDER/request.json, writes a line of FOLDER/results.jsonl for each thing done.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 50_000_000
SPARE_PARTS = {"xrange": range}  # Python 2's names that stand for something here; the report says so


class Layers(list[Any]):
    """The weights as a learner receives them: a list of (W, b), which answers to names and layers too.

    ``for W, b in weights``, ``weights[0][1]``, ``weights["W1"]``, ``weights.W[1]`` and ``weights.b[1]``.
    """

    def __init__(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        super().__init__(tuple(pair) for pair in pairs)

    @property
    def W(self) -> list[Any]:
        """W[l] for l = 1..L; slot 0 is unused."""
        return [None, *(W for W, _ in self)]

    @property
    def b(self) -> list[Any]:
        """b[l] for l = 1..L; slot 0 is unused."""
        return [None, *(b for _, b in self)]

    def keys(self) -> list[str]:
        """``["W1", "b1", "W2", ...]``."""
        return [f"{kind}{l}" for l in range(1, len(self) + 1) for kind in "Wb"]

    def values(self) -> list[Any]:
        """In the order of ``keys``."""
        return [array for pair in self for array in pair]

    def items(self) -> list[tuple[str, Any]]:
        """Names and arrays."""
        return list(zip(self.keys(), self.values(), strict=True))

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, str):
            found = dict(self.items())
            return found[at if at in found else at[:1].upper() + at[1:] if at[:1] == "w" else at]
        return super().__getitem__(at)


def perform(
    functions: Mapping[str, Any], calls: list[dict[str, Any]], arrays: Mapping[str, Any], filename: str | None
) -> Iterable[dict[str, Any]]:
    """One record for each call: ``{"call": number, "value": tree}`` or ``{"call": number, "error": ...}``."""
    for call in calls:
        record = _one(functions[call["function"]], call, arrays, filename, flat=False)
        if "error" in record and any(isinstance(spec, list) for spec in call["arguments"].values()):
            again = _one(functions[call["function"]], call, arrays, filename, flat=True)
            record = again if "error" not in again else record
        yield {"call": call["call"], **record}


def _one(
    function: Callable[..., Any], call: dict[str, Any], arrays: Mapping[str, Any], filename: str | None, *, flat: bool
) -> dict[str, Any]:
    """One call: what it returned or raised, and which arguments it changed."""
    given = {name: _argument(spec, arrays, flat) for name, spec in call["arguments"].items()}
    before = {name: value.copy() for name, value in given.items() if isinstance(value, np.ndarray)}
    record: dict[str, Any] = {}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            positional = [given[name] for name in call["positional"]]
            keywords = {name: value for name, value in given.items() if name not in call["positional"]}
            record["value"] = _tree(function(*positional, **keywords))
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: what a learner's code raises is a result
        record["error"] = described(error, filename)
    if changed := [name for name, old in before.items() if not np.array_equal(old, given[name])]:
        record["changed"] = changed
    return record


def _argument(spec: Any, arrays: Mapping[str, Any], flat: bool) -> Any:
    """An argument made anew, so that no call sees what another did to it."""
    if isinstance(spec, list):  # a layer's pair of names each
        if flat:
            return tuple(arrays[name].copy() for pair in spec for name in pair)
        return Layers((arrays[W].copy(), arrays[b].copy()) for W, b in spec)
    return arrays[spec].copy() if isinstance(spec, str) else spec


def _tree(value: Any, depth: int = 0) -> Any:
    """What a function returned as arrays in lists and dicts; anything else by the name of its type."""
    if value is None:
        return {"none": True}
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        found = np.asarray(value)
        if found.dtype.kind in "biufc" and not isinstance(value, np.ma.MaskedArray):
            return found
        return {"other": f"an array of {found.dtype}"}
    if depth < 4:
        if isinstance(value, Mapping):
            return {"dict": [[str(key), _tree(item, depth + 1)] for key, item in list(value.items())[:200]]}
        if isinstance(value, list | tuple):
            with contextlib.suppress(ValueError, TypeError):
                found = np.asarray(value)
                plain = not any(isinstance(item, np.ndarray | list | tuple) for item in value)
                if found.dtype.kind in "biufc" and (plain or _is_nested_numbers(value)):
                    return found
            return {"list": [_tree(item, depth + 1) for item in value[:200]]}
        if hasattr(value, "W") and hasattr(value, "b"):
            return {"layers": [_tree(list(value.W), depth + 1), _tree(list(value.b), depth + 1)]}
    return {"other": f"a {type(value).__name__}"}


def _is_nested_numbers(value: Any) -> bool:
    """Whether it is a matrix written as lists of plain numbers."""
    if isinstance(value, list | tuple):
        return all(_is_nested_numbers(item) for item in value)
    return isinstance(value, int | float | complex | np.generic)


def described(error: BaseException, filename: str | None) -> dict[str, Any]:
    """An exception: its type, what it says, and the last line of the learner's own file that it passed."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == filename or (filename is None and frame.filename != __file__):
            line = frame.lineno
    text = " ".join(str(error).split())
    return {"type": type(error).__name__, "text": text[:200], "line": line}


def load(source: str, filename: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The names that a file defines, statement by statement, and what failed."""
    import ast

    module = types.ModuleType("answers")
    sys.modules["answers"] = module
    names = module.__dict__
    names.update(SPARE_PARTS, __file__=filename)
    failed = []
    for statement in ast.parse(source, filename).body:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(ast.Module([statement], []), filename, "exec", dont_inherit=True), names)
        except BaseException as error:
            found = described(error, filename)
            failed.append({**found, "line": found["line"] or statement.lineno})
    return names, failed


def encoded(tree: Any) -> Any:
    """Arrays as text: dtype, shape and bytes."""
    if isinstance(tree, np.ndarray):
        if tree.nbytes > MOST_BYTES:
            return {"other": f"an array of shape {tree.shape}"}
        array = np.ascontiguousarray(tree)
        kind = {"f": "<f8", "c": "<c16", "i": "<i8", "u": "<u8", "b": "|b1"}[array.dtype.kind]
        data = base64.b64encode(array.astype(kind).tobytes()).decode("ascii")
        return {"array": [str(array.dtype), kind, list(tree.shape), data]}
    if isinstance(tree, dict):
        return {key: encoded(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [encoded(item) for item in tree]
    return tree


def decoded(tree: Any) -> Any:
    """The inverse of ``encoded``. Data only: nothing in it is run. ValueError where it is not what it should be."""
    if isinstance(tree, dict) and set(tree) == {"array"}:
        name, kind, shape, data = tree["array"]
        if kind not in ("<f8", "<c16", "<i8", "<u8", "|b1"):
            raise ValueError(f"no such kind of number: {kind!r}")
        array = np.frombuffer(base64.b64decode(data, validate=True), kind).reshape([int(size) for size in shape])
        return array.astype(np.float32 if name == "float32" else np.float16 if name == "float16" else array.dtype)
    if isinstance(tree, dict):
        return {key: decoded(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [decoded(item) for item in tree]
    return tree


def _limit(request: Mapping[str, Any]) -> None:
    """Memory, processor time, size of files: what this process may use, from here on."""
    try:
        import resource
    except ImportError:  # Windows has none of it; the time limit holds there too
        return
    for name, most in (
        ("RLIMIT_AS", request["memory_limit"]),
        ("RLIMIT_CPU", request["cpu_limit"]),
        ("RLIMIT_FSIZE", 4 * MOST_BYTES),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 64),
    ):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            value = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
            resource.setrlimit(number, (value, value))


def main(folder: Path) -> None:
    """Load the file, make the calls, write each result as it comes."""
    import faulthandler

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    arrays = decoded(request["arrays"])
    filename, seconds = request["filename"], request["time_limit"]
    with (
        open(folder / "results.jsonl", "a", encoding="ascii", buffering=1) as results,
        open(folder / "stopped.txt", "a", encoding="utf-8") as stopped,
    ):
        write: Callable[[Any], Any] = lambda record: results.write(json.dumps(record) + "\n")  # noqa: E731
        _limit(request)
        os.chdir(folder / "empty")
        faulthandler.dump_traceback_later(seconds, exit=True, file=stopped)  # ends an endless loop, and tells its line
        names, failed = load(request["source"], filename)
        faulthandler.cancel_dump_traceback_later()
        write({"loaded": failed})
        by_function: dict[str, list[dict[str, Any]]] = {}
        for call in request["calls"]:
            by_function.setdefault(call["function"], []).append(call)
        for name, calls in by_function.items():
            if not callable(names.get(name)):
                write({"missing": name})
                continue
            write({"begin": name})
            faulthandler.dump_traceback_later(seconds, exit=True, file=stopped)
            for record in perform(names, calls, arrays, filename):
                write(encoded(record))
            faulthandler.cancel_dump_traceback_later()
            write({"end": name})
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        results.flush()
    os._exit(0)  # threads that a learner's file started do not keep the process


if __name__ == "__main__":
    main(Path(sys.argv[1]))
