"""``chainrule demo``, end to end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chainrule.cli import app, demo
from chainrule.demo.experiment import Experiment, run_experiment
from chainrule.demo.page import files

EPOCHS, SEED = 200, 3


@pytest.fixture(scope="module", autouse=True)
def _few_other_seeds() -> Iterator[None]:
    """Fewer of the other seeds than people get: what is made of them is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.demo.experiment.OTHER_SEEDS", 3)
        yield


@pytest.fixture(scope="module")
def found() -> Experiment:
    """The same experiment, run again."""
    return run_experiment(EPOCHS, SEED)


def run(*arguments: str) -> int:
    """The command line in this process; its exit status."""
    with pytest.raises(SystemExit) as ended:
        app.main(["demo", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "a" / "b"
    assert run("--epochs", str(EPOCHS), "--seed", str(SEED), "--out", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "index.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Every element with its attributes, and whether tags are closed in order."""

    VOID = frozenset({"meta", "link", "br", "img", "col", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_it_writes_the_page_and_every_figure_and_nothing_else(out: Path) -> None:
    names = {path.name for path in out.iterdir()}
    figures = {"data", "reward"} | {
        f"{what}-{way}" for what in ("regions", "network", "confusion") for way in ("trained", "fixed")
    }
    assert names == {"index.html", "overview.png"} | {f"{name}.{kind}" for name in figures for kind in ("png", "svg")}


def test_the_same_seed_writes_the_same_bytes(out: Path, found: Experiment) -> None:
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files(found)


def test_the_page_is_well_formed_and_its_ids_are_unique(page: str) -> None:
    read = Reader(page)
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in read.elements:
        for name in (attributes.get("aria-labelledby") or "").split():
            assert name in ids


def test_the_page_needs_nothing_from_anywhere(page: str) -> None:
    read = Reader(page)
    assert not [tag for tag, _ in read.elements if tag in {"script", "link", "iframe", "object", "embed", "base"}]
    for tag, attributes in read.elements:
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster"):
            value = attributes.get(name)
            if value is not None and tag != "a":
                assert value.startswith(("#", "data:image/png;base64,")), (tag, name, value[:60])
    assert not re.search(r"@import|url\((?!#)", page)
    links = {attributes["href"] for tag, attributes in read.elements if tag == "a"}
    assert all(re.fullmatch(r"[\w-]+\.(png|svg)", str(link)) for link in links)


def test_the_links_of_the_page_lead_to_files_that_are_there(page: str, out: Path) -> None:
    links = {attributes["href"] for tag, attributes in Reader(page).elements if tag == "a"}
    assert len(links) == 16
    assert all((out / str(link)).is_file() for link in links)


def test_every_figure_has_a_text_in_its_place(page: str) -> None:
    figures = re.findall(r"<svg\b[^>]*>\s*<title[^>]*>([^<]{40,})</title>", page)
    assert len(figures) == len(re.findall(r"<svg\b", page)) == 8
    assert len(set(figures)) == 8
    assert not re.search(r"<img\b(?![^>]*\balt=)", page)


def test_tables_have_captions_and_headers_for_their_rows_and_columns(page: str) -> None:
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    assert tables
    for table in tables:
        assert "<caption>" in table
        rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
        assert all('scope="' in row for row in rows)
        body = [row for row in rows if "<td" in row]
        assert body
        assert all(row.count('<th scope="row">') == 1 for row in body)


def test_a_page_of_few_epochs_draws_no_conclusion(page: str) -> None:
    assert "cannot be told from 200 epochs" in page
    assert "was never trained" not in page


def test_every_reward_in_the_page_is_that_of_the_runs(page: str, found: Experiment) -> None:
    for history in (found.trained.history, found.fixed.history):
        for record in (history[0], history[-1]):
            assert f"<td>−{-record.J:,.2f}</td><td>{record.rate:.4f}</td>" in page


def test_the_terminal_shows_the_table_with_the_published_figures_beside(found: Experiment) -> None:
    text = demo.report(found)
    table = text.split("\n\n")[0].splitlines()
    assert len(table) == 2 + 11
    assert table[2].split() == [
        "0",
        "-2,346.15",
        "0.3333",
        *2 * [f"{found.fixed.history[0].J:,.2f}", f"{found.fixed.history[0].rate:.4f}"],
    ]
    assert table[-1].split()[0] == "200"
    assert max(map(len, text.splitlines())) <= 88


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--epochs", "many"], ["--seed", "-1"]])
def test_settings_outside_their_range_end_with_two(arguments: list[str], tmp_path: Path) -> None:
    assert run(*arguments, "--out", str(tmp_path / "new")) == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chainrule.demo.experiment.train", lambda *a, **k: pytest.fail("it trained"))
    file = tmp_path / "file"
    file.write_text("mine")
    for place in (file, file / "below"):
        assert run("--out", str(place)) == 2
        error = capsys.readouterr().err
        assert str(place) in error
        assert len(error.splitlines()) <= 4
        assert "Traceback" not in error
    assert file.read_text() == "mine"


def test_a_disk_that_fills_up_ends_with_two_and_leaves_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []

    def until_full(source: str, target: str) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(target)
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", until_full)
    monkeypatch.setattr("chainrule.demo.page.files", lambda _: {f"{k}.svg": b"whole" for k in range(9)})
    assert run("--epochs", "1", "--out", str(tmp_path)) == 2
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"whole"}
    assert len(list(tmp_path.iterdir())) == 3
    assert "No space left" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("existed", [True, False])
def test_ctrl_c_ends_with_130_and_writes_nothing(tmp_path: Path, existed: bool) -> None:
    folder = tmp_path / "demo"
    if existed:
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    code = "import sys; from chainrule.cli.app import main; sys.argv = ['chainrule', *sys.argv[1:]]; main()"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, "demo", "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout
    while "Training" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert "nothing was written" in error
    assert [path.name for path in folder.iterdir()] == ["mine.txt"] if existed else not folder.exists()
