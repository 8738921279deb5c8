"""The post's experiment: its data, its network, its settings, with V trained and with V held fixed."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.datasets import CENTRES, three_clusters
from chainrule.demo.best import Enclosed, best_rate, log_likelihood, posterior
from chainrule.demo.published import TABLE
from chainrule.network import Network, Weights, generator
from chainrule.terminal import ProgressBar, is_interactive
from chainrule.training import Outcome, Record, Run, train
from chainrule.training.climb import Callback

Array = npt.NDArray[Any]

NETWORK = "2-3-3"
PER_CLASS = 500
LEARNING_RATE = 1e-6  # the post writes 10e-7
EPOCHS = 100_000
V = ("W2",)  # the post's V is W^2 here

MOST_EPOCHS_A_RECORD = 10_000  # a tenth of a second: how soon a run of any length hears of Ctrl-C
OTHER_SEEDS = 40  # the published rewards lie near the lower end of what runs with V held fixed give: few seeds miss it
COARSE_STEPS, LARGEST_STRIDE = 1000, 100


@dataclass(frozen=True)
class Spread:
    """J of the same experiment from other seeds, both ways.

    Attributes
    ----------
    epochs : int array (R,)
        Every line of the table is among them.
    trained, fixed : array (S, R)
        J with V trained and with V held fixed, a row a seed.
    stride : int
        These runs take steps ``stride`` times as large and ``stride`` times fewer.
    error : float
        When the experiment's own seed was run that way: how far J came out from the exact runs, at most, at the lines
        of the table (nats).
    """

    epochs: Array
    trained: Array
    fixed: Array
    stride: int
    error: float

    @property
    def seeds(self) -> int:
        """How many other seeds."""
        return len(self.trained)

    def band(self, J: Array) -> tuple[Array, Array, Array]:
        """Epochs, lowest and highest J."""
        return self.epochs, J.min(axis=0), J.max(axis=0)


@dataclass(frozen=True)
class Experiment:
    """The two runs, what other seeds give, and the best that is possible on these densities."""

    epochs: int
    seed: int
    table_every: int
    X: Array
    labels: Array
    trained: Run
    fixed: Run
    spread: Spread
    best_rate: Enclosed
    best_rate_here: float
    best_J_here: float

    @property
    def network(self) -> Network:
        """The post's network."""
        return self.trained.network

    def confusion(self, run: Run) -> Array:
        """Counts (3, 3) of true against predicted classes."""
        counts = np.zeros((self.network.K, self.network.K), dtype=np.int64)
        np.add.at(counts, (self.labels, run.predict(self.X)), 1)
        return counts


