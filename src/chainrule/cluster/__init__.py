"""Rows on several machines: Dask holds the blocks and runs the work, the solver stays where it is."""

from __future__ import annotations

from typing import Any

__all__ = ["is_dask"]


def is_dask(values: Any) -> bool:
    """Whether this is one of Dask's collections; Dask is not imported for the question."""
    return type(values).__module__.partition(".")[0] == "dask"
