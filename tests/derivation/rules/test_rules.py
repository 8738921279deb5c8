"""Each rule on small expressions: what it makes has the same value, and it leaves alone what it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.derivation.definitions import Definitions
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import (
    Cases,
    Condition,
    Delta,
    Derivative,
    Expression,
    Index,
    Number,
    Sum,
    Symbol,
    exp,
    log,
)
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import random_point
from chainrule.derivation.rules import algebra, calculus, sums
from chainrule.derivation.rules.rule import apply, to_the_end
from chainrule.derivation.story.meanings import define_all
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import free_indices

LETTERS = Letters(Network("2-3-4"))
WRITER = Writer(LETTERS, "full")
define_all(WRITER, descent=False, mean=False)
POINT = random_point(LETTERS, descent=False, mean=False)
N, M, K = LETTERS.n, LETTERS.index(1), LETTERS.index(2)
K1, M1 = K.primed(), M.primed()
y, t, a, z, W, b, J, Jn = (
    LETTERS.entry(kind) for kind in (("z", 2), ("t", 2), ("a", 2), ("z", 1), ("W", 2), ("b", 2), ("J", 0), ("Jn", 0))
)


def at(symbol: Expression, *indices: Index) -> Symbol:
    assert isinstance(symbol, Symbol)
    return symbol.at(indices)


y1, t1, a1 = (at(s, N, K1) for s in (y, t, a))

CASES = [
    (calculus.CONSTANT, Derivative(t, y)),
    (calculus.VARIABLE, Derivative(y1, y)),
    (calculus.VARIABLE, Derivative(at(W, M1, K1), W)),
    (calculus.SUM, Derivative(y + t + y**2, y)),
    (calculus.SUM_OVER_INDEX, Derivative(Sum(K, t * y), y)),
    (calculus.CONSTANT_FACTOR, Derivative(3 * t * y**2, y)),
    (calculus.PRODUCT, Derivative(y * exp(y) * log(y), y)),
    (calculus.QUOTIENT, Derivative(exp(y) / (1 + y**2), y)),
    (calculus.QUOTIENT, Derivative(1 / (1 + y), y)),
    (calculus.POWER, Derivative((1 + y) ** 3, y)),
    (calculus.ANY_POWER, Derivative(y ** (2 * y), y)),
    (calculus.ANY_POWER, Derivative(Number(2) ** y, y)),
    (calculus.EXPONENTIAL, Derivative(exp(-(y**2)), y)),
    (calculus.LOGARITHM, Derivative(log(1 + y), y)),
    (calculus.PIECES, Derivative(Cases(((y**2, Condition(y, ">", Number(0))), (-y, None))), y)),
    (calculus.through(a, (K,)), Derivative(Jn, W)),
    (calculus.through(y, (K,)), Derivative(Jn, a)),
    (calculus.insert(a), Derivative(a1, W)),
    (calculus.insert(y), Derivative(y1, a)),
    (sums.CONTRACT, Sum(K1, t1 * y1 * Delta(K1, K))),
    (sums.CONTRACT, Sum(K1, t1 * Delta(K, K1) * Delta(K1, K))),
    (sums.CONTRACT, Sum(K1, Delta(K1, K))),
    (sums.CONTRACT, Sum(K1, Sum(M, at(z, N, M) * at(W, M, K1)) * Delta(K1, K))),
    (sums.ONE_HOT, Sum(K, t)),
    (sums.PULL_OUT, Sum(K1, t1 * y)),
    (sums.PUSH_IN, y * Sum(K1, t1)),
    (sums.SPLIT, Sum(K1, t1 - y1 * y)),
    (sums.LOG_OF_PRODUCT, log(y * t * y1)),
    (sums.LOG_OF_POWER, log(y**t)),
    (sums.EQUAL_DELTA, Delta(K, K) * y),
    (sums.renaming(K1, Index("j", "K")), Sum(K1, t1 * y)),
    (algebra.EXPAND, (t - y) * y1),
    (algebra.CANCEL, t * y / y),
    (algebra.CANCEL, y * t * y),
    (algebra.factoring(y), y * t - y**2),
    (algebra.under_delta(K, K1), Delta(K1, K) * y * (1 - y)),
    (algebra.JOIN_CASES, Cases(((y, Condition(K1, "=", K)), (y1 * t, Condition(K1, "≠", K))))),
    (algebra.folding(y), exp(a) / Sum(Index("j", "K"), exp(at(a, N, Index("j", "K"))))),
    (algebra.rewriting(1 - y**2, "the same"), (1 - y) * (1 + y)),
]


@pytest.mark.parametrize(("rule", "line"), CASES, ids=lambda value: getattr(value, "name", str(value)))
def test_a_rule_keeps_the_value_and_brings_in_no_index(rule, line):
    found = apply(rule, line, WRITER.definitions)
    assert found is not None, "the rule does not fit"
    assert found.after != line
    over = tuple(sorted(free_indices(line), key=str))
    assert free_indices(found.after) <= free_indices(line)
    before, after = evaluate(line, POINT, over), evaluate(found.after, POINT, over)
    assert np.allclose(after, before, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (sums.CONTRACT, Sum(K1, t1)),
        (sums.CONTRACT, Sum(K1, t1 * Delta(K, M))),
        (sums.ONE_HOT, Sum(K, y)),
        (sums.ONE_HOT, Sum(K1, t)),
        (sums.PULL_OUT, Sum(K1, t1 * y1)),
        (sums.PUSH_IN, t1 * Sum(K1, y1)),
        (sums.SPLIT, Sum(K, t * y)),
        (sums.renaming(K1, K), Sum(K1, t1 * y)),
        (algebra.CANCEL, t / y),
        (algebra.factoring(y), y * t - t),
        (algebra.rewriting(1 + y**2, "wrong"), (1 - y) * (1 + y)),
        (calculus.QUOTIENT, Derivative(y / t, y)),
        (calculus.POWER, Derivative(Number(2) ** y, y)),
        (calculus.VARIABLE, Derivative(y, a)),
        (calculus.CONSTANT, Derivative(y, W)),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_rule_leaves_alone_what_it_does_not_fit(rule, line):
    assert apply(rule, line, WRITER.definitions) is None


def test_a_sums_index_gets_a_prime_where_the_variable_has_it():
    made = apply(calculus.SUM_OVER_INDEX, Derivative(Sum(K, t * y), y), Definitions())
    assert made.after == Sum(K1, Derivative(t1 * y1, y))


def test_a_rule_is_repeated_until_it_fits_nowhere():
    made = to_the_end(sums.LOG_OF_PRODUCT, log(y * t * (y1 * t1)), Definitions())
    assert made.after == log(y) + log(t) + log(y1) + log(t1)
