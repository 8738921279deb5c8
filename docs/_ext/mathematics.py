"""Sphinx: formulas as MathML, made when the site is built, with the mathematical font beside it; no script."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import latex2mathml.converter
from docutils import nodes
from sphinx.application import Sphinx

_LETTERS = "".join(map(chr, (*range(0x20, 0x7F), *range(0x391, 0x3CA))))
_SIGNS = "∂∑∏∫√∞·×−±≈≠≤≥≪≫∈∇←→↦⇒⊤⊙⊘⋯…′″ℝ∥|⟨⟩⎛⎝⎞⎠⎧⎨⎩{}[]()\u00a0\u2061\u2062\u2063"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    app.connect("build-finished", _write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(f'<span class="math">{mathml(node.astext())}</span>')
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math" tabindex="0" role="math">{mathml(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as ``<math>``, with its LaTeX for those who copy it."""
    made = latex2mathml.converter.convert(latex.strip(), display=display)
    if "<mtext>\\" in made or re.search(r"<m[io]>\\\w", made):
        raise ValueError(f"This formula is not understood whole: {latex!r}")
    made = _PRIME.sub('<mo lspace="0" rspace="0">&#x02032;</mo>', made)
    made = _NAME.sub(r'\1<mspace width="0.167em"/>', made)
    return made.replace("<math ", f'<math alttext="{html.escape(latex.strip(), quote=True)}" ', 1)


_PRIME = re.compile(r"<mi>&#x02032;</mi>")
_NAME = re.compile(r"(<mi>(?:log|exp|max|min|sin|cos|tanh)</mi>)(?=<(?:mi|mn|ms|mf|mr))")


def _write_font(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    from chainrule.derivation.render.font import subset

    Path(app.outdir, "_static", "math.woff").write_bytes(subset(frozenset(_LETTERS + _SIGNS)))
