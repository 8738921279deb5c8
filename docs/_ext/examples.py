"""Sphinx: runs the examples of each page as it is read, and shows their results; one that fails stops the build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from running import ExampleError, Result, has_examples, with_results
from sphinx.application import Sphinx
from sphinx.errors import SphinxError


class ExampleFailed(SphinxError):
    """Ends the build with what the example said."""

    category = "Example failed"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _run)
    app.connect("env-before-read-docs", _always)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _always(app: Sphinx, env: Any, names: list[str]) -> None:
    """What an example prints hangs on chainrule as it is now, so its page is read anew in every build."""
    for name in env.found_docs:
        page = Path(env.doc2path(name))
        if name not in names and has_examples(page.read_text(encoding="utf-8"), name):
            names.append(name)


def _run(app: Sphinx, name: str, source: list[str]) -> None:
    counter = iter(range(1, 1000))

    def shown(result: Result) -> str:
        return "\n\n".join(_parts(result, f"{re.sub(r'[^a-z]+', '-', name)}-{next(counter)}"))

    try:
        source[0] = with_results(source[0], name, shown)
    except ExampleError as error:
        raise ExampleFailed(str(error)) from None


def _parts(result: Result, anchor: str) -> list[str]:
    """What is shown of a result, as MyST Markdown."""
    if result.has_commands:
        return [f"````console\n{result.text}\n````"]
    parts = []
    if result.text.strip():
        parts.append(_text(result.text))
    value = result.value
    if value is None:
        return parts
    if type(value).__module__ == "matplotlib.figure":
        parts.append(_html(f'<div class="result drawing">{_drawn(value, anchor)}</div>'))
    elif hasattr(value, "_repr_html_"):
        attributes = 'class="result page" tabindex="0" role="region" aria-label="The result"'
        parts.append(_html(f"<div {attributes}>{value._repr_html_()}</div>"))
    else:
        parts.append(_text(repr(value)))
    return parts


def _text(text: str) -> str:
    return f"````{{code-block}} text\n:class: result\n\n{text.rstrip()}\n````"


def _html(html: str) -> str:
    return f"`````{{raw}} html\n{html}\n`````"


def _drawn(figure: Any, anchor: str) -> str:
    from chainrule.show.inline import inline_svg

    title = figure.get_suptitle() or next((axes.get_title() for axes in figure.axes if axes.get_title()), "")
    labels = ", ".join(dict.fromkeys(filter(None, (axes.get_ylabel() for axes in figure.axes))))
    return inline_svg(figure, anchor, title or labels or "Figure")
