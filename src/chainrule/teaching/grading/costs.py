"""What a learner's cost may be instead of J: another law's, not summed, a mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.derivation.numeric import evaluate_source
from chainrule.functions import OUTPUT_LAWS
from chainrule.network import Network
from chainrule.program.compile import with_arrays
from chainrule.program.operations import Program
from chainrule.teaching.grading.mutations import Mutation
from chainrule.teaching.grading.problems import Problem

Array = npt.NDArray[Any]

# The part of log p that depends on the weights: what it leaves out moves no gradient.
_WITHOUT_CONSTANT = {"identity": "-(t - y)**2 / 2", "exp": "t * log(y) - y"}
_LAWS = {"softmax": "cross entropy of classes", "sigmoid": "cross entropy of yes or no", "exp": "Poisson likelihood"}


class CostEvaluator:
    """J as it is written in a mutation, from T and Y."""

    target = "J"

    def __call__(self, problem: Problem, sources: Mapping[str, str], rate: float = 0.0) -> Array | None:
        """Its value; J itself where nothing is replaced."""
        if "J" not in sources:
            return np.asarray(problem.truth["J"])
        try:
            with np.errstate(all="ignore"):
                return np.asarray(evaluate_source(sources["J"], T=problem.truth["T"], Y=problem.truth["Y"]))
        except (ValueError, TypeError):
            return None

    def depends_on(self, program: Program) -> set[str]:
        """Itself alone: T and Y are given."""
        return {"J"}


def without_constant(net: Network) -> Mutation | None:
    """J but for a constant that no gradient sees: accepted."""
    if net.law.name not in _WITHOUT_CONSTANT:
        return None
    form = with_arrays(_WITHOUT_CONSTANT[net.law.name], t="T", y="Y")
    return Mutation("constant", "J", (("J", f"({form}).sum()"),), "J without a constant", net.L)


def cost_mutations(net: Network) -> tuple[Mutation, ...]:
    """Every mistake of a cost."""
    found: list[tuple[str, str, str]] = []
    own = [net.law.log_law]
    if net.law.name in _WITHOUT_CONSTANT:
        own.append(_WITHOUT_CONSTANT[net.law.name])
    for form in own:
        rows = f"({with_arrays(form, t='T', y='Y')})"
        found += [
            ("not-summed", rows, "every entry by itself"),
            ("not-summed", f"{rows}.sum(axis=1)", "one number for each sample"),
            ("not-summed", f"{rows}.sum(axis=0)", "one number for each output"),
            ("missing-sum-over-n", f"{rows}[-1:].sum()", "the last sample alone"),
            ("missing-sum-over-n", f"{rows}[:1].sum()", "the first sample alone"),
            ("missing-sum-over-k", f"{rows}[:, :1].sum()", "the first output alone"),
            ("missing-sum-over-k", f"{rows}[:, -1:].sum()", "the last output alone"),
        ]
    if net.law.name != "identity":
        found.append(("wrong-law", "-((T - Y)**2).sum()", "the squared error"))
    found.append(("wrong-law", "-abs(T - Y).sum()", "the absolute error"))
    for name, words in _LAWS.items():
        if name != net.law.name:
            form = _WITHOUT_CONSTANT.get(name, OUTPUT_LAWS[name].log_law)
            found.append(("wrong-law", f"({with_arrays(form, t='T', y='Y')}).sum()", f"the {words}"))
    if net.law.name == "sigmoid":
        found.append(("wrong-law", "((1 - T) * log(1 - Y)).sum()", "(1 − t) log(1 − y) alone"))
    found += [
        ("missing-t", "log(Y).sum()", "log y without t"),
        ("missing-log", "(T * Y).sum()", "t y without the logarithm"),
        ("missing-log", "log((T * Y).sum())", "the logarithm of the sum, not the sum of the logarithms"),
    ]
    if net.law.name == "softmax":
        found.append(
            ("missing-activation", "(T * Y - log(exp(Y).sum(axis=1).reshape(-1, 1)) * T).sum()", "softmax of y")
        )
    return tuple(Mutation(name, "J", (("J", source),), words, net.L) for name, source, words in found)
