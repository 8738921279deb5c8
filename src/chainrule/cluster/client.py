"""The client of a cluster: the one that is there, and what its failures mean."""

from __future__ import annotations

import contextlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

from chainrule.errors import ClusterError, MissingDependencyError, SettingError, counted

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
    client = _default_client()
    return None if client is None else checked_client(client)


def _default_client() -> Any:
    if "distributed" not in sys.modules:  # nobody can have made one
        return None
    import distributed

    try:
        return distributed.default_client()
    except ValueError:
        return None


def checked_client(client: Any) -> Any:
    """The client; SettingError where it is made for coroutines."""
    if client.asynchronous:
        raise SettingError(
            "The Dask client is asynchronous, and training waits for its results.",
            "Make one with Client(address), without asynchronous=True.",
        )
    return client


def check_environments(client: Any = None) -> None:
    """ClusterError where the scheduler or a worker has no chainrule, or another version than this process.

    A worker that cannot read what it is sent does not say so: it dies, and the next one after it.

    Parameters
    ----------
    client : distributed.Client, optional
        Left out: the one that Dask would use, where it can be asked.
    """
    import chainrule

    client = client or _default_client()
    if client is None or client.asynchronous:
        return

    wanted = "chainrule:__version__"
    with faults_named():
        found = {f"worker at {place}": said for place, said in _answers(client, wanted).items()}
        try:
            scheduler = client.run_on_scheduler(pkgutil.resolve_name, wanted)
        except (ImportError, ValueError) as error:  # ValueError: one that runs no functions
            scheduler = error
    found = {"Dask scheduler": scheduler, **found}
    lacking = [place for place, said in found.items() if isinstance(said, ImportError)]
    other = {place: said for place, said in found.items() if isinstance(said, str) and said != chainrule.__version__}
    more = f"Install the version of this process there: pip install chainrule=={chainrule.__version__}."
    if lacking:
        raise ClusterError(
            f"The {lacking[0]}{_and_more(len(lacking))} cannot import chainrule.",
            str(found[lacking[0]]).splitlines()[0][:160],
            more,
        )
    if other:
        place, version = next(iter(other.items()))
        raise ClusterError(
            f"The {place}{_and_more(len(other))} has chainrule {version}, and here it is {chainrule.__version__}.", more
        )


def _answers(client: Any, wanted: str) -> dict[str, Any]:
    """What each worker says to a name, or the error that it had."""
    found: dict[str, Any] = client.run(pkgutil.resolve_name, wanted, on_error="return")
    return dict(sorted(found.items()))


def _and_more(count: int) -> str:
    return f" (and {counted(count - 1, 'other')})" if count > 1 else ""


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
    """What Dask says: of futures that were cancelled the reason, not their names."""
    _, _, reason = str(error).partition("Message: ")
    lines = (reason or str(error)).splitlines()
    return lines[0][:160] if lines else ""
