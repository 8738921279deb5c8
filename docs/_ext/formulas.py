"""LaTeX to MathML, with the spaces and primes that a browser leaves out."""

from __future__ import annotations

import html
import re

import latex2mathml.converter

_PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>&#x02032;</mi></msup>")
_NAME = re.compile(r"(<mi>(?:log|exp|max|min|sin|cos|tanh)</mi>)(?=<(?:mi|mn|ms|mf|mr))")
_LEFT_OVER = re.compile(r"<m(?:text|i|o)[^>]*>[^<]*\\")
_SPACED = {
    "<mo>&#x0002F;</mo>": '<mo lspace="0.08em" rspace="0.08em">&#x0002F;</mo>',
    "<mo>&#x02202;</mo>": '<mo lspace="0" rspace="0">&#x02202;</mo>',
    "</mfrac><mfrac>": '</mfrac><mspace width="0.2em"/><mfrac>',
}


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as ``<math>``, with its LaTeX as the alternative text.

    Raises
    ------
    ValueError
        A part of it is not understood.
    """
    latex = latex.strip()
    made = latex2mathml.converter.convert(latex, display=display)
    if _LEFT_OVER.search(made):
        raise ValueError(f"This formula is not understood whole: {latex!r}")
    made = _PRIME.sub(r'<mrow>\1<mo lspace="0.04em" rspace="0">&#x02032;</mo></mrow>', made)
    for plain, spaced in _SPACED.items():
        made = made.replace(plain, spaced)
    made = _NAME.sub(r'\1<mspace width="0.167em"/>', made)
    return made.replace("<math ", f'<math alttext="{html.escape(latex, quote=True)}" ', 1)
