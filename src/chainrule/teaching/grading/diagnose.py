"""Which mistake explains the numbers: the received values against mutations of the program, one, then two at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.derivation.numeric import evaluate_source
from chainrule.program.operations import BACKWARD_ROLES, Operation, Program
from chainrule.teaching.grading.learning_rate import rate_that_fits
from chainrule.teaching.grading.mutations import ETA, Mutation
from chainrule.teaching.grading.problems import Problem
from chainrule.teaching.grading.tolerance import is_something, tolerance

Array = npt.NDArray[Any]
LEAST_ENTRIES = 6  # entries compared before anything is named
_NAME = re.compile(r"[A-Za-z_]\w*")
_MOST_PAIRS = 6000


@dataclass(frozen=True)
class Factor:
    """What everything is multiplied by: its sign, its size in words, ``1/N``, and its value if it is one number."""

    is_negative: bool
    words: str

    @property
    def names(self) -> tuple[str, ...]:
        """As mistakes."""
        return (("sign",) if self.is_negative else ()) + (("factor",) if self.words else ())


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together give exactly the received numbers."""

    mutations: tuple[Mutation, ...]
    factor: Factor
    rate: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Stable names, each once."""
        return tuple(dict.fromkeys([*(m.name for m in self.mutations), *self.factor.names]))

    @property
    def size(self) -> int:
        """How many mistakes."""
        return len(self.mutations) + len(self.factor.names)


class Evaluates(Protocol):
    """What gives one array with some operations replaced: a program, or a cost."""

    target: str

    def __call__(self, problem: Problem, sources: Mapping[str, str], rate: float = 0.0) -> Array | None:
        """Its value, or None where shapes do not fit."""

    def depends_on(self, program: Program) -> set[str]:
        """The operations that it depends on, itself among them."""


class Evaluator:
    """One array of a program with some operations replaced, on any problem of the same layers."""

    def __init__(self, target: str, *, with_forward: bool) -> None:
        self.target, self.with_forward = target, with_forward

    def __call__(self, problem: Problem, sources: Mapping[str, str], rate: float = 0.0) -> Array | None:
        """Its value, or None where shapes do not fit."""
        names: dict[str, Any] = {**problem.truth, ETA: rate}
        try:
            with np.errstate(all="ignore"):
                for operation in self._needed(problem.program, sources):
                    text = sources.get(operation.target, operation.source)
                    names[operation.target] = evaluate_source(text, **names)
                return np.asarray(names[self.target])
        except (ValueError, IndexError, KeyError, NameError):
            return None

    def depends_on(self, program: Program) -> set[str]:
        """The operations that it depends on, itself among them."""
        wanted = {self.target}
        for operation in reversed(program.operations):
            if operation.target in wanted and (self.with_forward or operation.role in BACKWARD_ROLES):
                wanted |= set(_NAME.findall(operation.source))
        return wanted

    def _needed(self, program: Program, sources: Mapping[str, str]) -> list[Operation]:
        """Operations from the first that is replaced to the target, those alone that lead to it."""
        roles = None if self.with_forward else BACKWARD_ROLES
        chain = [o for o in program if roles is None or o.role in roles]
        ends = [at for at, o in enumerate(chain) if o.target == self.target]
        starts = [at for at, o in enumerate(chain) if o.target in sources]
        if not ends or not starts:
            return []
        wanted, kept = {self.target}, list[Operation]()
        for operation in reversed(chain[min(starts) : ends[0] + 1]):
            if operation.target in wanted:
                kept.append(operation)
                wanted |= set(_NAME.findall(sources.get(operation.target, operation.source)))
        return kept[::-1]


def explain(
    received: Sequence[tuple[Problem, Array]],
    evaluate: Evaluates,
    mutations: Iterable[Mutation],
    scale: Callable[[Problem], float],
) -> Explanation | None:
    """The smallest set of mistakes that gives the received numbers on every problem; None where none does.

    Parameters
    ----------
    received : pairs of problem and array
        Finite numbers only. The first serves to throw out what does not fit.
    evaluate : Evaluator
    mutations : iterable of Mutation
    scale : function of a problem
        What J is multiplied by where the course's convention is another: −1, 1/N.
    """
    entries = sum(array.size for _, array in received)
    if entries < LEAST_ENTRIES or not any(
        is_something(array) or array.shape != problem.truth[evaluate.target].shape for problem, array in received
    ):
        return None
    listed = list(mutations)
    best: Explanation | None = None
    for candidates in (_none(), _singles(listed), _pairs(listed)):
        for chosen in candidates:
            if best is not None and len(chosen) >= best.size:
                continue
            found = _fits(chosen, received, evaluate, scale)
            if found is not None and (best is None or found.size < best.size):
                best = found
        if best is not None and best.size <= 2:
            return best
    return best


def _none() -> Iterator[tuple[Mutation, ...]]:
    yield ()


def _singles(mutations: Sequence[Mutation]) -> Iterator[tuple[Mutation, ...]]:
    for mutation in mutations:
        yield (mutation,)


def _pairs(mutations: Sequence[Mutation]) -> Iterator[tuple[Mutation, ...]]:
    count = 0
    for one, other in combinations(mutations, 2):
        if {t for t, _ in one.sources} & {t for t, _ in other.sources} or (one.has_rate and other.has_rate):
            continue
        count += 1
        if count > _MOST_PAIRS:
            return
        yield one, other


def _fits(
    chosen: tuple[Mutation, ...],
    received: Sequence[tuple[Problem, Array]],
    evaluate: Evaluates,
    scale: Callable[[Problem], float],
) -> Explanation | None:
    sources = dict(pair for mutation in chosen for pair in mutation.sources)
    if any(mutation.has_rate for mutation in chosen):
        rate = rate_that_fits(sources, received, evaluate, scale, search=len(chosen) == 1)
        return None if rate is None else Explanation(chosen, Factor(False, ""), rate)
    ratios = []
    for problem, array in received:
        made = evaluate(problem, sources)
        if made is None or not _same_shape(made, array):
            return None
        ratio = _ratio(array, made * scale(problem))
        if ratio is None:
            return None
        ratios.append((problem, *ratio, array.size))
    if all(near == float("inf") for _, _, near, _ in ratios):  # zeros: the shape alone can speak, if it is another one
        odd = sum(array.shape != problem.truth[evaluate.target].shape for problem, array in received)
        return Explanation(chosen, Factor(False, "")) if chosen and odd >= 2 else None
    factor = _factor(ratios)
    return None if factor is None else Explanation(chosen, factor)


def _same_shape(made: Array, array: Array) -> bool:
    """Whether shapes are equal; for one sample, (1, M) and (M,) are."""
    return array.shape in (made.shape, (1, *made.shape)) or made.shape == (1, *array.shape)


def _ratio(array: Array, made: Array) -> tuple[float, float] | None:
    """The number c with array = c · made and how well it is known, or None where there is none."""
    if not np.isfinite(made).all():
        return None
    near = tolerance(array) * 5
    size = float(np.abs(array).max(initial=0.0))
    top = float(np.abs(made).max(initial=0.0))
    if top < 1e-12 or size < 1e-12:
        return (1.0, float("inf")) if size < 1e-9 and top < 1e-9 else None
    flat, other = array.astype(np.float64).ravel(), made.ravel()
    c = float(flat @ other) / float(other @ other)
    if float(np.abs(flat - c * other).max()) > near * size:
        return None
    return c, near


def _factor(ratios: Sequence[tuple[Problem, float, float, int]]) -> Factor | None:
    """One factor for all problems, by its sign and its name; None where it changes without a rule."""
    known = [(problem, c, near, size) for problem, c, near, size in ratios if near != float("inf")]
    if not known:
        return None
    signs = {c > 0 for _, c, _, _ in known}
    if len(signs) != 1:
        return None
    negative = not signs.pop()
    for words, value in _FACTORS.items():
        if all(abs(abs(c) / value(problem) - 1) <= 3 * near for problem, c, near, _ in known):
            return Factor(negative, words)
    sizes = [abs(c) for _, c, _, _ in known]
    enough = len({problem.N for problem, *_ in known}) >= 2 and sum(size for *_, size in known) >= 3 * len(known)
    if enough and max(sizes) - min(sizes) <= 3 * max(near for *_, near, _ in known) * max(sizes):
        return Factor(negative, f"{sizes[0]:.6g}")
    return None


_FACTORS: dict[str, Callable[[Problem], float]] = {
    "": lambda p: 1.0,
    "1/N": lambda p: 1 / p.N,
    "2": lambda p: 2.0,
    "1/2": lambda p: 0.5,
    "1/K": lambda p: 1 / p.net.K,
    "2/N": lambda p: 2 / p.N,
    "1/(2 N)": lambda p: 0.5 / p.N,
    "1/(N K)": lambda p: 1 / (p.N * p.net.K),
    "2/(N K)": lambda p: 2 / (p.N * p.net.K),
    "2/K": lambda p: 2 / p.net.K,
    "N": lambda p: float(p.N),
    "K": lambda p: float(p.net.K),
    "N K": lambda p: float(p.N * p.net.K),
    "1/D": lambda p: 1 / p.net.D,
    "1/M": lambda p: 1 / p.net.M[1],
    "1/N²": lambda p: 1 / p.N**2,
    "1/ln 2": lambda p: 1 / np.log(2),
    "1/ln 10": lambda p: 1 / np.log(10),
}
