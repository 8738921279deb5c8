"""Everything the demo writes, as bytes by file name."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.datasets import CENTRES
from chainrule.demo import words
from chainrule.demo.experiment import LEARNING_RATE, NETWORK, PER_CLASS, Experiment
from chainrule.demo.pictures import CLASSES, overview, pictures
from chainrule.show.style import number
from chainrule.training import Run

KINDS = ("png", "svg")


def files(experiment: Experiment) -> dict[str, bytes]:
    """The figures (PNG for slides, SVG for print) and ``index.html``, which comes last.

    The same experiment gives the same bytes.
    """
    from chainrule.show.save import figure_files, small_png

    drawn = {name: figure_files(figure, KINDS) for name, figure in pictures(experiment).items()}
    found = {f"{name}.{kind}": content for name, kinds in drawn.items() for kind, content in kinds.items()}
    found["overview.png"] = small_png(overview(experiment))
    found["index.html"] = page(experiment, {name: kinds["svg"] for name, kinds in drawn.items()}).encode()
    return found


def page(experiment: Experiment, figures: dict[str, bytes]) -> str:
    """``index.html``: the figures, given as SVG, tied together with words, in the post's order."""
    from chainrule.show.inline import inline_svg
    from chainrule.show.templating import render_page, safe

    described = descriptions(experiment)
    return render_page(
        "demo.html.jinja",
        experiment=experiment,
        version=__version__,
        notation=NETWORK,
        learning_rate=f"{LEARNING_RATE:g}".replace("e-0", "e-"),
        rate_exponent=number(math.log10(LEARNING_RATE)),
        per_class=PER_CLASS,
        other_seeds=experiment.spread.seeds,
        rows=len(experiment.X),
        centres=", ".join(f"({number(x)}, {number(y)})" for x, y in CENTRES),
        lines=words.lines(experiment),
        compared=words.compared(experiment),
        conclusion=[_typeset(text) for text in words.conclusion(experiment)],
        how_the_seeds_ran=words.how_the_seeds_ran(experiment),
        best_rate=words.best_rate_text(experiment),
        best_possible=_typeset(words.best_possible(experiment)),
        captions={name: _typeset(text) for name, text in captions(experiment).items()},
        figures={name: safe(inline_svg(figure, name, described[name])) for name, figure in figures.items()},
    )


def captions(experiment: Experiment) -> dict[str, str]:
    """What stands below each figure."""
    trained, fixed = experiment.trained, experiment.fixed
    return {
        "reward": f"The reward of both runs, and in pale what {experiment.spread.seeds} other seeds gave, each with "
        "its own data and start. Diamonds: the published figures. Dashed: Bayes’ rule on these points.",
        "regions_trained": f"V trained: {_share(trained)} of the points lie in the region of their class. "
        f"{_sureness(experiment, trained)}",
        "regions_fixed": f"V held fixed: {_share(fixed)} of the points lie in the region of their class. "
        f"{_sureness(experiment, fixed)}",
        "network_trained": f"V trained. {_largest(trained)}",
        "network_fixed": f"V held fixed. {_largest(fixed)}",
        "confusion_trained": f"V trained: {_wrong(experiment, trained)}.",
        "confusion_fixed": f"V held fixed: {_wrong(experiment, fixed)}.",
    }


def descriptions(experiment: Experiment) -> dict[str, str]:
    """What each figure shows, for those who do not see it."""
    trained, fixed = experiment.trained, experiment.fixed
    ends = "; ".join(
        f"{name} climbs from {number(run.history[0].J)} to {number(run.history[-1].J)} nats"
        for name, run in (("V trained", trained), ("V held fixed", fixed))
    )
    found = {
        "data": f"Scatter plot of {number(len(experiment.X))} points in three overlapping round clusters: class 0 "
        "below, class 1 at the upper right, class 2 at the upper left.",
        "reward": f"Curves of the reward J against the epoch. {ends}. Bayes’ rule reaches "
        f"{number(experiment.best_J_here)}.",
    }
    for name, run in (("trained", trained), ("fixed", fixed)):
        way = "V trained" if name == "trained" else "V held fixed"
        found[f"regions-{name}"] = (
            f"The plane coloured by the likeliest class, {way}, with the data on top and the borders between the "
            f"classes; {_share(run)} of the points lie in the region of their class."
        )
        found[f"network-{name}"] = f"The network drawn with its weights, {way}. {_weights(run)}"
        counts = experiment.confusion(run)
        rows = "; ".join(
            f"{CLASSES[k]}: " + ", ".join(f"{counts[k, j]} as {CLASSES[j]}" for j in range(len(CLASSES)))
            for k in range(len(CLASSES))
        )
        found[f"confusion-{name}"] = f"Confusion matrix, {way}. Predicted, by true class: {rows}."
    return found


def _share(run: Run) -> str:
    return f"{100 * run.history[-1].rate:.1f} %"


def _sureness(experiment: Experiment, run: Run) -> str:
    p = run.predict_proba(experiment.X)[np.arange(len(experiment.X)), experiment.labels]
    return f"On average a point's own class is given the probability {p.mean():.2f}."


def _wrong(experiment: Experiment, run: Run) -> str:
    counts = experiment.confusion(run)
    return f"{number(counts.sum() - counts.trace())} of {number(counts.sum())} points are put into another class"


def _largest(run: Run) -> str:
    V = run.weights.W[2]
    return f"The entries of V lie between {number(float(V.min()), 2)} and {number(float(V.max()), 2)}."


def _weights(run: Run) -> str:
    """Every weight in words, since a screen reader cannot read it off the lines."""
    names = {"W1": "W, from each input", "W2": "V, from each hidden unit"}
    parts = []
    for name, words_ in names.items():
        rows = [" ".join(number(float(value), 2) for value in row) for row in run.weights[name]]
        parts.append(f"{words_}: {'; '.join(rows)}.")
    return " ".join(parts)


def _typeset(text: str) -> Any:
    """The words of the terminal, escaped, with a page's signs: real minuses, curled apostrophes, letters in italics."""
    from chainrule.show.templating import escaped, safe

    text = re.sub(r"(?<=\s)-(?=\d)", "\N{MINUS SIGN}", text).replace("'", "’")
    text = re.sub(r"\bV\b", "<var>V</var>", str(escaped(text)))
    return safe(re.sub(r"\bW2\b", "<code>W2</code>", text))
