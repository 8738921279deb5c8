"""From results of calls to findings: one for each function that is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.network import Network
from chainrule.program.operations import run
from chainrule.teaching.grade_report import Finding
from chainrule.teaching.grading import values
from chainrule.teaching.grading.costs import CostEvaluator, cost_mutations, without_constant
from chainrule.teaching.grading.diagnose import Evaluator, agrees
from chainrule.teaching.grading.judge import OWN_SIZES, Judge, Verdict
from chainrule.teaching.grading.lesson import Lines, solution
from chainrule.teaching.grading.mutations import backward_mutations, forward_mutations
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.sandbox import Results
from chainrule.teaching.grading.signatures import Signature, post_name, post_order, written
from chainrule.teaching.grading.source import Source
from chainrule.teaching.grading.words import MISTAKES

Array = npt.NDArray[Any]


class Marking:
    """Marks the functions of one file."""

    def __init__(
        self,
        net: Network,
        cases: Sequence[Problem],
        signatures: Mapping[str, Signature | None],
        results: Results,
        places: Mapping[tuple[str, str], int],
        file: Source | None,
        *,
        sign: str,
        reduction: str,
        solution: bool,
    ) -> None:
        self.net, self.cases, self.signatures = net, cases, signatures
        self.results, self.places, self.file = results, places, file
        self.sign, self.reduction, self.wants_solution = sign, reduction, solution
        as_post = net.L == 2 and "gradient" not in signatures
        lines = Lines(net, post=as_post, sign=sign, reduction=reduction)
        self.judge = Judge(cases, lines, self._scale)
        self.backward = backward_mutations(cases[0].program)
        self.forward = forward_mutations(cases[0].program)
        self.forward_mistakes: set[tuple[tuple[str, str], ...]] = set()
        self.notes: list[str] = []

    def finding(self, target: str) -> Finding:
        """What is said of the function for a target."""
        signature = self.signatures[target]
        if signature is None:
            return self._missing(target)
        if signature.problem:
            return Finding(signature.function, False, ("not-callable",), signature.problem, self._line(signature))
        if ended := self.results.ended.get(signature.function):
            return self._ended(signature, ended)
        returned, faults = self._returned(target)
        verdicts = self._verdicts(target, returned)
        self._note_changes(target, signature)
        own_faults = [(p, f) for p, f in faults if p.name in OWN_SIZES or p.name == "large"]
        if own_faults:
            return self._crash(signature, own_faults, verdicts, ran=bool(returned))
        if not verdicts:
            tree = self.results.records[self.places[target, "given"]].get("value")
            text = f"It must return {self._result_words(target)}, and returned {values.described(tree)}."
            return Finding(signature.function, False, ("no-result",), text, self._line(signature))
        return self._put_together(target, signature, verdicts, faults)

    def _scale(self, problem: Problem) -> float:
        """The course's convention: −1 for descent, 1/N for a mean."""
        scale = -1.0 if self.sign == "descent" else 1.0
        return scale / problem.N if self.reduction == "mean" else scale

    def _returned(self, target: str) -> tuple[list[tuple[Problem, Any]], list[tuple[Problem, dict[str, Any]]]]:
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

    def _verdicts(self, target: str, returned: Sequence[tuple[Problem, Any]]) -> list[Verdict]:
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
        return [self.judge.judge(target, pairs, evaluate, self.backward, shown=self._shown(target))]

    def _shown(self, target: str) -> str:
        """What a gradient is called in the letters of the functions: dV for dW2 of the post."""
        return {"dW2": "dV", "Z1": "Z"}.get(target, target) if self.net.L == 2 and "gradient" not in self.signatures else target

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
            verdict = self.judge.judge(
                name, pairs, evaluate, self.forward, scaled=False, shown=self._shown(name)
            )
            if name == "Y":
                self._add_overflow(verdict, outputs)
            verdicts.append(verdict)
            if verdict.explanation is not None:
                self.forward_mistakes |= {m.sources for m in verdict.explanation.mutations}
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
        verdict.lines.append(f"With logits up to {top:.0f} it returns NaN, as exp(710) is beyond what float64 can hold.")
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
        if self._right_for_her_forward(received):
            said = "It is right for the outputs of your own forward, whose mistake is told there."
            return [Verdict("gradient", True, notes=[said])]
        verdicts = []
        for name in names:
            pairs = [(case, found[name]) for case, found in received]
            evaluate = Evaluator(f"d{name}", with_forward=True)
            verdict = self.judge.judge(f"d{name}", pairs, evaluate, (*self.backward, *self.forward))
            verdicts.append(self._without_forward_mistakes(verdict))
        missing = [name for name in self.net.names if name not in names]
        if missing:
            text = f"The gradient of {', '.join(missing)} is not among what it returns."
            verdicts.append(Verdict("gradient", False, ("no-result",), [text]))
        return verdicts

    def _right_for_her_forward(self, received: Sequence[tuple[Problem, dict[str, Array]]]) -> bool:
        """Whether it follows from what her forward gives, where that is wrong."""
        if "forward" not in self.places_by_target():
            return False
        hers = {case.name: values.outputs(tree, case) for case, tree in self._returned("forward")[0]}
        some_wrong = False
        for case, found in received:
            given = {name: array for name, array in hers.get(case.name, {}).items() if name[0] in "ZY"}
            given = {name: array for name, array in given.items() if array.shape == case.truth[name].shape}
            if "Y" not in given or not all(np.isfinite(array).all() for array in given.values()):
                return False
            some_wrong = some_wrong or any(not agrees(array, case.truth[name]) for name, array in given.items())
            made = run(case.program, case.weights, case.X, case.T, given=given)
            for name, array in found.items():
                if not agrees(_real(array), made[f"d{name}"] * self._scale(case)):
                    return False
        return some_wrong

    def places_by_target(self) -> set[str]:
        """The functions that were called."""
        return {target for target, _ in self.places}

    def _without_forward_mistakes(self, verdict: Verdict) -> Verdict:
        """A mistake of the way forward that is told of ``forward`` is not told again."""
        found = verdict.explanation
        if found is None or not self.forward_mistakes:
            return verdict
        own = tuple(m for m in found.mutations if m.sources not in self.forward_mistakes)
        if len(own) == len(found.mutations):
            return verdict
        if not own and not found.factor.names:
            return Verdict(verdict.name, True, notes=["It is right, given your own forward."])
        kept = dataclasses.replace(found, mutations=own)
        return dataclasses.replace(verdict, mistakes=kept.names, explanation=kept)

    def _put_together(
        self, target: str, signature: Signature, verdicts: Sequence[Verdict], faults: Sequence[Any]
    ) -> Finding:
        """One finding from the verdicts on each array."""
        wrong = _told_once([verdict for verdict in verdicts if not verdict.correct])
        notes = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
        if faults and not wrong:
            case, fault = faults[0]
            notes.append(
                f"It is right for this network's sizes, and raises {fault['type']} for others"
                f"{self._at(fault)}: take the sizes from the arguments."
            )
        if not wrong:
            count = len([case for case in self.cases if case.name != "large"])
            error = max(verdict.error for verdict in verdicts)
            said = f"It agrees with the truth on {count} problems (largest relative difference {error:.0e})."
            text = "\n".join(notes) if notes else said
            return Finding(signature.function, True, (), text, self._line(signature))
        names = tuple(dict.fromkeys(name for verdict in wrong for name in verdict.mistakes))
        text = "\n".join(self._joined(wrong, len(verdicts)) + self._outside(signature, names))
        return Finding(signature.function, False, names, text, self._line(signature), self._solution(target, signature))

    def _joined(self, wrong: Sequence[Verdict], count: int) -> list[str]:
        """The messages, each told once, with the arrays they are about."""
        if count == 1 or (len(wrong) == 1 and wrong[0].name in ("Y", "gradient")):
            return wrong[0].lines
        by_cause: dict[Any, list[Verdict]] = {}
        for verdict in wrong:
            found = verdict.explanation
            cause = verdict.name if found is None else (found.mutations, found.factor)
            by_cause.setdefault(cause, []).append(verdict)
        lines = []
        for verdicts in by_cause.values():
            lines += [f"In {', '.join(self._shown(v.name) for v in verdicts)}:", *verdicts[0].lines]
        return lines

    def _outside(self, signature: Signature, names: Sequence[str]) -> list[str]:
        """Values that a wrong function takes from the top level of the file."""
        if self.file is None:
            return []
        outside = self.file.outside_names(signature.function)
        if not outside or names:
            return []
        return [f"It takes {', '.join(outside)} from outside itself: take what you need from the arguments."]

    def _solution(self, target: str, signature: Signature) -> str:
        if not self.wants_solution:
            return ""
        rename = {role: name for name, role in signature.roles.items() if role not in ("weights", "N")}
        scale = ("-" if self.sign == "descent" else "") + ("1 / len(T) * " if self.reduction == "mean" else "")
        if target == "cost" and "T" in signature.roles.values() and "Y" in signature.roles.values():
            from chainrule.program.compile import with_arrays
            from chainrule.program.wording import numpy_text

            roles = {role: name for name, role in signature.roles.items()}
            form = with_arrays(self.net.law.log_law, t=roles["T"], y=roles["Y"])
            return scale + numpy_text(f"({form}).sum()")
        return solution(target, self.cases[0].program, rename, scale)

    def _missing(self, target: str) -> Finding:
        name = post_name(target, self.net)
        if self.file is not None:
            from chainrule.teaching.grading.signatures import target_of

            for function, remark in self.file.unread.items():
                if target_of(function, self.net) == target:
                    text = f"It cannot be read: line {remark.line}: {remark.text}."
                    return Finding(function, False, ("syntax",), text, remark.line)
        order = post_order(target, self.net)
        if target == "forward" and "gradient" in self.signatures:
            order = ("X", "weights")
        text = f"It is not there. Write {name}({written(order, self.net)})."
        return Finding(name, False, ("missing-function",), text)

    def _ended(self, signature: Signature, ended: Mapping[str, Any]) -> Finding:
        """A function that did not come back."""
        at = self._at(ended)
        if ended["type"] == "time":
            text = f"It was {ended['text']}{at}: is there a loop that never ends?"
            return Finding(signature.function, False, ("endless",), text, ended["line"] or self._line(signature))
        text = f"Nothing came back: {ended['text']}."
        return Finding(signature.function, False, ("ends-process",), text, self._line(signature))

    def _crash(
        self,
        signature: Signature,
        faults: Sequence[tuple[Problem, Mapping[str, Any]]],
        verdicts: Sequence[Verdict],
        *,
        ran: bool,
    ) -> Finding:
        """A function that raised; where it ran on a square problem, what that says."""
        case, fault = faults[0]
        text = [f"It raised {fault['type']}{self._at(fault)}: {fault['text'] or 'without a message'}."]
        if code := self.file.line(fault["line"]) if self.file else "":
            text.append(f"There: {code[:100]}")
        if case.name == "single" and ran:
            text.append("It runs with several samples, and fails with one.")
        explained = [verdict for verdict in verdicts if not verdict.correct and verdict.explanation is not None]
        if explained:
            names = tuple(dict.fromkeys(name for verdict in explained for name in verdict.mistakes))
            text += ["Where all sizes are equal it runs, and its numbers tell why:", *explained[0].lines]
            return Finding(signature.function, False, names, "\n".join(text), fault["line"] or self._line(signature))
        return Finding(
            signature.function, False, ("crash",), "\n".join(text), fault["line"] or self._line(signature)
        )

    def _note_changes(self, target: str, signature: Signature) -> None:
        """An argument that a function changed: the next call sees it changed."""
        changed = {
            name
            for (key, _), place in self.places.items()
            if key == target
            for name in self.results.records.get(place, {}).get("changed", ())
        }
        if changed:
            self.notes.append(
                f"{signature.function} changes its argument {' and '.join(sorted(changed))}: whoever calls it next "
                f"sees other numbers. Write a = a - b in place of a -= b"
            )

    def _at(self, fault: Mapping[str, Any]) -> str:
        return f" at line {fault['line']}" if fault.get("line") else ""

    def _line(self, signature: Signature) -> int | None:
        node = self.file.functions.get(signature.function) if self.file else None
        return node.lineno if node is not None else None

    def _result_words(self, target: str) -> str:
        match target:
            case "forward":
                return "(Y, Z), or Y alone"
            case "cost":
                return "one number"
            case "gradient":
                return "a list of (dW, db), or a dict by name"
        return "one array"


def _told_once(wrong: list[Verdict]) -> list[Verdict]:
    """Without what is wrong only because of something that is told of another array."""
    kept = []
    for verdict in wrong:
        own = set(verdict.explanation.mutations) if verdict.explanation else set()
        others = [v for v in wrong if v is not verdict and v.explanation and v.name == "Y"]
        if not own or not any(own <= set(v.explanation.mutations) for v in others if v.explanation):
            kept.append(verdict)
    return kept


def _real(array: Array) -> Array:
    """Floating-point numbers, complex ones by their real part."""
    if array.dtype.kind == "c":
        return array.real
    return array if array.dtype.kind == "f" else array.astype(np.float64)
