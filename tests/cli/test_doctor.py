"""`chainrule doctor`."""

from __future__ import annotations

import numpy

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


def test_a_missing_numba_is_no_fault(monkeypatch):
    found = doctor.metadata.version

    def version(name):
        if name == "numba":
            raise doctor.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    status, out, _ = command("doctor")
    assert status == 0
    assert "the NumPy kernels serve" in out


def test_another_part_can_add_its_lines(monkeypatch):
    monkeypatch.setattr(doctor, "SECTIONS", [lambda: iter([("Cache", "12 files")])])
    assert command("doctor").out == "Cache            12 files\n"
