"""The client of a cluster: the one that is there, and what its failures mean."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from chainrule.errors import ClusterError, MissingDependencyError, SettingError

GO_ON = "A checkpoint stands, where one was asked for: go on from it with resume, on this cluster or another."


def check_dask() -> None:
    """MissingDependencyError where Dask cannot be imported."""
    try:
        import dask  # noqa: F401
        import distributed  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            "Training on a cluster needs Dask, which is not installed.", "Install it: pip install 'chainrule[dask]'."
        ) from None


def present_client() -> Any:
    """The `distributed.Client` that Dask itself would use, None where there is none.

    Raises
    ------
    SettingError
        It is one for coroutines, which cannot be waited for here.
    """
    if "distributed" not in sys.modules:  # nobody can have made one
        return None
    import distributed

    try:
        client = distributed.default_client()
    except ValueError:
        return None
    return checked_client(client)


def checked_client(client: Any) -> Any:
    """The client; SettingError where it is made for coroutines."""
    if client.asynchronous:
        raise SettingError(
            "The Dask client is asynchronous, and training waits for its results.",
            "Make one with Client(address), without asynchronous=True.",
        )
    return client


@contextlib.contextmanager
def faults_named() -> Iterator[None]:
    """`ClusterError` in place of what Dask raises when a scheduler or workers are gone.

    Errors that the work itself raised on a worker pass as they are.
    """
    import asyncio
    import concurrent.futures

    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError
    from distributed.scheduler import NoValidWorkerError

    gone = (CancelledError, CommClosedError, asyncio.CancelledError, concurrent.futures.CancelledError)
    try:
        yield
    except KilledWorker as error:
        raise ClusterError(
            "Several workers died one after the other while they worked on the same blocks.",
            _first_line(error),
            "Workers that die so are mostly out of memory: give them more, or use more of them.",
            GO_ON,
        ) from error
    except NoValidWorkerError as error:
        raise ClusterError("No worker of the cluster can take the work.", _first_line(error), GO_ON) from error
    except gone as error:
        raise ClusterError(
            "The connection to the Dask scheduler is lost, or it cancelled the work.", _first_line(error), GO_ON
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:160] if lines else ""