def run_experiment(epochs: int = EPOCHS, seed: int = 0, say: Callable[[str], None] = lambda _: None) -> Experiment:
    """Run the post's experiment both ways, and from other seeds.

    Parameters
    ----------
    epochs : int
        At least 1.
    seed : int
        Fixes the data and the starting weights, drawn one after the other as in the post.
    say : callable
        Told in a few words what was finished.

    Returns
    -------
    Experiment

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C, at any time.

    Examples
    --------
    >>> found = run_experiment(epochs=20)
    >>> found.table_every, len(found.trained.history), bool(found.best_rate.value > 0.95)
    (2, 21, True)
    """
    every = table_interval(epochs)
    X, labels, start = drawn(seed)
    trained, fixed = _both_ways(X, labels, start, epochs, min(max(1, every // 50), MOST_EPOCHS_A_RECORD))
    seconds = max(run.history[-1].seconds for run in (trained, fixed))
    say(f"V trained and V held fixed, side by side: {seconds:.1f} s for {epochs:,} epochs of each")
    spread = _other_seeds(epochs, seed, every, trained, fixed)
    say(f"{spread.seeds} other seeds, both ways: done")
    return Experiment(
        epochs,
        seed,
        every,
        X,
        labels,
        trained,
        fixed,
        spread,
        best_rate(CENTRES),
        float((posterior(X, CENTRES).argmax(axis=1) == labels).mean()),
        log_likelihood(X, labels, CENTRES),
    )


def drawn(seed: int) -> tuple[Array, Array, Weights]:
    """The data, then the starting weights, from one generator, in the post's order."""
    rng = generator(seed)
    X, labels = three_clusters(PER_CLASS, rng)
    return X, labels, Network(NETWORK).initial_weights("normal", seed=rng)


def table_interval(epochs: int) -> int:
    """Epochs between two lines of the table: 1, 2 or 5 times a power of ten, at most about ten lines.

    >>> [table_interval(epochs) for epochs in (1, 15, 200, 12_345, 100_000)]
    [1, 2, 20, 2000, 10000]
    """
    power = 10 ** int(math.log10(max(epochs / 10, 1)) + 1e-9)
    return next(power * size for size in (1, 2, 5, 10) if power * size >= epochs / 10)


def _both_ways(X: Array, labels: Array, start: Weights, epochs: int, record_every: int) -> list[Run]:
    """With V trained and with V held fixed, at the same time: compiled code leaves Python to other threads.

    Ctrl-C reaches the thread that waits here; the two others hear of it at their next record.
    """
    stopped = threading.Event()
    newest: list[Record | None] = [None, None]

    def watcher(at: int, bar: ProgressBar | None) -> Callback:
        def watch(record: Record, _: Weights) -> bool:
            newest[at] = record
            if bar:
                there = [record for record in newest if record]
                bar.update(sum(record.epoch for record in there), f"J {' and '.join(f'{r.J:,.0f}' for r in there)}")
            return stopped.is_set()

        return watch

    with _bar("both ways", 2 * epochs) as bar, ThreadPoolExecutor(2, thread_name_prefix="chainrule demo") as pool:
        try:
            running = [
                pool.submit(_climb, X, labels, start, epochs, LEARNING_RATE, record_every, freeze, [watcher(at, bar)])
                for at, freeze in enumerate(((), V))
            ]
            return [run.result() for run in running]
        finally:
            stopped.set()


def _climb(
    X: Array,
    labels: Array,
    start: Weights,
    epochs: int,
    learning_rate: float,
    record_every: int,
    freeze: tuple[str, ...],
    callbacks: Sequence[Callback] = (),
) -> Run:
    """The post's loop; KeyboardInterrupt where it was cut short."""
    run = train(
        start.network,
        X,
        labels,
        solver="ascent",
        learning_rate=learning_rate,
        epochs=epochs,
        record_every=record_every,
        weights=start,
        freeze=freeze,
        callbacks=callbacks,
        progress=False,
    )
    if run.outcome is Outcome.INTERRUPTED:
        raise KeyboardInterrupt
    return run


def _other_seeds(epochs: int, seed: int, every: int, trained: Run, fixed: Run) -> Spread:
    """The experiment from other seeds, where there are many epochs in steps that are larger and fewer.

    With a rate this small the ascent follows the curve dw/dt = dJ/dw closely, whatever the size of the step:
    a step s times as large goes as far along it as s steps. How closely is measured on the experiment's own seed.
    """
    wanted = min(max(1, epochs // COARSE_STEPS), LARGEST_STRIDE)
    stride = max(step for step in range(1, wanted + 1) if every % step == 0)
    steps_a_line = every // stride
    steps_a_record = max(step for step in range(1, max(1, steps_a_line // 5) + 1) if steps_a_line % step == 0)
    steps = epochs // every * steps_a_line
    found: dict[tuple[str, ...], list[Array]] = {(): [], V: []}
    with _bar("other seeds", 2 * (OTHER_SEEDS + 1)) as bar:
        for at in range(OTHER_SEEDS + 1):
            X, labels, start = drawn(seed + at)
            for freeze, rows in found.items():
                run = _climb(X, labels, start, steps, LEARNING_RATE * stride, steps_a_record, freeze)
                rows.append(run.history.J)
                if bar:
                    bar.update(2 * at + 1 + bool(freeze), f"seed {seed + at}")
    reached = run.history.epoch * stride
    error = 0.0
    for freeze, exact in (((), trained), (V, fixed)):
        both, coarse, fine = np.intersect1d(reached, exact.history.epoch, return_indices=True)
        shown = (both % every == 0) | np.isin(both, [line.epoch for line in TABLE])
        coarse, fine = coarse[shown], fine[shown]
        error = max(error, float(np.abs(found[freeze][0][coarse] - exact.history.J[fine]).max()))
    return Spread(reached, np.array(found[()][1:]), np.array(found[V][1:]), stride, error)


def _bar(title: str, total: int) -> contextlib.AbstractContextManager[ProgressBar | None]:
    """A progress bar where a person is watching."""
    return ProgressBar(title, total) if is_interactive() else contextlib.nullcontext()
