"""Which function is meant to compute what, and what each of its parameters stands for."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chainrule.network import Network


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# What a function may be called, in lower case without underscores; the first that is there is taken.
_NAMES = {
    "forward": _words(
        "forward forwardpass forwardprop forwardpropagation feedforward propagate output outputs predictproba predict"
    ),
    "cost": _words("cost costfunction loss lossfunction objective loglikelihood likelihood crossentropy j"),
    "gradient": _words(
        "gradient gradients grad grads backward backwardpass backprop backpropagation backwardpropagation"
        " computegradient computegradients"
    ),
}
_DERIVATIVE = re.compile(r"(?:derivative|deriv|der|gradient|grad|djd|dj|d)(w|v|b|c|weights|bias)(\d*)")

# What a parameter may be called, likewise.
_ROLES = {
    "X": _words("x xs input inputs data features x0 z0"),
    "T": _words("t target targets ytrue truth indicator label labels onehot ts"),
    "Y": _words("y output outputs yhat ypred pred preds prediction predictions p prob probs proba probabilities yp"),
    "weights": _words("weights params parameters theta layers model w_b ws"),
    "N": ("n",),
}
_LAYERED = re.compile(r"(z|h|hidden|a|w|weights?|b|bias|v|c)(\d*)")


@dataclass(frozen=True)
class Parameter:
    """A parameter as it is written."""

    name: str
    has_default: bool = False
    is_positional_only: bool = False


@dataclass(frozen=True)
class Signature:
    """A learner's function: its name, what it is to compute, and what its parameters stand for.

    Attributes
    ----------
    function : str
        As she wrote it.
    target : str
        ``forward``, ``cost``, ``gradient``, ``dW1``, ``db2`` ...
    roles : dict of str to str
        By parameter: ``X T Y Z1 A1 W1 b1 weights N``.
    positional : tuple of str
        Parameters that can be passed by their place alone.
    problem : str
        Why it cannot be called, or nothing.
    """

    function: str
    target: str
    roles: Mapping[str, str]
    positional: tuple[str, ...] = ()
    problem: str = ""


def targets_asked(net: Network, names: Iterable[str]) -> tuple[str, ...]:
    """What is expected of a file with these functions: the general pair where it has a gradient, else one a weight."""
    found = {target for name in names if (target := target_of(name, net))}
    if "gradient" in found and not any(target[0] == "d" for target in found):
        return ("forward", "gradient", *(["cost"] if "cost" in found else []))
    each = tuple(f"d{kind}{l}" for l in range(net.L, 0, -1) for kind in "Wb")
    return ("forward", *each, "cost", *(["gradient"] if "gradient" in found else []))


def post_name(target: str, net: Network) -> str:
    """What the post calls a function: ``derivative_v`` for dW2 of one hidden layer."""
    if target[0] != "d":
        return target
    kind, l = target[1], target[2:]
    return "derivative_v" if net.L == 2 and kind == "W" and l == "2" else f"derivative_{kind.lower()}{l}"


def post_order(target: str, net: Network) -> tuple[str, ...]:
    """What a function takes in the post, in its order; for other depths the same idea."""
    every = tuple(name for l in range(1, net.L + 1) for name in (f"W{l}", f"b{l}"))
    if target == "forward":
        return ("X", *every)
    if target == "cost":
        return ("T", "Y")
    if target == "gradient":
        return ("X", "T", "weights")
    kind, l = target[1], int(target[2:])
    below = "X" if l == 1 else f"Z{l - 1}"
    if net.L == 2 and l == 1:
        return ("X", "Z1", "T", "Y", "W2") if kind == "W" else ("T", "Y", "W2", "Z1")
    if l == net.L:
        return (below, "T", "Y") if kind == "W" else ("T", "Y")
    above = tuple(name for q in range(l, net.L) for name in (f"Z{q}", f"W{q + 1}"))
    return (below, "T", "Y", *above) if kind == "W" else ("T", "Y", *above)


def target_of(name: str, net: Network) -> str | None:
    """What a function of this name computes: ``derivative_v`` is dW2; None for any other name."""
    folded = name.lower().replace("_", "")
    for target, names in _NAMES.items():
        if folded in names:
            return target
    if found := _DERIVATIVE.fullmatch(folded):
        letter, digits = found.groups()
        l = int(digits) if digits else _layer_without_number(letter, net)
        if l is not None and 1 <= l <= net.L and not (letter in "vc" and digits):
            return f"d{'W' if letter in ('w', 'v', 'weights') else 'b'}{l}"
    return None


def signatures(
    functions: Mapping[str, ast.FunctionDef | ast.Lambda | Callable[..., object]], net: Network
) -> dict[str, Signature | None]:
    """For each target asked, the function that computes it, or None where there is none."""
    found: dict[str, Signature | None] = dict.fromkeys(targets_asked(net, functions))
    for target in found:
        named = [name for name in functions if target_of(name, net) == target]
        if named:
            name = min(named, key=lambda name: _preference(name, target, net))
            found[target] = signature(name, target, parameters(functions[name]), net)
    return found


def _preference(name: str, target: str, net: Network) -> int:
    """Where several names would do, the post's own first."""
    folded = name.lower().replace("_", "")
    if name == post_name(target, net):
        return -1
    return _NAMES[target].index(folded) if target in _NAMES else 0


