"""How every figure looks."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from chainrule import show
from chainrule.show.style import CLASS_COLOURS, PALETTE, class_names, class_style, number, short_names
from chainrule.training import History, Record

# Viénot, Brettel, Mollon 1999: what a linear RGB colour looks like without the red, or the green, cones.
PROTANOPE = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, -0.0], [0.00401, -0.00401, 1.0]])
DEUTERANOPE = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, -0.0], [-0.02234, 0.02234, 1.0]])

CSS = files("chainrule.show").joinpath("templates/page.css").read_text()


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lightness_and_hue(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a linear RGB colour (D65)."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb.clip(0, 1)
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """WCAG 2: the ratio of the luminances."""
    light, dark = sorted((float([0.2126, 0.7152, 0.0722] @ linear(c)) + 0.05 for c in (one, other)), reverse=True)
    return light / dark


def shades(theme: str) -> dict[str, str]:
    """The colours of the page in its light or its dark form."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    return dict(re.findall(r"--(\w+): (#\w{6})", blocks[theme == "dark"]))


@pytest.mark.parametrize("cones", [np.eye(3), PROTANOPE, DEUTERANOPE], ids=["all cones", "no red", "no green"])
def test_the_first_three_classes_are_told_apart_with_any_cones(cones: np.ndarray) -> None:
    for theme in ("light", "dark"):
        colours = [lightness_and_hue(cones @ linear(shades(theme)[name])) for name in ("blue", "vermilion", "green")]
        for one, other in itertools.combinations(colours, 2):
            assert np.linalg.norm(one - other) > 20  # about 2 is the least difference one sees


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_on_the_page_has_the_contrast_that_people_need(theme: str) -> None:
    found = shades(theme)
    for name in ("ink", "muted", "blue"):
        assert contrast(found[name], found["paper"]) >= 4.5, name
    assert contrast(found["ink"], found["wash"]) >= 4.5


def test_every_colour_of_the_figures_has_a_shade_in_both_themes_and_the_light_one_is_its_own() -> None:
    assert {name: shades("light")[name] for name in PALETTE} == PALETTE
    assert set(PALETTE) <= set(shades("dark"))


def test_figures_leave_the_settings_of_matplotlib_as_they_were_and_do_not_follow_them() -> None:
    history = History([Record(0, -10.0, 0.5, 0.0), Record(9, -4.0, 0.75, 0.1)])
    usual = show.plot_history(history).axes[0].yaxis.label.get_fontsize()
    with matplotlib.rc_context({"font.size": 33.0, "axes.labelsize": 33.0}):
        before = dict(matplotlib.rcParams)
        assert show.plot_history(history).axes[0].yaxis.label.get_fontsize() == usual
        assert dict(matplotlib.rcParams) == before


def test_figures_do_not_touch_pyplot(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "figure", lambda *args, **kwargs: pytest.fail("a window was opened"))
    show.plot_confusion([[1, 0], [0, 1]])
    assert plt.get_fignums() == []


def test_forty_classes_have_forty_looks() -> None:
    assert len({class_style(k) for k in range(len(CLASS_COLOURS) * 6)}) == len(CLASS_COLOURS) * 6


def test_numbers_have_a_real_minus_and_zero_has_none() -> None:
    assert number(-1234.5, 1) == "\N{MINUS SIGN}1,234.5"
    assert number(-0.0004, 2) == "0.00"


def test_names_with_dollars_stay_as_they_are_and_long_ones_are_cut() -> None:
    assert class_names(["$5 to $10$"], 1) == [r"\$5 to \$10\$"]
    assert class_names(["x" * 99], 1, longest=10) == ["x" * 9 + "…"]


@pytest.mark.parametrize(
    "names",
    [
        ["a very long name of a column, first", "a very long name of a column, second"],
        ["first of the columns with long names", "second of the columns with long names"],
        ["the same beginning, 1, the same long end", "the same beginning, 2, the same long end"],
        ["x" * 40 + "1" + "y" * 40, "x" * 40 + "2" + "y" * 40],
        ["short", "a very long name of a column, first"],
    ],
)
def test_names_cut_short_stay_apart_and_within_their_length(names: list[str]) -> None:
    shown = short_names(names, 16)
    assert len(set(shown)) == len(names)
    assert max(map(len, shown)) <= 16
    assert short_names(["one", "one"], 16) == ["one", "one"]
