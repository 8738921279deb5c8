import os

import pytest

from chainrule import cores


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 8 cores whose control group is written by the test."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "GROUPS", tmp_path)
    (tmp_path / "cpu").mkdir()
    return tmp_path


@pytest.mark.parametrize(("text", "expected"), [("max 100000\n", 8), ("250000 100000\n", 2), ("50000 100000", 1)])
def test_a_container_has_no_more_cores_than_its_share_of_time(machine, text, expected):
    (machine / "cpu.max").write_text(text)
    assert cores.cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1\n", 8), ("300000\n", 3), ("9900000\n", 8)])
def test_the_older_files_are_read_too(machine, quota, expected):
    (machine / "cpu/cpu.cfs_quota_us").write_text(quota)
    (machine / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert cores.cores() == expected


@pytest.mark.parametrize("text", ["", "a lot", "0 0", "1 2 3"])
def test_a_file_that_says_something_else_limits_nothing(machine, text):
    (machine / "cpu.max").write_text(text)
    assert cores.cores() == 8


def test_a_system_where_nobody_chooses_cores_counts_them(machine, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores.cores() == 6
