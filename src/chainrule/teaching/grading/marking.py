"""From results of calls to findings: one for each function that is asked for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from chainrule.network import Network
from chainrule.program.compile import with_arrays
from chainrule.program.wording import numpy_text
from chainrule.teaching.grade_report import Finding
from chainrule.teaching.grading import values
from chainrule.teaching.grading.judge import OWN_SIZES, Verdict
from chainrule.teaching.grading.lesson import solution
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.sandbox import Results
from chainrule.teaching.grading.signatures import Signature, post_name, post_order, target_of, written
from chainrule.teaching.grading.source import Source
from chainrule.teaching.grading.verdicts import Verdicts

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
        self.verdicts = Verdicts(
            net, cases, results, places, has_gradient="gradient" in signatures, sign=sign, reduction=reduction
        )
        self.notes: list[str] = []

    def finding(self, target: str) -> Finding:
        """What is said of the function for a target."""
        found = self._finding(target)
        if found.correct or not self.wants_solution:
            return found
        return dataclasses.replace(found, solution=self._solution(target, self.signatures[target]))

    def _finding(self, target: str) -> Finding:
        signature = self.signatures[target]
        if signature is None:
            return self._missing(target)
        if signature.problem:
            return Finding(signature.function, False, ("not-callable",), signature.problem, self._line(signature))
        if ended := self.results.ended.get(signature.function):
            return self._ended(signature, ended)
        returned, faults = self.verdicts.returned(target)
        verdicts = self.verdicts.of(target, returned)
        self._note_changes(target, signature)
        own_faults = [(p, f) for p, f in faults if p.name in OWN_SIZES or p.name == "large"]
        if own_faults:
            return self._crash(signature, own_faults, verdicts, ran=bool(returned))
        if not verdicts:
            tree = self.results.records[self.places[target, "given"]].get("value")
            text = f"It must return {self._result_words(target)}, and returned {values.described(tree)}."
            return Finding(signature.function, False, ("no-result",), text, self._line(signature))
        return self._put_together(target, signature, verdicts, faults)

    def _put_together(
        self, target: str, signature: Signature, verdicts: Sequence[Verdict], faults: Sequence[Any]
    ) -> Finding:
        """One finding from the verdicts on each array."""
        wrong = _told_once([verdict for verdict in verdicts if not verdict.correct])
        notes = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
        if faults and not wrong:
            _, fault = faults[0]
            notes.append(
                f"It is right for this network's sizes, and raises {fault['type']} for others"
                f"{self._at(fault)}: take the sizes from the arguments."
            )
        if not wrong:
            count = len([case for case in self.cases if case.name != "large"])
            error = max(verdict.error for verdict in verdicts)
            most = f"{error:.0e}" if error else "0"
            said = f"It agrees with the truth on {count} problems (largest relative difference {most})."
            text = "\n".join(notes) if notes else said
            return Finding(signature.function, True, (), text, self._line(signature))
        names = tuple(dict.fromkeys(name for verdict in wrong for name in verdict.mistakes))
        text = "\n".join(self._joined(wrong, verdicts) + self._outside(signature, names))
        return Finding(signature.function, False, names, text, self._line(signature))

    def _joined(self, wrong: Sequence[Verdict], verdicts: Sequence[Verdict]) -> list[str]:
        """The messages, each told once, with the arrays they are about; gradients in the order of the way back."""
        if len(verdicts) == 1 or (len(wrong) == 1 and wrong[0].name in ("Y", "gradient")):
            return wrong[0].lines
        by_cause: dict[Any, list[Verdict]] = {}
        for verdict in sorted(wrong, key=_way_back):
            found = verdict.explanation
            unknown = verdict.name[0] == "d" and not verdict.mistakes
            cause = "unknown" if unknown else verdict.name if found is None else (found.mutations, found.factor)
            by_cause.setdefault(cause, []).append(verdict)
        lines: list[str] = []
        told: set[str] = set()
        for group in by_cause.values():
            names, first = [self.verdicts.shown(v.name) for v in group], group[0]
            if not first.mistakes and len(group) > 1:
                right = [self.verdicts.shown(v.name) for v in sorted(verdicts, key=_way_back) if v.correct]
                begins = f"In {names[0]}, where the way back first goes wrong"
                lines += [f"{begins} ({', '.join(right)} are right):" if right else f"{begins}:", *first.lines]
                lines.append(f"{', '.join(names[1:])}, which come later, differ too.")
            elif first.mistakes and set(first.mistakes) <= told:
                did = first.explanation.mutations if first.explanation else ()
                here = f" ({'; '.join(m.words for m in did)})" if did else ""
                lines.append(f"The same in {', '.join(names)}{here}.")
            else:
                lines += [f"In {', '.join(names)}:", *first.lines]
            told |= set(first.mistakes)
        return lines

    def _outside(self, signature: Signature, names: Sequence[str]) -> list[str]:
        """Values that a wrong function takes from the top level of the file."""
        if self.file is None:
            return []
        outside = self.file.outside_names(signature.function)
        if not outside or (names and "factor" not in names):
            return []
        return [f"It takes {', '.join(outside)} from outside itself, which may not fit its arguments."]

    def _solution(self, target: str, signature: Signature | None) -> str:
        """The right lines, in her letters; in the post's where she has none."""
        roles = dict(signature.roles) if signature is not None else {}
        if not roles and self.net.L == 2 and target != "gradient" and "gradient" not in self.signatures:
            roles = {"V": "W2", "Z": "Z1", "T": "T", "Y": "Y"}
        rename = {role: name for name, role in roles.items() if role not in ("weights", "N")}
        scale = ("-" if self.sign == "descent" else "") + ("1 / len(T) * " if self.reduction == "mean" else "")
        if target == "cost" and "weights" not in rename and not any(role[0] == "W" for role in rename):
            form = with_arrays(self.net.law.log_law, t=rename.get("T", "T"), y=rename.get("Y", "Y"), pi="np.pi")
            return scale + numpy_text(f"({form}).sum()")
        return solution(target, self.cases[0].program, rename, scale)

    def _missing(self, target: str) -> Finding:
        name = post_name(target, self.net)
        if self.file is not None:
            for function, remark in self.file.unread.items():
                if target_of(function, self.net) == target:
                    text = f"It cannot be read: line {remark.line}: {remark.text}."
                    return Finding(function, False, ("syntax",), text, remark.line)
        order = post_order(target, self.net)
        if target == "forward" and "gradient" in self.signatures:
            order = ("X", "weights")
        text = f"It is not there. Write {name}({written(order, self.net)})."
        inside = {f: c for f, c in self.file.methods().items() if target_of(f, self.net) == target} if self.file else {}
        for function, owner in inside.items():
            text += f"\nThe class {owner} has a {function}: only functions outside classes are called."
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
        text = [f"It raised {fault['type']}{self._at(fault)}: {_plain(fault['text'])}."]
        if code := self.file.line(fault["line"]) if self.file else "":
            text.append(f"There: {code[:100]}")
        if case.name == "single" and ran:
            text.append("It runs with several samples, and fails with one.")
        explained = [verdict for verdict in verdicts if not verdict.correct and verdict.explanation is not None]
        if explained:
            names = tuple(dict.fromkeys(name for verdict in explained for name in verdict.mistakes))
            text += ["Where all sizes are equal it runs, and its numbers tell why:", *explained[0].lines]
            return Finding(signature.function, False, names, "\n".join(text), fault["line"] or self._line(signature))
        return Finding(signature.function, False, ("crash",), "\n".join(text), fault["line"] or self._line(signature))

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


def _plain(text: str) -> str:
    """What an exception says; NumPy's word on a matrix product for those who do not know its signatures."""
    if found := re.search(r"core dimension.*size (\d+) is different from (\d+)", text):
        return f"the shapes in a matrix product do not fit, {found[1]} against {found[2]}"
    return text.rstrip(".") or "without a message"


def _way_back(verdict: Verdict) -> int:
    """The place of a gradient on the way back: the last layer first."""
    digits = re.sub(r"\D", "", verdict.name)
    return -int(digits) if verdict.name[0] == "d" and digits else 0


def _told_once(wrong: list[Verdict]) -> list[Verdict]:
    """Without what is wrong only because of something that is told of another array."""
    kept = []
    for verdict in wrong:
        own = set(verdict.explanation.mutations) if verdict.explanation else set()
        others = [v for v in wrong if v is not verdict and v.explanation and v.name == "Y"]
        if not own or not any(own <= set(v.explanation.mutations) for v in others if v.explanation):
            kept.append(verdict)
    return kept
