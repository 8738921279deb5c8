"""Where a model is to be written, checked before the work of training it."""

from __future__ import annotations

import os
from pathlib import Path

from chainrule.atomic import writable
from chainrule.errors import ModelFileError


def checked_place(path: Path, not_over: Path | None = None) -> None:
    """ModelFileError where a model cannot be written here, or would replace a file that is none.

    ``not_over`` is the table that is read: a path that names it again is told apart in words.
    """
    target = writable(path)
    if not target.exists():
        return
    if not_over is not None and not_over.exists() and os.path.samefile(target, not_over):
        raise ModelFileError(f"{str(path)!r} is the table itself.", "Give another name with --out.")
    if target.stat().st_size and not looks_like_a_model(target):
        raise ModelFileError(
            f"{str(path)!r} exists and is not a model file, so it is left alone.",
            "Give another name with --out, or remove it.",
        )
    if not os.access(target, os.W_OK):
        raise ModelFileError(f"{str(path)!r} is write-protected.", "Give another name with --out.")


def looks_like_a_model(path: Path) -> bool:
    """Whether a file begins as `save` begins one, undamaged or not."""
    with path.open("rb") as file:
        head = file.read(64)
    return head[8:].startswith(b'{"__metadata__":{"sha256":"')
