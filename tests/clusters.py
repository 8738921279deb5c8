"""Dask clusters for tests: on the loopback address, on free ports, closed at the end."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import dask
import numpy as np

QUIET = {
    "distributed.comm.timeouts.connect": "3s",  # a scheduler that is gone is given up after this
    "distributed.worker.memory.terminate": False,
}


@contextlib.contextmanager
def cluster(workers: int, *, processes: bool, threads: int = 1) -> Iterator[Any]:
    """A client of so many workers, the default one inside."""
    from distributed import Client, LocalCluster

    with (
        dask.config.set(QUIET),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=processes,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        ) as started,
        Client(started) as client,
    ):
        yield client


@contextlib.contextmanager
def in_processes(
    folder: Path,
    workers: int,
    certificates: Certificates | None = None,
    packages: Mapping[str, Path] | None = None,
) -> Iterator[tuple[Any, subprocess.Popen[bytes]]]:
    """A client of a scheduler that is a process of its own, and that process.

    With certificates all speak TLS; ``packages`` are folders with other packages for "dask_scheduler", "dask_worker".
    """
    from distributed import Client

    place = folder / "scheduler.json"
    common = ["--scheduler-file", str(place), "--host", "127.0.0.1", "--no-dashboard"]
    security = None
    if certificates is not None:
        common += ["--protocol", "tls", "--tls-ca-file", certificates.authority]
        common += ["--tls-cert", certificates.certificate, "--tls-key", certificates.key]
        security = certificates.security()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = [sys.executable, "-m"]
    with contextlib.ExitStack() as stack:

        def started(module: str, *options: str) -> subprocess.Popen[bytes]:
            path = {"PYTHONPATH": str(packages[module])} if packages and module in packages else {}
            command = [*run, f"distributed.cli.{module}", *common, *options]
            process = subprocess.Popen(command, env={**os.environ, **path}, **quiet)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = started("dask_scheduler", "--port", "0")
        while not place.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        for _ in range(workers):
            started("dask_worker", "--nthreads", "1", "--no-nanny")
        stack.enter_context(dask.config.set(QUIET))
        client = stack.enter_context(Client(scheduler_file=str(place), security=security))
        client.wait_for_workers(workers)
        yield client, scheduler


class Certificates(NamedTuple):
    """Files of an authority and of one certificate that it has signed: that of everybody in a cluster."""

    authority: str
    certificate: str
    key: str

    def security(self) -> Any:
        """As a client is given them."""
        from distributed.security import Security

        files = {"tls_ca_file": self.authority, "tls_client_cert": self.certificate, "tls_client_key": self.key}
        return Security(require_encryption=True, **files)

    def settings(self) -> dict[str, str]:
        """As variables of the environment, for a client."""
        of_client = {"CLIENT__CERT": self.certificate, "CLIENT__KEY": self.key}
        return {
            f"DASK_DISTRIBUTED__COMM__TLS__{name}": file
            for name, file in {"CA_FILE": self.authority, **of_client}.items()
        }


def certificates(folder: Path) -> Certificates:
    """An authority and a certificate, made by the command openssl."""
    folder.mkdir(exist_ok=True)

    def openssl(*options: str) -> None:
        subprocess.run(["openssl", *options], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "own.key", "-out", "own.csr")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "own.csr", *signing, "-out", "own.pem")
    return Certificates(*(str(folder / name) for name in ("ca.pem", "own.pem", "own.key")))


def rows(count: int, inputs: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels "a", "b" of three words' width, which a small network tells apart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, inputs))
    return X, np.array(["a", "bbb"])[(X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=count) > 0).astype(int)]


def same_bits(a: Any, b: Any) -> bool:
    """Whether two runs ended with the same weights and the same J, to the last bit."""
    return bool(a.weights.flat.tobytes() == b.weights.flat.tobytes() and a.J == b.J)