def parameters(function: ast.FunctionDef | ast.Lambda | Callable[..., object]) -> list[Parameter] | None:
    """The parameters of a function; None where it takes any number of them."""
    if isinstance(function, ast.FunctionDef | ast.Lambda):
        given = function.args
        if given.vararg or given.kwarg:
            return None
        places = [*given.posonlyargs, *given.args]
        first = len(places) - len(given.defaults)
        found = [Parameter(a.arg, at >= first, at < len(given.posonlyargs)) for at, a in enumerate(places)]
        keywords = zip(given.kwonlyargs, given.kw_defaults, strict=True)
        return found + [Parameter(a.arg, default is not None) for a, default in keywords]
    try:
        listed = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in listed):
        return None
    return [Parameter(p.name, p.default is not p.empty, p.kind is p.POSITIONAL_ONLY) for p in listed]


def signature(name: str, target: str, given: list[Parameter] | None, net: Network) -> Signature:
    """Parameters matched by name; where names do not tell, by the post's order."""
    order = post_order(target, net)
    if target == "forward" and given is not None and len([p for p in given if not p.has_default]) == 2:
        order = ("X", "weights")
    if given is None:
        return Signature(name, target, {}, (), f"It must name its parameters: {name}({written(order, net)}).")
    needed = [p for p in given if not p.has_default]
    by_name = {p.name: role_of(p.name, net) for p in given}
    _settle_y(by_name, target, order)
    roles = {name: role for name, role in by_name.items() if role is not None}
    unknown = [p.name for p in needed if p.name not in roles]
    twice = len(set(roles.values())) < len(roles)
    left = [role for role in order if role not in roles.values()]
    if len(unknown) == 1 and len(left) == 1 and not twice:
        roles[unknown[0]] = left[0]
    elif unknown or twice:
        if len(needed) != len(order):
            what = f"the parameter {unknown[0]!r}" if unknown else "two parameters that stand for the same"
            return Signature(
                name, target, {}, (), f"It has {what}; expected something like {name}({written(order, net)})."
            )
        roles = {p.name: role for p, role in zip(needed, order, strict=True)}
    roles = {p.name: roles[p.name] for p in given if p.name in roles}
    positional = tuple(p.name for p in given if p.is_positional_only and p.name in roles)
    return Signature(name, target, roles, positional)


def role_of(name: str, net: Network) -> str | None:
    """What a parameter of this name stands for; None where the name does not tell."""
    folded = name.lower().replace("_", "")
    for role, names in _ROLES.items():
        if folded in names:
            return role
    found = _LAYERED.fullmatch(folded)
    if not found:
        return None
    letter, digits = found.groups()
    if letter in ("v", "c") and digits:
        return None
    kind = {"h": "Z", "hidden": "Z", "z": "Z", "a": "A", "w": "W", "v": "W", "weight": "W", "weights": "W"}.get(
        letter, "b"
    )
    l = int(digits) if digits else _layer_without_number(letter, net)
    if l is None or not 1 <= l <= net.L:
        return None
    if kind == "Z" and l == net.L:
        return "Y"
    return f"{kind}{l}"


def _layer_without_number(letter: str, net: Network) -> int | None:
    """The layer that a letter alone means: the post's W, b, V, c and Z of one hidden layer, or the only layer."""
    if letter in ("v", "c"):
        return 2 if net.L == 2 else None
    if net.L == 1:
        return 1
    if letter in ("w", "b", "weights", "weight", "bias"):
        return 1 if net.L == 2 else None
    return 1 if letter in ("z", "h", "hidden") and net.L == 2 else None


def _settle_y(by_name: dict[str, str | None], target: str, order: tuple[str, ...]) -> None:
    """In many books y is the target and ŷ the output: so it is here where no other parameter is the target."""
    outputs = [name for name, role in by_name.items() if role == "Y"]
    if "T" in by_name.values() or "T" not in order:
        return
    whole = "weights" in by_name.values() or target == "gradient"
    for name in outputs:
        if name.lower() == "y" and (len(outputs) == 2 or whole):
            by_name[name] = "T"
            return


def written(order: Iterable[str], net: Network) -> str:
    """Roles as parameters: the post's letters for one hidden layer."""
    letters = {"W2": "V", "Z1": "Z"} if net.L == 2 else {}
    return ", ".join(letters.get(role, role) for role in order)
