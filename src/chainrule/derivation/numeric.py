"""The functions of formulas in numbers, for checks: stable, and analytic, so that the complex step passes through.

These are the checks' own: they share nothing with the kernels that they are used to judge.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np


def _left(a: Any) -> Any:
    return np.real(a) <= 0


def _sigmoid(a: Any) -> Any:
    e = np.exp(np.where(_left(a), a, -a))
    return np.where(_left(a), e / (1 + e), 1 / (1 + e))


def _softplus(a: Any) -> Any:
    return np.where(_left(a), 0, a) + np.log1p(np.exp(np.where(_left(a), a, -a)))


def _softmax(a: Any) -> Any:
    e = np.exp(a - np.real(a).max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _log_softmax(a: Any) -> Any:
    shifted = a - np.real(a).max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _special(name: str) -> Callable[[Any], Any]:
    def function(a: Any) -> Any:
        from scipy import special  # heavy, and needed by few formulas

        return getattr(special, name)(a)

    return function


def _log_gamma(a: Any) -> Any:
    from scipy import special

    return special.loggamma(a) if np.iscomplexobj(a) else special.gammaln(a)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "abs": lambda a: np.where(_left(a), -a, a),
    "sign": lambda a: np.sign(np.real(a)),
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "erf": _special("erf"),
    "erfc": _special("erfc"),
    "log_gamma": _log_gamma,
    "factorial": lambda a: np.exp(_log_gamma(a + 1)),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "log_sigmoid": lambda a: -_softplus(-a),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "where": np.where,
    # Where both are equal: the branch to the left of max(a, 0) and of min(a, 0), whose slope is used there.
    "maximum": lambda a, b: np.where(np.real(a) <= np.real(b), b, a),
    "minimum": lambda a, b: np.where(np.real(a) > np.real(b), b, a),
    "pi": math.pi,  # type: ignore[dict-item]
}


@functools.lru_cache(maxsize=1024)
def _compiled(source: str) -> Any:
    # Comparisons of complex numbers are comparisons of their real parts.
    class Real(ast.NodeTransformer):
        def visit_Compare(self, node: ast.Compare) -> ast.AST:
            self.generic_visit(node)
            node.left = ast.Attribute(_array(node.left), "real", ast.Load())
            node.comparators = [ast.Attribute(_array(c), "real", ast.Load()) for c in node.comparators]
            return node

    def _array(node: ast.expr) -> ast.expr:
        return ast.Call(ast.Name("asarray", ast.Load()), [node], [])

    return compile(ast.fix_missing_locations(Real().visit(ast.parse(source, mode="eval"))), f"<{source}>", "eval")


def evaluate_source(source: str, **names: Any) -> Any:
    """A numeric form of the table with arrays put in."""
    return eval(_compiled(source), {"__builtins__": {}, "asarray": np.asarray, **FUNCTIONS}, names)
