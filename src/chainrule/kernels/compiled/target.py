"""From written instructions to machine code for this processor."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from chainrule.kernels.compiled import cache

_LOCK = threading.RLock()  # LLVM's code generator is entered by one thread at a time


@dataclass(frozen=True)
class Processor:
    """What the compiler is told of this machine."""

    name: str
    features: str
    register_bytes: int

    def lanes(self, bits: int) -> int:
        """Real numbers of that size in a register."""
        return self.register_bytes * 8 // bits


class Library:
    """Machine code in memory, and its functions."""

    def __init__(self, code: bytes, seconds: float, cached: bool) -> None:
        self.seconds, self.cached = seconds, cached
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function begins."""
        found = self._engine.get_function_address(name)
        if not found:
            raise KeyError(name)
        return int(found)

    def function(self, name: str, arguments: int) -> Callable[..., None]:
        """The function, of addresses and whole numbers; the interpreter's lock is released while it runs."""
        found = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * arguments)(self.address(name))
        found.library = self  # type: ignore[attr-defined]  # whoever has the function keeps its code
        return found


def library(key: str, write: Callable[[ir.Module], None]) -> Library:
    """The machine code that ``write`` describes, from the cache where it is there.

    ``key`` must name everything the instructions depend on beyond the source of this package.
    """
    full = hashlib.sha256(f"{key}|{processor()}|{llvmlite.__version__}".encode()).hexdigest()[:40]
    began = time.perf_counter()
    with _LOCK:
        code = cache.load(full)
        if code is not None:
            return Library(code, time.perf_counter() - began, cached=True)
        module = ir.Module("chainrule")
        module.triple = llvm.get_process_triple()
        write(module)
        code = _machine_code(str(module))
        cache.save(full, code)
        return Library(code, time.perf_counter() - began, cached=False)


def is_cached(key: str) -> bool:
    """Whether `library` would find the machine code on disk."""
    full = hashlib.sha256(f"{key}|{processor()}|{llvmlite.__version__}".encode()).hexdigest()[:40]
    place = cache.folder()
    return place is not None and (place / f"{full}.o").exists()


def assembly(write: Callable[[ir.Module], None]) -> str:
    """What the processor is told to do, to be read."""
    with _LOCK:
        module = ir.Module("chainrule")
        module.triple = llvm.get_process_triple()
        write(module)
        return str(_machine().emit_assembly(_optimised(str(module))))


def _machine_code(text: str) -> bytes:
    return bytes(_machine().emit_object(_optimised(text)))


def _optimised(text: str) -> Any:
    """The module after the usual clean-up; loops are vectorised by us already."""
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    options.loop_interleaving = False
    builder = llvm.create_pass_builder(_machine(), options)
    builder.getModulePassManager().run(module, builder)
    return module


def _forked() -> None:
    """In a child process nobody is compiling, whatever the parent was doing."""
    global _LOCK
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


@functools.cache
def processor() -> Processor:
    """This machine's processor."""
    features = dict(llvm.get_host_cpu_features())
    has = lambda name: features.get(name, False)  # noqa: E731
    size = 64 if has("avx512f") and has("avx512dq") else 32 if has("avx2") and has("fma") else 16
    return Processor(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), size)


def _machine() -> Any:
    """A code generator for this processor; an engine owns the one it is given, so each gets its own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    found = processor()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=found.name, features=found.features, opt=3, jit=True, reloc="default", codemodel="jitdefault"
    )
