"""The mathematical font of a page: the few glyphs of STIX Two Math that it needs, embedded.

Browsers' own fonts have no stretching braces and small sums. STIX Two Math (SIL Open Font License 1.1) comes inside
the package ziamath; fontTools cuts out of it what a page uses, with the variants that stretch.
"""

from __future__ import annotations

import base64
import functools
import io

from chainrule.errors import MissingDependencyError

FAMILY = "chainrule math"
# In every font, so that most pages of one process share it; a page's other characters are added.
_ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "δσπ∂∑∏√·×−=≈≠≤≥⊤⊙⊘⋯…′’–✓Σ\u00a0\u2061\u2062"


def italic(character: str) -> str:
    """The mathematical italic that a browser puts in place of a single letter of a formula."""
    if character == "h":
        return "ℎ"
    if "a" <= character <= "z":
        return chr(0x1D44E + ord(character) - ord("a"))
    if "A" <= character <= "Z":
        return chr(0x1D434 + ord(character) - ord("A"))
    if "α" <= character <= "ω":
        return chr(0x1D6FC + ord(character) - ord("α"))
    if "Α" <= character <= "Ω":
        return chr(0x1D6E2 + ord(character) - ord("Α"))
    return character


def font_face(text: str) -> str:
    """The CSS rule that embeds the font, with every character of ``text`` that STIX Two Math has.

    Returns
    -------
    str, ``@font-face{...}`` with the font as base64 WOFF: 60 to 80 kB.
    """
    data = subset(frozenset(filter(str.isprintable, text)) | frozenset(_ALWAYS))
    return (
        f'@font-face{{font-family:"{FAMILY}";font-display:block;'
        f"src:url(data:font/woff;base64,{base64.b64encode(data).decode('ascii')})format('woff')}}"
    )


@functools.lru_cache(maxsize=4)
def subset(characters: frozenset[str]) -> bytes:
    """STIX Two Math with these characters, their italics and all their variants, as WOFF."""
    import logging

    from fontTools import subset as cutting
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it warns of tables it drops, as it should
    options = cutting.Options()
    options.layout_features = ["*"]  # script forms (ssty) and the rest of what MATH asks for
    options.hinting = False
    options.notdef_outline = True
    wanted = {ord(c) for character in characters for c in (character, italic(character))}
    # Without new time stamps the same page gives the same bytes; the boxes of glyphs are those of the whole font.
    with TTFont(io.BytesIO(_whole()), recalcTimestamp=False, recalcBBoxes=False, lazy=True) as font:
        cutter = cutting.Subsetter(options)
        cutter.populate(unicodes=wanted)
        cutter.subset(font)
        font.flavor = "woff"
        out = io.BytesIO()
        font.save(out)
    return out.getvalue()


@functools.cache
def _whole() -> bytes:
    """The font file inside ziamath; read as a file, since importing ziamath loads much that is not needed."""
    import importlib.util
    from pathlib import Path

    found = importlib.util.find_spec("ziamath")
    if found is None or found.origin is None:
        raise MissingDependencyError("The mathematical font is missing.", "It comes with the package ziamath.")
    return (Path(found.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf").read_bytes()
