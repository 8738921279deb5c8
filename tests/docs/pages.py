"""The pages of docs/ and what they hold: links, headings, examples."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
REFERENCE = sorted((DOCS / "api").glob("*.rst"))

_LINK = re.compile(r"\[[^\]\[]*(?:\[[^\]]*\][^\]\[]*)*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.M)
_TOCTREE = re.compile(r"```\{toctree\}\n(.*?)```", re.S)


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^(`{3,})[^`\n]*\n.*?^\1\s*$", "", text, flags=re.M | re.S)


def without_code(page: Path) -> str:
    """Its prose, without code in the line either."""
    return re.sub(r"(`+)(?:(?!\1).)+?\1", "", prose(page))


def links(page: Path) -> list[str]:
    """Where the page's links lead, those to other sites left out."""
    return [target for target in _LINK.findall(without_code(page)) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of the page's headings, as GitHub and MyST make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"[`*$\\]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


def listed() -> set[str]:
    """The pages in the site's table of contents."""
    entries = "\n".join(_TOCTREE.findall((DOCS / "index.md").read_text(encoding="utf-8")))
    return {line.strip() for line in entries.splitlines() if line.strip() and not line.startswith(":")}


def extension(name: str) -> ModuleType:
    """A module of docs/_ext, by its path: its folder is not on the path of the tests."""
    spec = importlib.util.spec_from_file_location(f"docs_ext_{name}", DOCS / "_ext" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
