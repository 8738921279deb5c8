"""A client for the command line: of workers on this machine, or of a scheduler that is running."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
from collections.abc import Iterator
from typing import Any

from chainrule.cluster.client import check_dask
from chainrule.errors import ClusterError, SettingError

LOCAL = "local"
ENCRYPTED = ("tls", "wss")
CERTIFICATES = {"tls_ca_file": "ca-file", "tls_client_cert": "client.cert", "tls_client_key": "client.key"}


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
        It is neither, or there are no certificates for an address that needs them.
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
    if scheme in ENCRYPTED:
        _check_certificates(place)
    with _quiet():
        try:
            client = Client(place)
        except (OSError, ValueError, TypeError) as error:
            raise _unreachable(place, error) from None
        with client:
            yield client


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own log lines are held back: what they tell of comes as an error."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]  # each has a level
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _check_certificates(place: str) -> None:
    """SettingError where Dask's settings name no certificates, or files that are not there."""
    from distributed.security import Security

    settings = Security()
    for attribute, name in CERTIFICATES.items():
        value = getattr(settings, attribute)
        if not value:
            what = f"{place} needs certificates, and Dask's setting distributed.comm.tls.{name} is empty."
        elif "\n" in value or os.access(value, os.R_OK):  # the text of one, or a file
            continue
        else:
            what = f"Dask's setting distributed.comm.tls.{name} is {value!r}, which is no file that can be read."
        variable = f"DASK_DISTRIBUTED__COMM__TLS__{name.upper().replace('.', '__').replace('-', '_')}"
        raise SettingError(what, f"Set it in Dask's configuration, or in the environment: {variable}=FILE.")


def _unreachable(place: str, error: Exception) -> ClusterError:
    """Why a scheduler does not answer."""
    lines = str(error).splitlines()
    said = lines[0][:160] if lines else ""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return ClusterError(
            f"The scheduler at {place} and this process do not accept each other's certificates.",
            said or str(error.__cause__)[:160],
            "Give this process those of the cluster, in Dask's settings distributed.comm.tls.",
        )
    if "ConnectionResetError" in said and not place.startswith(ENCRYPTED):
        return ClusterError(
            f"What listens at {place} ends the connection at once.",
            said,
            "Where the scheduler runs with TLS, its address begins with tls://.",
        )
    return ClusterError(f"No Dask scheduler answers at {place}.", said, "Start one with: dask scheduler")
