"""Where a model is to be written, checked before the work of training it."""

from __future__ import annotations

import os
from pathlib import Path

from chainrule.atomic import writable
from chainrule.errors import ModelFileError, SettingError
from chainrule.tables.penalty import penalty_beside
from chainrule.training.checkpoint_bytes import MAGIC


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


def checked_checkpoint(path: Path | None, resume: bool) -> None:
    """SettingError or ModelFileError where a checkpoint is wanted and this file would be lost, or cannot be written."""
    if path is None:
        if resume:
            raise SettingError("--resume needs --checkpoint: the file to go on from.")
        return
    target = writable(path)
    beside = penalty_beside(target)
    if beside.exists() and not (beside.is_file() and beside.read_bytes()[:8].startswith(b'{"of": ')):
        raise ModelFileError(
            f"{str(beside)!r} stands where the penalty is kept, and is left alone.",
            "Give another name with --checkpoint.",
        )
    if not target.exists():
        return
    with target.open("rb") as file:
        is_one = file.read(len(MAGIC)) == MAGIC
    if not is_one:
        raise ModelFileError(
            f"{str(path)!r} exists and is not a checkpoint, so it is left alone.",
            "Give another name with --checkpoint.",
        )
    if not resume:
        raise ModelFileError(
            f"{str(path)!r} holds a training already.",
            "Go on from it with --resume, or remove it to begin anew.",
        )


def looks_like_a_model(path: Path) -> bool:
    """Whether a file begins as `save` begins one, undamaged or not."""
    with path.open("rb") as file:
        head = file.read(64)
    return head[8:].startswith(b'{"__metadata__":{"sha256":"')
