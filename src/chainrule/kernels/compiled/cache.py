"""Compiled code on disk: a folder that can be trusted, files that check themselves."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from chainrule import __version__

_HEADER = b"chainrule machine code 1\n"
_DIGEST_BYTES = 32
MOST_FILES = 1000  # about 20 MB


def load(key: str) -> bytes | None:
    """The machine code stored under a key; a damaged file is removed and counts as absent."""
    place = folder()
    if place is None:
        return None
    path = place / f"{key}.o"
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    start = len(_HEADER) + _DIGEST_BYTES
    digest, code = raw[len(_HEADER) : start], raw[start:]
    if raw.startswith(_HEADER) and hashlib.sha256(key.encode() + code).digest() == digest:
        return code
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def save(key: str, code: bytes) -> None:
    """Store machine code; whoever reads at the same time sees the whole file or none."""
    place = folder()
    if place is None:
        return
    raw = _HEADER + hashlib.sha256(key.encode() + code).digest() + code
    try:
        handle, name = tempfile.mkstemp(dir=place, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        os.replace(name, place / f"{key}.o")
        _prune(place)
    except OSError:  # a full disk is no reason not to train
        with contextlib.suppress(OSError):
            os.unlink(name)


def _prune(place: Path) -> None:
    """Keep the folder from growing without end: above the most files, the oldest half goes."""
    files = sorted(place.glob("*.o"), key=lambda path: path.stat().st_mtime)
    for path in files[: len(files) // 2] if len(files) > MOST_FILES else ():
        with contextlib.suppress(OSError):
            path.unlink()


def clear() -> int:
    """Remove every file of compiled code, of this version and others; returns how many there were."""
    place, count = folder(), 0
    if place is not None:
        for path in [*place.parent.glob("*/*.o"), *place.parent.glob("*/*.part")]:
            with contextlib.suppress(OSError):
                path.unlink()
                count += 1
    return count


def contents() -> tuple[int, int]:
    """Number of files and of bytes of this version in the cache."""
    place = folder()
    sizes = [path.stat().st_size for path in place.glob("*.o")] if place else []
    return len(sizes), sum(sizes)


def folder() -> Path | None:
    """Where compiled code is kept: the user's cache, else a temporary folder of the user's own, else nowhere.

    ``CHAINRULE_CACHE`` names another folder; set to ``off`` it keeps nothing.
    """
    return _folder(os.environ.get("CHAINRULE_CACHE"), os.environ.get("XDG_CACHE_HOME"), os.environ.get("HOME"))


@functools.lru_cache(maxsize=8)
def _folder(named: str | None, xdg: str | None, home: str | None) -> Path | None:
    if named == "off":
        return None
    for base in [Path(named)] if named else _candidates(xdg, home):
        place = base / f"{__version__}-{source_hash()[:12]}"
        if _usable(place):
            return place
    return None


def _candidates(xdg: str | None, home: str | None) -> list[Path]:
    """The user's cache folder as the system has it, then a temporary one."""
    found = []
    if sys.platform == "win32":
        found += [Path(local, "chainrule", "Cache") for local in [os.environ.get("LOCALAPPDATA")] if local]
    elif xdg and os.path.isabs(xdg):
        found.append(Path(xdg, "chainrule"))
    elif home:
        found.append(Path(home, *(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "chainrule"))
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    with contextlib.suppress(OSError):
        found.append(Path(tempfile.gettempdir(), f"chainrule-{user}"))
    return found


def _usable(place: Path) -> bool:
    """Whether we can write there and nobody else can: what is loaded from it is executed."""
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in (place.parent, place):
            found = part.lstat()
            if not stat.S_ISDIR(found.st_mode):
                return False
            if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
                return False
        handle, name = tempfile.mkstemp(dir=place, suffix=".part")
        os.close(handle)
        os.unlink(name)
    except (OSError, RuntimeError):
        return False
    return True


@functools.cache
def source_hash() -> str:
    """A digest of the code that writes the kernels: another source never meets this one's files."""
    digest, here = hashlib.sha256(), Path(__file__).parent
    try:
        for path in [
            *sorted(here.glob("*.py")),
            here.parent.parent / "network.py",
        ]:  # which says where each weight lies
            digest.update(path.name.encode() + path.read_bytes())
    except OSError:  # inside a zip file: the version alone has to do
        digest.update(__version__.encode())
    return digest.hexdigest()
