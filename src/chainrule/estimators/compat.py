"""What differs between versions of scikit-learn: the callbacks of 1.9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    LEVELS = 2  # functions of scikit-learn between the user's line and our method
except ImportError:  # before 1.9: everything works, and set_callbacks is not there
    LEVELS = 1

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks in this version of scikit-learn."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """The method as it is."""
        return method


__all__ = ["LEVELS", "CallbackSupportMixin", "with_callbacks"]
