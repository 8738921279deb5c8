"""A learner's file as text: made to parse where it can be, and cut down to what her functions need.

Nothing is run here. What is left has every line where it was.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import DataError

_PRINT = re.compile(r"^(\s*(?:[^#'\"]*:\s)?\s*)print\s+(?![\s=(\[.])(.*?)\s*(?:;\s*)?$|^(\s*)print\s*$")
_PRINT_BRACKET = re.compile(r"^(\s*)print\s+(\(.*)$")
_CONTINUES = ("else", "elif", "except", "finally", ")", "]", "}")
_OLD_NAMES = ("xrange", "raw_input", "unicode", "basestring")


@dataclass(frozen=True)
class Remark:
    """Something to say of the file: ``kind`` is ``syntax``, ``python2`` or ``undefined``."""

    kind: str
    line: int
    text: str


@dataclass
class Source:
    """A file that parses.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    text : str
        Python 3; what could not be read is blank.
    tree : ast.Module
    functions : dict of str to ast.FunctionDef or ast.Lambda
        Those at the top level, by name.
    remarks : list of Remark
    unread : dict of str to Remark
        Functions that could not be read, and why.
    """

    name: str
    text: str
    tree: ast.Module
    functions: dict[str, ast.FunctionDef | ast.Lambda] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    unread: dict[str, Remark] = field(default_factory=dict)

    def line(self, number: int | None) -> str:
        """One line of the file, without its indent."""
        lines = self.text.splitlines()
        return lines[number - 1].strip() if number and number <= len(lines) else ""

    def outside_names(self, function: str) -> list[str]:
        """Names that a function takes from the top level of the file and that are neither functions nor modules."""
        node = self.functions.get(function)
        if node is None:
            return []
        given = {
            name
            for statement in self.tree.body
            for name in _bound(statement)
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
        } - set(self.functions)
        return sorted(given & _free(node))

    def methods(self) -> dict[str, str]:
        """Functions inside classes, which are not called, each with its class."""
        return {
            inner.name: node.name
            for node in self.tree.body
            if isinstance(node, ast.ClassDef)
            for inner in node.body
            if isinstance(inner, ast.FunctionDef)
        }

    def cut_to(self, wanted: Iterable[str]) -> str:
        """Only the statements that these functions need, directly or through others; the rest is blank."""
        needed, keep = set(wanted), set[int]()
        grew = True
        while grew:
            grew = False
            for at, statement in enumerate(self.tree.body):
                star = isinstance(statement, ast.ImportFrom) and any(n.name == "*" for n in statement.names)
                future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
                if at not in keep and (star or future or _bound(statement) & needed) and not _is_main(statement):
                    keep.add(at)
                    needed |= _free(statement) if isinstance(statement, ast.FunctionDef) else _used(statement)
                    grew = True
        lines = self.text.splitlines()
        shown = set[int]()
        for at in keep:
            shown.update(_lines_of(self.tree.body[at]))
        return "\n".join(line if number in shown else "" for number, line in enumerate(lines, 1)) + "\n"


def read(path: Path | str) -> Source:
    """A learner's file.

    Raises
    ------
    DataError
        It is not there, is a folder, is too long, or is no text.
    """
    path = Path(path)
    try:
        if path.stat().st_size > 2_000_000:
            raise DataError(f"{path} has {path.stat().st_size:,} bytes.", "A file of answers has at most 2,000,000.")
        with open(path, "rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
        text = path.read_text(encoding=encoding)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise DataError(f"{path} is no Python file: {error}.", "Save it as text in UTF-8.") from None
    if path.suffix == ".ipynb":
        text = _cells(text, path)
    return parsed(text, path.name)


def parsed(text: str, name: str = "answers.py") -> Source:
    """A file from its text: old print statements rewritten, what cannot be read left out, both remarked."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", " ").replace("\f", " ")
    remarks: list[Remark] = []
    unread: dict[str, Remark] = {}
    tree, fault = _parse(text)
    if tree is None and fault is not None:
        text = _with_print_calls(text, remarks)
        tree, fault = _parse(text)
    if tree is None:
        text = _without_the_unreadable(text, remarks, unread)
        tree, _ = _parse(text)
    if tree is None:  # cannot be: each part parses alone
        tree, text = ast.Module([], []), ""
    source = Source(name, text, tree, remarks=remarks, unread=unread)
    source.functions = dict(_functions(tree))
    source.remarks += _names_without_meaning(tree)
    source.remarks.sort(key=lambda remark: remark.line)
    return source


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.Lambda]]:
    """Those at the top level; a name that is given a lambda is one too."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def _parse(text: str) -> tuple[ast.Module | None, Remark | None]:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            compile(tree, "<answers>", "exec", dont_inherit=True)  # "return" outside a function is found only here
            return tree, None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return None, Remark("syntax", line, getattr(error, "msg", None) or str(error))
    except (RecursionError, MemoryError):
        return None, Remark("syntax", 1, "it is nested too deeply to be read")


def _with_print_calls(text: str, remarks: list[Remark]) -> str:
    """``print "reward:", c`` becomes ``print("reward:", c)``."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        found = _PRINT.match(line)
        if found and line.strip() != "print":
            lines[at] = f"{found[1]}print({found[2].rstrip(',')})"
            if _parse(lines[at].strip())[0] is None:
                lines[at] = line
                continue
            remarks.append(Remark("python2", at + 1, "print is a function in Python 3: print(...)"))
    return "\n".join(lines)


