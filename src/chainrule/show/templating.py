"""Pages from templates: the one place that imports jinja2 for pages. Values are escaped, nothing is fetched."""

from __future__ import annotations

from typing import Any

import jinja2

from chainrule.show.style import PALETTE, number

escaped = jinja2.utils.markupsafe.escape


def safe(markup: str) -> Any:
    """Markup that goes into a page as it is: only for what chainrule itself has written."""
    return jinja2.utils.markupsafe.Markup(markup)


def render_page(template: str, **values: Any) -> str:
    """A page of HTML from one of the templates in this folder; a name that is not given is an error.

    Every value is escaped, except those marked safe: figures from `chainrule.show.inline`.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("chainrule.show", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["whole"] = _whole
    environment.globals["palette"] = PALETTE
    return environment.get_template(template).render(**values)


def _whole(text: str, notation: str) -> Any:
    """Words as markup, with a notation in one line where it fits into one."""
    kept = safe('<span class="notation">{}</span>').format(notation)
    return escaped(text).replace(escaped(notation), kept)
