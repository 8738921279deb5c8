"""The output laws on registers: outputs and log-likelihood of a few samples, from all their units."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from chainrule.functions import OutputLaw
from chainrule.kernels.compiled.emit import Value
from chainrule.kernels.compiled.maths import bounded_exp, evaluate, log1p


def means(law: OutputLaw, A: Sequence[Value]) -> list[Value]:
    """y of each unit."""
    if "softmax" not in law.mean:
        return [evaluate(law.mean, a=a) for a in A]
    top = _largest(A)
    E = [bounded_exp(a - top, most=False) for a in A]
    share = 1.0 / functools.reduce(lambda x, y: x + y, E)
    return [evaluate(law.mean, a=a, softmax=e * share) for a, e in zip(A, E, strict=True)]


def means_and_density(law: OutputLaw, A: Sequence[Value], T: Sequence[Value]) -> tuple[list[Value], Value]:
    """y of each unit, and the sum over units of what depends on a in log p(t given x)."""
    density = varying_part(law.log_density)
    if "softmax" not in law.mean:
        terms = [evaluate(density, a=a, t=t) for a, t in zip(A, T, strict=True)]
        return means(law, A), functools.reduce(lambda x, y: x + y, terms)
    top, at = A[0], A[0].at.constant(0.0)
    for k, a in enumerate(A[1:], start=1):
        at, top = a.at.select(a > top, float(k), at), a.at.select(a > top, a, top)
    E = [bounded_exp(a - top, most=False) for a in A]
    share = 1.0 / functools.reduce(lambda x, y: x + y, E)
    # the largest term, exp(0) = 1, goes through log1p, so that a confident log y keeps its digits
    others = [e.at.select(at.equals(float(k)), 0.0, e) for k, e in enumerate(E)]
    lost = log1p(functools.reduce(lambda x, y: x + y, others))
    terms = [
        evaluate(density, a=a, t=t, log_softmax=(a - top) - lost, softmax=e * share)
        for a, t, e in zip(A, T, E, strict=True)
    ]
    return [e * share for e in E], functools.reduce(lambda x, y: x + y, terms)


def mean_slopes(law: OutputLaw, Y: Sequence[Value], RA: Sequence[Value]) -> list[Value]:
    """R{y} of each unit: the Jacobian of the mean times R{a}."""
    match law.name:
        case "softmax":
            inner = functools.reduce(lambda x, y: x + y, [y * ra for y, ra in zip(Y, RA, strict=True)])
            return [y * (ra - inner) for y, ra in zip(Y, RA, strict=True)]
        case "sigmoid":
            return [y * (1.0 - y) * ra for y, ra in zip(Y, RA, strict=True)]
        case "exp":
            return [y * ra for y, ra in zip(Y, RA, strict=True)]
        case _:
            return list(RA)


def _largest(A: Sequence[Value]) -> Value:
    top = A[0]
    for a in A[1:]:
        top = a.at.select(a > top, a, top)
    return top


def varying_part(source: str) -> str:
    """The terms of a sum that hold ``a``."""
    return _parts(source)[0]


def constant_part(source: str) -> str | None:
    """The terms of a sum that do not hold ``a``: they depend on the targets alone and are summed once."""
    return _parts(source)[1]


@functools.lru_cache(maxsize=64)
def _parts(source: str) -> tuple[str, str | None]:
    varying: list[str] = []
    constant: list[str] = []

    def sort(node: ast.expr, sign: str) -> None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            flipped = {"+": "-", "-": "+"}[sign]
            sort(node.left, sign)
            sort(node.right, sign if isinstance(node.op, ast.Add) else flipped)
        else:
            held = any(isinstance(part, ast.Name) and part.id == "a" for part in ast.walk(node))
            (varying if held else constant).append(f"{sign} ({ast.unparse(node)})")

    sort(ast.parse(source, mode="eval").body, "+")
    return " ".join(varying) or "0 * a", " ".join(constant) or None
