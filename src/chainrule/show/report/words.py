"""The sentences of a report."""

from __future__ import annotations

import numpy as np

from chainrule.show.report.advice import Evidence
from chainrule.show.report.directions import Plane
from chainrule.show.report.measures import Layer
from chainrule.show.report.scores import Figures
from chainrule.show.report.subject import Subject
from chainrule.show.report.text import percent, plural, quoted
from chainrule.show.style import number, short


def lead(e: Evidence) -> str:
    """The main thing, in two sentences."""
    s, f = e.subject, e.judged
    what = f"“{s.target}”" if s.target else "its target"
    used = sum(1 for column in s.columns if column.inputs)
    first = (
        f"A network {s.network.notation} with {plural(s.network.size, 'weight')} that predicts {what} from"
        f" {plural(used, 'column')}."
    )
    if f is None:
        return f"{first} No rows were given, so this report shows the network and its training alone."
    of = f"{plural(f.rows, s.judged_words[:-1])}" + ("" if s.held_out else " (none were held out)")
    if s.is_one_label:
        return (
            f"{first} On {of} it is right in {percent(f.rate)}; always saying the commonest class would be right in"
            f" {percent(f.plain_rate)}."
        )
    if s.is_labels:
        return f"{first} On {of} it is right in {percent(f.rate)} of all labels."
    name = "deviance" if s.law == "exp" else "variance"
    off = ", ".join(f"{short(value, 4)}" for value in f.error[:4])
    plain = ", ".join(f"{short(value, 4)}" for value in f.plain_error[:4])
    share = f"{percent(f.rate)} of their {name}" if np.isfinite(f.rate) else f"their {name} (which is zero)"
    return (
        f"{first} On {of} it explains {share}; the root mean squared error is {off} where always saying the mean"
        f" gives {plain}."
    )


def figures_table(e: Evidence) -> list[tuple[str, list[str]]]:
    """Rows of the table of figures: the name, and a cell for each of training, held-out and constant prediction."""
    s = e.subject
    columns = [f for f in (e.training, e.held_out) if f is not None]
    judged = e.judged
    if judged is None:
        return []

    def cells(name: str, digits: int, plain: float | None) -> list[str]:
        found = [number(getattr(f, name), digits) if np.isfinite(getattr(f, name)) else "–" for f in columns]
        others = [getattr(peer, name, np.nan) for peer in (s.peers if e.held_out else ())]
        known = [np.nan if plain is None else plain, *others]
        return [*found, *(number(value, digits) if np.isfinite(value) else "–" for value in known)]

    peers = s.peers if e.held_out else ()
    none = [""] * len(peers)
    rows = [("rows", [*(number(f.rows) for f in columns), "", *none])]
    if s.is_one_label:
        rows.append(("share classified rightly", cells("rate", 3, judged.plain_rate)))
        intervals = [f"{number(f.low, 3)} to {number(f.high, 3)}" for f in columns]
        rows.append(("its 90 % interval", [*intervals, "", *none]))
        rows.append(("mean share over the classes", cells("balanced", 3, 1 / len(s.classes))))
    elif s.is_labels:
        rows.append(("share of labels right", cells("rate", 3, judged.plain_rate)))
    else:
        rows.append(("deviance explained" if s.law == "exp" else "R²", cells("rate", 3, 0.0)))
        for k, output in enumerate(s.outputs):
            name = "root mean squared error" + (f" of {output}" if len(s.outputs) > 1 else "")
            others = [f"{peer.error:.4g}" if len(s.outputs) == 1 and np.isfinite(peer.error) else "–" for peer in peers]
            rows.append((name, [*(f"{f.error[k]:.4g}" for f in columns), f"{judged.plain_error[k]:.4g}", *others]))
    rows.append(("log-likelihood, nats a row", cells("likelihood", 3, judged.plain_likelihood)))
    return rows


def training_words(s: Subject) -> list[str]:
    """How it was trained and how that ended."""
    found = []
    settings = s.settings
    parts = []
    if settings.get("solver"):
        parts.append(f"solver {settings['solver']}")
    if s.history is not None and len(s.history):
        parts.append(plural(int(s.history.epoch[-1]), "epoch"))
    seconds = settings.get("seconds")
    if seconds is None and s.history is not None and len(s.history):
        seconds = float(s.history.seconds[-1])
    if seconds is not None and np.isfinite(seconds):
        parts.append(f"{number(float(seconds), 1)} seconds")
    if settings.get("penalty") is not None:
        tried = settings.get("tried")
        parts.append(f"penalty {settings['penalty']:g}" + (f", the best of {len(tried)} tried" if tried else ""))
    if settings.get("seed") is not None and isinstance(settings["seed"], int):
        parts.append(f"seed {settings['seed']}")
    if parts:
        found.append(f"Trained with {'; '.join(parts)}.")
    if s.outcome is not None:
        found.append(str(s.outcome))
    return found


