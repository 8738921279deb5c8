"""``chainrule check``: the table, and exit status 1 where something differs."""

from __future__ import annotations

from chainrule.kernels import reference
from command import command


def test_a_network_that_agrees_ends_with_status_0():
    ended = command("check", "2-3-3", "--seed", 3)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("2-3 sigmoid-3 softmax, 7 samples: all agree (worst ")
    assert "W1[" in ended.out
    assert "b2[" in ended.out


def test_a_difference_ends_with_status_1(monkeypatch):
    right = reference.log_likelihood
    monkeypatch.setattr(reference, "log_likelihood", lambda *given: 1.0005 * right(*given))
    ended = command("check", "3-2 relu-1")
    assert ended.status == 1
    assert "they DIFFER" in ended.out


def test_bad_input_ends_with_status_2():
    assert command("check", "2").status == 2
    assert command("check", "2-3-3", "--rows", 0).status == 2
    assert "There is no activation named 'rellu'" in command("check", "2-3 rellu-3").err
