"""The error of a fit that ran away: scikit-learn's ValueError, and our DivergedError."""

from __future__ import annotations

from typing import Any

from chainrule.errors import DivergedError


class DivergedFitError(DivergedError, ValueError):
    """Training ran away: the weights, or J, are no longer finite numbers, or far worse than at the start."""

    @classmethod
    def of(cls, error: DivergedError | None, solver: str, standardized: bool) -> DivergedFitError:
        """From the error of the training, with scikit-learn's own sentence first."""
        lines = [
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be"
            " preprocessed."
        ]
        if error is not None:
            lines[0] = f"{lines[0]}" if "not finite at the start" in str(error) else lines[0]
            lines.append(str(error).splitlines()[0])
        cures = [] if standardized else ["standardize=True"]
        if error is not None and solver not in ("lbfgs", "newton") and "not finite at" not in str(error):
            cures.append(f"learning_rate_init={error.learning_rate:.0e}")
        if cures:
            lines.append(f"Try {', or '.join(cures)}.")
        return cls(
            *lines,
            weights=error.weights if error else None,  # type: ignore[arg-type]
            epoch=error.epoch if error else 0,
            learning_rate=error.learning_rate if error else float("nan"),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.args[0], self.weights, self.epoch, self.learning_rate)


def _rebuilt(text: str, weights: Any, epoch: int, learning_rate: float) -> DivergedFitError:
    return DivergedFitError(text, weights=weights, epoch=epoch, learning_rate=learning_rate)
