"""Estimated before anything is allocated."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.training import memory

X, LABELS = np.eye(4), [0, 1, 0, 1]


@pytest.mark.parametrize("solver", ["ascent", "adam", "lbfgs", "newton"])
def test_a_network_larger_than_memory_is_refused_with_the_figure_before_it_is_made(solver):
    net = cr.Network("4-2000000-2000000-2")  # 4e12 weights
    with pytest.raises(
        cr.ChainruleError, match=r"needs about \d{3},\d{3}\.\d GB of memory, and this machine has"
    ) as told:
        cr.train(net, X, LABELS, solver=solver, epochs=1)
    assert "4,000,016,000,002 weights and biases" in str(told.value)


def test_what_fits_in_half_the_numbers_is_told_of_float32(monkeypatch):
    net = cr.Network("4-100-2")
    needed = memory.bytes_needed(net, 4, 2, 8)
    monkeypatch.setattr(memory, "bytes_there", lambda: needed - 1)
    with pytest.raises(cr.ChainruleError, match="dtype='float32'"):
        cr.train(net, X, LABELS, solver="adam", epochs=1)
    assert cr.train(net, X, LABELS, solver="adam", epochs=1, dtype="float32").epoch == 1
    monkeypatch.setattr(memory, "bytes_there", lambda: needed)
    assert cr.train(net, X, LABELS, solver="adam", epochs=1).epoch == 1


def test_the_estimate_is_not_below_the_vectors_a_solver_keeps():
    net = cr.Network("100-200-10")
    assert memory.bytes_needed(net, 1, 2, 8) >= 8 * net.size * 5
    assert memory.bytes_needed(net, 1, 2, 4) * 2 == memory.bytes_needed(net, 1, 2, 8)
    assert memory.bytes_needed(net, 10**9, 0, 8) < 1e9  # rows go through in blocks


def test_nobody_says_how_much_there_is(monkeypatch):
    monkeypatch.setattr(memory, "bytes_there", lambda: None)
    memory.check_memory(cr.Network("4-2000000-2000000-2"), 1, 2, "float64")


def test_the_memory_of_this_machine_is_found():
    assert memory.bytes_there() > 1e8
