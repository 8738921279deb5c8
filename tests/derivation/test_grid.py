"""Every line of the derivations of many networks, and every gradient against the complex step of the reference."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import Derivative, Matrix
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import Point
from chainrule.derivation.walk import contains, free_indices, indices_in_conflict
from chainrule.kernels import reference
from support import KINKED, SMOOTH, complex_step, networks, problem, worst

USERS = {
    "grid_bump": "exp(-a**2)",
    "grid_softsign": "a / (1 + abs(a))",
    "grid_hinge": "maximum(-1, minimum(a, 1)) + 0.1 * a",
    "grid_wave": "sin(a) + a * cos(2 * a) / 3",
    "grid_root": "sqrt(1 + a**2) - log(2 + tanh(a))",
}
COUNT, CHUNKS = 308, 14


@pytest.fixture(scope="module", autouse=True)
def users():
    for name, formula in USERS.items():
        cr.activation(name, formula)


def grid(chunk: int) -> list[cr.Network]:
    """Every chunk-th network of the grid: depth 0 to 6, every activation, every law."""
    return networks(COUNT, range(7), SMOOTH + KINKED + tuple(USERS))[chunk::CHUNKS]


class Derived(Point):
    """A point whose errors δ are what the derivation found them to be, not what the point would compute."""

    found: cr.Derivation

    def _backward(self):
        net = self.letters.net
        for l in range(net.L, 0, -1):
            chain = [s for s in self.found.steps if s.anchor.startswith(f"delta{l}-") and not contains(s.after, Matrix)]
            delta = self.letters.entry(("delta", l))
            self._values["delta", l] = evaluate(chain[-1].after, self, delta.places)


def derived_gradient(found: cr.Derivation, weights, X, T) -> np.ndarray:
    """The derivation's answers, in index form, evaluated and laid out as one vector."""
    net, letters = found.network, Letters(found.network)
    given = {("z", 0): X, ("t", net.L): T}
    for l in range(1, net.L + 1):
        given["W", l], given["b", l] = weights.W[l], weights.b[l]
    point = Derived(letters, given, {**found.sizes, "N": len(X)})
    point.found = found
    total = net.weights_from(np.zeros(net.size))
    for name, gradient in found.gradients.items():
        kind = (name[0], int(name[1:]))
        total[name][...] = evaluate(gradient, point, letters.entry(kind).places)
    return total.flat


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_line_checks_and_every_gradient_is_the_complex_step_of_the_reference(chunk):
    for seed, net in enumerate(grid(chunk)):
        found = cr.derive(net)
        assert all(step.error <= 1e-9 for step in found.steps if step.error is not None), net
        assert sum(step.error is None for step in found.steps) == sum(step.is_remark for step in found.steps), net
        assert list(found.gradients) == sorted(net.names, key=lambda name: (-int(name[1:]), name)), net
        weights, X, T = problem(net, rows=3, seed=seed)
        truth = complex_step(
            lambda flat, net=net, X=X, T=T: reference.log_likelihood(net, net.weights_from(flat), X, T), weights.flat
        )
        assert worst(derived_gradient(found, weights, X, T), truth) < 1e-12, net
        for step in found.steps:
            check_indices(step, net)


def check_indices(step, net):
    """The same free indices on both sides, none captured, none bound twice.

    A derivative may lose an index where what carried it drops out (∂b_k'/∂b_k has no sample); nothing may gain one.
    """
    if step.is_remark or contains(step.before, Matrix) or contains(step.after, Matrix):
        return
    if contains(step.before, Derivative) and not (step.is_result or step.rule.startswith("chain rule")):
        assert free_indices(step.after) <= free_indices(step.before), (net, str(step))
    else:
        assert free_indices(step.after) == free_indices(step.before), (net, str(step))
    assert not indices_in_conflict(step.after), (net, str(step))


@pytest.mark.parametrize(
    "options",
    [
        {"detail": "short"},
        {"sign": "descent"},
        {"reduction": "mean"},
        {"order": 2, "sign": "descent", "reduction": "mean"},
        {"order": 2, "detail": "short"},
    ],
    ids=str,
)
def test_every_line_checks_under_every_option(options):
    for net in networks(28, range(4), SMOOTH + KINKED + tuple(USERS), seed=3):
        found = cr.derive(net, **options)
        assert found.worst < 1e-9, net
        for step in found.steps:
            check_indices(step, net)


def test_every_line_checks_at_a_persons_own_numbers():
    for seed, net in enumerate(networks(24, range(4), SMOOTH + KINKED + tuple(USERS), seed=5)):
        weights, X, T = problem(net, rows=1, seed=seed)
        found = cr.derive(net, weights=weights, x=X[0], t=T[0])
        assert found.worst < 1e-6, net
        shown = [step for step in found.steps if step.numbers is not None]
        assert len(shown) > 20
        assert all(np.isfinite(step.numbers.value) for step in shown)
