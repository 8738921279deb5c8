"""A function of rows over Dask arrays and data frames, lazily."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster.client import check_environments
from chainrule.cluster.pieces import pieces_of
from chainrule.errors import DataError

Array = npt.NDArray[Any]


def mapped(function: Callable[[Any], Array], X: Any, sample: Array) -> Any:
    """A Dask array of what the function makes of each piece of X; nothing is computed yet.

    Parameters
    ----------
    function : callable
        From rows, an array or a data frame, to an array of as many rows.
    X : Dask array (N, D) or data frame
    sample : array (1,) or (1, K)
        What it makes of one row.

    Raises
    ------
    DataError
        X has not two dimensions.
    ClusterError
        There is a cluster, and a worker of it has no chainrule.
    """
    import dask.array as da
    from dask import delayed

    pieces = pieces_of(X, "X")
    if pieces.dimensions != 2:
        raise DataError(
            "Expected 2D array, got 1D array instead: X must have two dimensions (rows, columns).",
            "Reshape your data: X.reshape(-1, 1) for one column.",
        )
    check_environments()
    one = delayed(function, pure=True)
    lengths = pieces.lengths or (np.nan,) * len(pieces.parts)
    shapes = [(length, *sample.shape[1:]) for length in lengths]
    made = [
        da.from_delayed(one(part), shape=shape, meta=sample[:0])
        for part, shape in zip(pieces.parts, shapes, strict=True)
    ]
    return da.concatenate(made, axis=0, allow_unknown_chunksizes=True)
