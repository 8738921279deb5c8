"""The figures of a report, each with a description for those who do not see it and the words below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.show.report import words
from chainrule.show.report.advice import Evidence
from chainrule.show.report.directions import strongest_plane
from chainrule.show.report.subject import Rows, Subject
from chainrule.show.report.text import percent, plural
from chainrule.show.style import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 1500  # drawn over the regions
_MOST_CLASSES = 14  # told apart in the regions


def drawings(e: Evidence) -> tuple[dict[str, Figure], dict[str, str], dict[str, list[str]]]:
    """The figures by name, what each shows for those who do not see it, and what stands below it."""
    from chainrule import show

    s = e.subject
    drawn: dict[str, Figure] = {}
    told: dict[str, str] = {}
    below: dict[str, list[str]] = {}

    def add(name: str, figure: Figure, description: str, *caption: str) -> None:
        drawn[name], told[name], below[name] = figure, _plain_words(description), list(caption)

    add(
        "network",
        show.plot_network(s.network, s.weights, s.inputs, s.outputs),
        f"The network drawn with its weights: {words.network_words(s)}",
        words.network_words(s),
    )
    if s.history is not None and len(s.history):
        first, last = s.history[0], s.history[-1]
        ends = f"J goes from {short(first.J)} to {short(last.J)} nats in {plural(last.epoch, 'epoch')}"
        caption = [f"{ends}."]
        if s.history.has_validation():
            at = int(np.nanargmax(s.history.validation_J))
            caption.append(f"On the validation rows it is highest at epoch {int(s.history.epoch[at]):,}.")
        add(
            "history", show.plot_history(s.history), f"Curves of J and of the rate against the epoch: {ends}.", *caption
        )
    rows, f = s.judged, e.judged
    if rows is not None and f is not None:
        if s.is_one_label and len(s.classes) <= _MOST_CLASSES:
            _add_regions(s, rows, add)
        if s.is_one_label:
            said = words.confusion_words(s, f)
            add("confusion", show.plot_confusion(f.confusion, s.classes), f"Confusion matrix. {' '.join(said)}", *said)
        elif not s.is_labels:
            _add_predictions(s, rows, add)
    if e.calibration is not None:
        c = e.calibration
        bins = "; ".join(
            f"said {p:.2f}, happened {share:.2f}, {n} rows"
            for p, share, n in zip(c.said, c.happened, c.rows, strict=True)
        )
        held = "off by more than chance" if c.is_off else "as good as these rows can tell"
        verdict = (
            f"Expected calibration error {c.error:.3f}: exact probabilities would stay below {c.by_chance:.3f} on as"
            f" many rows, 19 times in 20, so the probabilities are {held}."
        )
        add(
            "calibration",
            show.plot_calibration(c.said, c.happened, c.rows, low=c.low, high=c.high, of=c.of),
            f"Calibration plot of the probability of {c.of}. {bins}.",
            verdict,
            "On the line a probability means what it says. Pale bars: where the share may really lie (90 %).",
        )
    if e.contributions is not None:
        c2 = e.contributions
        bars = "; ".join(f"{name} {mean:.3f}" for name, mean in list(zip(c2.names, c2.mean, strict=True))[:20])
        add(
            "contributions",
            show.plot_contributions(c2.names, c2.loss),
            f"Bars of what each column contributes, in nats a row: {bars}.",
            words.contribution_words(e),
        )
    return drawn, told, below


def _add_regions(s: Subject, rows: Rows, add: Any) -> None:
    """Decision regions: of two inputs in their own unit, else in the plane that moves the outputs most."""
    from chainrule import show

    some = rows.some(_MOST_POINTS)
    labels = np.asarray(s.codes(some))
    names = list(map(str, s.classes))
    found = np.unique(labels)
    if len(found) < len(names):  # a class without rows here keeps its colour and its name in the legend
        named = np.array(names, dtype=object)[labels].astype(str)
        labels, given = (named, names) if len(set(names)) == len(names) else (labels, None)
        if given is None:
            return
    else:
        given = names
    if s.network.D == 2:
        mean, scale = s.scaling if s.scaling is not None else (np.zeros(2), np.ones(2))
        add(
            "regions",
            show.plot_regions(
                lambda places: s.probabilities((places - mean) / scale),
                some.X * scale + mean,
                labels,
                classes=given,
                features=list(s.inputs),
            ),
            f"The plane of {s.inputs[0]} and {s.inputs[1]}, coloured by the class the network finds likeliest, with the"
            f" {s.judged_words} on top.",
            f"Each place has the colour of the class that the network finds likeliest there; the points are"
            f" {plural(len(some), s.judged_words[:-1])}.",
        )
        return
    plane = strongest_plane(s, s.training or rows)
    if plane is None:
        return
    places = plane.of(some.X)
    seen = plane.seen(s)
    in_plane = seen.probabilities(places).argmax(axis=1)
    agreement = float((in_plane == s.probabilities(some.X).argmax(axis=1)).mean())
    add(
        "regions",
        show.plot_regions(
            seen.probabilities,
            places,
            labels,
            classes=given,
            features=["strongest direction (standard deviations)", "second direction (standard deviations)"],
        ),
        f"The plane of the two directions that move the network's outputs most, coloured by the likeliest class, with"
        f" the {s.judged_words} on top. Right: {plane.words[0]}. Up: {plane.words[1]}.",
        words.plane_words(s, plane, agreement),
    )


def _add_predictions(s: Subject, rows: Rows, add: Any) -> None:
    """Predicted against true numbers, of at most four outputs."""
    from chainrule import show

    y, t = s.in_unit(s.means(rows.X)), s.in_unit(rows.T)
    finite = np.isfinite(y).all(axis=1)
    for k in range(min(s.network.K, 4)):
        if not finite.any():
            return
        unit = s.target if s.network.K == 1 and s.target else s.outputs[k]
        left = (t - y)[finite, k]
        caption = [
            f"Left: {plural(int(finite.sum()), s.judged_words[:-1])}, on the line where the prediction is exact."
            f" Right: what is left over; half of it lies between {short(np.quantile(left, 0.25), 4)} and"
            f" {short(np.quantile(left, 0.75), 4)}."
        ]
        if s.law == "identity" and s.spread:
            inside = float((np.abs(left) <= 1.959964 * s.spread).mean())
            caption.append(
                f"The model expects 95 % of the rows within ±{1.96 * s.spread:.4g}; it is {percent(inside)} of these."
            )
        add(
            "predictions" if k == 0 else f"predictions-{k + 1}",
            show.plot_predictions(y[finite, k], t[finite, k], unit),
            f"Predicted against true {unit}, and what is left over against the prediction. {caption[0]}",
            *caption,
        )


def _plain_words(text: str) -> str:
    """A description without control characters, which a page of HTML must not have."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)
