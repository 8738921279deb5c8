"""Sphinx: what pages take from other folders: ``examples/`` with what they print, and the benchmarks' table."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

from examples import ExampleFailed
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
_NOT_MEASURED = "```{note}\nThe figures have not been measured in this copy of the source.\n```"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _insert, priority=400)  # before the examples of the page are run
    app.connect("env-before-read-docs", _always)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _always(app: Sphinx, env: Any, names: list[str]) -> None:
    """These two pages hang on files that Sphinx does not watch."""
    names += [name for name in ("examples", "benchmarks") if name not in names]


def _insert(app: Sphinx, name: str, source: list[str]) -> None:
    if name == "examples":
        scripts = sorted((ROOT / "examples").glob("*.py"))
        source[0] = source[0].replace("<!-- examples -->", "\n\n".join(map(_example, scripts)))
    elif name == "benchmarks":
        results = ROOT / "benchmarks" / "results.md"
        text = results.read_text(encoding="utf-8") if results.exists() else _NOT_MEASURED
        source[0] = source[0].replace("<!-- benchmarks/results.md -->", text)


def _example(script: Path) -> str:
    """A script: its docstring as text, its code, and what it prints."""
    source = script.read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, _, rest = (ast.get_docstring(tree) or "").partition("\n\n")
    code = "".join(source.splitlines(keepends=True)[tree.body[0].end_lineno :]).lstrip("\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    if done.returncode:
        raise ExampleFailed(f"{script.relative_to(ROOT)} failed.\n{done.stderr}")
    head = script.stem.partition("_")[2].replace("_", " ").replace("csv", "CSV")
    return (
        f"## {head[0].upper()}{head[1:]}\n\n{title}\n\n{rest}\n\n`examples/{script.name}`\n\n"
        f"```python\n{code}```\n\n````{{code-block}} text\n:class: result\n\n{done.stdout.rstrip()}\n````"
    )
