"""Sphinx: the API reference is whole, and its docstrings are read as they are written."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

import chainrule

_SOURCE = re.compile(r"^Source: (?P<text>.*(?:\n\S.*)*)\n?", re.M)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _sections, priority=100)  # before numpydoc
    app.connect("env-check-consistency", _whole)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _sections(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The house's ``Source:`` line as numpydoc's section of references."""

    def section(found: re.Match[str]) -> str:
        text = found["text"]
        return f"References\n----------\n{text[0].upper()}{text[1:]}\n"

    lines[:] = _SOURCE.sub(section, "\n".join(lines)).split("\n")


def _whole(app: Sphinx, env: Any) -> None:
    """Every public name is documented."""
    documented = {name for name in env.get_domain("py").objects if name.startswith("chainrule.")}
    missing = [name for name in chainrule.__all__ if f"chainrule.{name}" not in documented and name[0] != "_"]
    if missing:
        raise ExtensionError(f"Not in the API reference (docs/api): {', '.join(missing)}")
