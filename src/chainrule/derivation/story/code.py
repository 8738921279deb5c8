"""Lines of NumPy as a learner would write them."""

from __future__ import annotations

import re

from chainrule.derivation.letters import Letters
from chainrule.functions import PRIMITIVES


def numpy_code(source: str, array: str) -> str:
    """A numeric form of the table as a learner would write it."""
    readable = {
        "sigmoid(a)": "1 / (1 + np.exp(-{a}))",
        "softplus(a)": "np.log1p(np.exp({a}))",
        "a * sigmoid(a)": "{a} / (1 + np.exp(-{a}))",
        "a * tanh(softplus(a))": "{a} * np.tanh(np.log1p(np.exp({a})))",
        "maximum(a, 0)": "np.maximum({a}, 0)",
        "0.5 * a * erfc(-0.70710678118654752 * a)": "0.5 * {a} * special.erfc(-{a} / np.sqrt(2))",
    }
    if source in readable:
        return readable[source].format(a=array)
    return called_from_numpy(source, {"a": array})


def output_code(letters: Letters) -> str:
    """Y in NumPy."""
    a, law = letters.code(("a", letters.net.L)), letters.net.law
    if law.name == "softmax":
        return f"expA = np.exp({a} - {a}.max(axis=1, keepdims=True))\nY = expA / expA.sum(axis=1, keepdims=True)"
    return f"Y = {numpy_code(law.mean, a)}"


def called_from_numpy(source: str, arrays: dict[str, str]) -> str:
    """A numeric form with ``np.`` before its functions and arrays for its letters."""

    def put(found: re.Match[str]) -> str:
        name = found[0]
        if name in arrays:
            return arrays[name]
        if name in ("erf", "erfc", "log_gamma"):
            return "special." + {"log_gamma": "gammaln"}.get(name, name)
        if name in PRIMITIVES and name not in ("sigmoid", "softplus", "log_sigmoid", "softmax", "log_softmax"):
            return f"np.{name}"
        return name

    return re.sub(r"[A-Za-z_]\w*", put, source)


def objective_code(letters: Letters, *, descent: bool, mean: bool) -> str:
    """J as a line of NumPy."""
    rows = {
        "softmax": "T * np.log(Y)",
        "sigmoid": "T * np.log(Y) + (1 - T) * np.log(1 - Y)",
        "identity": "-((T - Y) ** 2) / 2 - np.log(2 * np.pi) / 2",
        "exp": "T * np.log(Y) - Y - special.gammaln(T + 1)",
    }[letters.net.law.name]
    total = f"({rows}).sum()" + (" / N" if mean else "")
    return f"{letters.objective} = {'-' if descent else ''}{total}"
