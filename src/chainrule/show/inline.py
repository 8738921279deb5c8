"""A figure as SVG inside a page: its colours follow the page's, its texts are read aloud."""

from __future__ import annotations

import html
import re

from matplotlib.figure import Figure

from chainrule.show.save import figure_bytes
from chainrule.show.style import PALETTE

_BEFORE_SVG = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OPENING = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_VIEW_BOX = re.compile(r'viewBox="([^"]*)"')
_PAPER = re.compile(r'(<g id="patch_1">\s*<path [^>]*style="fill: )#\w+')  # the first patch is the figure's own
_REFERENCE = re.compile(r'(\bid="|xlink:href="#|\bhref="#|url\(#)')


def inline_svg(figure: Figure | bytes, name: str, description: str) -> str:
    """The ``<svg>`` element of a figure, for a page of HTML.

    Parameters
    ----------
    figure : Figure, or bytes
        A figure, or the SVG file of one.
    name : str
        Unique on the page: each id inside begins with it.
    description : str
        What the figure shows, for those who do not see it.

    Returns
    -------
    str. Colours of the palette are written ``var(--blue, #0072b2)``, so that a page can give its dark shades.
    """
    text = (figure if isinstance(figure, bytes) else figure_bytes(figure, "svg")).decode()
    text = _PAPER.sub(r"\g<1>none", text, count=1)
    text = _COMMENT.sub("", _METADATA.sub("", _BEFORE_SVG.sub("", text)))
    box = _VIEW_BOX.search(text)
    assert box, "matplotlib writes a viewBox"
    width = float(box[1].split()[2])
    text = _REFERENCE.sub(rf"\g<1>{name}-", text)
    opening = (
        f'<svg role="img" aria-labelledby="{name}-title" viewBox="{box[1]}" style="max-width: {width * 1.45:.0f}px" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-title">{html.escape(description)}</title>'
    )
    text = _OPENING.sub(lambda _: opening, text, count=1)
    for colour, value in PALETTE.items():
        text = re.sub(rf"((?:fill|stroke|stop-color): ){value}\b", rf"\g<1>var(--{colour}, {value})", text)
    return re.sub(r"\n\s*", "\n", text).strip()
