"""What to try next: each piece of advice stands on figures of this network and these rows, which it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.show.report.measures import Calibration, Contributions, Layer, wilson
from chainrule.show.report.scores import Figures
from chainrule.show.report.subject import Subject
from chainrule.show.report.text import percent, quoted
from chainrule.show.style import number, short

_SMALL_GAIN = 0.002  # nats a row: less is not worth another run


@dataclass(frozen=True)
class Advice:
    """One thing to try, and the evidence for it."""

    do: str
    because: str


@dataclass(frozen=True)
class Evidence:
    """Everything measured."""

    subject: Subject
    training: Figures | None
    held_out: Figures | None
    calibration: Calibration | None = None
    contributions: Contributions | None = None
    layers: tuple[Layer, ...] = ()

    @property
    def judged(self) -> Figures | None:
        """Of the held-out rows where there are any, else of the training rows."""
        return self.held_out or self.training


def advice(evidence: Evidence) -> list[Advice]:
    """The most pressing first; empty where nothing in the figures asks for a change."""
    found: list[Advice] = []
    for rule in _RULES:
        found.extend(rule(evidence))
    return found


def _worse_than_nothing(e: Evidence) -> Iterator[Advice]:
    for figures, words in ((e.training, "training"), (e.held_out, "held-out")):
        if figures is not None and figures.likelihood < figures.plain_likelihood - 1e-9:
            hint = (
                "Train again with a smaller learning rate, another solver or another seed"
                if words == "training"
                else "Do not use this network: take a smaller one or a larger penalty, or ask whether the inputs say"
                " anything about the target"
            )
            yield Advice(
                f"{hint}.",
                f"On the {words} rows it predicts worse than a constant that ignores the inputs:"
                f" {number(figures.likelihood, 3)} nats a row against {number(figures.plain_likelihood, 3)}.",
            )
            return


def _unfinished(e: Evidence) -> Iterator[Advice]:
    """Training ended before a maximum, and J was still rising."""
    history, outcome = e.subject.history, e.subject.outcome
    if history is None or outcome is None or len(history) < 3:
        return
    if outcome.name not in ("MAX_EPOCHS", "TIME_LIMIT", "INTERRUPTED"):
        return
    last = int(history.epoch[-1])
    objective = history.objective if np.isfinite(history.objective).all() else history.J
    since = int(np.searchsorted(history.epoch, 0.9 * last))
    since = min(since, len(history) - 2)
    gain = float(objective[-1] - objective[since]) / max(e.subject.training_rows, 1)
    if gain > _SMALL_GAIN / 10 or outcome.name != "MAX_EPOCHS":
        how = {
            "MAX_EPOCHS": f"all {last:,} epochs were run",
            "TIME_LIMIT": "the time was up",
            "INTERRUPTED": "it was interrupted",
        }[outcome.name]
        yield Advice(
            "Train for longer." if outcome.name != "INTERRUPTED" else "Let it train to the end.",
            f"Training ended because {how}; over the last tenth of them the objective still changed by"
            f" {_nats(gain)} a row.",
        )


def _unscaled(e: Evidence) -> Iterator[Advice]:
    """Inputs or a quantity of a size that the usual weights and steps do not suit."""
    s = e.subject
    rows = s.training or s.held_out
    if rows is None or len(rows) < 2:
        return
    if s.network.L > 1 and (size := rows.X.std(axis=0)).any():
        most, least = int(size.argmax()), int(np.where(size > 0, size, np.inf).argmin())
        if size[most] > 30 or size[most] < 0.1 or size[most] > 300 * size[least]:
            yield Advice(
                "Standardise the inputs, each to mean 0 and standard deviation 1.",
                f"Their standard deviations go from {short(size[least], 3)} ({quoted(s.inputs[least : least + 1])}) to"
                f" {short(size[most], 3)} ({quoted(s.inputs[most : most + 1])}); initial weights and steps are made for"
                " inputs of about 1.",
            )
    wide = float(rows.T.std(axis=0).max())
    if s.law == "identity" and (wide > 30 or 0 < wide < 0.03):
        yield Advice(
            "Standardise the target, to mean 0 and standard deviation 1.",
            f"Its standard deviation is {short(wide, 3)}, and the Gaussian law has 1: the weights must first grow to"
            " that size, and penalty and learning rate do not mean what they usually do.",
        )


def _peers(e: Evidence) -> Iterator[Advice]:
    """Another model that predicts the same rows better, or the linear one as well."""
    f = e.held_out
    if f is None:
        return
    likelihoods = np.isfinite([f.likelihood, *(peer.likelihood for peer in e.subject.peers)]).all()
    for peer in sorted(e.subject.peers, key=lambda peer: -peer.rate):
        figures = f"{number(peer.rate, 3)} against {number(f.rate, 3)}"
        if np.isfinite(peer.likelihood):
            figures += f", log-likelihood {number(peer.likelihood, 3)} against {number(f.likelihood, 3)} nats a row"
        better = peer.likelihood > f.likelihood + f.likelihood_error if likelihoods else peer.rate > f.rate + 0.02
        alike = peer.rate >= f.rate and not peer.likelihood < f.likelihood - 0.5 * f.likelihood_error
        if peer.is_linear and (better or alike):
            yield Advice(
                "Take the network without a hidden layer (hidden: none): it is simpler, and its weights can be read.",
                f"On the held-out rows it predicts at least as well: {figures}. The hidden layer has found nothing more"
                " than a line.",
            )
            return
        if better:
            yield Advice(f"Consider {peer.title} for this table.", f"It predicts the held-out rows better: {figures}.")
            return


def _gap(e: Evidence) -> Iterator[Advice]:
    """The training rows are predicted much better than others: it has learnt them by heart."""
    a, b = e.training, e.held_out
    if a is None or b is None or b.rows < 10:
        return
    gap = a.likelihood - b.likelihood
    learnt = max(a.likelihood - a.plain_likelihood, 1e-12)
    if not (gap > 2 * b.likelihood_error and gap > max(0.1 * learnt, 0.01)):
        return
    penalty, tried = e.subject.settings.get("penalty"), e.subject.settings.get("tried")
    size = f"The network has {e.subject.network.size:,} weights for {e.subject.trained_on or a.rows:,} training rows."
    if tried:
        ways = (
            f"More rows would help most. The penalty {penalty:g} was already the best of {len(tried)} that were tried"
        )
        ways += "; fewer hidden units, fewer input columns or dropout are left."
    elif penalty:
        ways = f"Raise the penalty above {penalty:g}, take fewer hidden units, use dropout, or get more rows."
    else:
        ways = "Give the weights a penalty, take fewer hidden units, use dropout, or get more rows."
    yield Advice(
        ways,
        f"The training rows are predicted better than the held-out ones by {_nats(gap)} a row"
        f" (standard error {number(b.likelihood_error, 3)}): part of what was learnt is those rows alone. {size}",
    )


def _too_small(e: Evidence) -> Iterator[Advice]:
    """Training and held-out rows are predicted alike, and neither well."""
    a, b = e.training, e.held_out
    if a is None or b is None or b.rows < 30 or a.likelihood <= a.plain_likelihood or any(_unfinished(e)):
        return
    gap = a.likelihood - b.likelihood
    learnt = a.likelihood - a.plain_likelihood
    leaves = 1 - a.rate
    rows = e.subject.trained_on or a.rows
    if abs(gap) > max(2 * b.likelihood_error, 0.05 * learnt) or leaves < 0.02 or e.subject.network.size > rows:
        return
    alike = f"Training and held-out rows are predicted alike (their log-likelihoods differ by {_nats(gap)} a row)"
    if e.subject.is_one_label or e.subject.is_labels:
        what = "of the rows are wrong"
    else:
        what = f"of the {'deviance' if e.subject.law == 'exp' else 'variance'} is unexplained"
    tried, penalty = e.subject.settings.get("tried"), e.subject.settings.get("penalty", 0.0)
    if tried and penalty > min(pair[0] for pair in tried):
        yield Advice(
            "Look for columns that say more about the target: a larger network alone is unlikely to help.",
            f"{alike}, and of {len(tried)} penalties tried {penalty:g} did best on rows set apart: with a smaller one"
            f" the network fitted more and predicted worse. {percent(leaves)} {what} even in training.",
        )
        return
    hidden = e.subject.network.M[1:-1]
    wider = (
        f"Try a larger network, such as hidden layers of {'-'.join(str(2 * m) for m in hidden)} units"
        if len(hidden) > 1
        else f"Try a larger network, such as {2 * hidden[0]} hidden units"
        if hidden
        else "Try a hidden layer, such as 16 tanh units"
    )
    yield Advice(
        f"{wider}; if that changes nothing, more can only come from better columns.",
        f"{alike}, so the network is not too large; {percent(leaves)} {what} even in training.",
    )


def _flat_units(e: Evidence) -> Iterator[Advice]:
    for layer in e.layers:
        dead, flat = len(layer.dead), len(layer.saturated)
        if dead and dead >= 0.1 * layer.units:
            yield Advice(
                f"In hidden layer {layer.number} take leaky_relu, elu or gelu units, a smaller learning rate, or"
                f" {layer.units - dead} units.",
                f"{dead} of its {layer.units} {layer.function} units give the same output for every row and learn"
                " nothing more.",
            )
        if flat and flat >= 0.3 * layer.units:
            yield Advice(
                f"In hidden layer {layer.number} try a larger penalty or smaller initial weights; check that the inputs"
                " are standardised.",
                f"{flat} of its {layer.units} {layer.function} units are saturated: in at least 95 % of the rows their"
                " slope is under 5 % of its largest, so almost no gradient passes them.",
            )


def _rare_classes(e: Evidence) -> Iterator[Advice]:
    counts, figures = e.subject.counts, e.judged
    if not counts or figures is None or not len(figures.confusion):
        return
    sizes = figures.confusion.sum(axis=1)
    present = np.flatnonzero(sizes)
    if len(present) < 2:
        return
    recall = np.diag(figures.confusion)[present] / sizes[present]
    at = int(recall.argmin())
    k = int(present[at])
    _, high = wilson(recall[at], sizes[k])
    if max(counts) >= 3 * max(counts[k], 1) and high < figures.rate:
        yield Advice(
            f"Give the class {quoted(e.subject.classes[k : k + 1])} more weight, get more rows of it, or lower the"
            " probability from which a row is put into it.",
            f"It has {counts[k]:,} training rows against {max(counts):,} of the commonest class, and of its"
            f" {sizes[k]:,} {e.subject.judged_words} {figures.confusion[k, k]:,} are found"
            f" ({percent(figures.rate)} of all rows are put rightly).",
        )


def _trust(e: Evidence) -> Iterator[Advice]:
    found = e.calibration
    if found is None or not found.is_off or e.held_out is None:
        return
    if abs(found.lean) < 0.5 * found.error:
        how = "too sure at one end and not sure enough at the other"
    else:
        how = "too high" if found.lean > 0 else "too low"
    yield Advice(
        "Before you act on the probabilities, calibrate them on rows that were not trained on.",
        f"Those of {found.of} are {how}: the expected calibration error is {number(found.error, 3)}, exact"
        f" probabilities would stay below {number(found.by_chance, 3)} on as many rows, 19 times in 20.",
    )


def _one_column(e: Evidence) -> Iterator[Advice]:
    found, figures = e.contributions, e.judged
    if found is None or figures is None or len(found.names) < 3:
        return
    gains = np.maximum(found.mean, 0)
    if gains.sum() > 0 and gains[0] > 0.9 * gains.sum() and figures.rate > 0.97:
        yield Advice(
            f"Ask whether {quoted(found.names[:1])} is known when a prediction is wanted; if it is written down only"
            " afterwards, drop it.",
            f"This one column carries {percent(float(gains[0] / gains.sum()))} of what the columns contribute, and the"
            f" rate is {number(figures.rate, 3)}: a column that gives the answer away looks like this.",
        )


def _idle_columns(e: Evidence) -> Iterator[Advice]:
    found = e.contributions
    if found is None or not found.idle or found.rows < 30 or len(found.idle) == len(found.names):
        return
    many = len(found.idle)
    which = quoted(found.idle, many) if many <= 8 else f"the {many} columns that contribute nothing"
    yield Advice(
        f"Try it without {which}.",
        f"Dealing the cells of {'this column' if many == 1 else f'any of these {many} columns'} out anew costs the"
        f" {found.rows:,} {e.subject.judged_words} nothing that stands out from chance.",
    )


def _spread_of_counts(e: Evidence) -> Iterator[Advice]:
    rows = e.subject.judged
    if e.subject.law != "exp" or rows is None or len(rows) < 30:
        return
    y = np.maximum(e.subject.means(rows.X), 1e-12)
    wide = float(((rows.T - y) ** 2 / y).mean())
    if wide > 1.5:
        yield Advice(
            "Read the probabilities of single counts with care, or predict the count as a quantity (task regress).",
            f"The counts scatter around their predictions with {number(wide, 1)} times the variance of the Poisson"
            " law that is assumed.",
        )


def _growing_errors(e: Evidence) -> Iterator[Advice]:
    """Errors that grow with the prediction: the logarithm of the target would have equal ones."""
    rows = e.subject.judged
    if e.subject.law != "identity" or e.subject.network.K != 1 or rows is None or len(rows) < 50:
        return
    from scipy.stats import spearmanr

    y = e.subject.in_unit(e.subject.means(rows.X))[:, 0]
    t = e.subject.in_unit(rows.T)[:, 0]
    if np.ptp(y) == 0 or np.ptp(t - y) == 0:
        return
    trend, chance = spearmanr(y, np.abs(t - y))
    if trend > 0.25 and chance < 0.001:
        positive = bool((t > 0).all())
        yield Advice(
            "Predict the logarithm of the target." if positive else "Do not trust one margin of error for all rows.",
            f"The errors grow with the prediction (rank correlation of their sizes {number(float(trend), 2)})"
            f"{', and the target is positive throughout' if positive else ''}.",
        )


def _no_rows_held_out(e: Evidence) -> Iterator[Advice]:
    if e.held_out is None and e.training is not None:
        yield Advice(
            "Hold rows out, or score it on rows of another time or place.",
            "All figures here are of the rows it was trained on, which it knows better than any others.",
        )
    elif e.held_out is not None and e.held_out.rows < 50:
        f = e.held_out
        about = (
            f"the rate {number(f.rate, 3)} may as well be anything from {number(f.low, 2)} to {number(f.high, 2)}"
            if np.isfinite(f.low)
            else f"the log-likelihood a row has a standard error of {number(f.likelihood_error, 3)}"
        )
        yield Advice(
            "Judge it by cross-validation.",
            f"Only {f.rows:,} row{'s are' if f.rows > 1 else ' is'} held out: {about}.",
        )


def _nats(value: float) -> str:
    return f"{number(value, 3 if abs(value) >= 0.001 else 6)} nats"


_RULES = (
    _worse_than_nothing,
    _unfinished,
    _unscaled,
    _peers,
    _gap,
    _too_small,
    _flat_units,
    _rare_classes,
    _trust,
    _one_column,
    _idle_columns,
    _spread_of_counts,
    _growing_errors,
    _no_rows_held_out,
)
