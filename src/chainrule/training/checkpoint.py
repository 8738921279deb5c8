"""Checkpoints: the progress of a training in a file that is never torn, and going on from one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.atomic import writable, write_atomically
from chainrule.errors import ClusterError, ModelFileError, SettingError
from chainrule.kernels import Objective
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.lock import locked
from chainrule.training.checkpoint_bytes import packed, unpacked
from chainrule.training.progress import Progress

Place = str | os.PathLike[str]

SECONDS_BETWEEN = 10.0  # where no interval is asked for


class Checkpoint:
    """A checkpoint file of one training.

    Parameters
    ----------
    path : path
    recipe : mapping
        What fixes the course of the training, JSON values: a training of another recipe cannot be resumed from it.
    every : int, optional
        Epochs between two saves; left out, saved at records, at most every ten seconds, and at the end.
    """

    def __init__(self, path: str | os.PathLike[str], recipe: Mapping[str, Any], every: int | None = None) -> None:
        self.path = Path(path)
        self.recipe = json.loads(json.dumps(dict(recipe)))  # as it comes back from a file
        self.every = every
        self._next = time.monotonic() + SECONDS_BETWEEN
        self._progress: Progress | None = None  # that of the training, which goes on changing

    def save(self, progress: Progress, last: bool = False) -> None:
        """Write the file, unless it is too soon; ModelFileError leaves the one that was there intact."""
        self._progress = progress
        if not last and self.every is None and time.monotonic() < self._next:
            return
        write_atomically(self.path, packed(progress, self.recipe))
        self._next = time.monotonic() + SECONDS_BETWEEN

    def save_where_it_stands(self) -> None:
        """Write the file, where the training has begun: somebody else ended it."""
        if self._progress is not None:
            self.save(self._progress, last=True)

    def load(self) -> Progress:
        """The progress in the file.

        Raises
        ------
        ModelFileError
            There is no such file, it is no checkpoint, or it is damaged.
        SettingError
            It is of a training with other settings, another network or other data.
        """
        progress, recipe = unpacked(_content(self.path), str(self.path))
        for name, value in self.recipe.items():
            if recipe.get(name) != value:
                raise SettingError(
                    f"The checkpoint {str(self.path)!r} is of another training: {name} differs.",
                    f"There it is {_short(recipe.get(name))}, here {_short(value)}.",
                    "Resume with the settings and the data it was started with, or start anew.",
                )
        return progress.resumed()


class Checkpoints:
    """The files of a training's starts: ``path`` itself for one start, else ``path.0``, ``path.1``, ...

    Parameters
    ----------
    course : mapping
        What fixes the course of the training, apart from seeds and data.
    seeds : sequence of int
        One a start.
    data : tuple of Objective, BlockedObjective or None
    path, every, resume
        ``checkpoint``, ``checkpoint_every`` and ``resume`` of `chainrule.train`.
    """

    def __init__(
        self,
        course: Mapping[str, Any],
        seeds: Sequence[int],
        data: tuple[Objective | BlockedObjective | None, ...],
        path: Place | None,
        every: int | None,
        resume: Place | bool,
    ) -> None:
        self._if_there = resume is True
        source = path if resume is True else None if resume is False else resume
        same = {**course, **_told(course, data)} if path is not None or source is not None else {}

        def files(place: Place | None) -> list[Checkpoint | None]:
            if place is None:
                return [None] * len(seeds)
            names = [place] if len(seeds) == 1 else [f"{os.fspath(place)}.{number}" for number in range(len(seeds))]
            return [Checkpoint(name, {**same, "seed": seed}, every) for name, seed in zip(names, seeds, strict=True)]

        self._files, self._sources = files(path), files(source)

    def progress(self, number: int) -> Progress | None:
        """What a start goes on from; None to begin anew."""
        source = self._sources[number]
        if source is None or (self._if_there and not source.path.exists()):
            return None
        return source.load()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold every file that will be written: ModelFileError where another training writes one of them.

        Where a cluster is lost, each training so far is written.
        """
        files = [file for file in self._files if file is not None]
        with contextlib.ExitStack() as stack:
            for file in files:
                stack.enter_context(locked(file.path))
            try:
                yield
            except ClusterError:
                for file in files:
                    file.save_where_it_stands()
                raise

    def saver(self, number: int) -> Callable[[Progress, bool], None] | None:
        """What saves a start; None where nothing does."""
        file = self._files[number]
        return file.save if file else None


def _told(course: Mapping[str, Any], data: tuple[Objective | BlockedObjective | None, ...]) -> dict[str, str]:
    """What tells the data; and for mini-batches, whose order hangs on it, whether these were read in blocks."""
    found = {"data": fingerprint(*data)}
    if course.get("batch_size") is not None:
        found["rows"] = "in blocks" if isinstance(data[0], BlockedObjective) else "in memory"
    return found


def evaluations_before(checkpoint: Place | None, resume: Place | bool, starts: int) -> int | None:
    """How many evaluations a training that goes on was planned for when it began; None for a new one."""
    source = checkpoint if resume is True else None if resume is False else resume
    if source is None:
        return None
    path = Path(source if starts == 1 else f"{os.fspath(source)}.0")
    if resume is True and not path.exists():
        return None
    planned = unpacked(_content(path), str(path))[1].get("evaluations")
    return planned if isinstance(planned, int) else None


def check_paths(checkpoint: Place | None, every: Any, resume: Place | bool) -> None:
    """SettingError or ModelFileError before any work is done."""
    if every is not None:
        if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
            raise SettingError(f"checkpoint_every must be a whole number from 1, not {every!r}.")
        if checkpoint is None:
            raise SettingError("checkpoint_every needs checkpoint: the file to write.")
    if resume is True and checkpoint is None:
        raise SettingError("resume=True needs checkpoint: the file to go on from.", "Or give resume the file's path.")
    if checkpoint is not None:
        writable(checkpoint)


def fingerprint(*objectives: Objective | BlockedObjective | None) -> str:
    """SHA-256 over the digests of all blocks of these objectives: the same in memory, in blocks, and on workers."""
    digest = hashlib.sha256()
    for one in objectives:
        if one is not None:
            digest.update(repr((one.rows, one.net.D, one.net.K)).encode())
            for own in one.digests():
                digest.update(own)
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"The checkpoint {str(path)!r} cannot be read: {error.strerror}.", "Leave out resume to start anew."
        ) from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
