"""Dask's lazy things computed, and which of them cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.cluster.client import faults_named
from chainrule.errors import ChainruleError, DataError


def computed(tasks: Sequence[Any], client: Any) -> list[Any]:
    """The results of Delayed things: on the cluster, or by Dask's scheduler of this machine."""
    if not tasks:
        return []
    if client is None:
        import dask

        return list(dask.compute(*tasks))
    with faults_named():
        found: list[Any] = client.gather(client.compute(list(tasks)))
    return found


def looked_at(tasks: Sequence[Any], names: Sequence[str], client: Any) -> list[Any]:
    """The same of a look at each partition: DataError names the first one that Dask cannot make.

    Such faults come out of the graph that made the rows: a column that a file lacks, a file that is gone.
    """
    try:
        return computed(tasks, client)
    except (ChainruleError, MemoryError):
        raise
    except Exception as error:
        for task, name in zip(tasks, names, strict=True):  # once more, one by one: where it was, Dask does not say
            try:
                computed([task], client)
            except ChainruleError:
                raise
            except Exception as own:
                said = str(own).strip().splitlines()
                raise DataError(
                    f"{name} cannot be computed: {type(own).__name__}.",
                    said[0][:160] if said else "",
                    "What Dask does to make it failed there, before chainrule had a row of it.",
                ) from own
        raise error  # which did not come again
