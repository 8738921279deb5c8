"""The figures of the experiment, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.datasets import CENTRES
from chainrule.demo.best import posterior
from chainrule.demo.experiment import Experiment
from chainrule.demo.published import TABLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSES = ("class 0", "class 1", "class 2")


def pictures(experiment: Experiment) -> dict[str, Figure]:
    """Every figure of the page, in its order."""
    from chainrule import show

    X, labels, net = experiment.X, experiment.labels, experiment.network
    found = {"data": show.plot_scatter(X, labels, classes=CLASSES), "reward": reward(experiment)}
    both = {"trained": experiment.trained, "fixed": experiment.fixed}
    for name, run in both.items():
        found[f"regions-{name}"] = show.plot_regions(run.predict_proba, X, labels, classes=CLASSES, best=_best)
    for name, run in both.items():
        found[f"network-{name}"] = show.plot_network(net, run.weights)
    for name, run in both.items():
        found[f"confusion-{name}"] = show.plot_confusion(experiment.confusion(run), CLASSES)
    return found


def reward(experiment: Experiment) -> Figure:
    """The reward of both runs, with the range over other seeds, the published figures and Bayes' rule."""
    from chainrule import show

    return show.plot_rewards(**_curves(experiment))


def overview(experiment: Experiment) -> Figure:
    """One picture of it all: the regions, the reward and the network."""
    from chainrule.show.overview import plot_overview

    return plot_overview(
        experiment.trained.predict_proba,
        experiment.X,
        experiment.labels,
        experiment.trained.weights,
        _curves(experiment),
        classes=CLASSES,
        best=_best,
    )


def _curves(experiment: Experiment) -> dict:
    """What `plot_rewards` takes."""
    spread = experiment.spread
    reached = [line for line in TABLE if line.epoch <= experiment.epochs]
    return {
        "histories": {"V trained": experiment.trained.history, "V held fixed": experiment.fixed.history},
        "bands": {"V trained": spread.band(spread.trained), "V held fixed": spread.band(spread.fixed)},
        "points": ("published", [line.epoch for line in reached], [line.J for line in reached]),
        "level": ("Bayes’ rule", experiment.best_J_here),
    }


def _best(points: np.ndarray) -> np.ndarray:
    """The probabilities of Bayes' rule on the post's densities."""
    return posterior(points, CENTRES)
