"""The best any classifier can do on round Gaussian clusters of unit variance: Bayes' rule and its rate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[Any]


class Enclosed(NamedTuple):
    """A number and a bound of its error: it lies between ``value - bound`` and ``value + bound``."""

    value: float
    bound: float


def posterior(X: npt.ArrayLike, centres: Array) -> Array:
    """p(class given x) for clusters as large as one another: the classifier that no other can beat.

    ``p(k given x) = exp(-|x - c_k|²/2) / sum_j exp(-|x - c_j|²/2)``

    Parameters
    ----------
    X : array (N, 2)
    centres : array (C, 2)

    Returns
    -------
    (N, C), rows add up to 1.
    """
    return np.asarray(special.softmax(_log_density(X, centres), axis=1))


def log_likelihood(X: npt.ArrayLike, labels: Array, centres: Array) -> float:
    """J of Bayes' rule on a sample, in nats: the sum of ``log p(t_n given x_n)``."""
    log_p = special.log_softmax(_log_density(X, centres), axis=1)
    return float(log_p[np.arange(len(labels)), labels].sum())


def best_rate(centres: Array, steps: int = 1 << 19) -> Enclosed:
    """The rate of Bayes' rule: the largest share that any classifier gets right on these densities.

    ``1 - rate = mean over k of  1/(2 pi) ∫ exp(-r_k(theta)²/2) dtheta``

    where r_k(theta) is how far one can go from the centre k in the direction theta before another centre is
    nearer: a standard normal point in the plane lies further out than r, in a given direction, with
    probability exp(-r²/2). The integrand is the largest of functions that rise once and fall once, so on each
    small interval it can be enclosed between two numbers, and the integral with it.

    Parameters
    ----------
    centres : array (C, 2)
        C >= 2 different points; the clusters are of unit variance and equally likely.
    steps : int
        Intervals of the circle.

    Returns
    -------
    Enclosed : the rate, and a bound of its error (rounding included).

    Examples
    --------
    >>> rate = best_rate(np.array([[0.0, 0.0], [2.0, 0.0]]))   # Phi(1), for two clusters
    >>> abs(rate.value - special.ndtr(1.0)) < rate.bound < 1e-5
    True
    """
    edges = np.linspace(0.0, 2 * np.pi, steps + 1)
    low = high = 0.0
    for k, centre in enumerate(centres):
        others = np.delete(centres, k, axis=0) - centre
        floor, ceiling = np.zeros(steps), np.zeros(steps)
        for x, y in others:
            distance, peak = np.hypot(x, y) / 2, np.arctan2(y, x) % (2 * np.pi)
            ahead = np.cos(edges - peak)
            with np.errstate(divide="ignore", over="ignore"):
                beyond = np.where(ahead > 0, np.exp(-0.5 * (distance / ahead) ** 2), 0.0)
            floor = np.maximum(floor, np.minimum(beyond[:-1], beyond[1:]))
            top = np.maximum(beyond[:-1], beyond[1:])
            top[min(int(peak / (2 * np.pi) * steps), steps - 1)] = np.exp(-0.5 * distance**2)
            ceiling = np.maximum(ceiling, top)
        low += floor.mean() / len(centres)
        high += ceiling.mean() / len(centres)
    return Enclosed(float(1 - (low + high) / 2), float((high - low) / 2) + 1e-12)


def _log_density(X: npt.ArrayLike, centres: Array) -> Array:
    """``-|x - c_k|²/2`` (N, C): the log density, but for a constant."""
    return -0.5 * ((np.asarray(X, dtype=float)[:, None, :] - centres) ** 2).sum(axis=2)
