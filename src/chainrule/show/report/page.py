"""``build_report``: the pieces measured, drawn and put together as one page."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from chainrule import __version__
from chainrule.blas import one_blas_thread
from chainrule.network import Network, Weights
from chainrule.show.report import measures, words
from chainrule.show.report.advice import Evidence, advice
from chainrule.show.report.drawings import drawings
from chainrule.show.report.scores import figures
from chainrule.show.report.subject import Subject, subject

_COLUMNS_UNFOLDED = 24  # more are folded away
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
    drawn, described, captions = drawings(e)
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
