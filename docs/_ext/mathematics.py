"""Sphinx: formulas as MathML, made when the site is built, with the mathematical font beside it; no script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from formulas import mathml
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
    writer.body.append(f'<div class="math">{mathml(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def _write_font(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    from chainrule.derivation.render.font import subset

    Path(app.outdir, "_static", "math.woff").write_bytes(subset(frozenset(_LETTERS + _SIGNS)))
