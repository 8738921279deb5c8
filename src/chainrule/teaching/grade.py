"""``grade``: a learner's own backpropagation compared with the truth, and her mistake named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.errors import DataError, SettingError, listed, nearest
from chainrule.network import Network, generator
from chainrule.teaching.grade_report import Finding, GradeReport
from chainrule.teaching.grading import source as reading
from chainrule.teaching.grading.loop import has_loop, loop_faults
from chainrule.teaching.grading.marking import Marking
from chainrule.teaching.grading.problems import Problem, problems
from chainrule.teaching.grading.sandbox import MEMORY, Results, run_apart, run_here
from chainrule.teaching.grading.signatures import Signature, post_name, signatures, target_of

__all__ = ["Finding", "GradeReport", "grade"]


def grade(
    answers: str | Path | Mapping[str, Callable[..., Any]],
    net: Network | str,
    *,
    solution: bool = False,
    sign: str = "ascent",
    reduction: str = "sum",
    only: Sequence[str] | str | None = None,
    time_limit: float = 10.0,
    memory_limit: int = MEMORY,
    seed: int = 0,
) -> GradeReport:
    """Compare someone's own functions with the true gradient, and name the mistake in those that are wrong.

    The signatures are the post's, ``forward(X, W1, b1, V, b2) -> (Y, Z)``, ``derivative_v(Z, T, Y)``,
    ``derivative_w1(X, Z, T, Y, V)``, ``derivative_b1(T, Y, V, Z)``, ``derivative_b2(T, Y)``, ``cost(T, Y)``, or two
    for any depth: ``forward(X, weights)`` and ``gradient(X, T, weights)``, where ``weights`` is a list of ``(W, b)``
    that also answers to ``weights["W1"]`` and ``weights.W[1]``. Each is compared on random problems of several sizes.

    Parameters
    ----------
    answers : path, or dict of functions by name
        A Python file or a notebook runs in a process of its own, with limits; functions run here, without any.
    net : Network or str
        The network of the exercise: ``"2-3-3"``.
    solution : bool
        Whether the right lines are shown where an answer is wrong.
    sign : {"ascent", "descent"}
        Whether the course climbs the log-likelihood J, or descends −J.
    reduction : {"sum", "mean"}
        Over the samples.
    only : sequence of str, optional
        Functions that are asked for: ``["derivative_v"]``. All if left out.
    time_limit : float
        Seconds for all calls of one function, above 0.
    memory_limit : int
        Bytes for the process.
    seed : int
        For the random problems.

    Returns
    -------
    GradeReport
        ``.passed``, ``.findings``; its text is for the learner.

    Raises
    ------
    DataError
        The file cannot be read.
    SettingError
        An option is outside what is allowed.
    NotationError
        The network cannot be read.

    Source: the post, "Coding example".

    Examples
    --------
    >>> import numpy as np
    >>> def derivative_v(Z, T, Y):
    ...     return Z.T @ (Y - T)
    >>> report = grade({"derivative_v": derivative_v}, "2-3-3", only="derivative_v")
    >>> report.passed, report.findings[0].mistakes
    (False, ('sign',))
    """
    net = Network(net) if isinstance(net, str) else net
    _check_options(sign, reduction, time_limit)
    seed = int(generator(seed).integers(2**31))
    file = None if isinstance(answers, Mapping) else reading.read(answers)
    functions: Mapping[str, Any] = file.functions if file is not None else _callables(answers)
    found = _asked(signatures(functions, net), net, only)
    cases = problems(net, seed)
    calls, arrays, places = _calls(found, cases)
    if file is None:
        results = run_here(functions, calls, arrays)
    else:
        kept = file.cut_to({s.function for s in found.values() if s is not None})
        results = run_apart(kept, file.name, calls, arrays, time_limit=time_limit, memory_limit=memory_limit)
    marking = Marking(net, cases, found, results, places, file, sign=sign, reduction=reduction, solution=solution)
    findings = [marking.finding(target) for target in found]
    notes = list(marking.notes)
    if file is not None:
        findings += _about_file(file, found, findings, sign)
        notes += [_remark(remark) for remark in file.remarks if remark.kind == "python2"]
        notes += _loading_notes(results)
    return GradeReport(
        net, file.name if file is not None else "answers", tuple(findings), tuple(notes), results.printed
    )


def _check_options(sign: str, reduction: str, time_limit: float) -> None:
    for name, value, allowed in (("sign", sign, ("ascent", "descent")), ("reduction", reduction, ("sum", "mean"))):
        if value not in allowed:
            raise SettingError(f"{name} is {value!r}.", f"Allowed: {listed(allowed)}.", nearest(str(value), allowed))
    if not isinstance(time_limit, int | float) or not 0 < time_limit <= 3600:
        raise SettingError(f"The time limit is {time_limit!r}.", "Allowed: seconds above 0, at most 3600.")


def _callables(answers: Any) -> Mapping[str, Any]:
    wrong = [name for name, function in answers.items() if not callable(function)]
    if wrong:
        raise DataError(f"The answer {wrong[0]!r} is a {type(answers[wrong[0]]).__name__}, not a function.")
    return {str(name): function for name, function in answers.items()}


def _asked(
    found: dict[str, Signature | None], net: Network, only: Sequence[str] | str | None
) -> dict[str, Signature | None]:
    """Those of the functions that are asked for."""
    if only is None:
        return found
    wanted = [only] if isinstance(only, str) else list(only)
    chosen: dict[str, Signature | None] = {}
    for name in wanted:
        target = target_of(name, net)
        if target is None:
            raise SettingError(
                f"No function of {net.notation} is called {name!r}.",
                f"Known: {listed(post_name(t, net) for t in (*found, 'gradient'))}.",
            )
        chosen[target] = found.get(target)
    return chosen


def _calls(
    found: Mapping[str, Signature | None], cases: Sequence[Problem]
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[tuple[str, str], int]]:
    """What is called with what; the arrays by name; the number of each call by target and problem."""
    calls: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    places: dict[tuple[str, str], int] = {}
    for target, signature in found.items():
        if signature is None or signature.problem:
            continue
        for case in cases:
            if case.name == "large" and target not in ("forward", "gradient"):
                continue
            arguments: dict[str, Any] = {}
            for parameter, role in signature.roles.items():
                if role == "weights":
                    pairs = [[f"{case.name}.W{l}", f"{case.name}.b{l}"] for l in range(1, case.net.L + 1)]
                    arguments[parameter] = pairs
                    arrays |= {f"{case.name}.{name}": case.truth[name] for name in case.net.names}
                elif role == "N":
                    arguments[parameter] = case.N
                else:
                    arguments[parameter] = f"{case.name}.{role}"
                    arrays[f"{case.name}.{role}"] = case.truth[role]
            places[target, case.name] = len(calls)
            calls.append(
                {
                    "call": len(calls),
                    "function": signature.function,
                    "arguments": arguments,
                    "positional": list(signature.positional),
                }
            )
    return calls, arrays, places


def _about_file(
    file: reading.Source, found: Mapping[str, Signature | None], findings: Sequence[Finding], sign: str
) -> list[Finding]:
    """The training loop, and names that nothing defines."""
    more: list[Finding] = []
    by_function = {finding.function: finding for finding in findings}
    gradients = [by_function[s.function] for t, s in found.items() if s is not None and t[0] == "d"]
    flips = {("sign" in f.mistakes) for f in gradients if f.correct or f.mistakes}
    ascends = None if len(flips) != 1 else (sign == "ascent") != flips.pop()
    faults = loop_faults(file, found, ascends)
    undefined = {remark.text.split()[-1]: remark for remark in file.remarks if remark.kind == "undefined"}
    if faults or has_loop(file, found):
        lines, names = [fault.text for fault in faults], [fault.mistake for fault in faults]
        for fault in faults:
            if remark := undefined.pop(fault.weights, None):
                lines.append(f"And {_remark(remark)[0].lower()}{_remark(remark)[1:]}: Python stops there.")
                names.append("undefined-name")
        line = faults[0].line if faults else None
        said = (
            "\n".join(dict.fromkeys(lines)) or "Every weight is moved by its own gradient, all from the same weights."
        )
        more.append(Finding("training loop", not faults, tuple(dict.fromkeys(names)), said, line))
    for remark in undefined.values():
        more.append(Finding("the file", False, ("undefined-name",), f"{_remark(remark)}.", remark.line))
    functions_unread = {remark.line for remark in file.unread.values()}
    for remark in file.remarks:
        if remark.kind == "syntax" and remark.line not in functions_unread:
            more.append(Finding("the file", False, ("syntax",), f"{_remark(remark)}.", remark.line))
    return more


def _remark(remark: reading.Remark) -> str:
    return f"Line {remark.line}: {remark.text}"


def _loading_notes(results: Results) -> list[str]:
    """Statements at the top level that failed."""
    return [f"Line {fault['line']} failed ({fault['type']}: {fault['text']})" for fault in results.loading]
