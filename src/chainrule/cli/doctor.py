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
    "llvmlite",
    "matplotlib",
    "polars",
    "typer",
    "rich",
    "safetensors",
    "jinja2",
    "ziamath",
    "fonttools",
    "threadpoolctl",
)
_OPTIONAL = {
    "onnx": "writes models for other programs: pip install 'chainrule[onnx]'",
}


@app.command()
def doctor(
    notation: Annotated[
        str | None, typer.Argument(help="Ask which kernel serves this network, and why.", show_default=False)
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows that the network is asked about.")] = 1500,
    evaluations: Annotated[int, typer.Option(min=1, help="How often its gradient will be needed, roughly.")] = 1000,
    clear_cache: Annotated[bool, typer.Option("--clear-cache", help="Remove compiled code kept on disk.")] = False,
) -> None:
    """Say what is installed, what serves, and what is optional and missing.

    Two variables of the environment count: CHAINRULE_KERNELS=reference computes in NumPy alone; CHAINRULE_CACHE
    names another folder for compiled code, or keeps none where it is "off".
    """
    from chainrule.cli.wording import plural, wrapped

    if clear_cache:
        from chainrule.kernels.compiled import cache

        typer.echo(f"{plural(cache.clear(), 'file')} of compiled code removed.")
        return

    for section in SECTIONS if notation is None else [lambda: _serving(notation, rows, evaluations)]:
        for label, text in section():
            typer.echo(wrapped(label, text, 17))


def _serving(notation: str, rows: int, evaluations: int) -> Iterator[tuple[str, str]]:
    """Which kernel would serve a network on so many rows, and why."""
    from chainrule.cli.wording import plural
    from chainrule.kernels import select
    from chainrule.network import Network

    net = Network(notation)
    choice = select.choose(net, rows, evaluations)
    yield "Network", f"{net.notation}, {plural(net.size, 'weight')}"
    yield "Asked", f"{plural(rows, 'row')}, {plural(evaluations, 'evaluation')} of the gradient"
    name = {"reference": "the NumPy reference", "unrolled": "compiled, unrolled", "blocked": "compiled, in blocks"}
    yield "Kernel", name[choice.kind]
    yield "Why", choice.reason
    threads = select.threads_for(net, rows) if choice.kernel is not None else 1
    yield "Threads", f"{threads}"


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
            "the NumPy kernels serve, with the same results"
            if name == "llvmlite"
            else "needed; install chainrule again"
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
