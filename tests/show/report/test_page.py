"""The page: all of it there, harmless whatever the names are, readable without eyes, and quiet in a browser."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DataError, ModelFileError
from chainrule.show import build_report, report_run, write_report
from support import problem

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title></svg>{{ 7*7 }}", "$\\alpha$ & ]]>"]
_ALONE = {"meta", "link", "img", "br", "wbr", "input", "hr", "col"}


class Page(HTMLParser):
    """The tags of a page, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _ALONE:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def report(notation: str = "4-5 tanh-3", rows: int = 60, **pieces: object) -> str:
    net = cr.Network(notation)
    weights, X, T = problem(net, rows=rows)
    half = rows // 2
    run = cr.train(net, X[:half], T[:half], solver="lbfgs", epochs=10, weights=weights)
    given = {
        "training": (X[:half], T[:half]),
        "held_out": (X[half:], T[half:]),
        "history": run.history,
        "outcome": run.outcome,
        "settings": run.settings,
    }
    return build_report(net, run.weights, **{**given, **pieces})


@pytest.fixture(scope="module")
def hostile() -> str:
    return report(inputs=HOSTILE, classes=HOSTILE[:3], target=HOSTILE[0], source=HOSTILE[1], notes=tuple(HOSTILE))


FIGURES = {
    "2-3": ("network", "history", "regions", "confusion", "calibration", "contributions"),
    "4-5 relu-1 sigmoid": ("network", "history", "regions", "confusion", "calibration", "contributions"),
    "3-4 tanh-2 sigmoid": ("network", "history", "calibration", "contributions"),
    "3-4 gelu-2 identity": ("network", "history", "predictions", "predictions-2", "contributions"),
    "3-1 exp": ("network", "history", "predictions", "contributions"),
}


@pytest.mark.parametrize("notation", FIGURES)
def test_every_law_has_its_figures_and_every_section_its_place(notation: str) -> None:
    page = Page(report(notation))
    titles = [i.removesuffix("-title") for i in page.all("id") if i.endswith("-title")]
    assert tuple(titles) == FIGURES[notation]
    links = [href for tag, attrs in page.tags if tag == "a" and (href := attrs.get("href") or "").startswith("#")]
    assert {link[1:] for link in links} <= set(page.all("id"))
    assert {"#figures", "#next", "#data", "#training", "#inside", "#derivation", "#program"} <= set(links)
    text = " ".join(page.text)
    assert "def gradient(" in text
    assert "30 held-out rows" in text


def test_names_of_any_kind_are_text_and_nothing_else(hostile: str) -> None:
    page = Page(hostile)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "embed", "img", "form"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    text = " ".join(page.text)
    for name in HOSTILE:
        assert name in text
    assert [tag for tag, _ in page.tags].count("title") == hostile.count("</title>")


def test_nothing_is_fetched_and_the_page_says_so(hostile: str) -> None:
    page = Page(hostile)
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
        assert all(value.startswith(("#", "data:")) for value in page.all(name))
    style = " ".join(re.findall(r"<style.*?</style>", hostile, re.DOTALL)) + " ".join(page.all("style"))
    assert "@import" not in style
    assert set(re.findall(r"url\(['\"]?(\w+:|#)", style)) <= {"data:", "#"}


def test_the_page_can_be_read_without_eyes_and_without_a_mouse(hostile: str) -> None:
    page = Page(hostile)
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    for reference in page.all("aria-labelledby"):
        assert set(reference.split()) <= set(ids)
    svgs = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert svgs
    assert all(attrs.get("role") == "img" and attrs.get("aria-labelledby") for attrs in svgs)
    assert next(attrs for tag, attrs in page.tags if tag == "html")["lang"] == "en"
    assert [tag for tag, _ in page.tags].count("h1") == [tag for tag, _ in page.tags].count("main") == 1
    scrolling = [attrs for _, attrs in page.tags if "scroll" in (attrs.get("class") or "").split()]
    assert scrolling
    assert all(attrs.get("tabindex") == "0" and attrs.get("aria-label") for attrs in scrolling)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))


def test_without_rows_the_network_and_its_training_are_shown() -> None:
    page = Page(report(training=None, held_out=None))
    text = " ".join(page.text)
    assert "No rows were given" in text
    assert "In figures" not in text
    assert [i for i in page.all("id") if i.endswith("-title")] == ["network-title", "history-title"]


def test_the_same_pieces_give_the_same_bytes() -> None:
    pieces = {"settings": {"seconds": 1.0}, "history": None}
    assert report(**pieces) == report(**pieces)


def test_one_row_one_class_and_constant_columns_make_a_page_without_a_warning() -> None:
    net = cr.Network("3-2 tanh-3")
    X, T = np.ones((1, 3)), np.eye(3)[:1]
    assert "1 training row" in build_report(net, net.initial_weights(), training=(X, T))
    X, T = np.tile([[1.0, 2.0, 3.0]], (20, 1)), np.tile(np.eye(3)[:1], (20, 1))
    assert "Confusion" in build_report(net, net.initial_weights(), training=(X, T), held_out=(X, T))


def test_pieces_that_do_not_fit_the_network_are_refused() -> None:
    net = cr.Network("3-2 tanh-3")
    weights = net.initial_weights()
    with pytest.raises(DataError, match=r"X \(N, 3\) and T \(N, 3\)"):
        build_report(net, weights, training=(np.ones((4, 2)), np.ones((4, 3))))
    with pytest.raises(DataError, match="3 inputs and 2 names"):
        build_report(net, weights, inputs=["a", "b"])
    with pytest.raises(DataError, match="3 classes and 2 names"):
        build_report(net, weights, classes=["a", "b"])
    with pytest.raises(DataError, match="belong to"):
        build_report(net, cr.Network("3-3").initial_weights())


def test_a_report_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    net = cr.Network("2-3")
    with pytest.raises(ModelFileError):
        write_report(tmp_path / "nowhere" / "r.html", net, net.initial_weights())
    assert not os.listdir(tmp_path)


def test_a_run_is_reported_with_its_labels(tmp_path: Path) -> None:
    X, labels = cr.datasets.three_clusters(per_class=20)
    names = np.array(["left", "right", "below"])[labels]
    run = cr.train(cr.Network("2-3-3"), X, names, solver="lbfgs", epochs=20)
    path = report_run(tmp_path / "r.html", run, X, names, held_out=(X[:30], names[:30]), inputs=["east", "north"])
    text = " ".join(Page(path.read_text("utf-8")).text)
    assert "30 held-out rows" in text
    assert {"left", "right", "below", "east", "north"} <= set(re.findall(r"\w+", text))


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def console(page: Path, folder: Path) -> tuple[str, str]:
    """The page's document after it was shown by a browser without a network, and what its console says."""
    assert CHROMIUM
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
               "--enable-logging=stderr", "--v=0", f"--user-data-dir={folder}", "--dump-dom"]  # fmt: skip
    run = subprocess.run([CHROMIUM, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    return run.stdout, "\n".join(line for line in run.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_real_browser_shows_it_all_and_has_nothing_to_complain_of(hostile: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(hostile, encoding="utf-8")
    document, said = console(page, tmp_path / "profile")
    assert document.count("<svg") == hostile.count("<svg")
    assert document.count("<figure>") == hostile.count("<figure>")
    assert "Made with chainrule" in document
    assert said == ""
    page.write_text(hostile.replace("<main", "<script>alert(1)</script><main", 1), encoding="utf-8")
    assert "Content Security Policy" in console(page, tmp_path / "profile")[1]  # it would have been heard
