"""A learning rate and a number of epochs for a script, where none are asked for."""

from __future__ import annotations

from typing import Any

from chainrule.errors import DataError
from chainrule.network import Network
from chainrule.program.data import ROWS

_TRIED = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
_STEPS = 40
_ADAM = 0.01


def chosen_rate(script: str, call: str, solver: str, momentum: float, average: bool) -> float:
    """A third of the largest rate with which plain ascent climbed from the start, step after step, when tried.

    The script's own functions are run, so what is tried is what will be trained.
    """
    if solver == "adam":
        return _ADAM
    import numpy as np

    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "<script>", "exec"), names)
    try:
        X, T = eval(call, names)
    except SystemExit as error:  # how the script ends at a table that does not fit
        raise DataError(str(error.code)) from None
    scale = 1 / len(X) if average else 1.0
    found: float | None = None
    with np.errstate(all="ignore"):
        for rate in _TRIED:
            if _climbs(names, X, T, rate * scale):
                if found is not None:
                    break
                found = rate
            elif found is not None:
                found = None
    rates = [rate for rate in _TRIED if found is not None and rate < found]
    rate = rates[0] if rates else _TRIED[-1]
    return rate if solver == "ascent" else _rounded(rate * (1 - momentum))


def _climbs(names: dict[str, Any], X: Any, T: Any, rate: float) -> bool:
    """Whether J rises at each of the first steps."""
    import numpy as np

    weights = names["initial_weights"]()
    J = names["log_likelihood"](X, T, weights)
    for _ in range(_STEPS):
        weights = [w + rate * d for w, d in zip(weights, names["gradient"](X, T, weights), strict=True)]
        before, J = J, names["log_likelihood"](X, T, weights)
        if not (np.isfinite(J) and J >= before - 1e-9 * abs(before)):
            return False
    return True


def chosen_epochs(network: Network) -> int:
    """Fewer for larger networks: a budget of multiplications, cut to a round number."""
    rows = 1500 if network.M[0] == 2 and network.K == 3 else ROWS
    budget = 1.5e10 / (3 * rows * (network.size + 30))
    return next((n for n in (10_000, 5_000, 2_000, 1_000, 500, 200) if n <= budget), 100)


def _rounded(rate: float) -> float:
    """One significant digit."""
    return float(f"{rate:.0e}")
