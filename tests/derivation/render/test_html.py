"""The page: it fetches nothing, its parts are where they belong, what it shows can be switched without script."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont

import chainrule as cr
from chainrule.derivation.render import html
from chainrule.derivation.render.font import font_face, italic
from chainrule.errors import SettingError

VOID = {"meta", "wbr", "input", "link", "br", "img", "hr"}


class Page(HTMLParser):
    """A page read into tags, ids, links, text of formulas, headings; it must be balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.characters: set[str] = set()
        self.headings: list[int] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        if "math" in self.open:
            alone = self.open[-1] == "mi" and len(data) == 1
            self.characters |= {italic(data)} if alone else set(data)
        self.words += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if attributes.get(name) is not None]


@pytest.fixture(scope="module")
def pages(derivations):
    """Each derivation with its page, read and as text."""
    texts = [derivation.html() for derivation in derivations]
    return [(derivation, Page(text), text) for derivation, text in zip(derivations, texts, strict=True)]


def test_every_page_is_balanced_and_has_one_title_and_headings_in_order(pages):
    for derivation, page, _ in pages:
        assert page.headings.count(1) == 1
        assert page.headings[0] == 1
        assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
        assert derivation.title in page.words
        for tag in ("main", "nav", "header", "fieldset", "legend"):
            assert [name for name, _ in page.tags].count(tag) == 1


def test_every_page_says_its_language_and_fetches_nothing(pages):
    for _, page, text in pages:
        assert ("html", {"lang": "en"}) in page.tags
        names = {name for name, _ in page.tags}
        assert not names & {"script", "link", "iframe", "img", "object", "embed", "base"}
        assert not page.values("src")
        assert all(target.startswith("#") for target in page.values("href"))
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert "@import" not in text
        assert "://" not in text
        assert set(re.findall(r"url\(\s*['\"]?(\w+:)", text)) == {"data:"}


def test_ids_are_unique_and_every_link_arrives(pages):
    for _, page, _ in pages:
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        assert {target[1:] for target in page.values("href")} <= set(ids)
        assert set(page.values("aria-labelledby")) <= set(ids)


def test_every_line_is_there_with_its_rule_its_reason_its_check_and_its_code(pages):
    for derivation, _, text in pages:
        lines = [step for step in derivation.steps if not step.is_remark]
        assert text.count('class="number"') == len(lines)
        assert text.count("✓</span> checked, error") == sum(step.error is not None for step in lines)
        assert text.count('<div class="numbers') == sum(step.numbers is not None for step in lines)
        assert text.count("<pre") == sum(bool(step.code) for step in derivation.steps)
        assert text.count('<p class="why"') == sum(bool(step.reason) for step in derivation.steps)


def test_every_character_of_every_formula_is_in_the_embedded_font(pages):
    for _, page, text in pages:
        data = re.search(r"base64,([A-Za-z0-9+/=]+)\)", text)
        assert data is not None
        with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
            assert "MATH" in font  # what makes braces grow
            has = set(map(chr, font.getBestCmap()))
        assert page.characters - has - {"\u2061", "\u2062", "\u00a0"} == set()


def test_the_font_is_small_and_the_same_each_time():
    assert font_face("αβ") == font_face("βα")
    assert len(font_face("")) < 100_000


def test_views_are_checkboxes_with_labels_and_the_style_hides_what_is_off(post):
    page = Page(post.html(views=("symbols", "code")))
    boxes = [attributes for name, attributes in page.tags if name == "input"]
    assert {box["class"]: "checked" in box for box in boxes} == {
        "show-symbols": True,
        "show-numbers": False,
        "show-code": True,
        "show-reasons": False,
    }
    assert all(box["type"] == "checkbox" for box in boxes)
    text = post.html()
    for view, hidden in {"symbols": "formula", "numbers": "numbers", "code": "code", "reasons": "why"}.items():
        rule = re.search(rf":has\(\.show-{view}:not\(:checked\)\)([^{{]*)\{{display:none\}}|$", text)
        assert re.search(rf"\.show-{view}:not\(:checked\)[^{{]*\.{hidden}\b", text), rule


def test_a_derivation_without_numbers_offers_no_switch_for_them():
    text = cr.derive("2-2", detail="short").html()
    assert "show-numbers" not in text.split("</style>")[1]
    assert "show-symbols" in text.split("</style>")[1]


def test_an_unknown_view_is_refused_with_the_nearest_name(post):
    with pytest.raises(SettingError, match="Did you mean 'numbers'"):
        post.html(views="symbols,number")
    with pytest.raises(SettingError):
        post.html(views=())


def test_everything_that_comes_from_names_is_escaped(post):
    evil = "<script>alert('&')</script>"
    steps = tuple(
        dataclasses.replace(
            step, rule=evil, reason=evil, block=evil, group=evil, section=evil, code=evil, statement=evil
        )
        for step in post.steps[:3]
    )
    page = Page(dataclasses.replace(post, steps=steps, title=evil, subtitle=evil, chosen=evil).html())
    assert not any(name == "script" for name, _ in page.tags)
    assert page.words.count(evil) >= 3 * 4


def test_a_users_activation_appears_by_its_name_and_formula():
    cr.activation("Bump_2", "exp(-a**2)")
    text = cr.derive("2-3 Bump_2-2").html()
    assert "Bump_2" in Page(text).words
    assert "<math" in text


def test_a_fragment_styles_and_names_only_itself(post):
    text = html.render(post, fragment=True)
    assert not re.search(r"<(html|head|body|main|h1|h2)\b", text)
    style = text.split("<style>")[1].split("</style>")[0]
    style = re.sub(r"/\*.*?\*/", "", re.sub(r"@font-face\{[^}]*\}", "", style))
    assert "@page" not in style
    for selector in re.findall(r"(?:^|[{}])\s*([^{}@]+)\{", style):
        while "(" in selector:  # the commas inside brackets part nothing
            selector = re.sub(r"\([^()]*\)", "", selector)
        for part in selector.split(","):
            assert part.strip().startswith((".chainrule-derivation", ".chainrule-skip")), part
    other = html.render(dataclasses.replace(post, title="Another"), fragment=True)
    assert not set(Page(text).values("id")) & set(Page(other).values("id"))
    assert html.render(post, fragment=True) == text


def test_a_notation_in_the_title_is_not_broken_where_it_fits():
    page = html.render(cr.derive("2-300 leaky_relu-3", "W1", detail="short"))
    title = re.search(r'<h1 class="title">.*</h1>', page)[0]
    assert '<span class="notation">2-300 leaky_relu-3 softmax,</span> by the chain rule' in title
    assert ".notation{display:inline-block}" in page
    assert "<title>The gradient with respect to" in page
