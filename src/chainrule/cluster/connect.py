"""A client for the command line: of workers on this machine, or of a scheduler that is running."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from chainrule.cluster.client import check_dask
from chainrule.errors import ClusterError, SettingError

LOCAL = "local"


@contextlib.contextmanager
def local_workers(count: int | None = None) -> Iterator[Any]:
    """The client of worker processes on this machine, one core each; all listen on the loopback address alone."""
    check_dask()
    from distributed import Client, LocalCluster

    from chainrule.kernels.compiled.threads import available

    with (
        LocalCluster(
            n_workers=count or available(),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # the server is for health checks; the pages are off
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextlib.contextmanager
def connected(place: str) -> Iterator[Any]:
    """The client of ``"local"`` workers, or of the scheduler at an address.

    Certificates for ``tls://`` addresses are those of Dask's own settings, ``distributed.comm.tls``.

    Raises
    ------
    SettingError
        It is neither.
    ClusterError
        No scheduler answers there.
    MissingDependencyError
        Dask is not installed.
    """
    if place == LOCAL:
        with local_workers() as client:
            yield client
        return
    check_dask()
    from distributed import Client

    scheme, separator, host = place.partition("://")
    if not separator or scheme not in ("tcp", "tls", "ws", "wss", "ucx") or ":" not in host:
        raise SettingError(
            f"{place!r} is no address of a Dask scheduler.",
            "Give 'local' for workers on this machine, or an address such as tcp://scheduler:8786.",
        )
    try:
        client = Client(place)
    except (OSError, ValueError, TypeError) as error:
        lines = str(error).splitlines()
        raise ClusterError(
            f"No Dask scheduler answers at {place}.",
            lines[0][:160] if lines else "",
            "Start one with: dask scheduler",
        ) from None
    with client:
        yield client
