"""The runner of the pages' examples."""

from __future__ import annotations

import pytest

from docs.pages import extension

RUNNING = extension("running")


def shown(result):
    return f"<{result.text.strip()}|{result.value!r}>"


def run(page, name="page"):
    return RUNNING.with_results(page, name, shown)


def test_the_value_of_the_last_line_and_what_is_printed_are_shown_below_the_source():
    page = "Text.\n\n```python run\nprint('a')\n1 + 1\n```\n\nMore.\n"
    assert run(page) == "Text.\n\n```python\nprint('a')\n1 + 1\n```\n\n<a|2>\n\nMore.\n"


def test_one_page_is_one_session_in_a_folder_of_its_own():
    page = "```python run\nx = 3\nopen('f', 'w').close()\n```\n```python run\nimport os\n(x, os.listdir())\n```\n"
    assert "<|(3, ['f'])>" in run(page)


def test_a_fence_without_the_mark_is_left_alone():
    page = "```python\n1 / 0\n```\n"
    assert run(page) == page


def test_a_page_named_whole_runs_without_marks():
    assert "<|2>" in run("```python\n1 + 1\n```\n", name=next(iter(RUNNING.WHOLE)))


@pytest.mark.parametrize("source", ["1 / 0", "import warnings; warnings.warn('w')", "raise SystemExit(1)", "x ="])
def test_an_example_that_fails_or_warns_names_page_and_line(source):
    with pytest.raises(RUNNING.ExampleError, match="page:4 failed"):
        run(f"Text.\n\n```python run\n{source}\n```\n")


def test_commands_are_shown_as_a_terminal_shows_them():
    assert run("```console run\n$ echo a\n$ echo b\n```\n") == "\n\n<$ echo a\na\n\n$ echo b\nb|None>\n"


@pytest.mark.parametrize(("flags", "source"), [("run", "$ false"), ("run fails", "$ true"), ("run", "no prompt")])
def test_a_command_must_end_as_the_page_says(flags, source):
    with pytest.raises(RUNNING.ExampleError):
        run(f"```console {flags}\n{source}\n```\n")


def test_quiet_shows_the_source_alone_and_hidden_the_result_alone():
    assert run("```python run quiet\n1 + 1\n```\n") == "```python\n1 + 1\n```\n"
    assert run("```python run hidden\n1 + 1\n```\n") == "\n\n<|2>\n"