def network_words(s: Subject) -> str:
    """The drawing in words: layers, and the strongest weights."""
    sizes = ", ".join(f"{layer.size} {layer.function}" for layer in s.network.layers)
    strongest = []
    W = s.weights.W[1]
    for at in np.argsort(-np.abs(W), axis=None, kind="stable")[:3]:
        d, m = np.unravel_index(at, W.shape)
        strongest.append(f"{s.inputs[d]} to unit {m + 1}, {number(float(W[d, m]), 2)}")
    return f"{plural(s.network.D, 'input')}, then layers of {sizes}. The strongest weights of the first layer: " + (
        f"{'; '.join(strongest)}."
    )


def confusion_words(s: Subject, f: Figures) -> list[str]:
    """The mistakes made most, in words."""
    wrong = f.confusion.copy()
    np.fill_diagonal(wrong, 0)
    if not wrong.sum():
        return [f"No row of the {plural(f.rows, s.judged_words[:-1])} is put into a wrong class."]
    found = [f"{plural(int(wrong.sum()), 'row')} of {number(f.rows)} {'is' if wrong.sum() == 1 else 'are'} wrong."]
    sizes = f.confusion.sum(axis=1)
    for at in np.argsort(-wrong, axis=None, kind="stable")[:3]:
        i, j = np.unravel_index(at, wrong.shape)
        if wrong[i, j]:
            found.append(
                f"Of {number(int(sizes[i]))} rows of “{s.classes[i]}” {number(int(wrong[i, j]))}"
                f" {'is' if wrong[i, j] == 1 else 'are'} taken for “{s.classes[j]}”."
            )
    return found


def plane_words(s: Subject, plane: Plane, agreement: float) -> str:
    """What the axes of the drawn plane are."""
    return (
        f"The network has {s.network.D} inputs and a page two directions. These are the two along which its outputs"
        f" move most in these rows; they account for {percent(plane.share)} of that movement. Further right"
        f" means {plane.words[0]}; further up means {plane.words[1]}. A step of 1 is a standard deviation. The"
        f" colour is that of a row at this place whose other inputs are as they usually are there; for"
        f" {percent(agreement)} of the rows it is also the class that the network gives the row itself"
        + ("." if agreement >= 0.8 else ", so take it as a rough picture.")
    )


def unit_words(layers: tuple[Layer, ...]) -> list[str]:
    """Dead, saturated and idle units by name; one sentence where there is none."""
    found = []
    hidden = [layer for layer in layers if layer.slope is not None]
    for layer in hidden:
        for units, one, more in (
            (layer.dead, "gives the same output for every row: it is dead", "give the same output for every row: they"
             " are dead"),
            (layer.saturated, "is saturated: its slope is under 5 % of its largest in at least 95 % of the rows",
             "are saturated: their slopes are under 5 % of their largest in at least 95 % of the rows"),
            (layer.idle, "is hardly listened to: what it passes on varies less than 1 % of what the strongest unit"
             " passes on", "are hardly listened to: what they pass on varies less than 1 % of what the strongest unit"
             " passes on"),
        ):  # fmt: skip
            if units:
                names = ", ".join(f"z{unit}" for unit in units[:12])
                more_units = f" and {len(units) - 12} more" if len(units) > 12 else ""
                found.append(f"Hidden layer {layer.number}: {names}{more_units} {one if len(units) == 1 else more}.")
    if hidden and not found:
        many = sum(layer.units for layer in hidden)
        found.append(f"None of the {plural(many, 'hidden unit')} is dead, saturated or idle.")
    return found


def contribution_words(e: Evidence) -> str:
    """What the bars are, and the columns that do nothing."""
    found = e.contributions
    assert found is not None
    text = (
        f"Each column’s cells were dealt out anew among {plural(found.rows, e.subject.judged_words[:-1])},"
        f" {found.loss.shape[1]} times, all parts of a category together. The bar is the mean loss of log-likelihood,"
        " a mark is one repeat. Columns that say the same thing can stand in for each other, so each of them may look"
        " less important than both are."
    )
    if found.idle:
        text += f" Nothing that stands out from chance is lost with {quoted(found.idle)}."
    return text
