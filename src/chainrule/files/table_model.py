"""A model file that must hold the model of a table."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import ModelFileError
from chainrule.files.model import load
from chainrule.tables.model import TableModel


def load_table_model(path: Path) -> TableModel:
    """The model of a table in a file.

    Raises
    ------
    ModelFileError
        As `load`, or the file holds a plain run, which knows no columns.
    """
    model = load(path)
    if not isinstance(model, TableModel):
        raise ModelFileError(
            f"{path.name} holds a run of the network {model.network.notation}, which knows no columns of a table.",
            "Train with chainrule train, or load it with cr.load and use run.predict(X).",
        )
    return model
