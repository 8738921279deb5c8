"""Free and bound indices, and substitution that captures nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Network
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import Add, Delta, Derivative, Index, Mul, Number, Sum, Symbol, exp
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import random_point
from chainrule.derivation.walk import (
    bound_indices,
    children,
    free_indices,
    fresh,
    indices_in_conflict,
    put_in,
    rebuilt,
    replaced,
    walk,
    with_indices,
)

K, N = Index("k", "K"), Index("n", "N")
K1, K2 = K.primed(), K.primed(2)
y, y1, t, t1 = (Symbol(letter, (N, k)) for letter in "yt" for k in (K, K1))


def test_free_and_bound_indices_are_told_apart():
    node = y * Sum(K1, t1 * Delta(K1, K))
    assert free_indices(node) == {N, K}
    assert bound_indices(node) == {K1}


def test_an_index_put_under_a_sum_that_binds_it_renames_the_sum():
    made = with_indices(Sum(K1, t1 * y), {K: K1})
    assert made == Sum(K2, Symbol("t", (N, K2)) * y1)


def test_a_bound_index_is_not_replaced():
    assert with_indices(Sum(K, t), {K: 2}) == Sum(K, t)
    assert with_indices(t + Sum(K, t), {K: 2}) == Symbol("t", (N, 2)) + Sum(K, t)


def test_an_expression_put_under_a_sum_is_not_captured():
    made = put_in(Sum(K, t * Symbol("J")), Symbol("J"), y)
    assert made == Sum(K1, t1 * y)


def test_what_a_derivative_is_taken_by_is_a_name_and_stays():
    assert put_in(Derivative(y, y), y, t) == Derivative(t, y)


def test_fresh_takes_primes_until_the_index_is_new():
    assert fresh(K, Sum(K1, t1), y) == K2
    assert fresh(K, t1) == K


def test_conflicts_are_found():
    assert indices_in_conflict(Sum(K, Sum(K, t))) == {K}
    assert indices_in_conflict(Mul((y, Sum(K, t)))) == {K}
    assert not indices_in_conflict(y * Sum(K1, t1))


def expressions(depth: int = 3):
    leaf = st.sampled_from([y, y1, t, t1, Number(2), Delta(K, K1)])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, b: a * b, inner, inner),
            st.builds(lambda i, b: Sum(i, b), st.sampled_from([K, K1, K2]), inner),
            st.builds(lambda a: exp(-(a**2)), inner),
        ),
        max_leaves=6,
    )


POINT = random_point(Letters(Network("2-3")), descent=False, mean=False)


def over(node):
    return tuple(sorted(free_indices(node), key=str))


@given(expressions())
def test_renaming_a_free_index_and_back_keeps_the_value(node):
    away, back = Index("i", "K"), K
    there = with_indices(node, {K: away})
    assert away not in bound_indices(there)
    again = with_indices(there, {away: back})
    assert free_indices(again) == free_indices(node)
    assert np.allclose(evaluate(again, POINT, over(node)), evaluate(node, POINT, over(node)), rtol=1e-12)


@given(expressions(), st.integers(1, 3))
def test_an_index_set_to_a_number_picks_that_entry(node, at):
    picked = evaluate(with_indices(node, {K: at}), POINT, tuple(i for i in over(node) if i != K))
    whole = evaluate(node, POINT, over(node))
    if K in free_indices(node):
        whole = np.take(whole, at - 1, axis=over(node).index(K))
    assert np.allclose(picked, whole, rtol=1e-12)


@given(expressions())
def test_swapping_two_indices_swaps_two_axes(node):
    swapped = with_indices(node, {K: K1, K1: K})
    first, second = evaluate(node, POINT, (N, K, K1)), evaluate(swapped, POINT, (N, K1, K))
    assert np.allclose(first, second, rtol=1e-12)


@given(expressions())
def test_a_node_is_rebuilt_from_its_parts(node):
    for part in walk(node):
        if children(part):
            assert rebuilt(part, children(part)) == part
    assert replaced(node, lambda _: None) == node


def test_terms_and_factors_are_never_nested_in_their_own_kind():
    node = (y + t) + (y1 + (t1 + 1)) + 2
    assert isinstance(node, Add)
    assert not any(isinstance(term, Add) for term in node.terms)
    assert node.terms[-1] == Number(3)
