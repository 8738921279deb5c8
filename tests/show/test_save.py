"""Figures to files and into a page."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ChainruleError, SettingError
from chainrule.network import Network
from chainrule.show import plot_confusion, plot_network, plot_scatter, save_figure
from chainrule.show.inline import inline_svg
from chainrule.show.save import figure_bytes, figure_files, small_png
from chainrule.show.style import PALETTE

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def figure() -> object:
    return plot_confusion([[48, 2], [5, 45]], ["<b>benign</b>", "malignant & more"])


@pytest.mark.parametrize("kind", STARTS)
def test_a_figure_is_written_by_the_ending_of_its_name_and_always_with_the_same_bytes(
    tmp_path: Path, kind: str
) -> None:
    one = save_figure(figure(), tmp_path / f"one.{kind}")  # type: ignore[arg-type]
    two = save_figure(figure(), str(tmp_path / f"two.{kind.upper()}"))  # type: ignore[arg-type]
    assert one.read_bytes().startswith(STARTS[kind])
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([one.name, two.name])


def test_another_ending_and_a_missing_folder_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"\.png, \.svg or \.pdf"):
        save_figure(figure(), tmp_path / "figure.docx")  # type: ignore[arg-type]
    with pytest.raises(ChainruleError, match="cannot be written"):
        save_figure(figure(), tmp_path / "missing" / "figure.png")  # type: ignore[arg-type]


def test_files_of_several_kinds_are_those_of_each_alone_and_the_figure_stays_as_it_was() -> None:
    drawn = plot_confusion([[48, 2], [5, 45]])
    before = drawn.get_layout_engine(), drawn.dpi, drawn.get_facecolor()
    both = figure_files(drawn, ["png", "svg"])
    assert both == {kind: figure_bytes(plot_confusion([[48, 2], [5, 45]]), kind) for kind in ("svg", "png")}
    inline_svg(drawn, "x", "x")
    assert (drawn.get_layout_engine(), drawn.dpi, drawn.get_facecolor()) == before


def test_a_figure_keeps_its_layout_where_a_file_of_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = plot_confusion([[1]])
    before = drawn.get_layout_engine(), drawn.dpi

    def broken(*args: object, **kwargs: object) -> None:
        raise MemoryError

    monkeypatch.setattr(drawn, "savefig", broken)
    with pytest.raises(MemoryError):
        figure_bytes(drawn, "png")
    assert (drawn.get_layout_engine(), drawn.dpi) == before


def test_a_failure_while_writing_leaves_the_older_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_figure(figure(), tmp_path / "figure.png")  # type: ignore[arg-type]
    before = path.read_bytes()

    def no_space(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", no_space)
    with pytest.raises(ChainruleError):
        save_figure(plot_confusion([[1]]), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["figure.png"]


def test_compact_svg_looks_as_matplotlib_meant_it_and_is_much_smaller() -> None:
    rng = np.random.default_rng(0)
    drawn = plot_scatter(rng.standard_normal((900, 2)), rng.integers(0, 3, 900))
    drawn.set_layout_engine("none")  # both are to have the same places
    held = io.BytesIO()
    drawn.savefig(held, format="svg")
    plain, compact = held.getvalue().decode(), figure_bytes(drawn, "svg").decode()
    assert len(compact) < len(plain) / 2
    numbers = re.compile(r'<use [^>]*x="([-\d.]+)" y="([-\d.]+)"')
    np.testing.assert_allclose(
        np.array(numbers.findall(compact), float), np.array(numbers.findall(plain), float), atol=0.0051
    )
    scales = re.compile(r"scale\([^)]*\)")
    assert set(scales.findall(compact)) == set(scales.findall(plain))  # the size of the letters


def test_an_inlined_figure_is_one_svg_element_with_a_title_and_no_id_that_could_clash() -> None:
    net = Network("2-3-3")
    one = inline_svg(plot_network(net, net.initial_weights()), "first", "Weights <of> a & b")
    two = inline_svg(plot_network(net, net.initial_weights()), "second", "the same")
    root = ET.fromstring(one)
    assert root.tag.endswith("svg")
    title = root[0]
    assert (title.tag.split("}")[1], title.text) == ("title", "Weights <of> a & b")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == title.get("id")
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (one, two)]
    assert not ids[0] & ids[1]
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', one))
    assert used
    assert {a or b for a, b in used} <= ids[0]


def test_the_svg_file_of_a_figure_is_inlined_as_the_figure_itself_and_has_no_paper_of_its_own() -> None:
    net = Network("2-3-3")
    drawn = plot_network(net, net.initial_weights())
    file = figure_bytes(drawn, "svg")
    assert inline_svg(file, "x", "x") == inline_svg(drawn, "x", "x")
    papers = [re.findall(r'<g id="(?:x-)?patch_1">\s*<path [^>]*style="([^"]*)"', text)
              for text in (file.decode(), inline_svg(file, "x", "x"))]  # fmt: skip
    assert papers == [["fill: #ffffff"], ["fill: none"]]


def test_an_inlined_figure_takes_its_colours_from_the_page() -> None:
    net = Network("2-3-3")
    text = inline_svg(plot_network(net, net.initial_weights()), "x", "x")
    plain = re.findall(r"(?:fill|stroke): (#\w+)", text)
    assert not [colour for colour in plain if colour in PALETTE.values()]
    assert f"var(--ink, {PALETTE['ink']})" in text


def test_the_small_png_is_a_third_of_the_bytes_and_nearly_the_same_picture() -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    drawn = plot_scatter(rng.standard_normal((900, 2)), rng.integers(0, 3, 900))
    full, small = figure_bytes(drawn, "png", 120), small_png(drawn, 120)
    assert len(small) < len(full) / 2
    pictures = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float) for data in (full, small)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 2
