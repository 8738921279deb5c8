"""The cases: which network, which data, how it is trained. One description serves us and every peer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One training job.

    ``sizes`` M[0..L]; ``hidden`` the activation; ``batch`` rows an update (None: all); ``solver`` and
    ``learning_rate`` the same for everybody; ``dtype`` of the whole job; ``epochs`` timed in one go.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    hidden: str
    rows: int
    batch: int | None
    solver: str
    learning_rate: float
    dtype: str
    epochs: int

    @property
    def notation(self) -> str:
        """The network as chainrule writes it."""
        hidden = [f"{size} {self.hidden}" for size in self.sizes[1:-1]]
        return "-".join([str(self.sizes[0]), *hidden, f"{self.sizes[-1]} softmax"])

    @property
    def updates(self) -> int:
        """Updates an epoch."""
        return 1 if self.batch is None else -(-self.rows // self.batch)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds an epoch that no method can avoid: forward, dW, and delta back through all but the first W."""
        pairs = [m * n for m, n in zip(self.sizes[:-1], self.sizes[1:], strict=True)]
        return self.rows * (2 * sum(pairs) + sum(pairs[1:]))

    @property
    def exponentials(self) -> int:
        """Exponentials an epoch: one a sigmoid unit, one a class."""
        hidden = sum(self.sizes[1:-1]) if self.hidden == "sigmoid" else 0
        return self.rows * (hidden + self.sizes[-1])


CASES = {
    case.name: case
    for case in (
        Case("post", "the post's job, full batch", (2, 3, 3), "sigmoid", 1500, None, "ascent", 1e-6, "float64", 20_000),
        Case("digits32", "digits, batch 32", (64, 32, 10), "relu", 1797, 32, "adam", 1e-3, "float32", 50),
        Case("digits200", "digits, batch 200", (64, 100, 10), "relu", 1797, 200, "adam", 1e-3, "float32", 400),
        Case("wide64", "100,000 rows, batch 256", (28, 64, 64, 2), "relu", 100_000, 256, "adam", 1e-3, "float32", 10),
        Case("wide256", "100,000 rows, wide", (28, 256, 256, 256, 2), "relu", 100_000, 256, "adam", 1e-3, "float32", 2),
        Case("images", "20,000 images, batch 128", (784, 128, 10), "relu", 20_000, 128, "adam", 1e-3, "float32", 10),
    )
}


def data(case: Case, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """X (N, D) and labels (N,) of a case: the post's clusters, scikit-learn's digits, or clusters made from a seed."""
    if case.name == "post":
        from chainrule import datasets

        X, labels = datasets.three_clusters(case.rows // 3, seed)
    elif case.name.startswith("digits"):
        from sklearn.datasets import load_digits

        found = load_digits()
        X, labels = found.data / 16.0, found.target
    else:
        rng = np.random.default_rng(seed)
        labels = rng.integers(case.sizes[-1], size=case.rows)
        centres = rng.standard_normal((case.sizes[-1], case.sizes[0])) * 0.3
        X = rng.standard_normal((case.rows, case.sizes[0])) + centres[labels]
    return np.ascontiguousarray(X, dtype=case.dtype), labels


def start(case: Case, seed: int = 1) -> list[tuple[np.ndarray, np.ndarray]]:
    """(W, b) of each layer to start from, the same for everybody."""
    from chainrule import Network

    weights = Network(case.notation).initial_weights("normal" if case.name == "post" else "glorot", seed=seed)
    return [(w.astype(case.dtype), b.astype(case.dtype)) for w, b in zip(weights.W[1:], weights.b[1:], strict=True)]
