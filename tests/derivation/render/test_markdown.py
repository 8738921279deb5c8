"""Markdown: what a parser of CommonMark makes of it is what was meant, in formulas and in words."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest
from markdown_it import MarkdownIt

from chainrule.derivation.render import markdown
from chainrule.derivation.render.content import chapters
from chainrule.errors import SettingError

# As a forge reads it: CommonMark first, tables and strikethrough on, formulas looked for afterwards.
PARSER = MarkdownIt("gfm-like", {"linkify": False})


def inline(text: str) -> str:
    """The words of all paragraphs after parsing, formulas among them, and no other markup than bold."""
    words = []
    for token in PARSER.parse(text):
        for child in token.children or []:
            assert child.type in ("text", "strong_open", "strong_close", "softbreak"), (child.type, token.content)
            words.append("\n" if child.type == "softbreak" else child.content)
        if token.type == "inline":
            words.append("\n")
    return "".join(words)


@pytest.fixture(scope="module")
def texts(derivations):
    return [derivation.markdown() for derivation in derivations]


FORMULA = re.compile(r"\$\$\n(?P<display>.*?)\n\$\$|(?<!\\)\$(?P<inline>(?:[^$\\\n]|\\.)+?)\$")


def formulas(text: str) -> list[re.Match[str]]:
    """The formulas of Markdown, in their order, those in code left out."""
    return list(FORMULA.finditer(re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)))


def test_markup_of_markdown_takes_nothing_out_of_a_formula(derivations, texts):
    for derivation, text in zip(derivations, texts, strict=True):
        meant = [match[0] for match in formulas(text)]
        assert [match[0] for match in FORMULA.finditer(inline(text))] == meant
        shown = [line for c in chapters(derivation) for b in c.blocks for line in b.lines if line.right is not None]
        displays = sum(formula.startswith("$$") for formula in meant)
        assert displays == len(shown) + sum(line.numbers is not None for line in shown)


def test_no_formula_holds_what_markdown_would_read_for_itself(texts):
    for text in texts:
        for match in formulas(text):
            formula = match["display"] or match["inline"]
            assert not re.search(r"\\[^A-Za-z]|[*<>|`~]|\n", formula), formula
            assert not re.match(r"[-+#] |\d+[.)] |=+$", formula)


def test_headings_are_the_chapters_and_the_blocks_in_order(derivations, texts):
    for derivation, text in zip(derivations, texts, strict=True):
        tokens = PARSER.parse(text)
        levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert levels.count(2) == len(derivation.groups)
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        fences = [token.content.rstrip("\n") for token in tokens if token.type == "fence"]
        assert fences == [step.code for step in derivation.steps if step.code]


def test_words_stay_words(post):
    evil = "*two* _three_ `four` [five](six) <seven> | eight $nine$ ~~ten~~ \\ # 1. - + >"
    steps = tuple(
        dataclasses.replace(step, rule=evil, reason=f"{start}{evil}", section=evil, statement="")
        for step, start in zip(post.steps, ("", "1. ", "- ", "# ", "> ", "+ "), strict=False)
    )
    made = dataclasses.replace(post, steps=steps, title=evil, subtitle=evil, chosen=evil)
    text = made.markdown(views="reasons")
    parsed = inline(text)
    assert parsed.count(evil) >= 2 * len(steps) + 2
    kinds = {token.type for token in PARSER.parse(text)}
    assert not kinds & {"bullet_list_open", "ordered_list_open", "blockquote_open", "html_block", "table_open", "hr"}


def test_an_inline_formula_is_not_followed_by_a_letter_or_a_digit(texts):
    """A dollar before a letter or a digit does not end a formula on a forge, nor one behind a space."""
    for whole in texts:
        text = re.sub(r"^```.*?^```$", "", whole, flags=re.DOTALL | re.MULTILINE)
        for match in formulas(text):
            if match["inline"]:
                assert not text[match.end()].isalnum(), text[match.start() - 20 : match.end() + 10]
                assert not text[match.start() - 1].isalnum(), text[match.start() - 20 : match.end() + 10]
                assert match["inline"] == match["inline"].strip()


def test_views_that_are_off_are_not_written(post):
    assert "$$" not in post.markdown(views="code,reasons")
    assert "```" not in post.markdown(views="symbols")
    assert "For this sample" in post.markdown(views="numbers")
    with pytest.raises(SettingError):
        post.markdown(views="symbol")


def test_the_level_of_the_title_moves_all_headings(post):
    assert post.markdown(level=3).startswith("### ")
    assert markdown.render(post, level=2).count("\n## ") == 0
