"""scikit-learn's HistGradientBoosting with its own defaults: what a network is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError

Array = npt.NDArray[Any]

MOST_CLASSES = 50  # it grows trees for each class


def boosted(task: str, X: Array, t: Array, seed: int) -> Any:
    """HistGradientBoosting fitted to X (N, D) and t (N,): class codes, quantities or counts.

    Raises
    ------
    SettingError
        It cannot be fitted; the message says why.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if task == "classify":
        counts = np.unique(t, return_counts=True)[1]
        if len(counts) > MOST_CLASSES:
            raise SettingError(f"it would take too long with {len(counts)} classes")
        # where rows are many it sets some apart by class, which a class of a single row does not allow
        early: Any = "auto" if counts.min() > 1 else False
        model = HistGradientBoostingClassifier(random_state=seed, early_stopping=early)
    elif task == "count":
        if not t.sum() > 0:
            raise SettingError("all counts are 0")
        model = HistGradientBoostingRegressor(loss="poisson", random_state=seed)
    else:
        model = HistGradientBoostingRegressor(random_state=seed)
    try:
        with np.errstate(all="ignore"):
            return model.fit(X, t)
    except ValueError as error:
        raise SettingError(str(error).splitlines()[0][:80]) from None
