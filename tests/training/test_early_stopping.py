import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.training.early_stopping import Best

NET = cr.Network("2-3")
X, LABELS = cr.datasets.three_clusters(per_class=10, seed=0)


def scripted(figures):
    """A figure to watch that follows a script, one a record."""
    left = iter(figures)
    return lambda weights: next(left)


def trained(figures, **options):
    return cr.train(
        NET, X, LABELS, learning_rate=0.01, record_every=1, epochs=len(figures) - 1, watch=scripted(figures), **options
    )


def test_it_stops_when_patience_runs_out_and_keeps_the_best_weights():
    kept = []
    run = trained([0, 1, 5, 4, 3, 2, 9], patience=3, callbacks=[lambda record, weights: kept.append(weights.flat)])
    assert run.outcome.name == "EARLY_STOPPED"
    assert run.history.epoch.tolist() == [0, 1, 2, 3, 4, 5]
    assert run.epoch == 2
    assert (run.weights.flat == kept[2]).all()
    assert run.J == run.history.J[2]


def test_the_last_weights_are_kept_where_asked_for():
    kept = []
    run = trained([0, 5, 4, 3], patience=2, keep="last", callbacks=[lambda record, weights: kept.append(weights.flat)])
    assert run.outcome.name == "NO_IMPROVEMENT"
    assert (run.weights.flat == kept[3]).all()
    assert run.epoch == 3


def test_small_gains_do_not_count_but_the_best_is_still_kept():
    run = trained([0, 1, 1.5, 1.9, 2.05, 2.1], patience=3, improvement=1.0)
    # 1.5 and 1.9 are no gain of more than 1 over the best before them
    assert run.outcome.name == "EARLY_STOPPED"
    assert run.history.epoch[-1] == 3
    assert run.epoch == 3


def test_the_best_weights_are_kept_also_at_the_end_of_all_epochs():
    run = trained([0, 3, 2, 1], patience=10)
    assert run.outcome.name == "MAX_EPOCHS"
    assert run.epoch == 1


def test_a_figure_that_is_no_number_is_no_improvement():
    best = Best().after(float("nan"), np.zeros(1), 3, 0.0)
    assert best.weights is None
    assert best.after(1.0, np.ones(1), 4, 0.0).epoch == 4


def test_validation_rows_are_watched_in_nats_a_row():
    V, held = cr.datasets.three_clusters(per_class=4, seed=5)
    net = cr.Network("2-10 tanh-3")
    run = cr.train(
        net, X, LABELS, solver="adam", learning_rate=0.1, epochs=400, validation=(V, held), patience=20, record_every=1
    )
    assert run.outcome.name == "EARLY_STOPPED"
    assert run.epoch == run.history.epoch[run.history.validation_J.argmax()]
    assert run.history.epoch[-1] == run.epoch + 20
    assert run.history.J[-1] > run.J  # it went on learning the training rows


def test_without_validation_rows_the_objective_is_watched():
    run = cr.train(
        NET, X, LABELS, learning_rate=0.01, epochs=5000, patience=5, improvement=1e-3, record_every=1, penalty=1.0
    )
    assert run.outcome.name == "EARLY_STOPPED"
    gains = np.diff(run.history.objective) / 30
    assert gains[-1] < 1e-3
    assert gains[0] > 1e-3


def test_what_only_makes_sense_with_patience_is_refused_without():
    for options in ({"watch": lambda weights: 0.0}, {"improvement": 0.1}, {"schedule": "adaptive"}):
        with pytest.raises(SettingError, match="patience"):
            cr.train(NET, X, LABELS, epochs=1, **options)
