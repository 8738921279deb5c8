"""One writer at a time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chainrule.errors import ModelFileError
from chainrule.lock import locked

HOLD = """
import sys, pathlib, time
from chainrule.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    path = tmp_path / "m.model"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_refused_with_the_holders_pid(holder):
    path, process = holder
    with pytest.raises(ModelFileError, match=f"pid {process.pid}"), locked(path):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(holder):
    path, process = holder
    process.kill()
    process.wait()
    assert any(path.parent.iterdir())
    with locked(path):
        pass
    assert not any(path.parent.iterdir())


def test_the_lock_leaves_nothing_behind_also_after_an_error(tmp_path):
    with locked(tmp_path / "m"):
        assert os.listdir(tmp_path) == [".m.lock"]
    assert os.listdir(tmp_path) == []
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "m"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_different_files_do_not_wait_for_each_other(tmp_path):
    with locked(tmp_path / "a"), locked(tmp_path / "b"):
        assert len(os.listdir(tmp_path)) == 2
