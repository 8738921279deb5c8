"""``build_report``: the pieces measured, drawn and put together as one page."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import __version__
from chainrule.blas import one_blas_thread
from chainrule.network import Network, Weights
from chainrule.show.report import measures, words
from chainrule.show.report.advice import Evidence, advice
from chainrule.show.report.directions import strongest_plane
from chainrule.show.report.scores import figures
from chainrule.show.report.subject import Rows, Subject, subject
from chainrule.show.report.text import percent, plural
from chainrule.show.style import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 1500  # drawn over the regions
_MOST_CLASSES = 14  # told apart in the regions
_COLUMNS_UNFOLDED = 24
_MOST_COLUMNS = 200  # listed in the table of columns


def build_report(network: Network, weights: Weights, **pieces: Any) -> str:
    """A page that shows what a network learnt, how well it predicts, why, and what to try next.

    One file of HTML with its figures inside, without scripts; it fetches nothing.

    Parameters
    ----------
    network : Network
    weights : Weights
        Trained.
    training, held_out : (X (N, D), T (N, K)), optional
        Rows as the network takes them: inputs standardised as in training, targets as the output law has them.
        Figures are of the held-out rows where there are any.
    inputs, outputs, classes : sequences, optional
        Names of the D inputs, the K outputs, and the classes (both, for one sigmoid output).
    columns : sequence of `chainrule.show.report.subject.Column`, optional
        Which inputs are made of one column, and what to say of it. Each input is a column where left out.
    scaling : (mean (D,), scale (D,)), optional
        An input in the table's own unit is ``mean + scale * X``.
    target_scaling : (mean, scale), optional
        The same for the targets, numbers or (K,).
    peers : sequence of `chainrule.show.report.subject.Peer`, optional
        Other models' figures on the held-out rows.
    spread : float, optional
        Standard deviation around the predictions of a quantity, in its unit; measured where left out.
    history : History, outcome : Outcome, settings : dict, notes : tuple of str, optional
        Of the training.
    title, target, source : str, optional

    Returns
    -------
    str

    Raises
    ------
    DataError
        A piece does not fit the network.

    Examples
    --------
    >>> import chainrule as cr
    >>> X, labels = cr.datasets.three_clusters(per_class=20)
    >>> run = cr.train(cr.Network("2-3-3"), X, labels, solver="lbfgs", epochs=20)
    >>> page = build_report(run.network, run.weights, training=(X, run.coding.indicator(labels, 3)))
    >>> "<script" in page, page.count("<figure")
    (False, 5)
    """
    found = subject(network, weights, **pieces)
    with one_blas_thread(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*missing from font.*")  # the tables carry the names too
        return rendered(measured(found))


def write_report(path: str | os.PathLike[str], network: Network, weights: Weights, **pieces: Any) -> Path:
    """Write what `build_report` gives to a file: the whole of it or nothing.

    Raises
    ------
    ModelFileError
        The file cannot be written there.
    """
    from chainrule.atomic import writable, write_atomically

    writable(path)
    write_atomically(path, build_report(network, weights, **pieces).encode())
    return Path(path)


def measured(found: Subject) -> Evidence:
    """Everything a report stands on."""
    return Evidence(
        found,
        figures(found, found.training),
        figures(found, found.held_out),
        measures.calibration(found),
        measures.contributions(found),
        tuple(measures.layers(found)),
    )


def rendered(e: Evidence) -> str:
    """The page."""
    from chainrule.derivation import derive
    from chainrule.program import program
    from chainrule.show.inline import inline_svg
    from chainrule.show.templating import render_page, safe

    s = e.subject
    drawn, described, captions = _drawings(e)
    derivation = derive(s.network, detail="short")
    return render_page(
        "report.html.jinja",
        version=__version__,
        subject=s,
        title=s.title or (f"Predicting {s.target}" if s.target else f"The network {s.network.notation}"),
        lead=words.lead(e),
        advice=advice(e),
        has_rows=e.judged is not None,
        heads=[*(["training rows"] if e.training else []), *(["held-out rows"] if e.held_out else []),
               "constant prediction", *(peer.name for peer in (s.peers if e.held_out else ()))],
        table=words.figures_table(e),
        peers=s.peers if e.held_out else (),
        constant="the commonest class, and for the log-likelihood the share of each class in training"
        if s.is_one_label
        else "the mean of the training rows",
        columns=s.columns[:_MOST_COLUMNS],
        folds_columns=len(s.columns) > _COLUMNS_UNFOLDED,
        more_columns=max(0, len(s.columns) - _MOST_COLUMNS),
        counts=list(zip(s.classes, s.counts, strict=True)) if s.counts else [],
        training_words=words.training_words(s),
        label_rates=[] if e.judged is None else list(zip(s.outputs, e.judged.label_rates, strict=False)),
        figures={name: safe(inline_svg(figure, name, described[name])) for name, figure in drawn.items()},
        captions=captions,
        evidence=e,
        unit_words=words.unit_words(e.layers),
        flow=_flow(e),
        derivation=safe(derivation.html(fragment=True)),
        worst=f"{derivation.worst:.0e}",
        program=program(s.network, only="gradient"),
    )  # fmt: skip


def _flow(e: Evidence) -> list[dict[str, Any]]:
    """Rows of the table of layers, with the share of the largest delta for a bar."""
    most = max((layer.delta for layer in e.layers), default=0.0) or 1.0
    return [{"layer": layer, "share": f"{100 * layer.delta / most:.1f}"} for layer in e.layers]


def _drawings(e: Evidence) -> tuple[dict[str, Figure], dict[str, str], dict[str, list[str]]]:
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
        elif s.law != "sigmoid":
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
