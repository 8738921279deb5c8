"""How many cores this process may keep busy."""

from __future__ import annotations

import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """The cores this process may run on, and no more than the processor time that its container is given.

    A container with the time of 2 cores on a machine with 64 sees 64; as many threads would use that time up and then
    all stand still until there is more.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        allowed = os.cpu_count() or 1
    return max(1, int(min(allowed, _share())))


def _share() -> float:
    """Processor time a second of the control group, infinite where nothing limits it.

    Source: the Linux kernel's documentation, cgroup-v2 (cpu.max) and sched-bwc (cpu.cfs_quota_us).
    """
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((GROUPS / name).read_text("ascii") for name in files).split()
            return float(quota) / float(period) if quota not in ("max", "-1") else float("inf")
        except (OSError, ValueError, ZeroDivisionError):  # another version's files, or none
            continue
    return float("inf")
