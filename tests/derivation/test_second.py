"""The second order: the derived Hessian-vector product is the reference kernel's."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation.evaluate import evaluate
from chainrule.derivation.expression import Directional, Matrix
from chainrule.derivation.letters import Letters
from chainrule.derivation.point import Point
from chainrule.derivation.walk import contains
from support import KINKED, SMOOTH, networks, problem, worst


def derived_product(found, weights, X, T, v):
    """The last line of each R{∂J/∂Q}, evaluated."""
    net, letters = found.network, Letters(found.network)
    given = {("z", 0): X, ("t", net.L): T}
    direction = {}
    for l in range(1, net.L + 1):
        given["W", l], given["b", l] = weights.W[l], weights.b[l]
        direction["W", l], direction["b", l] = v.W[l], v.b[l]
    point = Point(letters, given, {**found.sizes, "N": len(X)}, direction=direction)
    total = net.weights_from(np.zeros(net.size))
    for l in range(1, net.L + 1):
        lines = [s for s in found.steps if s.anchor.startswith(f"Hv{l}-")]
        for kind in "Wb":
            place = letters.entry((kind, l))
            chain = [s for s in lines if str(s.before).startswith("R{") and contains(s.after, Directional)]
            last = [s for s in chain if set(place.places) <= _free(s.after)]
            last = last[-1] if kind == "W" else [s for s in chain if _free(s.after) == set(place.places)][-1]
            total[f"{kind}{l}"][...] = evaluate(last.after, point, place.places)
    return total.flat


def _free(node):
    from chainrule.derivation.walk import free_indices

    return set(free_indices(node))


@pytest.mark.parametrize("net", networks(24, range(4), SMOOTH + KINKED, seed=9), ids=str)
def test_the_derived_product_is_the_reference_kernels(net):
    weights, X, T = problem(net, rows=4, seed=2)
    v = net.initial_weights(seed=5)
    found = cr.derive(net, order=2)
    product = cr.hessian_product(net, weights, X, T, v)
    assert worst(derived_product(found, weights, X, T, v), product.flat) < 1e-10


@pytest.mark.parametrize("name", [*SMOOTH, *KINKED, "second_mix"])
def test_the_numpy_lines_of_both_orders_compute_what_the_kernel_does(name):
    from scipy import special

    cr.activation("second_mix", "a * sigmoid(2 * a) + log(1 + exp(-a)) + maximum(a, 0)")
    net = cr.Network(f"3-4 {name}-5 tanh-3")
    weights, X, T = problem(net, rows=6, seed=3)
    v = net.initial_weights(seed=5)
    names = {"np": np, "special": special, "X": X, "T": T}
    for l in range(1, net.L + 1):
        names |= {f"W{l}": weights.W[l], f"b{l}": weights.b[l], f"RW{l}": v.W[l], f"Rb{l}": v.b[l]}
    for step in cr.derive(net, order=2).steps:
        if step.code and "dY" not in step.code and "learning_rate" not in step.code:
            exec(step.code, names)
    gradient = cr.gradient(net, weights, X, T)
    product = cr.hessian_product(net, weights, X, T, v)
    for l in range(1, net.L + 1):
        assert worst(names[f"dW{l}"], gradient.W[l]) < 1e-12
        assert worst(names[f"db{l}"], gradient.b[l]) < 1e-12
        assert worst(names[f"HW{l}"], product.W[l]) < 1e-12
        assert worst(names[f"Hb{l}"], product.b[l]) < 1e-12


def test_the_numpy_lines_of_the_second_order_in_the_posts_letters_compute_the_product_too():
    net = cr.Network("2-3-3")
    weights, X, T = problem(net, rows=6, seed=3)
    v = net.initial_weights(seed=5)
    names = {"np": np, "X": X, "T": T}
    for l, W, b in ((1, "W", "b"), (2, "V", "c")):
        names |= {W: weights.W[l], b: weights.b[l], f"R{W}": v.W[l], f"R{b}": v.b[l]}
    for step in cr.derive(net, order=2, letters="post").steps:
        if step.code and "dY" not in step.code and "learning_rate" not in step.code:
            exec(step.code, names)
    product = cr.hessian_product(net, weights, X, T, v)
    for l, W, b in ((1, "W", "b"), (2, "V", "c")):
        assert worst(names[f"H{W}"], product.W[l]) < 1e-12
        assert worst(names[f"H{b}"], product.b[l]) < 1e-12


@pytest.mark.parametrize("net", networks(40, range(3), SMOOTH + KINKED, seed=11), ids=str)
@pytest.mark.parametrize("options", [{}, {"sign": "descent", "reduction": "mean"}], ids=str)
def test_the_numpy_lines_compute_the_gradient(net, options):
    from scipy import special

    weights, X, T = problem(net, rows=5, seed=1)
    names = {"np": np, "special": special, "X": X, "T": T, "N": len(X)}
    for l in range(1, net.L + 1):
        names |= {f"W{l}": weights.W[l], f"b{l}": weights.b[l]}
    for step in cr.derive(net, **options).steps:
        if step.code and "dY" not in step.code and "learning_rate" not in step.code:
            exec(step.code, names)
    sign = -1 / len(X) if options else 1
    gradient = cr.gradient(net, weights, X, T)
    for l in range(1, net.L + 1):
        assert worst(names[f"dW{l}"], sign * gradient.W[l]) < 1e-11
        assert worst(names[f"db{l}"], sign * gradient.b[l]) < 1e-11
    assert names["E" if options else "J"] == pytest.approx(sign * cr.log_likelihood(net, weights, X, T), rel=1e-10)
    assert not any(isinstance(value, Matrix) for value in names.values())
