"""``program``: a network to a standalone NumPy script."""

from __future__ import annotations

import math
import os
import textwrap
from typing import Any

from chainrule.errors import DataError, SettingError, listed, nearest
from chainrule.network import SCHEMES, Network, Weights, generator
from chainrule.program import training
from chainrule.program.data import Source, source
from chainrule.program.equations import described, equations
from chainrule.program.functions import WIDTH, network_functions
from chainrule.program.operations import Program
from chainrule.program.rate import chosen_epochs, chosen_rate

_TABLE_LINES = 10


def program(
    net: Network | str,
    *,
    data: str | os.PathLike[str] | None = None,
    target: str | None = None,
    only: str | None = None,
    weights: Weights | None = None,
    scheme: str | None = None,
    seed: int = 0,
    solver: str = "ascent",
    learning_rate: float | None = None,
    momentum: float = 0.9,
    epochs: int | None = None,
    average: bool = False,
    record_every: int | None = None,
) -> str:
    """A Python script that trains this network with NumPy alone, written from the network's derivation.

    The script has the equations at its head and the shape of every array beside it. Run, it checks its own gradient
    against the complex step (exit status 1 where it is wrong), trains, and prints a table of epoch, J and rate.
    Weights come out as from ``cr.train`` with the same settings.

    Parameters
    ----------
    net : Network or str
    data : "post" or path of a CSV, optional
        The table to train on. Left out: the post's three clusters for two inputs and three classes, else data made
        for the network's output law.
    target : str, optional
        The column of the CSV to predict, the last one unless told; several are joined by commas. All other columns
        are inputs.
    only : "gradient", optional
        The functions alone: activations, forward, log_likelihood, gradient.
    weights : Weights, optional
        Where to start; drawn by ``scheme`` and ``seed`` where left out.
    scheme : {"normal", "glorot", "he", "lecun"}, optional
        As for `Network.initial_weights`. Left out: ``normal`` as in the post for small networks of sigmoid and tanh
        units, else ``he`` where there are relu-like units and ``glorot`` where not.
    seed : int
        At least 0.
    solver : {"ascent", "momentum", "nesterov", "adam"}
        With the whole data in each step.
    learning_rate : float, optional
        Above 0. Left out: a rate that climbed on this data when tried (0.01 for adam).
    momentum : float
        From 0 to below 1; for momentum and nesterov.
    epochs : int, optional
        At least 0. Left out: fewer for larger networks, so that the script ends within a minute or so.
    average : bool
        Climb J / N instead of J.
    record_every : int, optional
        Epochs between two lines of the table; a tenth of all where left out.

    Returns
    -------
    str : the text of the script, formatted as ruff formats it.

    Raises
    ------
    SettingError
        An option is outside its range.
    DataError
        The CSV cannot be read or does not fit the network; the weights are another network's.

    Source: the post, "Coding example".

    Examples
    --------
    >>> text = program("2-1", only="gradient")
    >>> print(text[text.index("    Y = forward") :].strip())
    Y = forward(X, weights)[-1]  # (N, K)
        delta1 = T - Y  # (N, K)  dJ/dA
        dW1 = X.T @ delta1  # (D, K)
        db1 = delta1.sum(axis=0)  # (K,)  summed over the samples
        return dW1, db1
    """
    network = Network(net) if isinstance(net, str) else net
    _check("only", only, (None, "gradient"))
    _check("solver", solver, training.SOLVERS)
    _check("scheme", scheme, (None, *SCHEMES))
    _check_numbers(seed, learning_rate, momentum, epochs, record_every)
    if weights is not None and weights.network != network:
        raise DataError(f"The weights belong to {weights.network.notation}, not to {network.notation}.")
    functions, uses_math = network_functions(Program.of(network))
    if only == "gradient":
        head = _head(network, [f"The gradient of {network.notation}", described(network)], [])
        return _joined(head, _imports({"math"} if uses_math else set()), [], functions)
    given = source(network, data, target)
    scheme = scheme or default_scheme(network)
    epochs = chosen_epochs(network) if epochs is None else int(epochs)
    record_every = max(1, epochs // _TABLE_LINES) if record_every is None else int(record_every)
    parts = [
        given.definitions,
        training.initial_weights(network, scheme, weights),
        *functions,
        *training.training_functions(network, solver, average),
        training.main_function(network, given.call),
    ]
    imports = _imports({"sys", *given.imports, *({"math"} if uses_math else ())})

    def script(rate: float) -> str:
        settings: dict[str, Any] = {"solver": solver, "learning_rate": rate, "epochs": epochs}
        if solver in ("momentum", "nesterov"):
            settings["momentum"] = momentum
        if average:
            settings["average"] = True
        if weights is None:
            settings |= {"scheme": scheme, "seed": seed}
        head = _head(
            network, [f"Train the network {network.notation}", described(network)], _tail(network, given, settings)
        )
        constants = [
            *given.constants,
            *([f"SEED = {seed}"] if weights is None else _start(weights)),
            f"LEARNING_RATE = {rate!r}",
            *training.solver_constants(solver, momentum),
            f"EPOCHS = {epochs}",
            f"RECORD_EVERY = {record_every}",
        ]
        return _joined(head, imports, constants, parts)

    if learning_rate is None:
        learning_rate = chosen_rate(script(1.0), given.call, solver, momentum, average)
    return script(float(learning_rate))


def default_scheme(network: Network) -> str:
    """The scheme for initial weights where none is asked for."""
    hidden = {layer.function for layer in network.layers[:-1]}
    if hidden <= {"sigmoid", "tanh"} and network.L <= 2 and max(network.M) <= 10:
        return "normal"
    return "he" if hidden & {"relu", "leaky_relu", "elu", "selu", "swish", "gelu", "mish"} else "glorot"


def _head(network: Network, title: list[str], tail: list[str]) -> str:
    """The docstring of the script."""
    first = textwrap.wrap(f"{title[0]}: {title[1]}.", WIDTH - 3)
    paragraphs = ["\n".join(first), equations(network), *tail]
    return f'"""{(chr(10) * 2).join(paragraphs)}\n"""'


def _tail(network: Network, given: Source, settings: dict[str, Any]) -> list[str]:
    """What stands below the equations: the data, and how chainrule does the same."""
    words = given.words.replace("\\", "/").replace('"', "'")
    options = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    options += "" if "seed" in settings else ", weights=weights"
    same = textwrap.wrap(
        f'cr.train(cr.Network("{network.notation}"), X, T, {options})',
        WIDTH - 4,
        break_on_hyphens=False,
        subsequent_indent="    ",
    )
    call = "\n".join(f"    {line}" for line in same).replace("'", '"')
    start = "" if "seed" in settings else ", with the numbers of START as weights"
    return [
        textwrap.fill(words, WIDTH),
        f"Needs Python and NumPy, nothing else. The same with chainrule{start}:\n{call}",
    ]


def _start(weights: Weights) -> list[str]:
    """The weights to start from as text that reads back to the same numbers."""
    rows = textwrap.wrap(" ".join(repr(float(value)) for value in weights.flat), WIDTH, break_on_hyphens=False)
    return ['START = """', *rows, '"""']


def _imports(modules: set[str]) -> str:
    standard = "\n".join(f"import {name}" for name in sorted(modules))
    return f"{standard}\n\nimport numpy as np" if standard else "import numpy as np"


def _joined(head: str, imports: str, constants: list[str], parts: list[str]) -> str:
    top = "\n\n".join([head, imports, *(["\n".join(constants)] if constants else [])])
    return "\n\n\n".join([top, *parts]) + "\n"


def _check(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        known = [option for option in allowed if option is not None]
        raise SettingError(f"{name} is {value!r}.", f"Allowed: {listed(known)}.", nearest(str(value), known))


def _check_numbers(
    seed: int, learning_rate: float | None, momentum: float, epochs: int | None, record_every: int | None
) -> None:
    """SettingError for a number outside its range."""
    if seed is None:
        raise SettingError("A script needs a seed to draw the same weights each time, not None.", "Give one, from 0.")
    generator(seed)
    ranges = (
        ("learning_rate", learning_rate, lambda v: 0 < v < math.inf, "a finite number above 0"),
        ("momentum", momentum, lambda v: 0 <= v < 1, "a number from 0 to below 1"),
        ("epochs", epochs, lambda v: v >= 0 and v == int(v), "a whole number from 0"),
        ("record_every", record_every, lambda v: v >= 1 and v == int(v), "a whole number from 1"),
    )
    for name, value, fits, words in ranges:
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and fits(value)):
            raise SettingError(f"{name} must be {words}, not {value!r}.")
