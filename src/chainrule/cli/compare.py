"""Other models on the same split: the network without a hidden layer, and scikit-learn's HistGradientBoosting."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from chainrule.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.tables.plan import Plan
    from chainrule.tables.score import Score


@dataclass(frozen=True)
class Other:
    """Another model's figures on the rows held out, or why there are none."""

    name: str
    title: str
    score: Score | None
    seconds: float
    why_not: str = ""


def others(plan: Plan, time_budget: float | None = None) -> Iterator[Other]:
    """The models a network should be held against, trained on the same rows and scored on the same rows held out."""
    if plan.network.L > 1:
        name = "logistic" if plan.target.task == "classify" else "linear"
        if plan.target.task == "count":
            name = "Poisson"
        yield _timed(name, f"{name} regression, the network without a hidden layer", _plain, plan, time_budget)
    title = f"HistGradientBoosting of scikit-learn {metadata.version('scikit-learn')}"
    yield _timed("boosting", title, _boosting, plan, time_budget)


def _timed(name: str, title: str, make: Any, plan: Plan, time_budget: float | None) -> Other:
    began = time.monotonic()
    try:
        score, why_not = make(plan, time_budget), ""
    except ChainruleError as error:
        score, why_not = None, str(error).splitlines()[0]
    return Other(name, title, score, time.monotonic() - began, why_not)


def _plain(plan: Plan, time_budget: float | None) -> Score:
    """The network without a hidden layer, trained as the network was by default."""
    from chainrule.network import Network
    from chainrule.tables.fit import fitted

    linear = replace(plan, network=Network(plan.network.D, hidden=[], outputs=plan.target.outputs))
    return fitted(linear, time_budget=time_budget).score(plan.test_table)


def _boosting(plan: Plan, time_budget: float | None) -> Score:
    """HistGradientBoosting on the inputs that the network gets; a quantity's likelihood is not said, it has none."""
    import numpy as np

    from chainrule.estimators.boosting import boosted
    from chainrule.tables.score import scored_classes, scored_numbers

    target, training, test = plan.target, plan.training_table, plan.test_table
    X, Z = plan.contract.apply(training).X, plan.contract.apply(test).X
    seed = plan.settings["seed"]
    if target.task != "classify":
        model = boosted(target.task, X, target.numbers(training), seed)
        found = scored_numbers(target, np.asarray(model.predict(Z)), target.numbers(test))
        return found if target.task == "count" else replace(found, log_likelihood=float("nan"))
    model = boosted(target.task, X, target.codes(training), seed)
    P = np.zeros((len(Z), len(target.classes)))
    P[:, np.asarray(model.classes_, dtype=int)] = model.predict_proba(Z)
    return scored_classes(target, P, target.codes(test))
