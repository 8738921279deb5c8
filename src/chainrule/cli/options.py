"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TablePath = Annotated[
    Path,
    typer.Argument(metavar="TABLE", help="A CSV or Parquet file, or a folder of Parquet files.", show_default=False),
]
ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train wrote.", show_default=False)]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line of a CSV names the columns.", show_default=False),
]
Separator = Annotated[
    str | None, typer.Option(help="The character between two cells of a CSV; found if left out.", show_default=False)
]
OnBadRow = Annotated[
    str, typer.Option(metavar="HOW", help="A missing or unreadable cell: refuse, or nan (no prediction for its row).")
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Memory to take at most, such as 2GB; a larger table is read in blocks. Most of what is free if left out.",
        show_default=False,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="WHERE",
        help="Workers of Dask read the Parquet files and train: local, or a scheduler such as tcp://host:8786.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a report: one HTML file.", show_default=False),
]
Onnx = Annotated[
    Path | None,
    typer.Option("--onnx", metavar="FILE", help="Write the model for other programs: ONNX.", show_default=False),
]


def character(separator: str | None) -> str | None:
    """A separator as people type it: ``tab`` and ``\\t`` are the tabulator."""
    return "\t" if separator in ("tab", "\\t") else separator
