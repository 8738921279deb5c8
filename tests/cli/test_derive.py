"""`chainrule derive`: its formats, its options, its refusals."""

from __future__ import annotations

import re

import pytest

import bad_inputs
import chainrule as cr
from command import command, read_csv


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A table, its model, and the notation of its network."""
    folder = tmp_path_factory.mktemp("trained")
    table = folder / "flowers.csv"
    table.write_text(bad_inputs.flowers())
    assert command("train", table, "--target", "kind", "--no-figures").status == 0
    return table, folder / "flowers.model", cr.load(folder / "flowers.model").network.notation


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


def test_a_row_of_a_table_goes_through_every_line_with_the_models_weights(trained):
    table, model, notation = trained
    status, out, err = command("derive", notation, "--weights", model, "--table", table, "--row", 3)
    assert (status, err) == (0, "")
    row, loaded = read_csv(table)[2], cr.load(model)
    words = " ".join(out.split())
    assert f"Row 3 of flowers.csv (line 4): length = {row['length']}" in words
    assert f"kind = {row['kind']}. The inputs are scaled" in words
    rows = loaded.read(table)
    X, T = loaded.contract.apply(rows).X[2:3], loaded.target.code(rows)[2:3]
    gradient = cr.gradient(loaded.network, loaded.weights, X, T)
    shown = float(re.search(r"∂J/∂W¹_11 = .* = ([0-9.e−-]+)", out)[1].replace("−", "-"))
    assert shown == pytest.approx(gradient.W[1][0, 0], rel=1e-3)


def test_a_model_may_stand_for_its_notation(trained):
    table, model, notation = trained
    assert command("derive", model) == command("derive", notation)
    arguments = ("--table", table, "--row", 3)
    assert command("derive", model, *arguments) == command("derive", notation, "--weights", model, *arguments)


def test_a_models_weights_take_given_or_drawn_numbers_too(trained, tmp_path):
    _table, model, notation = trained
    net = cr.Network(notation)
    x, t = ",".join(["0.5"] * net.D), "1"
    status, out, err = command("derive", notation, "--weights", model, "--x", x, "--t", t)
    assert (status, err) == (0, "")
    assert "x = (0.5, 0.5" in out
    assert "The weights are those of flowers.model" in " ".join(out.split())
    X, labels = cr.datasets.three_clusters(per_class=10)
    cr.save(cr.train(cr.Network("2-3-3"), X, labels, epochs=2), tmp_path / "run.model")  # knows no columns
    assert command("derive", "2-3-3", "--weights", tmp_path / "run.model", "--seed", 1).status == 0


def test_a_model_that_does_not_fit_is_refused(trained):
    table, model, notation = trained
    for arguments, words in (
        (["2-3-3", "--weights", model], "Derive that network"),
        ([notation, "--weights", model], "there is none"),
        ([notation, "--table", table], "needs a model"),
        ([notation, "--weights", model, "--table", table, "--seed", "1"], "two samples"),
        ([notation, "--weights", model, "--table", table, "--row", "0"], "rows 1 to"),
        ([notation, "--weights", table], "flowers.csv"),
        ([notation, "--weights", "none.model", "--seed", "1"], "none.model"),
    ):
        status, out, err = command("derive", *arguments)
        assert (status, out) == (2, ""), (arguments, err)
        assert words in err
        assert len(err.strip().splitlines()) <= 4


def test_views_leave_out_the_rest():
    out = command("derive", "2-3-3", "--views", "symbols").out
    assert ">>>" not in out
    assert ">>>" in command("derive", "2-3-3", "--views", "symbols,code").out


def test_the_posts_letters_and_the_descent_sign():
    post = command("derive", "2-3-3", "--letters", "post").out
    assert "∂J/∂V_mk" in post
    assert ">>> dV = Z.T @ delta2" in post
    assert "W2" not in post
    assert "∂J/∂V_mk" in command("derive", "2-3-3", "V", "--letters", "post").out
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
