"""The error of a fit that ran away: scikit-learn's ValueError, and our DivergedError."""

from __future__ import annotations

from typing import Any

from chainrule.errors import DivergedError

WHAT = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class DivergedFitError(DivergedError, ValueError):
    """Training ran away: the weights or J are no longer finite numbers, or J is far worse than at the start."""

    @classmethod
    def of(cls, error: DivergedError | None, solver: str, standardized: bool) -> DivergedFitError:
        """From the error of the training, with scikit-learn's own sentence first."""
        if error is None:
            return cls(WHAT, weights=None, epoch=0, learning_rate=float("nan"))  # type: ignore[arg-type]
        first = str(error).splitlines()[0]
        cures = [] if standardized else ["standardize=True"]
        if solver not in ("lbfgs", "newton") and "not finite at" not in first:
            cures.append(f"learning_rate_init={error.learning_rate:.0e}")
        cure = f"Try {' or '.join(cures)}." if cures else ""
        return cls(WHAT, first, cure, weights=error.weights, epoch=error.epoch, learning_rate=error.learning_rate)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.args[0], self.weights, self.epoch, self.learning_rate)


def _rebuilt(text: str, weights: Any, epoch: int, learning_rate: float) -> DivergedFitError:
    return DivergedFitError(text, weights=weights, epoch=epoch, learning_rate=learning_rate)
