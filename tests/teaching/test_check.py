"""``cr.check`` passes what is right, and sees each fault that is planted in one of the ways."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation import check as derivation_check
from chainrule.errors import DataError, SettingError
from chainrule.kernels import primitives, reference, select
from chainrule.program.operations import Program
from chainrule.teaching.check import check

NETWORKS = (
    "2-3-3",
    "8-1",
    "3-4 relu-2 exp",
    "4-3 leaky_relu-3 selu-2 identity",
    "2-4 gelu-3 swish-2 mish-3 sigmoid",
    "5-2 elu-3 softplus-1 identity",
)


@pytest.mark.parametrize("notation", NETWORKS)
def test_every_way_gives_the_same_gradient(notation):
    report = check(notation)
    assert report.passed
    assert report.worst < 1e-12
    assert [row.name for row in report.rows] == ["J", *cr.Network(notation).names]
    assert report.lines > 20


def test_the_table_names_the_worst_entry_and_the_numbers_are_those_of_the_gradient():
    net = cr.Network("2-3-3")
    weights, X, T = net.initial_weights(seed=1), np.array([[0.5, -1.0]]), np.array([[0, 1, 0]])
    truth = cr.gradient(net, weights, X, T)
    for row in cr.check(net, weights, X, T).rows[1:]:
        place = row.entry[row.entry.index("[") + 1 : -1].split(",")
        expected = truth[row.name][tuple(map(int, place))]
        assert set(row.values) >= {"program", "reference", "complex step"}
        assert all(value == pytest.approx(expected, rel=1e-9, abs=1e-14) for value in row.values.values())


def test_at_a_maximum_where_the_gradient_cancels_it_still_passes():
    net = cr.Network("2-2")
    X = np.repeat([[1.0, 0.0], [0.0, 1.0]], 50, axis=0)
    T = np.tile(np.eye(2), (50, 1))
    report = cr.check(net, net.weights_from(np.zeros(net.size)), X, T)
    assert report.passed


def test_saturated_weights_pass():
    net = cr.Network("2-3-3")
    weights = net.initial_weights(seed=0)
    weights.flat[:] *= 300
    assert cr.check(net, weights).passed


def test_a_wrong_operation_of_the_program_is_seen(monkeypatch):
    right = Program.of

    def wrong(network):
        return right(network).replaced({"slope1": "1.0005 * Z1 * (1 - Z1)"})

    monkeypatch.setattr(Program, "of", wrong)
    report = check("2-3-3")
    assert not report.passed
    assert {row.name for row in report.rows if row.error > report.tolerance} == {"W1", "b1"}
    assert "DIFFERS" in report.text()
    assert "they DIFFER" in report.text()


def test_a_wrong_reference_kernel_is_seen(monkeypatch):
    right = reference.gradient

    def wrong(net, weights, X, T, weight=None):
        J, flat = right(net, weights, X, T, weight)
        flat[net.slices["b2"]] *= 1 + 1e-8
        return J, flat

    monkeypatch.setattr(reference, "gradient", wrong)
    report = check("2-3-3")
    assert {row.name for row in report.rows if row.error > report.tolerance} == {"b2"}


def test_a_wrong_compiled_kernel_is_seen(monkeypatch):
    if select.why_not_compiled():
        pytest.skip("nothing is compiled here")
    right = select.Evaluator.gradient

    def wrong(self, flat):
        J, found = right(self, flat)
        found = np.array(found)
        found[3] += 1e-6
        return J, found

    monkeypatch.setattr(select.Evaluator, "gradient", wrong)
    report = check("2-3-3")
    assert [row.entry for row in report.rows if row.error > report.tolerance] == ["W1[1,0]"]


def test_an_objective_that_does_not_belong_to_the_gradient_is_seen(monkeypatch):
    right = reference.log_likelihood
    monkeypatch.setattr(reference, "log_likelihood", lambda *given: right(*given) * (1 + 1e-6))
    assert not check("2-3-3").passed


def test_a_nan_in_one_way_is_seen(monkeypatch):
    right = reference.gradient

    def wrong(*given):
        J, flat = right(*given)
        flat[0] = np.nan
        return J, flat

    monkeypatch.setattr(reference, "gradient", wrong)
    report = check("2-3-3")
    assert not report.passed
    assert report.worst == np.inf


def test_a_line_of_the_derivation_that_fails_is_reported(monkeypatch):
    monkeypatch.setattr(derivation_check, "TOLERANCE", -1.0)
    report = check("2-3-3")
    assert not report.passed
    assert "A line of the derivation is wrong" in report.text()


def test_without_compiled_code_the_reason_is_told(monkeypatch):
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")
    report = check("2-3-3")
    assert report.passed
    assert "compiled" not in report.ways
    assert "Compiled:      not compared. CHAINRULE_KERNELS" in report.text()


def test_the_drawn_inputs_keep_away_from_kinks():
    from chainrule.teaching import check as module

    net = cr.Network("3-8 relu-6 leaky_relu-2")
    weights, X, _ = module._point(net, None, None, None, 2000, 0)
    A, _Z = reference.forward(net, weights, X)
    assert min(np.abs(A[1]).min(), np.abs(A[2]).min()) >= module.FROM_KINKS


def test_a_large_network_is_looked_at_by_a_random_choice(monkeypatch):
    from chainrule.teaching import check as module

    monkeypatch.setattr(module, "MOST_ENTRIES", 50)
    report = check("8-9-3")
    assert report.passed
    assert report.looked_at < cr.Network("8-9-3").size
    assert "a random choice of 111" in report.text()


def test_a_user_activation_is_checked_too():
    cr.activation("bump_of_check", "exp(-a**2)")
    assert check("2-3 bump_of_check-2").passed


def test_the_same_seed_gives_the_same_report_and_another_seed_another():
    assert check("2-3-3", seed=4) == check("2-3-3", seed=4)
    assert check("2-3-3", seed=4) != check("2-3-3", seed=5)


def test_numbers_that_do_not_fit_are_refused():
    net = cr.Network("2-3-3")
    with pytest.raises(DataError, match="belong to"):
        check(net, cr.Network("2-4-3").initial_weights())
    with pytest.raises(DataError):
        check(net, None, [[1.0, 2.0, 3.0]])
    with pytest.raises(SettingError, match="rows"):
        check(net, rows=0)
    with pytest.raises(SettingError, match="seed"):
        check(net, seed=-1)


def test_the_html_is_escaped_and_holds_every_row():
    page = check("2-3-3")._repr_html_()
    assert page.count("<tr>") == 6
    assert "W2[" in page
    assert primitives  # the kernels' own functions, which the program's evaluator does not share
