"""One writer at a time: a lock file beside the file that is written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import ModelFileError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; ModelFileError names the process that holds it already.

    The operating system's own lock on ``.NAME.lock`` counts, not that the file is there: it goes away with the
    process, so a lock left by one that was killed is simply taken over.
    """
    try:
        import fcntl
    except ImportError:  # no such lock on this system: the atomic rename alone must do
        yield
        return
    place = path.with_name(f".{path.name[:100]}.lock")
    while True:
        try:
            handle = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            raise ModelFileError(f"{str(path)!r} cannot be written: no lock beside it ({error.strerror}).") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise ModelFileError(
                f"{str(path)!r} is being written by another process{f' ({holder})' if holder else ''}.",
                "Wait until it is done, or give another name.",
            ) from None
        if _is_still(handle, place):
            break
        os.close(handle)  # its holder removed it between our opening and our locking: begin again
    try:
        with contextlib.suppress(OSError):  # the number is for people: a full disk must not stop what may yet fit
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"pid {os.getpid()}".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(place)
        os.close(handle)


def _is_still(handle: int, place: Path) -> bool:
    """Whether the open file is the one that stands at this place."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(place))
    except OSError:
        return False
