"""The two directions of the inputs that move the network's outputs most, so that its regions can be drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels import reference
from chainrule.kernels.primitives import evaluate
from chainrule.network import Network, Weights
from chainrule.show.report.subject import Rows, Subject

Array = npt.NDArray[Any]

_ROWS = 1000
_NUMBERS = 8_000_000  # of the largest array that is made on the way
_NAMED = 3  # inputs a direction is described by


@dataclass(frozen=True)
class Plane:
    """Two directions and the way to and from them.

    ``X ≈ centre + S across`` with S (n, 2) in standard deviations and ``across`` (2, D); ``S = (X - centre) along``
    with ``along`` (D, 2). ``share`` is how much of the outputs' movement the two account for, ``words`` says which
    inputs each goes with.
    """

    centre: Array
    across: Array
    along: Array
    share: float
    words: tuple[str, str]

    def of(self, X: Array) -> Array:
        """Places in the plane (n, 2) of rows (n, D)."""
        return np.asarray((X - self.centre) @ self.along)

    def back(self, S: Array) -> Array:
        """Rows (n, D) for places (n, 2): the other inputs move along as they do in the data."""
        return np.asarray(self.centre + S @ self.across)

    def seen(self, subject: Subject) -> Subject:
        """The network with the plane's two directions as its inputs: what it says of `back` (S), at once."""
        whole = subject.network
        network = Network(2, hidden=[str(layer) for layer in whole.layers[:-1]], outputs=str(whole.layers[-1]))
        weights = Weights(network, np.empty(network.size))
        for l in range(1, whole.L + 1):
            weights.W[l] = subject.weights.W[l] if l > 1 else self.across @ subject.weights.W[1]
            weights.b[l] = subject.weights.b[l] if l > 1 else subject.weights.b[1] + self.centre @ subject.weights.W[1]
        return replace(subject, network=network, weights=weights)


def strongest_plane(subject: Subject, rows: Rows) -> Plane | None:
    """The plane of the rows that moves the outputs most; None where they do not vary in two directions.

    With the inputs whitened by the rows, ``X = centre + Z B``, the directions are the leading eigenvectors of the
    mean of ``G Gᵀ``, where G holds the gradients of the last pre-activations with respect to Z. For a softmax only
    their differences count, so the mean over the classes is taken away.

    Source: Constantine, Active subspaces, SIAM 2015, with the data's own covariance as the measure.
    """
    some = rows.some(_ROWS)
    centre = some.X.mean(axis=0)
    spread, turn = _principal(some.X - centre)
    if len(spread) < 2:
        return None
    B = spread[:, None] * turn  # (r, D): X = centre + Z B, Z of unit variance
    G = _gradients(subject, some, B)  # (n, K, r)
    flat = G.reshape(-1, G.shape[-1])
    values, vectors = np.linalg.eigh(flat.T @ flat / len(G))
    if not values[-1] > 0:
        return None
    V = vectors[:, [-1, -2]]  # (r, 2)
    along = turn.T / spread @ V  # (D, 2)
    across = V.T @ B  # (2, D)
    sign = np.sign(across[np.arange(2), np.abs(across).argmax(axis=1)])
    along, across = along * sign, across * sign[:, None]
    deviation = some.X.std(axis=0)
    alike = across / np.where(deviation > 0, deviation, np.inf)  # correlation of each input with each direction
    words = (_words(alike[0], subject.inputs), _words(alike[1], subject.inputs))
    return Plane(centre, across, along, float(values[-2:].sum() / values.sum()), words)


def _principal(X: Array) -> tuple[Array, Array]:
    """Standard deviations (r,) and unit directions (r, D) of centred rows, from the smaller of the two matrices."""
    n, D = X.shape
    values, vectors = np.linalg.eigh((X.T @ X if D <= n else X @ X.T) / n)
    keep = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-300)
    spread, vectors = np.sqrt(values[keep]), vectors[:, keep]
    return spread, vectors.T if D <= n else (vectors.T @ X) / (np.sqrt(n) * spread[:, None])


def _gradients(subject: Subject, rows: Rows, B: Array) -> Array:
    """d A[L] / d Z (n, K, r), Z being whitened inputs; of fewer rows where the array would be large."""
    net, weights = subject.network, subject.weights
    wide = net.K * max(*net.M[1:], B.shape[0])
    X = rows.some(int(np.clip(_NUMBERS // wide, 20, _ROWS))).X
    A, Z = reference.forward(net, weights, X)
    G = np.broadcast_to(np.eye(net.K), (len(X), net.K, net.K))
    if net.law.name == "softmax":
        G = G - 1 / net.K
    for l in range(net.L, 0, -1):
        into = weights.W[l] if l > 1 else B @ weights.W[1]
        G = G @ into.T
        if l > 1:
            row = net.activations[l - 1]
            assert row is not None
            G = G * (evaluate(row.slope, a=A[l - 1], z=Z[l - 1]) + 0 * A[l - 1])[:, None, :]
    return G


def _words(alike: Array, names: tuple[str, ...]) -> str:
    """``higher petal length, lower sepal width``: the inputs a direction goes with, the closest first."""
    order = np.argsort(-np.abs(alike), kind="stable")
    near = [at for at in order[:_NAMED] if abs(alike[at]) >= 0.5 * abs(alike[order[0]])]
    return ", ".join(f"{'higher' if alike[at] > 0 else 'lower'} {names[at]}" for at in near)
