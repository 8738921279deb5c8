"""Rules with a mistake planted in each: the check of some line must see every one of them."""

from __future__ import annotations

import contextlib

import pytest

import chainrule as cr
from chainrule.derivation.expression import Delta, Derivative, Mul, Number, Sum, mul
from chainrule.derivation.rules import algebra, calculus, directional, sums
from chainrule.derivation.rules.rule import Rule
from chainrule.derivation.story import gradients, hidden, output, slopes
from chainrule.errors import DerivationError


@contextlib.contextmanager
def planted(rule, rewrite):
    """A rule that rewrites wrongly for a while."""
    right = rule.rewrite
    object.__setattr__(rule, "rewrite", rewrite(right))
    try:
        yield
    finally:
        object.__setattr__(rule, "rewrite", right)


def on(test, wrong):
    """A rewrite that is wrong where the right one would act."""

    def make(right):
        def rewrite(node, context):
            made = right(node, context)
            return made if made is None or not test(node) else wrong(node, made)

        return rewrite

    return make


def always(wrong):
    return on(lambda node: True, wrong)


def drop_the_sum(node, made):
    """The delta goes, the sum goes, and the index stays as it was."""
    factors = node.body.factors if isinstance(node.body, Mul) else (node.body,)
    return mul(*(factor for factor in factors if not isinstance(factor, Delta)), 1)


MISTAKES = {
    "delta contraction that drops the sum": (sums.CONTRACT, always(drop_the_sum)),
    "delta contraction that keeps the sum": (
        sums.CONTRACT,
        always(lambda node, made: Sum(node.index, drop_the_sum(node, made))),
    ),
    "targets that add up to zero": (sums.ONE_HOT, always(lambda node, made: Number(0))),
    "targets that add up to two": (sums.ONE_HOT, always(lambda node, made: Number(2))),
    "logarithm of a power without the power": (
        sums.LOG_OF_POWER,
        always(lambda node, made: made.factors[-1] if isinstance(made, Mul) else made),
    ),
    "quotient rule with a plus": (calculus.QUOTIENT, always(lambda node, made: -made)),
    "product rule that forgets a term": (
        calculus.PRODUCT,
        always(lambda node, made: getattr(made, "terms", (made,))[0]),
    ),
    "exponential that is differentiated to one": (
        calculus.EXPONENTIAL,
        always(lambda node, made: Derivative(node.of.arguments[0], node.by)),
    ),
    "logarithm without one over": (
        calculus.LOGARITHM,
        always(lambda node, made: Derivative(node.of.arguments[0], node.by)),
    ),
    "variable whose delta has lost its indices": (calculus.VARIABLE, always(lambda node, made: Number(1))),
    "pulling out of a sum what depends on its index": (
        sums.PULL_OUT,
        always(lambda node, made: mul(*node.body.factors)),
    ),
    "a sign lost when a sum is split": (
        sums.SPLIT,
        always(lambda node, made: type(made)(tuple(t if at == 0 else -t for at, t in enumerate(made.terms)))),
    ),
    "multiplying out with a sign wrong": (
        algebra.EXPAND,
        always(lambda node, made: type(made)((made.terms[0], *(-t for t in made.terms[1:])))),
    ),
    "factor 1.0005": (calculus.EXPONENTIAL, always(lambda node, made: 1.0005 * made)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_caught_by_the_line_it_makes(mistake):
    rule, rewrite = MISTAKES[mistake]
    with planted(rule, rewrite), pytest.raises(DerivationError, match=r"is wrong|does not fit"):
        cr.derive("2-3 swish-2 mish-3")
    assert cr.derive("2-3 swish-2 mish-3").worst < 1e-9


def test_a_chain_rule_without_the_sum_over_paths_is_caught(monkeypatch):
    right = calculus.through

    def one_path(symbol, over):
        def rewrite(node, context):
            return Derivative(node.of, symbol) * Derivative(symbol, node.by) if isinstance(node, Derivative) else None

        return Rule(right(symbol, over).name, "", rewrite)

    for module in (output, hidden, gradients):
        with monkeypatch.context() as patch:
            patch.setattr(module, "through", one_path)
            with pytest.raises(DerivationError):
                cr.derive("3-4 tanh-2 relu-3")


def test_a_wrong_slope_is_caught(monkeypatch):
    monkeypatch.setitem(slopes.READABLE, "sigmoid", ("z * (1 + z)", ""))
    with pytest.raises(DerivationError):
        cr.derive("2-3-3")


def test_a_wrong_slope_is_not_accepted_as_the_derived_one(monkeypatch):
    monkeypatch.setattr(slopes, "proven", lambda *_: True)
    monkeypatch.setitem(slopes.READABLE, "sigmoid", ("z * (1 - z) * 1.0005", ""))
    with pytest.raises(DerivationError, match="is wrong"):
        cr.derive("2-3-3")


@pytest.mark.parametrize("rule", directional.DIRECTIONAL[1:], ids=lambda rule: rule.name)
def test_a_wrong_rule_of_the_second_order_is_caught(rule):
    with planted(rule, always(lambda node, made: 1.0005 * made)), pytest.raises(DerivationError):
        cr.derive("2-3 tanh-3", order=2)


def test_a_wrong_count_is_caught(monkeypatch):
    from chainrule.derivation.story import summary

    monkeypatch.setattr(summary, "_has_slope", lambda writer, l: True)
    assert cr.derive("2-3 tanh-3").worst < 1e-9
    with pytest.raises(DerivationError):
        cr.derive("2-3 identity-3")
