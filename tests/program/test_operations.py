"""The program as array operations."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.program import Program, run
from chainrule.program.operations import BACKWARD_ROLES, FORWARD_ROLES, ROLES
from support import KINKED, SMOOTH, TOLERANCE, complex_step, networks, problem, worst

NETWORKS = networks(24, range(5), SMOOTH + KINKED)


def gradient(net, weights, X, T, sample_weight=None):
    found = run(Program.of(net), weights, X, T, sample_weight)
    return np.concatenate([np.ravel(found[f"d{name}"]) for name in net.names])


@pytest.mark.parametrize("net", NETWORKS, ids=str)
def test_run_gives_the_derivative_of_its_own_objective(net):
    weights, X, T = problem(net)
    share = np.random.default_rng(3).uniform(0.5, 2, len(X))
    program = Program.of(net)

    def J(flat):
        return run(program, net.weights_from(flat), X, T, share)["J"]

    assert worst(gradient(net, weights, X, T, share), complex_step(J, weights.flat)) < TOLERANCE


@pytest.mark.parametrize("net", NETWORKS[::3], ids=str)
def test_run_gives_the_kernels_objective(net):
    weights, X, T = problem(net)
    assert run(Program.of(net), weights, X, T)["J"] == pytest.approx(cr.log_likelihood(net, weights, X, T), rel=1e-13)


@pytest.mark.parametrize("net", NETWORKS, ids=str)
def test_every_operation_has_the_shape_it_says(net):
    weights, X, T = problem(net, rows=7)
    found = run(Program.of(net), weights, X, T)
    for operation in Program.of(net):
        expected = tuple(7 if size is None else size for size in operation.sizes)
        assert found[operation.target].shape == expected, operation
        assert len(operation.axes) == len(operation.sizes)


@pytest.mark.parametrize("net", NETWORKS[::4], ids=str)
def test_every_layer_has_each_role_once(net):
    program = Program.of(net)
    assert {operation.role for operation in program} <= set(ROLES)
    for l in range(1, net.L + 1):
        roles = [o.role for o in program if o.layer == l]
        wanted = ["preactivation", "mean", "log_density", "objective", "error", "dW", "db"]
        if l < net.L:
            wanted = ["preactivation", "activation", "back", "slope", "delta", "dW", "db"]
        assert sorted(roles) == sorted(wanted)
    order = [o.role for o in program]
    assert max(order.index(r) for r in FORWARD_ROLES if r in order) < min(
        order.index(r) for r in BACKWARD_ROLES if r in order
    )


def test_every_operation_but_an_identitys_slope_names_its_line_of_the_derivation():
    for operation in Program.of(cr.Network("2-3 tanh-4 identity-3")):
        if (operation.role, operation.layer) != ("slope", 2):
            assert operation.step is not None
            assert operation.step.section


def test_the_operation_and_its_line_of_the_derivation_are_the_same_formula():
    program = Program.of(cr.Network("2-3-3"))
    assert str(program.at("dW", 2).step.after) == "Z¹ᵀ δ²"
    assert program.at("dW", 2).source == "Z1.T @ delta2"
    assert str(program.at("delta", 1).step.after) == "(δ² W²ᵀ) ⊙ Z¹ ⊙ (1 − Z¹)"


def test_a_replaced_operation_changes_what_follows_from_it_and_nothing_else():
    net = cr.Network("3-4-5-2")
    weights, X, T = problem(net)
    program = Program.of(net)
    right = run(program, weights, X, T)
    wrong = run(program.replaced({"slope2": "1 + 0 * Z2"}), weights, X, T)
    changed = {name for name in right if not np.array_equal(right[name], wrong[name])}
    assert changed == {"slope2", "delta2", "dW2", "db2", "back1", "delta1", "dW1", "db1"}


def test_replacing_what_no_operation_makes_is_refused():
    with pytest.raises(KeyError, match="slope9"):
        Program.of(cr.Network("2-3-3")).replaced({"slope9": "1"})


def test_given_arrays_are_taken_as_they_are():
    net = cr.Network("2-3-3")
    weights, X, T = problem(net)
    Z1 = np.ones((len(X), 3))
    found = run(Program.of(net), weights, X, T, given={"Z1": Z1})
    assert np.array_equal(found["A2"], Z1 @ weights.W[2] + weights.b[2])


def test_an_activation_defined_anew_gives_a_new_program():
    cr.activation("program_test", "a**2")
    net = cr.Network("1-1 program_test-1 identity")
    weights = net.weights_from([1.0, 0.0, 1.0, 0.0])
    assert run(Program.of(net), weights, [[3.0]], [[0.0]])["Y"].item() == 9
    cr.activation("program_test", "a**3")
    assert run(Program.of(net), weights, [[3.0]], [[0.0]])["Y"].item() == 27
