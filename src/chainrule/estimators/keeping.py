"""A fit that fails leaves the estimator as it was; one that is interrupted leaves the best weights so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

_OF_CALLBACKS = ("_callback", "_skl_callbacks")  # scikit-learn's own, which it takes away itself


class FitInterrupted(KeyboardInterrupt):
    """Ctrl-C in a fit: the estimator holds the best weights so far, and its ``outcome_`` is INTERRUPTED."""


@contextlib.contextmanager
def kept_on_failure(model: Any) -> Iterator[None]:
    """Every attribute as before where anything but `FitInterrupted` is raised inside."""
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
