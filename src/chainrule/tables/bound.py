"""How much memory a training may take: as a person says it, or what is free."""

from __future__ import annotations

import os
import re
from pathlib import Path

from chainrule.errors import SettingError

LEAST = 100_000_000  # bytes
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_FREE_SHARE = 0.7  # of what is free; the rest is left to the system's file cache and to others
_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def bytes_of(text: str) -> int:
    """A number of bytes as people write it.

    Raises
    ------
    SettingError
        It is none, or too little for any training.

    Examples
    --------
    >>> bytes_of("2GB"), bytes_of("1.5 GiB"), bytes_of("200m")
    (2000000000, 1610612736, 200000000)
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)\s*", str(text))
    unit = _UNITS.get(found[2].upper()) if found else None
    if found is None or unit is None:
        raise SettingError(f"The memory must be a size such as 2GB or 500MB, not {str(text)!r}.")
    size = float(found[1]) * unit
    if size < LEAST:
        raise SettingError(
            f"{str(text).strip()} of memory is too little: the program itself takes about as much.",
            f"It must be at least {LEAST // 10**6} MB.",
        )
    if size > 2**62:
        raise SettingError(f"The memory must be a size such as 2GB or 500MB, not {str(text)!r}.")
    return int(size)


def default_bound() -> int:
    """Seven tenths of the memory that is free, of the machine or of the container this runs in."""
    return max(int(_FREE_SHARE * free()), LEAST)


def free() -> int:
    """Bytes of memory that are free."""
    found = [_of_machine()]
    for name in _GROUPS:
        try:
            text = Path(name).read_text("ascii").strip()
        except (OSError, ValueError):
            continue
        if text.isdecimal():
            found.append(max(int(text) - _in_use(), 0))
    return min(found)


def _of_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):  # a system that does not tell
        return 4 * 10**9


def _in_use() -> int:
    """Bytes that this container's processes hold, without the file cache."""
    try:
        lines = Path("/sys/fs/cgroup/memory.stat").read_text("ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("anon ", "rss ")))
    except (OSError, ValueError, IndexError):
        return 0


def readable(size: float) -> str:
    """Bytes for people.

    >>> readable(2_000_000_000), readable(354_000_000)
    ('2.0 GB', '354 MB')
    """
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
