"""The command ``chainrule doctor``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata, util
from typing import Annotated

import typer

from chainrule import __version__
from chainrule.cli.app import app

_NEEDED = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "matplotlib",
    "polars",
    "typer",
    "rich",
    "safetensors",
    "jinja2",
    "ziamath",
)
_OPTIONAL = {
    "onnx": "writes models for other programs: pip install 'chainrule[onnx]'",
}


@app.command()
def doctor(
    clear_cache: Annotated[bool, typer.Option("--clear-cache", help="Remove compiled code kept on disk.")] = False,
) -> None:
    """Say what is installed, what serves, and what is optional and missing."""
    from chainrule.cli.wording import plural, wrapped

    if clear_cache:
        from chainrule.kernels.compiled import cache

        typer.echo(f"{plural(cache.clear(), 'file')} of compiled code removed.")
        return

    for section in SECTIONS:
        for label, text in section():
            typer.echo(wrapped(label, text, 17))


def _about() -> Iterator[tuple[str, str]]:
    yield "chainrule", __version__
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    yield "System", f"{platform.system()} {platform.release()}, {platform.machine()}"


def _packages() -> Iterator[tuple[str, str]]:
    found, missing = [], []
    for name in _NEEDED:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    yield "Packages", ", ".join(found)
    for name in missing:
        word = (
            "the NumPy kernels serve, with the same results" if name == "numba" else "needed; install chainrule again"
        )
        yield "Missing", f"{name}: {word}"


def _optional() -> Iterator[tuple[str, str]]:
    for name, use in _OPTIONAL.items():
        if util.find_spec(name) is None:
            yield "Optional", f"{name} is not installed; it {use}"
        else:
            yield "Optional", f"{name} {metadata.version(name)}"


def _threads() -> Iterator[tuple[str, str]]:
    import numpy  # noqa: F401  (loads its BLAS, which is asked about)
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    for pool in threadpool_info():
        if pool.get("user_api") == "blas":
            kind = f" ({pool['architecture']})" if "architecture" in pool else ""
            yield (
                "BLAS",
                f"{pool['internal_api']} {pool['version']}{kind}, {pool['num_threads']} threads",
            )


def _kernels() -> Iterator[tuple[str, str]]:
    from chainrule.kernels import select

    for label, text in select.status().items():
        yield label.capitalize(), text


# Each gives lines of (label, text); a part of chainrule with something to say adds its own.
SECTIONS: list[Callable[[], Iterator[tuple[str, str]]]] = [_about, _packages, _optional, _threads, _kernels]
