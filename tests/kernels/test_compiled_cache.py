"""Compiled code on disk: found again, checked, kept where it can be trusted, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from support import problem

pytest.importorskip("llvmlite")

from chainrule import Network
from chainrule.kernels.compiled import cache
from chainrule.kernels.compiled.kernel import Kernel

NET = Network("2-4 mish-3")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def gradient() -> tuple[np.ndarray, bool]:
    """A gradient by a fresh kernel, and whether its code came from the cache."""
    weights, X, T = problem(NET, 20)
    kernel = Kernel(NET)
    return kernel.gradient(weights.flat, kernel.rows(X, T))[1], kernel._libraries["gradient"].cached


def test_code_is_found_again(place):
    first, cached = gradient()
    assert not cached
    again, cached = gradient()
    assert cached
    np.testing.assert_array_equal(first, again)
    assert cache.contents()[0] == len(list(place.rglob("*.o"))) == 1


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "other file", "text"])
def test_a_damaged_file_is_thrown_away_and_written_again(place, damage):
    expected, _ = gradient()
    (path,) = place.rglob("*.o")
    whole = path.read_bytes()
    match damage:
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "one bit":
            path.write_bytes(whole[:-100] + bytes([whole[-100] ^ 4]) + whole[-99:])
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("not machine code")
        case "other file":  # a whole file, under the name of another
            cache.save("other", b"code")
            path.write_bytes((path.parent / "other.o").read_bytes())
    received, cached = gradient()
    assert not cached
    np.testing.assert_array_equal(received, expected)
    assert path.read_bytes() == whole
    assert gradient()[1]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_others_can_write_to_is_not_trusted(tmp_path, monkeypatch):
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    (tmp_path / "home" / ".cache" / "chainrule").mkdir(parents=True)
    cache._folder.cache_clear()
    assert cache.folder().is_relative_to(tmp_path / "home" / ".cache")
    (tmp_path / "home" / ".cache" / "chainrule").chmod(0o777)
    cache._folder.cache_clear()
    second = cache.folder()
    assert second.is_relative_to(tmp_path / "tmp")
    assert second.stat().st_mode & 0o077 == 0
    second.parent.chmod(0o777)
    cache._folder.cache_clear()
    assert cache.folder() is None
    assert not gradient()[1]
    assert not gradient()[1]
    cache._folder.cache_clear()


def test_a_folder_that_cannot_be_made_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    assert cache.folder() is None
    assert np.isfinite(gradient()[0]).all()
    monkeypatch.delenv("CHAINRULE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    assert cache.folder().parent.parent == tmp_path


def test_the_cache_can_be_turned_off_and_cleared(place, monkeypatch):
    gradient()
    (place / "0.0.1-older").mkdir()
    (place / "0.0.1-older" / "a.o").write_bytes(b"x")
    assert cache.clear() == 2
    assert cache.contents() == (0, 0)
    monkeypatch.setenv("CHAINRULE_CACHE", "off")
    assert cache.folder() is None
    assert not gradient()[1]
    assert not gradient()[1]
    assert not list(place.rglob("*.o"))


def test_the_folder_does_not_grow_without_end(place, monkeypatch):
    monkeypatch.setattr(cache, "MOST_FILES", 10)
    cache.save("0", b"")
    folder = cache.folder()
    for number in range(25):
        cache.save(str(number), b"code")
        os.utime(folder / f"{number}.o", (number, number))
    left = {int(path.stem) for path in folder.glob("*.o")}
    assert len(left) <= 10
    assert {23, 24} <= left


def test_a_full_disk_stops_nothing(place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    assert np.isfinite(gradient()[0]).all()
    assert not list(place.rglob("*.o"))
    assert not list(place.rglob("*.part"))


def test_processes_at_once_do_not_disturb_each_other(place):
    code = """
        import numpy as np
        from chainrule import Network
        from chainrule.kernels.compiled.kernel import Kernel
        for text in ("2-3 tanh-2", "2-2 relu-2", "2-2-2"):
            kernel = Kernel(Network(text))
            flat = np.linspace(-1, 1, kernel.net.size)
            print(kernel.gradient(flat, kernel.rows(np.eye(2), np.eye(2))))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {process.communicate(timeout=240)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(said) == 1
    assert len(list(place.rglob("*.o"))) == 3
    assert not list(place.rglob("*.part"))
