"""`chainrule doctor`."""

from __future__ import annotations

import numpy
import pytest

from chainrule.cli import doctor
from command import command


def test_it_names_versions_threads_and_kernels():
    status, out, err = command("doctor")
    assert (status, err) == (0, "")
    for words in (f"numpy {numpy.__version__}", "BLAS", "Kernels"):
        assert words in out


def test_a_missing_optional_package_is_told_with_its_use(monkeypatch):
    monkeypatch.setitem(doctor._OPTIONAL, "no_such_package", "helps: pip install it")
    out = " ".join(command("doctor").out.split())
    assert "no_such_package is not installed; it helps: pip install it" in out


def test_a_missing_compiler_is_no_fault(monkeypatch):
    found = doctor.metadata.version

    def version(name):
        if name == "llvmlite":
            raise doctor.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    status, out, _ = command("doctor")
    assert status == 0
    assert "the NumPy kernels serve" in out


def test_another_part_can_add_its_lines(monkeypatch):
    monkeypatch.setattr(doctor, "SECTIONS", [lambda: iter([("Cache", "12 files")])])
    assert command("doctor").out == "Cache            12 files\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2-3-3", "--rows", 1500, "--evaluations", 1), ("the NumPy reference", "compiling alone takes")),
        (("2-3-3", "--rows", 1500), ("compiled, unrolled", "registers")),
        (("64-32-10", "--rows", 1500), ("compiled, in blocks", "matrix products pay")),
    ],
)
def test_it_says_which_kernel_serves_a_network_and_why(arguments, words):
    status, out, err = command("doctor", *arguments)
    assert (status, err) == (0, "")
    for word in words:
        assert word in " ".join(out.split())


def test_it_says_that_the_environment_turned_the_compiler_off(monkeypatch):
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")
    assert "CHAINRULE_KERNELS asks for the NumPy reference" in " ".join(command("doctor", "2-3-3").out.split())


def test_a_network_that_cannot_be_read_is_refused():
    status, _, err = command("doctor", "2-x")
    assert status == 2
    assert "x" in err


def test_the_cache_is_cleared(monkeypatch, tmp_path):
    from chainrule.kernels.compiled import cache

    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    cache.save("some-key", b"code")
    assert cache.contents()[0] == 1
    assert command("doctor", "--clear-cache").out == "1 file of compiled code removed.\n"
    assert cache.contents() == (0, 0)
