"""The README's Python, run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.S)


def test_the_readme_has_an_example():
    assert BLOCKS


@pytest.mark.parametrize("source", BLOCKS)
def test_the_readmes_example_runs_and_prints(source, capsys):
    exec(compile(source, str(README), "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out.strip()


def test_the_first_example_ends_at_a_maximum_as_it_says(capsys):
    space = {"__name__": "readme"}
    exec(compile(BLOCKS[0], str(README), "exec"), space)
    assert capsys.readouterr().out
    assert space["run"].outcome.name == "CONVERGED"
    last = BLOCKS[0].strip().splitlines()[-1]
    assert "at the maximum, zero" in last
    gradient = eval(last.removeprefix("print(").rpartition(")")[0], space)
    assert abs(gradient).max() < 1e-4


def test_every_command_of_the_readme_exists():
    from typer.main import get_command

    from chainrule.cli.app import app

    named = set(re.findall(r"`chainrule (\w+)", README.read_text(encoding="utf-8")))
    assert named <= set(get_command(app).commands)
