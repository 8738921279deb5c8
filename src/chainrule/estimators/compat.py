"""What differs between versions of scikit-learn: callbacks, HTML display, columns of polars frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    LEVELS = 2  # functions of scikit-learn between the user's line and our method
    reads_polars = True
except ImportError:  # before 1.9: everything works, and set_callbacks is not there
    LEVELS = 1
    reads_polars = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks in this version of scikit-learn."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """The method as it is."""
        return method


if hasattr(BaseEstimator, "_html_repr"):

    class HTMLDisplay:
        """scikit-learn's own display, which asks ``_html_repr``."""

else:  # before 1.7

    class HTMLDisplay:  # type: ignore[no-redef]
        """The display of later versions: whatever shows the estimator asks ``_html_repr``."""

        def _html_repr(self) -> str:
            from sklearn.utils import estimator_html_repr

            return str(estimator_html_repr(self))

        def _repr_html_inner(self) -> str:
            return self._html_repr()

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            found: dict[str, Any] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
            return {**found, **({"text/html": self._html_repr()} if "text/html" in found else {})}


class _NamedColumns:
    """A frame behind the protocol by which scikit-learn before 1.9 asks for names, and polars 2 no longer has."""

    def __init__(self, frame: Any) -> None:
        self._frame, self.shape, self.dtypes, self.columns = frame, frame.shape, frame.dtypes, frame.columns

    def __len__(self) -> int:
        return int(self.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self._frame.to_numpy(), dtype=dtype)

    def __dataframe__(self, **options: Any) -> _NamedColumns:
        return self

    def column_names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)


def with_column_names(X: Any) -> Any:
    """X such that this version of scikit-learn finds the names of its columns."""
    is_unread = type(X).__module__.startswith("polars.dataframe") and not hasattr(X, "__dataframe__")
    return _NamedColumns(X) if is_unread and not reads_polars else X


__all__ = ["LEVELS", "CallbackSupportMixin", "HTMLDisplay", "with_callbacks", "with_column_names"]
