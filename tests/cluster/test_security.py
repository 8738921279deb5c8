"""TLS is the cluster's own, and passed through; and nothing listens where others could reach it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import warnings

import dask
import dask.array as da
import polars as pl
import pytest

import chainrule as cr
from chainrule.cluster.connect import connected
from chainrule.errors import ClusterError, SettingError
from clusters import certificates, in_processes, rows, same_bits
from command import in_a_process

NET = cr.Network("2-3-1")
X, LABELS = rows(140_000)  # three blocks

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def encrypted(own, tmp_path_factory):
    """The client of a scheduler and two workers that speak TLS."""
    with warnings.catch_warnings(), in_processes(tmp_path_factory.mktemp("scheduler"), 2, own) as (client, _):
        yield client


def place(client):
    return client.scheduler_info()["address"]


def in_settings(own):
    """The certificates in Dask's settings, as `dask.yaml` or the environment puts them there."""
    tls = "distributed.comm.tls"
    return dask.config.set(
        {f"{tls}.ca-file": own.authority, f"{tls}.client.cert": own.certificate, f"{tls}.client.key": own.key}
    )


@needs_openssl
def test_a_client_with_tls_is_used_as_it_is(encrypted):
    assert place(encrypted).startswith("tls://")
    assert all(worker.startswith("tls://") for worker in encrypted.nthreads())
    options = {"solver": "lbfgs", "epochs": 4, "seed": 1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(.|\n)*Sending large graph")
        on_cluster = cr.train(NET, da.from_array(X, chunks=(50_000, 2)), da.from_array(LABELS), **options)
    assert same_bits(on_cluster, cr.train(NET, X, LABELS, **options))


@needs_openssl
def test_the_command_takes_certificates_from_the_settings_of_dask(encrypted, own, tmp_path):
    frame = pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": LABELS})
    (tmp_path / "t").mkdir()
    for number in range(2):
        frame[number::2].write_parquet(tmp_path / "t" / f"{number}.parquet")
    options = (
        "--target",
        "kind",
        "--hidden",
        "3 tanh",
        "--epochs",
        3,
        "--no-compare",
        "--no-figures",
        "--solver",
        "lbfgs",
    )
    command = in_a_process("train", tmp_path / "t", *options, "--dask", place(encrypted), "--out", tmp_path / "m.model")
    ran = subprocess.run(command, env={**os.environ, **own.settings()}, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"workers at {place(encrypted)} read the files" in ran.stdout
    assert cr.load(tmp_path / "m.model").history[-1].epoch == 3


@needs_openssl
def test_an_encrypted_address_without_certificates_says_which_setting_is_empty(encrypted):
    nothing = {f"distributed.comm.tls.{name}": None for name in ("ca-file", "client.cert", "client.key")}
    words = r"setting distributed\.comm\.tls\.ca-file is empty(.|\n)*DASK_DISTRIBUTED__COMM__TLS__CA_FILE=FILE"
    with dask.config.set(nothing), pytest.raises(SettingError, match=words), connected(place(encrypted)):
        pass


@needs_openssl
def test_a_certificate_that_is_not_there_is_named(encrypted, own):
    lost = own._replace(key="/nowhere/own.key")
    words = r"client\.key is '/nowhere/own\.key', which is no file(.|\n)*TLS__CLIENT__KEY"
    with in_settings(lost), pytest.raises(SettingError, match=words), connected(place(encrypted)):
        pass


@needs_openssl
def test_certificates_of_another_authority_are_told_from_nobody_there(encrypted, tmp_path):
    with (
        in_settings(certificates(tmp_path / "other")),
        pytest.raises(ClusterError, match="do not accept each other's certificates"),
        connected(place(encrypted)),
    ):
        pass


@needs_openssl
def test_a_plain_address_of_an_encrypted_scheduler_names_tls(encrypted):
    plain = place(encrypted).replace("tls://", "tcp://")
    with pytest.raises(ClusterError, match="its address begins with tls://"), connected(plain):
        pass


def listening(pids):
    """Addresses that these processes listen on."""
    import psutil

    return {
        found.laddr.ip
        for pid in pids
        for found in psutil.Process(pid).net_connections(kind="inet")
        if found.status == psutil.CONN_LISTEN
    }


def test_local_workers_listen_on_the_loopback_address_alone():
    with connected("local") as client:
        pids = [os.getpid(), *client.run(os.getpid).values()]
        dashboard = client.scheduler_info()["services"].values()
        assert len(pids) > 1
        assert listening(pids) == {"127.0.0.1"}
        for port in dashboard:  # its pages are off, what answers for them is here alone
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"GET /status HTTP/1.0\r\n\r\n")
                assert b" 404 " in connection.recv(100)


@needs_openssl
def test_local_workers_speak_tls_where_dasks_settings_ask_for_it(own):
    tls = "distributed.comm.tls"
    everybody = {
        f"{tls}.{who}.{what}": file
        for who in ("scheduler", "worker")
        for what, file in (("cert", own.certificate), ("key", own.key))
    }
    options = {"solver": "lbfgs", "epochs": 2, "seed": 1}
    required = dask.config.set({**everybody, "distributed.comm.require-encryption": True})
    with in_settings(own), required, connected("local") as client:
        assert place(client).startswith("tls://127.0.0.1:")
        run = cr.train(NET, da.from_array(X, chunks=(50_000, 2)), da.from_array(LABELS), **options)
    assert same_bits(run, cr.train(NET, X, LABELS, **options))


def test_the_listeners_of_a_process_are_seen():
    """The test above can fail: a socket for all addresses is found."""
    with socket.create_server(("", 0)):
        assert "0.0.0.0" in listening([os.getpid()])
