"""`chainrule trace`."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bad_inputs
import chainrule as cr
from command import command, read_csv, write_csv


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A table and its model."""
    folder = tmp_path_factory.mktemp("trained")
    table = folder / "flowers.csv"
    table.write_text(bad_inputs.flowers())
    assert command("train", table, "--target", "kind", "--no-figures").status == 0
    return table, folder / "flowers.model"


def test_a_row_is_followed_through_its_model(trained):
    table, model = trained
    status, out, err = command("trace", model, table, "--row", 3)
    assert (status, err) == (0, "")
    loaded = cr.load(model)
    row = read_csv(table)[2]
    shown = float(re.search(r"has the probability ([0-9.e−-]+):", out)[1].replace("−", "-"))
    P = loaded.predict_proba(table)[2]
    assert shown == pytest.approx(P[loaded.classes.tolist().index(row["kind"])], rel=1e-3)
    assert f"({row['kind']})" in out
    assert f"Row 3 of flowers.csv (line 4): length = {row['length']}" in " ".join(out.split())
    assert "length = " in out


def test_the_rows_that_move_a_weight_are_named_by_their_lines(trained):
    table, model = trained
    status, out, err = command("trace", model, table, "--why", "W1[0,1]")
    assert (status, err) == (0, "")
    loaded = cr.load(model)
    rows = loaded.read(table)
    X, T = loaded.contract.apply(rows).X, loaded.target.code(rows)
    gradient = cr.gradient(loaded.network, loaded.weights, X, T).W[1][0, 1]
    total = float(re.search(r"W¹_12 = ([0-9.e−-]+):", " ".join(out.split()))[1].replace("−", "-"))
    assert total == pytest.approx(gradient, rel=1e-3)
    assert re.search(r"  +line \d+ ", out)


def test_numbers_go_through_a_network_without_a_model():
    status, out, err = command("trace", "2-3-3", "--x", "1,-2", "--t", 2, "--seed", 1)
    assert (status, err) == (0, "")
    net = cr.Network("2-3-3")
    assert out == cr.trace(net, net.initial_weights(seed=1), [1.0, -2.0], [0, 1, 0]).text()


@pytest.mark.parametrize("net", ["2-3-3", "2-1", "3-2 relu-2 identity", "2-2 exp", "2-3 sigmoid"])
def test_what_is_not_given_is_drawn(net):
    first = command("trace", net)
    assert first.status == 0
    assert first == command("trace", net)
    assert first.out != command("trace", net, "--seed", 1).out


@pytest.mark.parametrize(
    ("suffix", "start"), [(".html", "<!doctype html>"), (".md", "# One sample"), (".txt", "One sample")]
)
def test_the_format_follows_from_the_files_name(tmp_path, suffix, start):
    out = tmp_path / f"trace{suffix}"
    assert command("trace", "2-3-3", "--out", out).status == 0
    assert out.read_text(encoding="utf-8").startswith(start)


def test_all_units_are_shown_on_request():
    assert "a¹_30" in command("trace", "2-30-2", "--most", 0).out
    assert "8 of 30 units" in command("trace", "2-30-2").out


def test_bad_input_ends_in_words_and_status_2(trained, tmp_path):
    table, model = trained
    rows = [[1.0, 2.0, "red"]]
    unlabelled = write_csv(tmp_path / "u.csv", ["length", "width", "colour"], rows)
    other = write_csv(
        tmp_path / "o.csv", ["length", "width", "colour", "kind"], [[1, 2, "red", "huge"], [1, 2, "red", ""]]
    )
    for arguments, words in (
        (["2--3"], "cannot be read"),
        (["2-3-3", "--x", "1,two"], "no number"),
        (["2-3-3", "--x", "1"], "x holds 1 number"),
        (["2-3-3", "--t", "4"], "counted from 1 to 3"),
        (["2-3-3", "--why", "W1[0,0]"], "needs a model"),
        (["2-3-3", "--format", "pdf"], "no format"),
        ([model], "needs a table"),
        ([model, table, "--row", 0], "rows 1 to"),
        ([model, table, "--row", 999], "not 999"),
        ([model, table, "--x", "1"], "go with a network"),
        ([model, table, "--why", "weights"], "names no weight"),
        ([model, table, "--why", "W1[0,99]"], "no entry"),
        ([model, unlabelled], "no column 'kind'"),
        ([model, other], "does not know"),
        ([model, other, "--row", 2], "has no 'kind'"),
        ([tmp_path / "none.model", table], "none.model"),
        (["2-3-3", "--most", "-1"], "most must be"),
    ):
        status, out, err = command("trace", *arguments)
        assert (status, out) == (2, ""), (arguments, err)
        assert words in err
        assert "Traceback" not in err


def test_a_model_of_numbers_is_traced_in_its_own_scale(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=60).round(3)
    table = write_csv(tmp_path / "n.csv", ["x", "y"], zip(x, (100 + 20 * np.sin(x)).round(2), strict=True))
    assert command("train", table, "--target", "y", "--no-figures").status == 0
    status, out, err = command("trace", tmp_path / "n.model", table, "--row", 5, "--why", "b1[0]")
    assert (status, err) == (0, "")
    assert "Why b1[0] moves" in out
