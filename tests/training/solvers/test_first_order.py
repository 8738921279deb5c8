"""Each first-order solver against its published recurrence, written again with exact fractions."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.training.solvers import SOLVERS, FirstOrder, own_settings, solver_named
from chainrule.training.solvers.first_order import Adam, AdamW, Ascent, Momentum, Nesterov

GRADIENTS = [[0.5, -1.25], [0.25, 3.0], [-0.75, 0.125], [2.0, 0.0]]
START = [1.0, -2.0]


def climbed(solver, rate, gradients=GRADIENTS, start=START):
    """Weights after each update."""
    weights, memory, seen = np.array(start), solver.start(np.array(start)), []
    for t, g in enumerate(gradients, start=1):
        weights, memory = solver.step(weights, memory, np.array(g), rate, t)
        seen.append(weights.tolist())
    return seen


def exactly(step, memory, rate):
    """The same with fractions; ``step(w, memory, g, rate) -> (w, memory)`` for one weight."""
    found = []
    weights, memories = [Fraction(w) for w in START], [memory for _ in START]
    for g in GRADIENTS:
        pairs = [step(w, m, Fraction(x), Fraction(rate)) for w, m, x in zip(weights, memories, g, strict=True)]
        weights, memories = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found.append([float(w) for w in weights])
    return found


def test_ascent_adds_rate_times_gradient():
    assert climbed(Ascent(), 0.25) == exactly(lambda w, m, g, rate: (w + rate * g, m), None, 0.25)


def test_momentum_is_polyaks():
    def step(w, v, g, rate):
        v = Fraction(1, 2) * v + rate * g
        return w + v, v

    assert climbed(Momentum(0.5), 0.25) == exactly(step, Fraction(0), 0.25)


def test_momentum_is_pytorchs_sgd_at_a_constant_rate():
    def step(w, buffer, g, rate):  # torch.optim.SGD, maximize=True: buf = mu buf + g; p = p + lr buf
        buffer = Fraction(3, 4) * buffer + g
        return w + rate * buffer, buffer

    assert climbed(Momentum(0.75), 0.125) == exactly(step, Fraction(0), 0.125)


def test_nesterov_is_pytorchs_sgd_with_nesterov_at_a_constant_rate():
    def step(w, buffer, g, rate):  # torch.optim.SGD, nesterov=True: g = g + mu buf
        buffer = Fraction(3, 4) * buffer + g
        return w + rate * (g + Fraction(3, 4) * buffer), buffer

    assert climbed(Nesterov(0.75), 0.125) == exactly(step, Fraction(0), 0.125)


def test_nesterov_is_the_look_ahead_form_in_other_variables():
    # Sutskever et al. 2013: v' = mu v + rate grad(theta + mu v), theta' = theta + v'; ours keeps w = theta + mu v
    a, mu, rate = 1.75, 0.8, 0.1  # J = -a w^2 / 2
    theta, v = 3.0, 0.0
    ours = climbed_on_a_quadratic(Nesterov(mu), rate, a, 3.0, steps=10)
    for step in range(10):
        v = mu * v - rate * a * (theta + mu * v)
        theta = theta + v
        assert ours[step] == pytest.approx(theta + mu * v, rel=1e-13)


def climbed_on_a_quadratic(solver, rate, a, start, steps):
    w, memory, seen = np.array([start]), solver.start(np.array([start])), []
    for t in range(1, steps + 1):
        w, memory = solver.step(w, memory, -a * w, rate, t)
        seen.append(float(w[0]))
    return seen


def adam_in_many_digits(decay=0.0):
    """Algorithm 1 of Kingma and Ba, and algorithm 2 of Loshchilov and Hutter, with 40 digits."""
    mpmath.mp.dps = 40
    beta1, beta2, epsilon, rate = (mpmath.mpf(x) for x in (0.9, 0.999, 1e-8, 0.01))
    found = []
    w = [mpmath.mpf(x) for x in START]
    m, v = [mpmath.mpf(0)] * 2, [mpmath.mpf(0)] * 2
    for t, g in enumerate(GRADIENTS, start=1):
        for i, x in enumerate(g):
            m[i] = beta1 * m[i] + (1 - beta1) * x
            v[i] = beta2 * v[i] + (1 - beta2) * mpmath.mpf(x) ** 2
            m_hat, v_hat = m[i] / (1 - beta1**t), v[i] / (1 - beta2**t)
            w[i] = w[i] * (1 - rate * decay) + rate * m_hat / (mpmath.sqrt(v_hat) + epsilon)
        found.append([float(x) for x in w])
    return found


def test_adam_is_algorithm_1_of_its_paper():
    np.testing.assert_allclose(climbed(Adam(), 0.01), adam_in_many_digits(), rtol=1e-14)


def test_the_first_step_of_adam_is_the_rate_long_in_every_weight():
    np.testing.assert_allclose(climbed(Adam(), 0.01)[0], np.add(START, [0.01, -0.01]), rtol=1e-8)


def test_adamw_in_training_shrinks_weights_and_not_biases():
    mpmath.mp.dps = 40
    net = cr.Network("1-1 identity")
    # x = 1 and t = w + b + g makes g the gradient of both the weight and the bias, at the start
    start = net.weights_from([1.0, -2.0])
    g = 0.5
    run = cr.train(
        net, [[1.0]], [[start.flat.sum() + g]], solver="adamw", weight_decay=0.3, learning_rate=0.01, epochs=1,
        weights=start,
    )  # fmt: skip
    step = 0.01 * g / (g + 1e-8)
    assert run.weights.flat == pytest.approx([1.0 * (1 - 0.01 * 0.3) + step, -2.0 + step], rel=1e-14)
    both = cr.train(
        net, [[1.0]], [[start.flat.sum() + g]], solver="adamw", weight_decay=0.3, learning_rate=0.01, epochs=1,
        weights=start, penalise_biases=True,
    )  # fmt: skip
    assert both.weights.flat == pytest.approx(
        [1.0 * (1 - 0.01 * 0.3) + step, -2.0 * (1 - 0.01 * 0.3) + step], rel=1e-14
    )


def test_adamw_leaves_frozen_weights_alone():
    net = cr.Network("2-2")
    X, labels = np.eye(2), [0, 1]
    run = cr.train(net, X, labels, solver="adamw", weight_decay=0.5, epochs=5, freeze=("W1",), seed=1)
    assert (run.weights.W[1] == net.initial_weights(seed=1).W[1]).all()
    assert (run.weights.b[1] != net.initial_weights(seed=1).b[1]).any()


@pytest.mark.parametrize("name", ["ascent", "momentum", "nesterov", "adam", "adamw"])
def test_a_step_changes_nothing_that_it_was_given(name):
    solver = solver_named(name)
    weights, g = np.array(START), np.array(GRADIENTS[0])
    memory = tuple(vector + 0.5 for vector in solver.start(weights))
    before = [weights.copy(), g.copy(), *(vector.copy() for vector in memory)]
    solver.step(weights, memory, g, 0.1, 2)
    assert all((a == b).all() for a, b in zip(before, [weights, g, *memory], strict=True))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("momentum", {"momentum": 1.0}),
        ("nesterov", {"momentum": -0.1}),
        ("adam", {"beta1": 1.0}),
        ("adam", {"beta2": float("nan")}),
        ("adam", {"epsilon": 0.0}),
        ("adamw", {"weight_decay": -1.0}),
        ("lbfgs", {"pairs": 0}),
        ("newton", {"dense": -1}),
        ("ascent", {"momentum": 0.9}),
        ("adam", {"weight_decay": 0.1}),
        ("gradient descent", {}),
    ],
)
def test_what_is_outside_its_range_or_of_another_solver_is_refused(name, settings):
    with pytest.raises(SettingError):
        solver_named(name, **settings)


def test_the_message_for_another_solvers_setting_says_whose_it_is():
    with pytest.raises(SettingError, match="belongs to 'momentum', 'nesterov'"):
        solver_named("adam", momentum=0.5)


def test_every_solver_has_a_name_and_defaults():
    for name in SOLVERS:
        solver = solver_named(name)
        assert solver.epochs > 0
        assert isinstance(own_settings(name), tuple)
        assert isinstance(solver, FirstOrder) == (name not in ("lbfgs", "newton"))
    assert AdamW().weight_decay == 0.01
