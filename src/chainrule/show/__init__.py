"""Figures and reports. Every function that draws gives back a matplotlib ``Figure``; nothing is shown or left open."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Each public name and the module that defines it: matplotlib is imported when the first figure is asked for.
_HOME = {
    "build_report": "report.page",
    "plot_calibration": "calibration",
    "plot_confusion": "confusion",
    "plot_contributions": "contributions",
    "plot_history": "history",
    "plot_network": "diagram",
    "plot_predictions": "predictions",
    "plot_regions": "plane",
    "plot_rewards": "history",
    "plot_scatter": "plane",
    "report_estimator": "report.sources",
    "report_run": "report.sources",
    "report_table": "report.sources",
    "save_figure": "save",
    "write_report": "report.page",
}

if TYPE_CHECKING:
    from chainrule.show.calibration import plot_calibration as plot_calibration
    from chainrule.show.confusion import plot_confusion as plot_confusion
    from chainrule.show.contributions import plot_contributions as plot_contributions
    from chainrule.show.diagram import plot_network as plot_network
    from chainrule.show.history import plot_history as plot_history
    from chainrule.show.history import plot_rewards as plot_rewards
    from chainrule.show.plane import plot_regions as plot_regions
    from chainrule.show.plane import plot_scatter as plot_scatter
    from chainrule.show.predictions import plot_predictions as plot_predictions
    from chainrule.show.report.page import build_report as build_report
    from chainrule.show.report.page import write_report as write_report
    from chainrule.show.report.sources import report_estimator as report_estimator
    from chainrule.show.report.sources import report_run as report_run
    from chainrule.show.report.sources import report_table as report_table
    from chainrule.show.save import save_figure as save_figure

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule.show' has no attribute {name!r}")
    return getattr(importlib.import_module(f"chainrule.show.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
