"""The page docs/the-derivation.md shows what really comes out."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from command import command

PAGE = Path(__file__).parents[2] / "docs" / "the-derivation.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SHOWN = [body for kind, body in BLOCKS if kind == "console" and len(body.splitlines()) > 3]


def plain(line):
    """A line without its error, whose last digit is the machine's."""
    return re.sub(r"✓ \de[-+]\d\d\]", "✓ error]", line).strip()


def test_the_python_lines_print_what_the_page_shows():
    text = "\n".join(body for kind, body in BLOCKS if kind == "python")
    test = doctest.DocTestParser().get_doctest(text, {}, "the-derivation.md", str(PAGE), 0)
    assert len(test.examples) > 10
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said = []
    runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)


@pytest.mark.parametrize("body", SHOWN, ids=[body.splitlines()[0] for body in SHOWN])
def test_a_command_prints_what_the_page_shows_below_it(body, monkeypatch):
    monkeypatch.setenv("COLUMNS", "84")
    first, *shown = body.splitlines()
    status, out, _ = command(*first.removeprefix("$ chainrule ").split())
    assert status == 0
    printed = "\n".join(map(plain, out.splitlines()))
    at = 0
    for part in "\n".join(map(plain, shown)).split("…\n" if shown[-1] != "…" else "…"):
        part = part.strip("\n")
        found = printed.find(part, at)
        assert found >= 0, part
        at = found + len(part)


def test_every_option_on_the_page_is_one_of_the_command():
    usage = re.sub(r"[│╭╰─╮╯\s]+", " ", command("derive", "--help").out)
    options = set(re.findall(r"`(--[a-z]+)", PAGE.read_text(encoding="utf-8")))
    assert options >= {"--detail", "--weights", "--row"}
    for option in options:
        assert option in usage, option


def test_the_rules_on_the_page_are_names_that_derivations_use():
    import chainrule as cr

    cr.activation("page_product", "sin(a) * cos(a) + a**2")
    used = {
        name
        for net in ("2-3-3", "2-3 swish-1", "2-3 softplus-2 exp", "2-3 page_product-2")
        for step in cr.derive(net).steps
        for name in step.rule.split("; ")
    }
    table = PAGE.read_text(encoding="utf-8").split("| rule | what it does |\n|---|---|\n")[1].split("\n\n")[0]
    for row in table.splitlines():
        for name in row.split("|")[1].split(";"):
            if name.strip() in used:
                continue
            for part in name.split(","):
                assert part.strip() in used, part
