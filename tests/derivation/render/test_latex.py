"""The LaTeX document: it compiles; where there is no pdflatex, what it is made of is checked."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess

import pytest

import chainrule as cr
from chainrule.derivation.render import latex
from chainrule.errors import SettingError

COMMANDS = set(
    """
    frac sqrt sum prod partial left right Bigl Bigr displaystyle operatorname text mathrm mathbf mathcal begin end cdot
    cdots times odot oslash approx neq leq geq top infty log exp tanh sin cos max min alpha beta gamma delta sigma pi
    lambda theta mu Gamma Sigma textstyle quad hphantom nopagebreak fitted color small par section subsection
    subsubsection derivationline underchapter
    checkmark ttfamily raggedright hangindent LARGE medskip textsuperscript ldots
    textbackslash textasciicircum textasciitilde textless textgreater textbar to nu eta phi varphi textbf
    """.split()  # noqa: SIM905  (one a line would be a page)
)


@pytest.fixture(scope="module")
def texts(derivations):
    return [derivation.latex() for derivation in derivations]


def body(text: str) -> str:
    return text.split(r"\begin{document}")[1]


def without_escapes(text: str) -> str:
    return re.sub(r"\\[{}$&#%_,\\]", "", text)


def test_brackets_environments_and_dollars_are_in_pairs(texts):
    for text in texts:
        depth = 0
        for character in without_escapes(text):
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0
        opened: list[str] = []
        for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
            if kind == "begin":
                opened.append(name)
            else:
                assert opened.pop() == name
        assert not opened
        assert text.count(r"\left") == text.count(r"\right")
        assert text.count(r"\[") == text.count(r"\]")
        assert without_escapes(body(text)).count("$") % 2 == 0


def test_only_commands_of_the_standard_packages_are_used(texts):
    for text in texts:
        used = set(re.findall(r"\\([A-Za-z]+)", body(text)))
        assert used <= COMMANDS, used - COMMANDS
    packages = re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", texts[0])
    assert set(",".join(packages).split(",")) == {"inputenc", "geometry", "amsmath", "amssymb", "graphicx", "xcolor"}


def test_no_double_script_is_left(texts):
    """x^a^b and x_a_b do not compile: a power of a letter whose superscript is taken has brackets."""
    for text in texts:
        made = re.sub(r"[_^]\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", lambda m: m[0][0] + "#", text)
        assert not re.search(r"\^#(_#)?\^#|_#(\^#)?_#", made)


def test_names_with_special_characters_compile_to_themselves():
    assert latex.tex.escaped(r"50% of a_b & c#1 $x {y} \z ~ ^") == (
        r"50\% of a\_b \& c\#1 \$x \{y\} \textbackslash{}z \textasciitilde{} \textasciicircum{}"
    )
    assert latex.tex.escaped("a ≤ b² → δ, 日") == r"a $\leq$ b\textsuperscript{2} $\to$ $\delta$, [U+65E5]"


def test_views_that_are_off_are_not_written(post):
    symbols = post.latex(views="symbols")
    assert r"\ttfamily" not in body(symbols)
    assert r"\color{numbers}" not in body(symbols)
    assert r"\ttfamily" in body(post.latex(views=("code",)))
    assert r"\[" not in body(post.latex(views="code"))
    with pytest.raises(SettingError):
        post.latex(views="nothing")


def test_a_fragment_needs_no_preamble(post):
    text = post.latex(document=False)
    assert r"\documentclass" not in text
    assert not re.search(r"\\(color|fitted|derivationline|underchapter|definecolor)\b", text)
    assert text.startswith(r"\section*{")


PDFLATEX = shutil.which("pdflatex")
WRAPPED = r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}%s\end{document}"


@pytest.mark.skipif(PDFLATEX is None, reason="needs pdflatex")
@pytest.mark.parametrize("which", [-1, -2, -3, 5, 11, 23, "fragment", "names"])
def test_the_document_compiles_and_nothing_sticks_out_of_the_page(which, texts, post, tmp_path):
    if which == "fragment":
        text = WRAPPED % post.latex(document=False)
    elif which == "names":
        evil = "100% of {a_b} & c#1 $x^2 \\z ~ ^ \" < > | δ² ≤ ∂J/∂W²_mk' → ✓ 日 é …"
        steps = [
            dataclasses.replace(s, rule=evil, reason=evil, block=evil, statement=evil, code=evil) for s in post.steps
        ]
        text = dataclasses.replace(post, steps=tuple(steps[:12]), title=evil, subtitle=evil).latex()
    else:
        text = texts[which]
    (tmp_path / "d.tex").write_text(text, "utf-8")
    command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert ended.returncode == 0, ended.stdout[-1500:]
    if which not in ("fragment", "names"):
        too_wide = [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", ended.stdout)]
        assert max(too_wide, default=0) < 6  # points


def test_a_users_activation_with_underscores_is_set_in_words():
    cr.activation("my_own_bump", "exp(-a**2)")
    text = cr.derive("2-3 my_own_bump-2", detail="short").latex()
    assert "my_own" not in text.replace(r"my\_own", "")
