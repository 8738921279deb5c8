"""scikit-learn's parameters in the words of our training."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.errors import SettingError
from chainrule.network import Network
from chainrule.training.schedules import Adaptive, InverseScaling, Schedule, WarmUp, schedule_from
from chainrule.training.settings import Settings, checked_settings

FIRST_ORDER = ("sgd", "adam", "adamw", "ascent", "momentum", "nesterov")
SECOND_ORDER = ("lbfgs", "newton")

CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [str, "array-like"],
    "solver": [StrOptions({*FIRST_ORDER, *SECOND_ORDER})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose", StrOptions({"bar"})],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "output_law": [str, None],
    "schedule": [str, Schedule, None],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "standardize": ["boolean"],
    "scoring": [str, callable, None],
    "restarts": [Interval(Integral, 1, None, closed="left")],
    "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    "n_jobs": [Integral, None],
}

_OTHER_NAMES = {"logistic": "sigmoid"}


def has_rate(model: Any) -> bool:
    """Whether the solver takes steps from parts of the rows; AttributeError, for `available_if`, where it does not."""
    if model.solver not in FIRST_ORDER:
        raise AttributeError(f"partial_fit takes single steps, and {model.solver} looks at all rows at once.")
    return True


def hidden_sizes(hidden_layer_sizes: Any) -> list[int]:
    """The sizes of the hidden layers.

    Raises
    ------
    SettingError
        One is not a whole number above 0.
    """
    sizes = list(hidden_layer_sizes) if isinstance(hidden_layer_sizes, Iterable) else [hidden_layer_sizes]
    if any(isinstance(size, bool) or not isinstance(size, Integral) or size <= 0 for size in sizes):
        raise SettingError(f"hidden_layer_sizes must be > 0, got {sizes}.", "Give whole numbers, as in (64, 32).")
    return [int(size) for size in sizes]


def network_of(inputs: int, hidden_layer_sizes: Any, activation: Any, outputs: int, law: str) -> Network:
    """The network these parameters describe.

    Raises
    ------
    SettingError
        The number of activations is not that of the hidden layers.
    NotationError
        There is no such activation.
    """
    sizes = hidden_sizes(hidden_layer_sizes)
    names = [activation] * len(sizes) if isinstance(activation, str) else [*activation]
    if len(names) != len(sizes):
        raise SettingError(
            f"activation names {len(names)} functions for {len(sizes)} hidden layers.",
            'Give one for all, "relu", or one for each, ("tanh", "relu").',
        )
    functions = [_OTHER_NAMES.get(str(name), str(name)) for name in names]
    hidden = [f"{size} {function}" for size, function in zip(sizes, functions, strict=True)]
    return Network(inputs, hidden=hidden, outputs=f"{outputs} {law}")


def solver_of(model: Any) -> tuple[str, dict[str, Any]]:
    """The solver in our words and its own settings."""
    name = model.solver
    if name == "sgd":
        name = "ascent" if model.momentum == 0 else "nesterov" if model.nesterovs_momentum else "momentum"
    own = {"momentum": model.momentum} if name in ("momentum", "nesterov") else {}
    if name in ("adam", "adamw"):
        own = {"beta1": model.beta_1, "beta2": model.beta_2, "epsilon": model.epsilon}
    if name == "adamw":
        own["weight_decay"] = model.weight_decay
    return name, own


def schedule_of(model: Any) -> Schedule:
    """``schedule`` where it is given, for every solver with a rate; else what ``learning_rate`` says of "sgd"."""
    if model.schedule is not None:
        return schedule_from(model.schedule)
    if model.solver == "sgd" and model.learning_rate == "invscaling":
        return InverseScaling(model.power_t)
    if model.solver == "sgd" and model.learning_rate == "adaptive":
        return Adaptive()
    return schedule_from("constant")


def adaptive_part(schedule: Schedule) -> Adaptive | None:
    """The part of a schedule that looks at how the training goes."""
    inner = schedule.then if isinstance(schedule, WarmUp) else schedule
    return inner if isinstance(inner, Adaptive) else None


def batch_rows(model: Any, rows: int) -> int:
    """Rows of a mini-batch: at most all of them."""
    return min(200, rows) if model.batch_size == "auto" else min(int(model.batch_size), rows)


def settings_of(model: Any, net: Network, rows: int, schedule: Schedule, rate: float, seed: int) -> Settings:
    """The options of the training; the penalty is for all rows, as scikit-learn's ``alpha`` is for those of a batch."""
    solver, own = solver_of(model)
    first_order = model.solver in FIRST_ORDER
    batch = batch_rows(model, rows) if first_order else rows
    return checked_settings(
        net,
        rows,
        solver=solver,
        own=own,
        learning_rate=rate if first_order else None,
        schedule=schedule if first_order or model.schedule is not None else "constant",
        warm_up=0,
        epochs=model.max_iter,
        average=True,
        penalty=model.alpha * (rows / batch),
        penalise_biases=False,
        batch_size=batch if first_order else None,
        shuffle=model.shuffle,
        dropout=float(model.dropout) if isinstance(model.dropout, Real) else [*model.dropout],
        freeze=(),
        tolerance=0.0 if first_order else model.tol,
        patience=1,  # Course does what patience would; "adaptive" asks for it
        improvement=0.0,
        keep="last",
        record_every=1,
        record="running" if first_order else "full",
        seed=seed,
        dtype=model._dtype
        if first_order
        else np.float64,  # the others compare values of J that float32 cannot tell apart
    )
