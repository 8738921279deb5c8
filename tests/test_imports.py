"""The architecture, read from the imports: one way, one library in one place, nothing heavy before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import chainrule

ROOT = Path(chainrule.__file__).parent

# A part may import the parts above it in this table, never one below it. Parts in one line do not know each other.
ORDER = (
    ("errors",),
    ("terminal", "atomic", "blas", "cores", "lock"),
    ("functions",),
    ("weights",),
    ("network",),
    ("datasets", "tables.labels", "derivation"),
    ("program",),
    ("kernels",),
    ("cluster",),
    ("training",),
    ("tables",),
    ("estimators",),
    ("show", "teaching"),
    ("files",),
    ("demo",),
    ("cli",),
    ("__main__",),
)
RANK = {part: rank for rank, line in enumerate(ORDER) for part in line}

# The only place that imports the library, and where it must not even be mentioned.
PLACE = {
    "rich": ("terminal",),
    "typer": ("cli",),
    "click": ("cli",),
    "matplotlib": ("show",),
    "polars": ("tables",),
    "safetensors": ("files",),
    "numba": ("kernels.compiled",),
    "llvmlite": ("kernels.compiled", "kernels.select"),  # select asks whether there is a compiler
    "sklearn": ("estimators",),
    "onnx": ("files",),
    "dask": ("cluster",),
    "distributed": ("cluster",),
}
HEAVY = ("numba", "llvmlite", "matplotlib", "sklearn", "polars", "scipy.optimize", "jinja2", "fontTools", "rich",
         "typer", "pandas", "safetensors", "sympy", "dask", "distributed")  # fmt: skip

# Conveniences that reach down inside a method, each where a person looks for it. The imported part is loaded only then.
CONVENIENCES = {
    ("training.run", "show"),  # run.plot()
    ("estimators.explain", "show"),  # model.plot(), .report()
    ("estimators.explain", "teaching"),  # model.trace(row)
    ("estimators.explain", "files"),  # model.save(), .to_onnx()
}


class Import(NamedTuple):
    """One import: who, of what (dotted, full), and whether only when a function is called."""

    module: str
    target: str
    deferred: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, module: str) -> Iterator[Import]:
    """Every import outside ``if TYPE_CHECKING``."""

    def walk(nodes: Iterable[ast.AST], deferred: bool) -> Iterator[Import]:
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield from walk(node.orelse, deferred)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(module, alias.name, deferred)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} has a relative import"
                for alias in node.names:
                    yield Import(module, f"{node.module}.{alias.name}", deferred)
            else:
                inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(ast.iter_child_nodes(node), deferred or inside)

    yield from walk(ast.parse(source).body, False)


IMPORTS = [
    found
    for path in sorted(ROOT.rglob("*.py"))
    if (module := module_name(path))
    for found in imports_of(path.read_text(encoding="utf-8"), module)
]


def part_of(module: str) -> str:
    """The line of the table a module (without "chainrule.") belongs to."""
    fits = [part for part in RANK if module == part or module.startswith(part + ".")]
    assert fits, f"{module} is in no line of ORDER: give it its place"
    return max(fits, key=len)


def upward(imports: list[Import]) -> list[str]:
    """Imports that point the wrong way."""
    found = []
    for module, target, deferred in imports:
        if not target.startswith("chainrule.") or target.startswith("chainrule.__"):
            continue
        mine, theirs = part_of(module), part_of(target.removeprefix("chainrule."))
        allowed = mine == theirs or RANK[theirs] < RANK[mine] or (deferred and (module, theirs) in CONVENIENCES)
        if not allowed:
            found.append(f"{module} imports {target}")
    return found


def astray(imports: list[Import]) -> list[str]:
    """Imports of a library outside its one place."""
    return [
        f"{module} imports {target}"
        for module, target, _ in imports
        for library, places in PLACE.items()
        if (target + ".").startswith(library + ".") and not any((module + ".").startswith(place) for place in places)
    ]


def cycles(imports: list[Import]) -> list[str]:
    """Modules that import each other while they load, found by taking away what imports nothing that is left."""
    modules = {module_name(path) for path in ROOT.rglob("*.py")}
    needs: dict[str, set[str]] = {module: set() for module in modules}
    for module, target, deferred in imports:
        if deferred or not target.startswith("chainrule."):
            continue
        name = target.removeprefix("chainrule.")
        while name and name not in modules:
            name = name.rpartition(".")[0]
        registers = module == "cli.app" and name.startswith("cli.")  # its last line loads the commands
        if name and name != module and not registers:
            needs.setdefault(module, set()).add(name)
    while free := [module for module, needed in needs.items() if not needed & needs.keys()]:
        for module in free:
            del needs[module]
    return sorted(needs)


def test_imports_point_one_way():
    assert not upward(IMPORTS)


def test_every_convenience_in_the_list_is_still_one():
    deferred = {(i.module, i.target.removeprefix("chainrule.").split(".")[0]) for i in IMPORTS if i.deferred}
    assert deferred >= CONVENIENCES


def test_no_module_imports_itself_round_a_corner():
    assert not cycles(IMPORTS)


def test_each_library_is_imported_in_one_place():
    assert not astray(IMPORTS)


def test_derivation_and_kernels_do_not_know_each_other():
    for one, other in (("derivation", "kernels"), ("kernels", "derivation")):
        of_one = [i for i in IMPORTS if i.module.partition(".")[0] == one]
        assert not [i for i in of_one if f"{i.target}.".startswith(f"chainrule.{other}.")]


SYMBOLIC = ("expression", "walk", "definitions", "letters", "steps", "formula", "rules", "story", "render")


def test_the_symbolic_part_of_the_derivation_imports_no_numpy_and_none_of_it_sympy():
    """Numbers enter only where steps are checked."""
    for module, target, _ in IMPORTS:
        if module.startswith("derivation"):
            library = target.partition(".")[0]
            assert library != "sympy", module
            symbolic = module.partition(".")[2].partition(".")[0] in SYMBOLIC
            assert not (symbolic and library in ("numpy", "scipy")), f"{module} imports {target}"


def test_nothing_at_run_time_imports_what_only_tests_install():
    only_tests = {"sympy", "mpmath", "autograd", "hypothesis", "pytest", "jax", "torch"}
    assert not [i for i in IMPORTS if i.target.partition(".")[0] in only_tests]


def loaded_after(statement: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {library for library in HEAVY if library in run.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import chainrule",
        "import chainrule as cr; cr.Network('2-3-3').initial_weights()",
        "import chainrule as cr; X, t = cr.datasets.three_clusters(4)",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(statement):
    assert loaded_after(statement) == set()


def test_the_look_into_a_fresh_interpreter_can_see_something():
    assert loaded_after("import rich") == {"rich"}


def test_every_public_name_can_be_had_and_is_in_the_directory():
    for name in chainrule.__all__:
        assert getattr(chainrule, name) is not None
        assert name in dir(chainrule)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = chainrule.nonsense


@pytest.mark.parametrize(
    ("look", "module", "source"),
    [
        (upward, "errors", "from chainrule.kernels import Objective"),
        (upward, "kernels.reference", "def f():\n    from chainrule.training import train"),
        (upward, "training.run", "from chainrule.show import plot_history"),
        (upward, "datasets", "import chainrule.derivation.rules"),
        (astray, "network", "import rich.progress"),
        (astray, "kernels.reference", "def f():\n    from numba import njit"),
        (astray, "cli.train", "import polars as pl"),
    ],
)
def test_an_import_in_the_wrong_place_is_seen(look, module, source):
    assert look(list(imports_of(source, module)))


def test_an_import_for_types_only_is_not_counted():
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chainrule.show import x\nelse:\n    import rich"
    )
    assert [i.target for i in imports_of(source, "errors")] == ["typing.TYPE_CHECKING", "rich"]


def test_a_cycle_is_seen():
    planted = [
        Import("errors", "chainrule.network.Network", False),
        Import("network", "chainrule.errors.DataError", False),
    ]
    assert cycles(planted) == ["errors", "network"]
