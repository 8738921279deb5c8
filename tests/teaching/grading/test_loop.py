"""The training loop is read: other weights, the wrong order, the wrong direction."""

from __future__ import annotations

import pytest

from chainrule import Network
from chainrule.teaching.grading.loop import has_loop, loop_faults
from chainrule.teaching.grading.signatures import signatures
from chainrule.teaching.grading.source import parsed

FUNCTIONS = """
def forward(X, W1, b1, V, b2): pass
def derivative_v(Z, T, Y): pass
def derivative_w1(X, Z, T, Y, V): pass
def derivative_b2(T, Y): pass
"""
RIGHT = """
for epoch in range(9):
    Y, Z = forward(X, W1, b1, V, b2)
    dV = derivative_v(Z, T, Y)
    dW1 = derivative_w1(X, Z, T, Y, V)
    V += rate * dV
    W1 = W1 + rate * dW1
    b2 += rate * derivative_b2(T, Y)
"""


_ORDER = """dW1 = derivative_w1(X, Z, T, Y, V)
    V += rate * dV"""
_OTHER_ORDER = """V += rate * dV
    dW1 = derivative_w1(X, Z, T, Y, V)"""


def faults(loop, ascends=True):
    source = parsed(FUNCTIONS + loop)
    return [fault.mistake for fault in loop_faults(source, signatures(source.functions, Network("2-3-3")), ascends)]


def test_a_right_loop_has_no_fault_and_is_seen():
    source = parsed(FUNCTIONS + RIGHT)
    assert faults(RIGHT) == []
    assert has_loop(source, signatures(source.functions, Network("2-3-3")))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("V += rate * dV", "W2 += rate * dV", ["updates-other"]),
        ("V += rate * dV", "V -= rate * dV", ["sign"]),
        ("W1 = W1 + rate", "W1 = W1 - rate", ["sign"]),
        ("b2 += rate", "V += rate", ["updates-other"]),
        (_ORDER, _OTHER_ORDER, ["updated-weights"]),
        ("V += rate * dV", "V += -rate * dV", []),
    ],
)
def test_each_fault_is_found(old, new, expected):
    assert old in RIGHT
    assert faults(RIGHT.replace(old, new)) == expected


def test_in_a_descent_course_adding_is_the_wrong_direction():
    assert faults(RIGHT, ascends=False) == ["sign", "sign", "sign"]
    assert faults(RIGHT, ascends=None) == []


def test_a_loop_inside_a_function_is_read_too():
    inside = "def train(X, T, W1, b1, V, b2):\n" + RIGHT.replace("\n", "\n    ").replace(
        "V += rate * dV", "U += rate * dV"
    )
    assert faults(inside) == ["updates-other"]
