"""Small data sets made from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.network import generator

CENTRES = np.array([[0.0, -2.0], [2.0, 2.0], [-2.0, 2.0]])


def three_clusters(
    per_class: int = 500, seed: int | np.random.Generator | None = 0
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The post's data: three round Gaussian clusters of unit variance, centred at (0, -2), (2, 2), (-2, 2).

    Parameters
    ----------
    per_class : int
        Points a cluster, at least 1.
    seed : int, numpy Generator or None

    Returns
    -------
    X : float64 (3 per_class, 2)
    labels : int64 (3 per_class,), 0, 1, 2, in order.

    Raises
    ------
    SettingError
        ``per_class`` is not a whole number from 1.

    Source: the post, "Coding example".
    """
    if isinstance(per_class, bool) or not isinstance(per_class, int | np.integer) or per_class < 1:
        raise SettingError(f"per_class must be a whole number from 1, not {per_class!r}.")
    rng = generator(seed)
    X = np.vstack([rng.standard_normal((per_class, 2)) + centre for centre in CENTRES])
    return X, np.repeat(np.arange(len(CENTRES)), per_class)
