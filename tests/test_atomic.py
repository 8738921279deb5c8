import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from chainrule import atomic
from chainrule.atomic import writable, write_atomically
from chainrule.errors import ModelFileError


def test_the_content_is_there_and_nothing_else_is(tmp_path):
    write_atomically(tmp_path / "file", b"one")
    write_atomically(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("at", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(at, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if at == "write":
        monkeypatch.setattr(atomic, "_write", full)
    else:
        monkeypatch.setattr(atomic.os, at, full)
    with pytest.raises(ModelFileError) as caught:
        write_atomically(tmp_path / "file", b"new" * 1000)
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    for words in ("No space left", "3,000 bytes", "free", "intact"):
        assert words in str(caught.value)


def test_a_limit_on_the_size_of_files_leaves_the_old_one(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));"
        "from chainrule.atomic import write_atomically\n"
        "try: write_atomically(sys.argv[1], bytes(100_000))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "file"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("ModelFileError")
    assert "File too large" in told.stdout
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_file_and_folder_reach_the_disk_in_this_order(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        atomic.os,
        "fsync",
        lambda fd: (steps.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"), fsync(fd)),
    )
    monkeypatch.setattr(atomic.os, "replace", lambda a, b: (steps.append("rename"), replace(a, b)))
    write_atomically(tmp_path / "file", b"x")
    assert steps == ["file", "rename", "folder"]


def test_permissions_are_kept_and_links_are_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_a_new_file_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_reader_never_sees_a_torn_file(tmp_path):
    path, contents, seen = tmp_path / "file", [bytes([value]) * 200_000 for value in range(2)], set()
    write_atomically(path, contents[0])
    done = threading.Event()

    def read():
        while not done.is_set():
            found = path.read_bytes()
            seen.add((len(found), len(set(found))))

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(60):
        write_atomically(path, contents[i % 2])
    done.set()
    reader.join()
    assert seen == {(200_000, 1)}


def test_a_very_long_name_can_be_written(tmp_path):
    write_atomically(tmp_path / ("n" * 255), b"x")
    assert len(os.listdir(tmp_path)) == 1


KILLED_IN_A_WRITE = """
import os, signal, sys
from chainrule import atomic
atomic.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
atomic.write_atomically(sys.argv[1], b"half")
"""


def test_what_a_killed_process_left_behind_is_swept_up_by_the_next_write(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", KILLED_IN_A_WRITE, path]).returncode == -9
    assert len(os.listdir(tmp_path)) == 2  # the second swept up after the first
    assert path.read_bytes() == b"old"
    alive = tmp_path / f"{atomic._prefix(path)}{os.getppid()}.00.tmp"
    alive.write_bytes(b"of a process that is still writing")
    (tmp_path / ".file.tmp").write_bytes(b"somebody else's")
    write_atomically(path, b"new")
    assert sorted(os.listdir(tmp_path)) == sorted(["file", ".file.tmp", alive.name])


@pytest.mark.parametrize("kind", ["missing folder", "folder", "fifo"])
def test_what_cannot_be_written_is_refused_beforehand(kind, tmp_path):
    path = {"missing folder": tmp_path / "no" / "file", "folder": tmp_path, "fifo": tmp_path / "pipe"}[kind]
    if kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(ModelFileError, match="cannot be written"):
        writable(path)
    with pytest.raises(ModelFileError):
        write_atomically(path, b"")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused_beforehand(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ModelFileError, match="does not let you"):
            writable(tmp_path / "file")
    finally:
        tmp_path.chmod(0o700)
