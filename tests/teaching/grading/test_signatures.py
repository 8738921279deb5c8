"""What a function is for and what its parameters are, from their names and, failing that, from the post's order."""

from __future__ import annotations

import ast

import pytest

from chainrule import Network
from chainrule.teaching.grading.signatures import signatures, target_of

POST = Network("2-3-3")
DEEP = Network("3-5 tanh-4 tanh-2")


def of(text, net=POST):
    (function,) = ast.parse(f"def {text}: pass").body
    (found,) = [s for s in signatures({function.name: function}, net).values() if s is not None]
    return found


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("derivative_v", "dW2"),
        ("derivative_W2", "dW2"),
        ("dV", "dW2"),
        ("grad_w1", "dW1"),
        ("dJ_dW1", "dW1"),
        ("derivative_w", "dW1"),
        ("derivative_c", "db2"),
        ("derivative_b2", "db2"),
        ("d_b1", "db1"),
        ("feedforward", "forward"),
        ("log_likelihood", "cost"),
        ("backprop", "gradient"),
        ("derivative_w3", None),
        ("sigmoid", None),
        ("softmax_derivative", None),
        ("derivative_v2", None),
    ],
)
def test_names_of_functions(name, target):
    assert target_of(name, POST) == target


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("forward(X, W1, b1, V, b2)", ["X", "W1", "b1", "W2", "b2"]),
        ("forward(inputs, w, b, v, c)", ["X", "W1", "b1", "W2", "b2"]),
        ("forward(X, params)", ["X", "weights"]),
        ("forward(p, q, r, s, u)", ["X", "W1", "b1", "W2", "b2"]),
        ("derivative_v(Z, T, Y)", ["Z1", "T", "Y"]),
        ("derivative_v(Y, T, hidden)", ["Y", "T", "Z1"]),
        ("derivative_v(Z, y, y_hat)", ["Z1", "T", "Y"]),
        ("derivative_v(Z, y_true, y_pred)", ["Z1", "T", "Y"]),
        ("derivative_v(alpha, T, Y)", ["Z1", "T", "Y"]),
        ("derivative_w1(X, Z, T, Y, V)", ["X", "Z1", "T", "Y", "W2"]),
        ("derivative_w1(X, H, T, P, W2)", ["X", "Z1", "T", "Y", "W2"]),
        ("derivative_b1(T, Y, V, Z, *, rate=3)", ["T", "Y", "W2", "Z1"]),
        ("cost(y, p)", ["T", "Y"]),
        ("cost(X, T, weights)", ["X", "T", "weights"]),
        ("gradient(X, y, weights)", ["X", "T", "weights"]),
        ("gradient(X, T, W1, b1, W2, b2)", ["X", "T", "W1", "b1", "W2", "b2"]),
    ],
)
def test_what_parameters_stand_for(text, roles):
    found = of(text)
    assert not found.problem
    assert list(found.roles.values()) == roles


@pytest.mark.parametrize(
    "text", ["derivative_v(foo, bar)", "derivative_v(*a)", "forward(X, **more)", "cost(T, Y, Q, R)"]
)
def test_parameters_that_cannot_be_told_are_a_problem_with_the_signature_beside_it(text):
    assert of(text).problem.endswith(").")


def test_a_general_pair_is_asked_for_where_there_is_a_gradient():
    names = ast.parse("def forward(X, weights): pass\ndef gradient(X, T, weights): pass").body
    assert list(signatures({n.name: n for n in names}, DEEP)) == ["forward", "gradient"]


def test_a_deep_network_can_be_answered_weight_by_weight():
    assert list(of("derivative_w2(Z1, T, Y, Z2, W3)", DEEP).roles.values()) == ["Z1", "T", "Y", "Z2", "W3"]
    assert list(of("derivative_b1(T, Y, Z1, W2, Z2, W3)", DEEP).roles.values()) == ["T", "Y", "Z1", "W2", "Z2", "W3"]


def test_of_two_functions_for_the_same_the_posts_name_is_taken():
    names = ast.parse("def dV(Z, T, Y): pass\ndef derivative_v(Z, T, Y): pass").body
    assert signatures({n.name: n for n in names}, POST)["dW2"].function == "derivative_v"