def _without_the_unreadable(text: str, remarks: list[Remark], unread: dict[str, Remark]) -> str:
    """The parts between the lines that begin at the margin, those left out that do not parse."""
    lines = text.split("\n")
    starts = [at for at, line in enumerate(lines) if line and not line[0].isspace() and not line.startswith(_CONTINUES)]
    kept = [""] * len(lines)
    joined: list[int] = []  # decorators belong to what follows
    for number, at in enumerate(starts):
        joined.append(at)
        if lines[at].startswith(("@", "#")):
            continue
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        tree, fault = _parse("\n" * joined[0] + "\n".join(lines[joined[0] : end]))
        if tree is not None:
            kept[joined[0] : end] = lines[joined[0] : end]
        elif fault is not None:
            remarks.append(fault)
            if found := re.match(r"def\s+(\w+)", lines[at]):
                unread[found[1]] = fault
        joined = []
    return "\n".join(kept)


def _cells(text: str, path: Path) -> str:
    """The code of a notebook; lines for IPython alone become comments."""
    try:
        cells = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        code = "\n\n".join(cell if isinstance(cell, str) else "".join(cell) for cell in cells)
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path} is no notebook that can be read.", "Save its code as a .py file.") from None
    return "\n".join(f"# {line}" if line.lstrip()[:1] in ("%", "!") else line for line in code.split("\n"))


def _lines_of(statement: ast.stmt) -> range:
    first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))])
    return range(first, (statement.end_lineno or statement.lineno) + 1)


def _is_main(statement: ast.stmt) -> bool:
    """``if __name__ == "__main__":``"""
    return isinstance(statement, ast.If) and "__name__" in _used(statement.test)


def _bound(statement: ast.AST) -> set[str]:
    """The names that a statement gives a value to, at its own level."""
    found: set[str] = set()
    for node in _own(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement without what is inside functions and classes."""
    yield statement
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(statement):
        yield from _own(child)


def _used(node: ast.AST) -> set[str]:
    """Every name that is read anywhere within."""
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def _free(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """Names that a function reads and neither receives nor makes."""
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return _used(function) - own - stored


def _names_without_meaning(tree: ast.Module) -> list[Remark]:
    """Names at the top level that nothing in the file defines: in Python they stop the run."""
    defined = set(dir(builtins)) | {"__file__", "__name__"}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
            return []
        defined |= {name for name in _bound(statement) if not isinstance(statement, ast.AugAssign)}
        defined -= _only_augmented(tree)
    found: dict[str, Remark] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _OLD_NAMES and node.id not in found and node.id not in defined:
            found[node.id] = Remark("python2", node.lineno, f"{node.id} is gone in Python 3" + _instead(node.id))
    for statement in tree.body:
        for node in _own(statement):
            if isinstance(node, ast.Name) and node.id not in defined and node.id not in found:
                found[node.id] = Remark("undefined", node.lineno, f"nothing defines {node.id}")
    return list(found.values())


def _only_augmented(tree: ast.Module) -> set[str]:
    """Names at the top level that get a value by ``+=`` alone, which needs one before."""
    plain, augmented = set[str](), set[str]()
    for statement in tree.body:
        targets = {
            id(node.target) for node in _own(statement) if isinstance(node, ast.AugAssign)
        }  # the target of += counts as stored
        for node in _own(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                (augmented if id(node) in targets else plain).add(node.id)
            elif isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
                plain |= _bound(node)
    return augmented - plain


def _instead(name: str) -> str:
    return {"xrange": ": write range", "raw_input": ": write input"}.get(name, "")
