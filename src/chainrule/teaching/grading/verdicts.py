"""A verdict on each array that a function is to return."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.network import Network
from chainrule.program.operations import run
from chainrule.teaching.grading import values
from chainrule.teaching.grading.costs import CostEvaluator, cost_mutations, without_constant
from chainrule.teaching.grading.diagnose import Evaluator
from chainrule.teaching.grading.judge import Judge, Verdict
from chainrule.teaching.grading.lesson import Lines
from chainrule.teaching.grading.mutations import backward_mutations, forward_mutations
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.sandbox import Results
from chainrule.teaching.grading.tolerance import agrees
from chainrule.teaching.grading.words import MISTAKES

Array = npt.NDArray[Any]


class Verdicts:
    """Judges what the functions of one file returned.

    Parameters
    ----------
    net : Network
    cases : sequence of Problem
    results : Results
        Of all calls.
    places : dict of (str, str) to int
        The number of each call by target and problem.
    has_gradient : bool
        Whether the file has the general pair of functions, not the post's.
    sign, reduction : str
        The convention of the course.
    """

    def __init__(
        self,
        net: Network,
        cases: Sequence[Problem],
        results: Results,
        places: Mapping[tuple[str, str], int],
        *,
        has_gradient: bool,
        sign: str,
        reduction: str,
    ) -> None:
        self.net, self.cases, self.results, self.places = net, cases, results, places
        self.as_post = net.L == 2 and not has_gradient
        self.sign, self.reduction = sign, reduction
        lines = Lines(net, post=self.as_post, sign=sign, reduction=reduction)
        self.judge = Judge(cases, lines, self._scale)
        self.backward = backward_mutations(cases[0].program)
        self.forward = forward_mutations(cases[0].program)
        self.forward_mistakes: set[tuple[str, str]] = set()

    def _scale(self, problem: Problem) -> float:
        """The course's convention: −1 for descent, 1/N for a mean."""
        scale = -1.0 if self.sign == "descent" else 1.0
        return scale / problem.N if self.reduction == "mean" else scale

    def returned(self, target: str) -> tuple[list[tuple[Problem, Any]], list[tuple[Problem, dict[str, Any]]]]:
        """What came back on each problem, and what was raised."""
        returned, faults = [], []
        for case in self.cases:
            place = self.places.get((target, case.name))
            record = self.results.records.get(-1 if place is None else place)
            if record is not None and "error" in record:
                faults.append((case, record["error"]))
            elif record is not None:
                returned.append((case, record["value"]))
        return returned, faults

    def of(self, target: str, returned: Sequence[tuple[Problem, Any]]) -> list[Verdict]:
        """A verdict on each array that the function is to return; none where it returned none."""
        ordinary = [(case, tree) for case, tree in returned if case.name != "large"]
        if target == "forward":
            return self._forward_verdicts(returned)
        if target == "gradient":
            return self._gradient_verdicts(ordinary)
        if target == "cost":
            return self._cost_verdicts(ordinary)
        given = [(case, values.single(tree, case.truth[target])) for case, tree in ordinary]
        pairs = [(case, array) for case, array in given if array is not None]
        if not pairs or len(pairs) < len(given):
            return []
        evaluate = Evaluator(target, with_forward=False)
        return [self.judge.judge(target, pairs, evaluate, self.backward, shown=self.shown(target))]

    def shown(self, target: str) -> str:
        """What a gradient is called in the letters of the functions: dV for dW2 of the post."""
        return {"dW2": "dV", "Z1": "Z"}.get(target, target) if self.as_post else target

    def _forward_verdicts(self, returned: Sequence[tuple[Problem, Any]]) -> list[Verdict]:
        outputs = [(case, values.outputs(tree, case)) for case, tree in returned]
        ordinary = [(case, found) for case, found in outputs if case.name != "large"]
        if not ordinary or not all("Y" in found for _, found in ordinary):
            return []
        verdicts = []
        hidden = [f"Z{l}" for l in range(1, self.net.L)]
        for name in [*hidden, "Y"]:
            pairs = [(case, found[name]) for case, found in ordinary if name in found]
            if not pairs or (name != "Y" and len(pairs) < len(ordinary)):
                continue
            evaluate = Evaluator(name, with_forward=True)
            verdict = self.judge.judge(name, pairs, evaluate, self.forward, scaled=False, shown=self.shown(name))
            if name == "Y":
                self._add_overflow(verdict, outputs)
            verdicts.append(verdict)
            if verdict.explanation is not None:
                self.forward_mistakes |= {pair for m in verdict.explanation.mutations for pair in m.sources}
        return verdicts

    def _add_overflow(self, verdict: Verdict, outputs: Sequence[tuple[Problem, Mapping[str, Array]]]) -> None:
        """Whether large logits, which a correct function takes, give NaN."""
        large = [(case, found["Y"]) for case, found in outputs if case.name == "large" and "Y" in found]
        explained = verdict.explanation.names if verdict.explanation else ()
        if not large or np.isfinite(large[0][1]).all() or "missing-normalisation" in explained:
            return
        if not verdict.correct and verdict.explanation is None:
            return
        name = "unshifted-softmax" if self.net.law.name == "softmax" else "overflow"
        case = large[0][0]
        top = float(np.abs(case.truth[f"A{self.net.L}"]).max())
        verdict.mistakes += (name,)
        verdict.lines.append(MISTAKES[name])
        verdict.lines.append(
            f"With logits up to {top:.0f} it returns NaN, as exp(710) is beyond what float64 can hold."
        )
        if verdict.correct:
            verdict.lines.append("For logits of ordinary size it is right.")
        verdict.correct = False

    def _cost_verdicts(self, ordinary: Sequence[tuple[Problem, Any]]) -> list[Verdict]:
        pairs: list[tuple[Problem, Array]] = []
        for case, tree in ordinary:
            arrays = values.flat(tree)
            if len(arrays) != 1:
                return []
            pairs.append((case, values.as_expected(arrays[0], np.asarray(0.0)) if case.N > 1 else arrays[0]))
        pairs = [(case, a.reshape(()) if a.size == 1 and case.N == 1 else a) for case, a in pairs]
        evaluate, mutations = CostEvaluator(), cost_mutations(self.net)
        plain = without_constant(self.net)
        if plain is not None:
            made = [(case, array, evaluate(case, dict(plain.sources))) for case, array in pairs]
            if all(value is not None and agrees(_real(a), value * self._scale(case)) for case, a, value in made):
                said = "It leaves out a constant, which no gradient sees."
                return [Verdict("J", True, notes=[said])]
        if any(array.ndim for _, array in pairs):
            pairs = [(case, array) for case, array in pairs if case.N > 1]
        return [self.judge.judge("J", pairs, evaluate, mutations, shown="the cost")]

    def _gradient_verdicts(self, ordinary: Sequence[tuple[Problem, Any]]) -> list[Verdict]:
        received = [(case, values.gradients(tree, case)) for case, tree in ordinary]
        names = [name for name in self.net.names if all(name in found for _, found in received)]
        if not names or not received:
            return []
        verdicts = self._gradients_judged(names, received, self.judge, with_forward=True)
        if not all(verdict.correct for verdict in verdicts):
            hers = self._after_her_forward()
            if all(case.name in hers for case, _ in received):
                moved = [(hers[case.name], found) for case, found in received]
                judge = Judge(list(hers.values()), self.judge.lines, self._scale)
                others = self._gradients_judged(names, moved, judge, with_forward=False)
                if _how_bad(others) < _how_bad(verdicts):
                    verdicts = others
                    said = "It is right for the outputs of your own forward, whose mistake is told there."
                    for verdict in verdicts:
                        verdict.notes = [*verdict.notes, said] if verdict.correct else verdict.notes
        missing = [name for name in self.net.names if name not in names]
        if missing:
            text = f"The gradient of {', '.join(missing)} is not among what it returns."
            verdicts.append(Verdict("gradient", False, ("no-result",), [text]))
        return verdicts

    def _gradients_judged(
        self,
        names: Sequence[str],
        received: Sequence[tuple[Problem, dict[str, Array]]],
        judge: Judge,
        *,
        with_forward: bool,
    ) -> list[Verdict]:
        mutations = (*self.backward, *self.forward) if with_forward else self.backward
        return [
            judge.judge(
                f"d{name}",
                [(case, found[name]) for case, found in received],
                Evaluator(f"d{name}", with_forward=with_forward),
                mutations,
            )
            for name in names
        ]

    def _after_her_forward(self) -> dict[str, Problem]:
        """The problems as they go on from her forward, where that is wrong: a mistake there is not one of gradient."""
        if not any(target == "forward" for target, _ in self.places):
            return {}
        found, differs = {}, False
        for case, tree in self.returned("forward")[0]:
            if case.name == "large":
                continue
            arrays = {name: _real(array) for name, array in values.outputs(tree, case).items() if name[0] in "ZY"}
            if not all(a.shape == case.truth[n].shape and np.isfinite(a).all() for n, a in arrays.items()):
                return {}
            differs = differs or any(not agrees(array, case.truth[name]) for name, array in arrays.items())
            program = case.program.replaced(dict(self.forward_mistakes))
            with np.errstate(all="ignore"):
                truth = case.truth | run(program, case.weights, case.X, case.T, given=arrays)
            found[case.name] = dataclasses.replace(case, truth=truth)
        return found if differs and "small" in found else {}


def _how_bad(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """How many arrays are wrong without a known mistake, and how many mistakes there are."""
    wrong = [verdict for verdict in verdicts if not verdict.correct]
    return sum(v.explanation is None for v in wrong), sum(v.explanation.size for v in wrong if v.explanation)


def _real(array: Array) -> Array:
    """Floating-point numbers, complex ones by their real part."""
    if array.dtype.kind == "c":
        return array.real
    return array if array.dtype.kind == "f" else array.astype(np.float64)
