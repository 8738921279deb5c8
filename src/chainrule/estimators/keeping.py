"""One fit at a time; one that fails leaves the estimator as it was, an interrupted one the best weights so far."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from chainrule.errors import SettingError

_OF_CALLBACKS = ("_callback", "_skl_callbacks")  # scikit-learn's own, which it takes away itself

_lock = threading.Lock()
_under_way: set[int] = set()  # ids of estimators


class FitInterrupted(KeyboardInterrupt):
    """Ctrl-C in a fit: the estimator holds the best weights so far, and its ``outcome_`` is INTERRUPTED."""


@contextlib.contextmanager
def kept_on_failure(model: Any) -> Iterator[None]:
    """Every attribute as before where anything but `FitInterrupted` is raised inside.

    Raises
    ------
    SettingError
        Another thread is fitting this estimator: both would write the same attributes.
    """
    with _lock:
        if id(model) in _under_way:
            raise SettingError(
                f"This {type(model).__name__} is being fitted already, by another thread or its own scorer.",
                "Fit a clone of it: sklearn.base.clone(model).",
            )
        _under_way.add(id(model))
    before = dict(vars(model))
    try:
        yield
    except FitInterrupted:
        raise
    except BaseException:
        for name in [name for name in vars(model) if not name.startswith(_OF_CALLBACKS)]:
            del vars(model)[name]
        vars(model).update(before)
        raise
    finally:
        with _lock:
            _under_way.discard(id(model))
