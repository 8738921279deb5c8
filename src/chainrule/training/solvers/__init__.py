"""The table of solvers: each a pure step over an explicit state. They climb."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from chainrule.errors import SettingError, listed, nearest
from chainrule.training.solvers.first_order import Adam, AdamW, Ascent, FirstOrder, Momentum, Nesterov
from chainrule.training.solvers.lbfgs import LBFGS
from chainrule.training.solvers.newton import Newton

__all__ = ["LBFGS", "SOLVERS", "FirstOrder", "Newton", "SecondOrder", "Solver", "own_settings", "solver_named"]

SecondOrder = LBFGS | Newton
Solver = FirstOrder | SecondOrder

SOLVERS: dict[str, type[FirstOrder] | type[LBFGS] | type[Newton]] = {
    "ascent": Ascent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
    "adamw": AdamW,
    "lbfgs": LBFGS,
    "newton": Newton,
}


def own_settings(name: str) -> tuple[str, ...]:
    """Names of the settings that this solver alone has."""
    return tuple(field.name for field in fields(_class(name)))


def solver_named(name: str, **settings: Any) -> Solver:
    """A solver by its name; settings that are None take its defaults.

    Raises
    ------
    SettingError
        There is no such solver, it has no such setting, or a setting is outside its range.
    """
    solver = _class(name)
    given = {key: value for key, value in settings.items() if value is not None}
    for key in given:
        if key not in own_settings(name):
            having = [other for other in SOLVERS if key in own_settings(other)]
            raise SettingError(
                f"{key} does not apply to the solver {name!r}.",
                f"It belongs to {listed(having)}.",
                f"Leave {key} out, or choose one of these.",
            )
    return solver(**given)


def _class(name: str) -> type[FirstOrder] | type[LBFGS] | type[Newton]:
    """The class of a solver; SettingError where there is none of this name."""
    if name not in SOLVERS:
        raise SettingError(
            f"There is no solver named {name!r}.", f"Known: {listed(SOLVERS)}.", nearest(str(name), SOLVERS)
        )
    return SOLVERS[name]
