"""How a table is climbed: the options of `chainrule.train` that its size and a person's wishes ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from chainrule.errors import SettingError, listed, nearest
from chainrule.network import Network
from chainrule.tables.plan import Plan

if TYPE_CHECKING:
    from chainrule.kernels.blocks import Blocks
    from chainrule.tables.streamed_plan import StreamedPlan

Array = npt.NDArray[Any]

MANY_ROWS = 50_000  # from here on mini-batches climb faster than whole passes, and the penalty hardly matters
MINI_BATCH_ROWS = 10_000_000  # rows seen in all by mini-batches, in 10 to 100 epochs
VALIDATION = 0.1  # share of the training rows that early stopping looks at
WHOLE = ("lbfgs", "newton")  # look at all rows at each step
MINI = ("adam", "adamw", "ascent", "momentum", "nesterov")
_FEWEST_TO_VALIDATE = 50
_EPOCHS = {"lbfgs": 500, "newton": 200}
_TOLERANCE = {"lbfgs": 1e-4, "newton": 1e-6}  # of the gradient a row; what is left there is far below the data's noise
_CHOOSING_EPOCHS = {"lbfgs": 150, "newton": 50}


@dataclass(frozen=True)
class Way:
    """Options of `chainrule.train` that do not hang on the penalty.

    Attributes
    ----------
    net : Network
    options : dict
    choosing : dict
        What differs while the penalty is chosen.
    chooses : bool
        Whether the penalty is worth choosing; early stopping does its work otherwise.
    """

    net: Network
    options: dict[str, Any]
    choosing: dict[str, Any]
    chooses: bool

    @classmethod
    def of(
        cls,
        plan: Plan | StreamedPlan,
        rows: int,
        *,
        solver: str | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
    ) -> Way:
        """The way for so many training rows.

        Left alone: L-BFGS, and Adam on mini-batches from `MANY_ROWS` on; momentum on all rows where only a learning
        rate is given. A solver on mini-batches stops early, by rows that it sets apart.

        Raises
        ------
        SettingError
            There is no such solver.
        """
        common: dict[str, Any] = {"scheme": scheme_for(plan.network), "seed": plan.settings["seed"]}
        if solver is not None and solver not in (*WHOLE, *MINI):
            raise SettingError(
                f"There is no solver {solver!r}.",
                f"There are {listed((*WHOLE, *MINI))}.",
                nearest(solver, WHOLE + MINI),
            )
        if solver is None and learning_rate is not None and rows < MANY_ROWS and batch_size is None:
            most = 2000 if epochs is None else epochs
            own = {"solver": "momentum", "learning_rate": learning_rate, "average": True, "record_every": 10}
            return cls(plan.network, {**common, **own, "epochs": most}, {"epochs": min(most, 500)}, True)
        if solver is None:
            solver = "lbfgs" if rows < MANY_ROWS and batch_size is None else "adam"
        if solver in MINI:
            options = _mini_batches(solver, rows, epochs, learning_rate, batch_size)
            return cls(plan.network, {**common, **options}, {}, False)
        most = _EPOCHS[solver] if epochs is None else epochs
        own = {"solver": solver, "tolerance": _TOLERANCE[solver], "learning_rate": learning_rate}
        if batch_size is not None:
            own["batch_size"] = batch_size  # refused there, in words
        choosing = {"epochs": min(most, _CHOOSING_EPOCHS[solver])}
        return cls(plan.network, {**common, **own, "epochs": most}, choosing, rows < MANY_ROWS)

    def run(self, X: Array | Blocks, T: Array | None, penalty: float, *, is_choosing: bool = False, **more: Any) -> Any:
        """`chainrule.train` this way."""
        from chainrule.training import train

        options = {**self.options, **(self.choosing if is_choosing else {}), **more}
        return train(self.net, X, T, penalty=penalty, progress=False, **options)


def _mini_batches(
    solver: str, rows: int, epochs: int | None, learning_rate: float | None, batch_size: int | None
) -> dict[str, Any]:
    """A solver on mini-batches, with early stopping."""
    most = min(200, max(10, MINI_BATCH_ROWS // rows)) if epochs is None else epochs
    found: dict[str, Any] = {
        "solver": solver,
        "learning_rate": learning_rate,
        "batch_size": batch_size or (32 if rows < 2_000 else 128 if rows < 20_000 else 256),
        "average": True,
        "schedule": "cosine",
        "epochs": most,
    }
    if rows >= MANY_ROWS:
        found["record"] = "running"  # to measure all rows after each epoch would cost a third of the time
    if rows >= _FEWEST_TO_VALIDATE and most:
        found |= {"validation": VALIDATION, "patience": max(5, most // 8)}
    return found


def scheme_for(net: Network) -> str:
    """He's initial weights where the first activation cuts off half of its inputs, else Glorot's."""
    rectified = {"relu", "leaky_relu", "elu", "selu", "gelu", "swish", "mish"}
    return "he" if net.L > 1 and net.layers[0].function in rectified else "glorot"
