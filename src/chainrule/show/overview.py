"""One picture of a network at work: what it makes of the plane, how it got there, its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chainrule.network import Weights
from chainrule.show.diagram import draw_network
from chainrule.show.history import draw_rewards
from chainrule.show.plane import class_handles, draw_regions
from chainrule.show.style import MUTED, class_names, styled

Array = npt.NDArray[Any]


@styled
def plot_overview(
    predict_proba: Callable[[Array], Array],
    X: Array,
    labels: Array,
    weights: Weights,
    rewards: Mapping[str, Any],
    *,
    classes: Sequence[object] | None = None,
    best: Callable[[Array], Array] | None = None,
) -> Figure:
    """Decision regions on the left, the reward and the network on the right.

    Parameters
    ----------
    predict_proba : callable
        From points (n, 2) to probabilities (n, C).
    X : array (N, 2)
    labels : array (N,)
    weights : Weights
    rewards : mapping
        What `plot_rewards` takes.
    classes : sequence, optional
    best : callable, optional
        As for `plot_regions`.

    Returns
    -------
    Figure, not shown and not saved.
    """
    figure = Figure(figsize=(11.4, 6.6), layout="constrained")
    parts = figure.subfigures(1, 2, width_ratios=[1.08, 1.0], squeeze=False)
    left, right = parts[0]
    values = np.unique(labels)
    plane = left.add_subplot()
    draw_regions(plane, predict_proba, X, labels, values, best=best)
    plane.set_anchor("N")
    names = class_names(classes if classes is not None else values, len(values))
    plane.legend(class_handles(len(names)), names, loc="lower left", handletextpad=0.1)
    plane.set_title("What it makes of the plane")
    above, below = right.subfigures(2, 1, height_ratios=[1.0, 1.12], squeeze=False)[:, 0]
    upper, lower = above.add_subplot(), below.add_subplot()
    draw_rewards(upper, **rewards)
    upper.set_title("How the reward climbed")
    upper.set_ylabel("J (nats)")
    draw_network(lower, weights.network, weights)
    below.supxlabel("The weights: blue positive, orange negative", color=MUTED, fontsize=10.5)
    return figure
