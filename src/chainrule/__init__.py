"""Feed-forward neural networks that show their work."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Each public name and the module that defines it, loaded when first asked for.
_HOME = {
    "Network": "network",
    "Weights": "weights",
    "ChainruleError": "errors",
    "log_likelihood": "kernels",
    "gradient": "kernels",
    "hessian_product": "kernels",
    "Blocks": "kernels.blocks",
    "ArrayBlocks": "kernels.blocks.arrays",
    "OnWorkers": "cluster.on_workers",
    "constant_log_likelihood": "training",
    "train": "training",
    "Run": "training",
    "Outcome": "training",
    "train_table": "tables.fit",
    "TableModel": "tables.model",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "save": "files",
    "load": "files",
    "activation": "derivation",
    "derive": "derivation",
    "Derivation": "derivation",
    "Step": "derivation",
    "program": "",
    "check": "teaching.check",
    "CheckReport": "teaching.check_report",
    "grade": "teaching.grade",
    "GradeReport": "teaching.grade",
    "Finding": "teaching.grade",
    "trace": "teaching.trace",
    "Trace": "teaching.trace",
    "datasets": "",
    "show": "",
}

if TYPE_CHECKING:
    from chainrule import datasets as datasets
    from chainrule import show as show
    from chainrule.cluster.on_workers import OnWorkers as OnWorkers
    from chainrule.derivation import Derivation as Derivation
    from chainrule.derivation import Step as Step
    from chainrule.derivation import activation as activation
    from chainrule.derivation import derive as derive
    from chainrule.errors import ChainruleError as ChainruleError
    from chainrule.estimators import MLPClassifier as MLPClassifier
    from chainrule.estimators import MLPRegressor as MLPRegressor
    from chainrule.files import load as load
    from chainrule.files import save as save
    from chainrule.kernels import gradient as gradient
    from chainrule.kernels import hessian_product as hessian_product
    from chainrule.kernels import log_likelihood as log_likelihood
    from chainrule.kernels.blocks import Blocks as Blocks
    from chainrule.kernels.blocks.arrays import ArrayBlocks as ArrayBlocks
    from chainrule.network import Network as Network
    from chainrule.program import program as program
    from chainrule.tables.fit import train_table as train_table
    from chainrule.tables.model import TableModel as TableModel
    from chainrule.teaching.check import check as check
    from chainrule.teaching.check_report import CheckReport as CheckReport
    from chainrule.teaching.grade import Finding as Finding
    from chainrule.teaching.grade import GradeReport as GradeReport
    from chainrule.teaching.grade import grade as grade
    from chainrule.teaching.trace import Trace as Trace
    from chainrule.teaching.trace import trace as trace
    from chainrule.training import Outcome as Outcome
    from chainrule.training import Run as Run
    from chainrule.training import constant_log_likelihood as constant_log_likelihood
    from chainrule.training import train as train
    from chainrule.weights import Weights as Weights

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    home = _HOME[name]
    found = importlib.import_module(f"chainrule.{home or name}")
    value = getattr(found, name) if home else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
