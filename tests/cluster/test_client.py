"""What a client must be, and what must be there at its other end."""

from __future__ import annotations

import warnings

import dask.array as da
import pytest

import chainrule as cr
from chainrule.cluster.client import check_environments, checked_client
from chainrule.errors import ClusterError, SettingError
from clusters import cluster, in_processes, rows

NET = cr.Network("2-3-1")
X, LABELS = rows(140_000)


def test_an_asynchronous_client_is_refused():
    class Asynchronous:
        asynchronous = True

    with pytest.raises(SettingError, match="without asynchronous=True"):
        checked_client(Asynchronous())


def package(folder, text):
    """A folder with another package of our name."""
    (folder / "packages" / "chainrule").mkdir(parents=True)
    (folder / "packages" / "chainrule" / "__init__.py").write_text(text)
    return folder / "packages"


LACKING, OTHER = "raise ModuleNotFoundError(\"No module named 'chainrule'\")", "__version__ = '0.0.1'"


@pytest.mark.parametrize(
    ("where", "text", "words"),
    [
        ("dask_scheduler", LACKING, r"The Dask scheduler cannot import chainrule\.(.|\n)*No module named"),
        ("dask_worker", LACKING, r"worker at tcp:\S+ \(and 1 other\) cannot import chainrule(.|\n)*pip install"),
        ("dask_worker", OTHER, rf"has chainrule 0\.0\.1, and here it is {cr.__version__}"),
    ],
    ids=["scheduler", "workers", "another version"],
)
def test_who_lacks_chainrule_is_named_before_anything_is_sent(tmp_path, where, text, words):
    model = cr.MLPClassifier((3,), max_iter=1, solver="lbfgs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X[:100], LABELS[:100])
    with in_processes(tmp_path, 2, packages={where: package(tmp_path, text)}):
        with pytest.raises(ClusterError, match=words):
            cr.train(NET, da.from_array(X), da.from_array(LABELS), solver="lbfgs", epochs=2)
        with pytest.raises(ClusterError, match=words):
            model.predict(da.from_array(X))


def test_a_cluster_that_has_it_everywhere_passes():
    with cluster(2, processes=False) as client:
        check_environments(client)
    check_environments()
