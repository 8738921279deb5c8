"""A streamed table's inputs and targets in a scratch file: decoded once, then read at the disk's speed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.kernels.blocks import Block, Blocks
from chainrule.tables.bound import readable
from chainrule.tables.contract import Contract
from chainrule.tables.kinds import Kind

Array = npt.NDArray[Any]

_AT_ONCE = 8192  # rows
_MARGIN = 200_000_000  # bytes of a disk that are left free


class Scratch:
    """Files without a name in one folder: the system removes them when they are closed, or the process ends.

    Parameters
    ----------
    needed : int
        Bytes that will be written.
    near : Path
        A folder to use where the system's own ones are in memory or too small: that of the table.

    Raises
    ------
    DataError
        No folder has so much room.
    """

    def __init__(self, needed: int, near: Path) -> None:
        self.folder = _roomy(needed, near)

    def file(self) -> IO[bytes]:
        """A new file, written and read."""
        return tempfile.TemporaryFile(dir=self.folder, buffering=0)


class ScratchRows:
    """Rows of numbers of one type and width in a scratch file."""

    def __init__(self, file: IO[bytes], width: int, dtype: npt.DTypeLike) -> None:
        self._file, self.width, self.dtype = file, width, np.dtype(dtype)
        self._lock = threading.Lock()

    def append(self, values: Array) -> None:
        """More rows (n, width)."""
        data = memoryview(np.ascontiguousarray(values, self.dtype).data).cast("B") if values.size else memoryview(b"")
        while len(data):
            try:
                written = self._file.write(data)
            except OSError as error:
                raise DataError(
                    f"The scratch file cannot be written: {error.strerror}.",
                    "A table that does not fit in memory is decoded into one.",
                    "Make room, or name another folder in the environment variable TMPDIR.",
                ) from None
            data = data[written:]

    def read(self, first: int, count: int) -> Array:
        """Rows (count, width) from one on."""
        found = np.empty((count, self.width), self.dtype)
        if not found.size:
            return found
        view, at = memoryview(found.data).cast("B"), first * self.width * self.dtype.itemsize
        with self._lock:
            self._file.seek(at)
            while len(view):
                got = self._file.readinto(view)  # type: ignore[attr-defined]
                if not got:
                    raise DataError("The scratch file ends early: was it cut off by another program?")
                view = view[got:]
        return found

    def close(self) -> None:
        """Give the disk's room back."""
        self._file.close()


class ScratchBlocks(Blocks):
    """A table in blocks, out of scratch files: numbers as float64, indicators of categories as single bytes.

    Parameters
    ----------
    scratch : Scratch
    contract : Contract
    outputs : int
    classes : int
        More than 2 where targets are positions of classes; they become columns.
    name : str
        What the rows are, for messages.
    """

    def __init__(self, scratch: Scratch, contract: Contract, outputs: int, classes: int, name: str) -> None:
        is_number = [column.kind != Kind.CATEGORY.value for column in contract.columns for _ in column.inputs]
        self._numbers_at, self._levels_at = np.flatnonzero(is_number), np.flatnonzero(~np.array(is_number, bool))
        self.rows, self.inputs, self.outputs, self.total_weight = 0, len(is_number), outputs, 0.0
        self._classes, self._name, self._names = classes, name, contract.inputs
        self._numbers = ScratchRows(scratch.file(), len(self._numbers_at), np.float64)
        self._levels = ScratchRows(scratch.file(), len(self._levels_at), np.uint8)
        self._targets = ScratchRows(scratch.file(), 1, np.float64)

    @staticmethod
    def bytes_a_row(contract: Contract) -> int:
        """Bytes of the disk a row."""
        return 8 + sum(
            (1 if column.kind == Kind.CATEGORY.value else 8) * len(column.inputs) for column in contract.columns
        )

    def append(self, X: Array, t: Array) -> None:
        """More rows: inputs (n, D) and targets (n,), positions of classes or numbers."""
        has_levels = len(self._levels_at) > 0
        self._numbers.append(X[:, self._numbers_at] if has_levels else X)
        if has_levels:
            self._levels.append(X[:, self._levels_at])
        self._targets.append(t.reshape(-1, 1))
        self.rows += len(X)
        self.total_weight = float(self.rows)

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """See `Blocks`."""
        first, end = self.bounds(number)
        if dtype == np.float64:
            X, t = self.rows_of(first, end)
        else:  # a few rows at a time: the same in double precision is twice as large
            X, t = np.empty((end - first, self.inputs), dtype), np.empty(end - first)
            for at in range(first, end, _AT_ONCE):
                part = slice(at - first, min(at + _AT_ONCE, end) - first)
                X[part], t[part] = self.rows_of(at, min(at + _AT_ONCE, end))
        if self._classes > 2:
            T = np.zeros((end - first, self.outputs), dtype)
            T[np.arange(end - first), t.astype(np.int64)] = 1
        else:
            T = np.ascontiguousarray(t.reshape(-1, 1), dtype)
        return Block(X, T, None)

    def rows_of(self, first: int, end: int) -> tuple[Array, Array]:
        """Inputs (n, D) and targets (n,) as they were appended, float64."""
        numbers = self._numbers.read(first, end - first)
        if len(self._levels_at):
            X = np.empty((end - first, self.inputs))
            X[:, self._numbers_at] = numbers
            X[:, self._levels_at] = self._levels.read(first, end - first)
        else:
            X = numbers
        return X, self._targets.read(first, end - first)[:, 0]

    def parts(self) -> Iterator[tuple[Array, Array]]:
        """All rows, block by block, as `rows_of` gives them."""
        for number in range(self.count):
            yield self.rows_of(*self.bounds(number))

    def place(self, row: int) -> str:
        """Where a row is among those of its part."""
        return f"row {row + 1:,} of those {self._name}"

    def column(self, part: str, number: int) -> str:
        """The name of an input."""
        return repr(self._names[number]) if part == "X" else "of the target"

    def close(self) -> None:
        """Give the disk's room back."""
        for rows in (self._numbers, self._levels, self._targets):
            rows.close()


def _roomy(needed: int, near: Path) -> str:
    """The first of the system's folders for such files, and that of the table, that is on a disk with room enough."""
    tried = []
    for folder in dict.fromkeys([tempfile.gettempdir(), "/var/tmp", os.path.realpath(near)]):
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or _is_in_memory(folder):
            continue
        free = shutil.disk_usage(folder).free
        if free >= needed + _MARGIN:
            return folder
        tried.append(f"{folder} has {readable(free)}")
    raise DataError(
        f"The table does not fit in memory, and a scratch file of {readable(needed)} does not fit on a disk.",
        f"Free: {', '.join(tried)}." if tried else "There is no folder to write it to.",
        "Make room, or name a folder on a larger disk in the environment variable TMPDIR.",
    )


def _is_in_memory(folder: str) -> bool:
    """Whether a folder's files are kept in memory, as those of /tmp are on some systems."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
        inside = [m for m in mounts if folder == m[1] or folder.startswith(m[1].rstrip("/") + "/")]
        return max(inside, key=lambda m: len(m[1]))[2] in ("tmpfs", "ramfs") if inside else False
    return False
