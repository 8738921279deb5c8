"""Writing a file so that a reader, a crash or a full disk finds the old one or the new one, never a torn one."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import ModelFileError


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Put ``content`` at ``path`` all at once, durable before this returns.

    A temporary file in the same folder is written and flushed to the disk (fsync), takes the place of ``path``
    by a rename, which the file system makes whole or not at all, and the folder is flushed so that the rename
    survives a power cut. Where anything fails the old file is untouched and the temporary one is removed.

    Parameters
    ----------
    path : path
        A file in an existing folder. A symbolic link is followed: the file it names is replaced. The permissions
        of a file that is replaced are kept.
    content : bytes

    Raises
    ------
    ModelFileError
        The folder is missing or read-only, the path is a folder or a device, the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "weights")
    ...     write_atomically(file, b"new")
    ...     file.read_bytes(), len(list(pathlib.Path(folder).iterdir()))
    (b'new', 1)
    """
    target = writable(path)
    with contextlib.suppress(OSError):
        _sweep(target)
    temporary = target.with_name(f"{_prefix(target)}{os.getpid()}.{os.urandom(8).hex()}.tmp")
    try:
        _write(temporary, content, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        raise _refusal(target, error, len(content)) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # gone already when all went well
    _flush_folder(target.parent)


@contextlib.contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new file to be written piece by piece, which takes the place of ``path`` when the block ends without an error.

    What is at ``path`` before is untouched until then, and stays where anything fails, as by `write_atomically`.

    Parameters
    ----------
    path : path
        As for `write_atomically`.

    Raises
    ------
    ModelFileError
        As `write_atomically`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "lines")
    ...     with replaced(file) as new, new.open("w") as lines:
    ...         print("one", file=lines)
    ...         there = file.exists()
    ...     there, file.read_text()
    (False, 'one\\n')
    """
    target = writable(path)
    with contextlib.suppress(OSError):
        _sweep(target)
    temporary = target.with_name(f"{_prefix(target)}{os.getpid()}.{os.urandom(8).hex()}.tmp")
    try:
        _write(temporary, b"", _mode(target))
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, ModelFileError):
            raise
        size = temporary.stat().st_size if temporary.exists() else 0
        raise _refusal(target, error, size) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # gone already when all went well
    _flush_folder(target.parent)


def writable(path: str | os.PathLike[str]) -> Path:
    """The file a write to ``path`` would replace, checked before hours of work are spent on what goes in.

    Raises
    ------
    ModelFileError
        As `write_atomically`, as far as this can be known without writing.
    """
    target = Path(os.path.realpath(path))
    folder = target.parent
    if not folder.is_dir():
        raise ModelFileError(
            f"{str(path)!r} cannot be written.", f"There is no folder {str(folder)!r}.", "Make the folder first."
        )
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        kind = "a folder" if target.is_dir() else "no regular file"
        raise ModelFileError(f"{str(path)!r} cannot be written: it is {kind}.", "Give the name of a file.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ModelFileError(
            f"{str(path)!r} cannot be written.",
            f"The folder {str(folder)!r} does not let you write into it.",
            "Choose another folder.",
        )
    return target


def _prefix(target: Path) -> str:
    """How the temporary files of this target and this machine begin; the process and a random number follow."""
    machine = zlib.crc32(os.uname().nodename.encode()) if hasattr(os, "uname") else 0
    return f".{target.name[:100]}.{machine:08x}."  # the names of files end at 255 bytes


def _sweep(target: Path) -> None:
    """Remove what a process of this machine left behind when it was killed in the middle of a write."""
    if os.name != "posix":  # elsewhere there is no harmless way to ask whether a process lives
        return
    prefix = _prefix(target)
    for name in os.listdir(target.parent):
        if name.startswith(prefix) and name.endswith(".tmp"):
            process = name[len(prefix) :].split(".")[0]
            if process.isdecimal() and not _lives(int(process)):
                with contextlib.suppress(OSError):
                    target.with_name(name).unlink()


def _lives(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it belongs to somebody else
    return True


def _mode(target: Path) -> int | None:
    """The permissions to keep, where there is a file already."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None


def _write(temporary: Path, content: bytes, mode: int | None) -> None:
    """A new file with this content, on the disk when this returns."""
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        os.chmod(temporary, mode)


def _flush_folder(folder: Path) -> None:
    """fsync of a folder; silent on systems that know no such thing."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refusal(target: Path, error: OSError, size: int) -> ModelFileError:
    """The error in words: how many bytes were needed, how many are free."""
    import shutil

    try:
        free = f", {shutil.disk_usage(target.parent).free:,} are free"
    except OSError:
        free = ""
    kept = "The file that was there before is intact." if target.exists() else "Nothing was left behind."
    return ModelFileError(
        f"{str(target)!r} could not be written: {error.strerror or error}.", f"It needs {size:,} bytes{free}.", kept
    )
