"""Arrays as they come off the wire, laid where NumPy lays its own: elsewhere its sums take another order."""

from __future__ import annotations

from typing import Any

import numpy as np


def aligned(value: Any) -> Any:
    """The value with its arrays at addresses that are multiples of their numbers' size; entry by entry of a tuple.

    What was received lies anywhere in the bytes of a message. NumPy then adds up and multiplies by way of buffers, and
    the last digits differ.

    Examples
    --------
    >>> received = np.frombuffer(bytearray(1 + 8 * 3), np.float64, 3, offset=1)
    >>> received.flags.aligned, aligned((1.0, received))[1].flags.aligned
    (False, True)
    """
    if isinstance(value, np.ndarray):
        return np.require(value, requirements=["C", "A"])
    if isinstance(value, tuple):
        entries = [aligned(entry) for entry in value]
        return type(value)(*entries) if hasattr(value, "_fields") else tuple(entries)
    return value


class Travels:
    """Attributes are aligned where a copy of the object arrives."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({name: aligned(value) for name, value in state.items()})
