"""Figures and reports. Every function that draws gives back a matplotlib ``Figure``; nothing is shown or left open."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Each public name and the module that defines it: matplotlib is imported when the first figure is asked for.
_HOME = {
    "plot_confusion": "confusion",
    "plot_history": "history",
    "plot_network": "diagram",
    "plot_regions": "plane",
    "plot_rewards": "history",
    "plot_scatter": "plane",
    "save_figure": "save",
}

if TYPE_CHECKING:
    from chainrule.show.confusion import plot_confusion as plot_confusion
    from chainrule.show.diagram import plot_network as plot_network
    from chainrule.show.history import plot_history as plot_history
    from chainrule.show.history import plot_rewards as plot_rewards
    from chainrule.show.plane import plot_regions as plot_regions
    from chainrule.show.plane import plot_scatter as plot_scatter
    from chainrule.show.save import save_figure as save_figure

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule.show' has no attribute {name!r}")
    return getattr(importlib.import_module(f"chainrule.show.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
