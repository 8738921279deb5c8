"""The site's pages: their links lead somewhere, nothing public is left out, and their examples run."""

from __future__ import annotations

import re

import pytest

import chainrule
from docs.pages import DOCS, PAGES, REFERENCE, anchors, extension, links, listed, without_code

RUNNING = extension("running")
WITH_EXAMPLES = [page for page in PAGES if RUNNING.has_examples(page.read_text(encoding="utf-8"), page.stem)]


def id_of(page):
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_every_link_inside_leads_to_a_page_and_a_heading(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{target}: there is no {path}"
        if anchor:
            assert anchor in anchors(place), f"{target}: {place.name} has no such heading"


def test_links_are_found_and_a_wrong_one_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A b\n\n[one](two.md#c) `[not](x.md)`\n\n```python\na[0](b)\n```\n\n## The `C`, at last\n")
    assert links(page) == ["two.md#c"]
    assert anchors(page) == {"a-b", "the-c-at-last"}


def test_every_page_is_in_the_table_of_contents_and_every_entry_is_there():
    assert listed() == {page.stem for page in PAGES if page.stem != "index"} | {"api/index"}


def test_every_public_name_is_in_the_api_reference():
    text = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE if page.stem != "index")
    documented = set(re.findall(r"^\.\. (?:auto|py:)\w+:: (?:chainrule\.)*([\w.]+)", text, flags=re.M))
    documented |= {name.split(".")[-1] for name in documented}
    missing = [name for name in chainrule.__all__ if name not in documented and not name.startswith("_")]
    assert not missing, f"Add {', '.join(missing)} to a page of docs/api, and to the table of docs/api/index.rst."


def test_every_public_name_is_in_the_table_of_the_reference():
    text = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"^   (\w+)$", text, flags=re.M)) | set(re.findall(r"chainrule\.(\w+) <", text))
    missing = [name for name in chainrule.__all__ if name not in named | {"ChainruleError", "__version__"}]
    assert not missing


def test_there_are_pages_with_examples():
    assert {"start-here", "choosing-a-solver"} <= {page.stem for page in WITH_EXAMPLES}


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=id_of)
def test_the_examples_of_the_page_run_and_each_shows_something(page):
    shown = []
    RUNNING.with_results(page.read_text(encoding="utf-8"), page.stem, lambda result: shown.append(result) or "")
    assert any(result.text.strip() or result.value is not None for result in shown)


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_no_page_takes_fonts_or_scripts_or_figures_from_elsewhere(page):
    assert not re.search(r"!\[[^\]]*\]\(https?:|<(?:script|link|img|iframe)\b", without_code(page))
