"""`chainrule derive`: its formats, its options, its refusals."""

from __future__ import annotations

import re

import pytest

import chainrule as cr
from command import command


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "The gradient of 2-3"),
        ("latex", r"\documentclass"),
        ("markdown", "# The gradient"),
        ("html", "<!doctype"),
    ],
)
def test_each_format_is_what_the_library_gives(form, start):
    status, out, err = command("derive", "2-3-3", "--format", form)
    assert (status, err) == (0, "")
    assert out.startswith(start)
    if form != "text":  # which is as wide as the terminal
        assert out == getattr(cr.derive("2-3-3"), form)()


@pytest.mark.parametrize(
    ("name", "start"), [("d.html", "<!doc"), ("d.tex", r"\docu"), ("d.md", "# The"), ("d.txt", "The")]
)
def test_the_name_of_the_file_chooses_the_format(name, start, tmp_path):
    status, out, err = command("derive", "2-3-3", "W2", "--out", tmp_path / name)
    assert (status, out) == (0, "")
    assert (tmp_path / name).read_text("utf-8").startswith(start)
    assert re.search(r"\d+ lines, each checked \(largest relative error \de-\d+\), written to", err)


def test_one_gradient_alone_does_not_derive_the_others():
    one, every = command("derive", "2-3-3", "W2").out, command("derive", "2-3-3").out
    assert "∂J/∂W²_mk" in one
    assert "∂J/∂W¹_dm" not in one
    assert "∂J/∂W¹_dm" in every


def test_a_samples_numbers_are_in_every_format():
    arguments = ("derive", "2-3-3", "--x", "1.2,-0.7", "--t", "2", "--seed", "4")
    text = command(*arguments).out
    assert "x = (1.2, −0.7), t = (0, 1, 0)" in text
    assert command(*arguments).out == text
    assert command(*arguments[:-1], "5").out != text
    assert 'class="numbers' in command(*arguments, "--format", "html").out
    assert "For this sample" in command(*arguments, "--format", "markdown").out
    assert r"\color{numbers}" in command(*arguments, "--format", "latex").out


@pytest.mark.parametrize("notation", ["2-3-3", "2-3-2 sigmoid", "2-3-2 identity", "2-3-2 exp", "3-1"])
def test_what_is_not_given_is_drawn_so_that_it_fits_the_output_law(notation):
    status, out, err = command("derive", notation, "--seed", "1", "--detail", "short")
    assert (status, err) == (0, "")
    assert "The numbers are those of one sample" in out


def test_views_leave_out_the_rest():
    out = command("derive", "2-3-3", "--views", "symbols").out
    assert ">>>" not in out
    assert ">>>" in command("derive", "2-3-3", "--views", "symbols,code").out


def test_the_posts_letters_and_the_descent_sign():
    assert "∂J/∂V_mk" in command("derive", "2-3-3", "--letters", "post").out
    assert "∂E/∂W²_mk" in command("derive", "2-3-3", "--sign", "descent", "--reduction", "mean").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2-x",), "cannot be read"),
        (("2-3-3", "W3"), "W3"),
        (("2-3-3", "--format", "pdf"), "There is no format named 'pdf'"),
        (("2-3-3", "--out", "d.pdf"), "does not say which format"),
        (("2-3-3", "--views", "number"), "Did you mean 'numbers'"),
        (("2-3-3", "--detail", "ful"), "Did you mean 'full'"),
        (("2-3-3", "--x", "1.2"), "--x is '1.2'"),
        (("2-3-3", "--x", "1.2,nan"), "--x is '1.2,nan'"),
        (("2-3-3", "--t", "4"), "classes 1 to 3"),
        (("2-3-3", "--t", "0"), "classes 1 to 3"),
        (("2-3-1 identity", "--t", "one"), "--t is 'one'"),
        (("2-3-4-3", "--letters", "post"), "one hidden layer"),
        (("2-3-3", "--seed", "-1"), "seed"),
        (("2-3-3", "--out", "/no/such/folder/d.html"), "no folder"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_to_do(arguments, message):
    status, out, err = command("derive", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) <= 4
