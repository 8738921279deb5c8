"""`chainrule train --dask`: workers read the Parquet files, and the model is that of reading them in blocks here."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.tables.size import plan_for
from chainrule.tables.streamed_fit import streamed_fit
from clusters import cluster
from command import command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files of numbers, words, a missing target and a missing cell."""
    place, rng = tmp_path_factory.mktemp("table") / "t", np.random.default_rng(0)
    place.mkdir()
    for number, rows in enumerate((60_000, 1, 70_001)):
        a, b, c = rng.normal(size=(3, rows))
        word = rng.choice(["red", "green", "blue"], rows)
        kind = np.where(a + (word == "red") * b + 0.5 * rng.normal(size=rows) > 0, "yes", "no").astype(object)
        kind[5:7], c[8:11] = None, np.nan
        frame = pl.DataFrame({"a": a, "b": b, "c": c, "word": word, "kind": kind.tolist(), "size": a * 3 + b})
        frame.with_columns(pl.col("c").fill_nan(None)).write_parquet(place / f"{number}.parquet", row_group_size=9_000)
    return place


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("kind", {"solver": "lbfgs", "epochs": 4}),
        ("kind", {"solver": "adam", "epochs": 2, "batch_size": 512}),
        ("size", {"solver": "lbfgs", "epochs": 4}),
    ],
)
def test_workers_give_the_model_and_the_figures_of_reading_here(folder, target, options):
    def planned():
        drop = ["size"] if target == "kind" else ["kind"]
        return plan_for(folder, target, streamed=True, missing="drop", hidden="4 tanh", drop=drop)

    here, score, noticed = streamed_fit(planned(), progress=False, **options)
    with cluster(2, processes=False) as client:
        there, score_there, noticed_there = streamed_fit(planned(), progress=False, client=client, **options)
    assert there.weights.flat.tobytes() == here.weights.flat.tobytes()
    assert there.target.spread == pytest.approx(here.target.spread, rel=1e-9)
    assert there.target.classes == here.target.classes
    assert score_there.rate == score.rate
    assert score_there.log_likelihood == pytest.approx(score.log_likelihood, rel=1e-12)
    assert noticed_there == noticed


def test_the_command_starts_workers_and_says_who_reads(folder, tmp_path):
    options = ("--target", "kind", "--missing", "drop", "--hidden", "4 tanh", "--epochs", 3, "--solver", "lbfgs")
    out = tmp_path / "m.model"
    status, said, err = command(
        "train", folder, *options, "--dask", "local", "--no-compare", "--no-figures", "--out", out
    )
    assert status == 0, said + err
    assert "workers of this machine read the files, each its own rows" in said
    assert set(cr.load(out).target.classes) == {"yes", "no"}


def test_what_workers_cannot_read_and_whom_nobody_reaches_is_told_before_the_work(folder, tmp_path):
    csv = tmp_path / "t.csv"
    csv.write_text("a,kind\n" + "1,x\n2,y\n" * 50)
    status, said, err = command("train", csv, "--target", "kind", "--dask", "nonsense")
    assert status == 2
    assert "no address of a Dask scheduler" in err + said
    with pytest.raises(SettingError, match="Parquet"):
        plan_for(csv, "kind", streamed=True)
