"""The figures of a report, against scikit-learn's metrics."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

import chainrule as cr
from chainrule.show.report.scores import figures
from chainrule.show.report.subject import subject
from support import problem


@pytest.mark.parametrize("notation", ["3-4 tanh-3", "3-4 tanh-1 sigmoid"])
def test_figures_of_classes_are_scikit_learns(notation: str) -> None:
    net = cr.Network(notation)
    weights, X, T = problem(net, rows=80)
    s = subject(net, weights, training=(X, T))
    f = figures(s, s.training)
    assert f is not None
    P, codes = s.probabilities(X), s.codes(s.training)
    decided = P.argmax(axis=1)
    assert f.rate == pytest.approx(metrics.accuracy_score(codes, decided))
    assert f.balanced == pytest.approx(metrics.balanced_accuracy_score(codes, decided))
    np.testing.assert_array_equal(f.confusion, metrics.confusion_matrix(codes, decided, labels=range(P.shape[1])))
    assert f.likelihood == pytest.approx(-metrics.log_loss(codes, P, labels=range(P.shape[1])))
    assert f.plain_likelihood == pytest.approx(cr.constant_log_likelihood(net, T) / 80)
    assert f.plain_rate == pytest.approx(np.bincount(codes).max() / 80)


def test_figures_of_a_quantity_are_in_its_own_unit() -> None:
    net = cr.Network("3-2 tanh-1 identity")
    weights, X, T = problem(net, rows=60)
    s = subject(net, weights, training=(X, T), target_scaling=(100.0, 7.0))
    f = figures(s, s.training)
    assert f is not None
    y, t = 100 + 7 * s.means(X), 100 + 7 * T
    assert f.rate == pytest.approx(metrics.r2_score(t, y))
    assert f.error[0] == pytest.approx(metrics.root_mean_squared_error(t, y))
    assert f.plain_error[0] == pytest.approx(t.std())
    assert f.likelihood == pytest.approx(-0.5 - np.log(f.error[0]) - 0.5 * np.log(2 * np.pi))
    assert f.plain_likelihood == pytest.approx(-0.5 - np.log(t.std()) - 0.5 * np.log(2 * np.pi))


def test_figures_of_counts_are_poissons() -> None:
    net = cr.Network("3-2 tanh-1 exp")
    weights, X, T = problem(net, rows=60)
    s = subject(net, weights, training=(X, T))
    f = figures(s, s.training)
    assert f is not None
    assert f.rate == pytest.approx(metrics.d2_tweedie_score(T, s.means(X), power=1))
    assert f.likelihood == pytest.approx(cr.log_likelihood(net, weights, X, T) / 60)
    assert f.plain_likelihood == pytest.approx(cr.constant_log_likelihood(net, T) / 60)


def test_several_labels_are_scored_one_by_one() -> None:
    net = cr.Network("3-4 tanh-3 sigmoid")
    weights, X, T = problem(net, rows=50)
    s = subject(net, weights, training=(X, T))
    f = figures(s, s.training)
    assert f is not None
    right = (s.means(X) > 0.5) == (T > 0.5)
    np.testing.assert_allclose(f.label_rates, right.mean(axis=0))
    assert f.rate == pytest.approx(1 - metrics.hamming_loss(T, s.means(X) > 0.5))
    assert f.likelihood == pytest.approx(cr.log_likelihood(net, weights, X, T) / 50)


def test_without_rows_there_are_no_figures() -> None:
    net = cr.Network("2-3")
    assert figures(subject(net, net.initial_weights()), None) is None
