"""The training loop of a file, read and not run: which weights it updates, with which gradient, in which order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chainrule.teaching.grading.signatures import Signature
from chainrule.teaching.grading.source import Source


@dataclass(frozen=True)
class LoopFault:
    """One mistake of the loop: its stable name, the line, and what is said of it."""

    mistake: str
    line: int
    text: str
    weights: str = ""


@dataclass(frozen=True)
class _Update:
    """``name += ... gradient of role ...`` in one line."""

    line: int
    name: str
    role: str
    adds: bool | None


def loop_faults(source: Source, signatures: Mapping[str, Signature | None], ascends: bool | None) -> list[LoopFault]:
    """What is wrong in the loops that train: ``ascends`` says whether the functions give the gradient of J or of −J."""
    by_name = {s.function: s for s in signatures.values() if s is not None and s.roles}
    faults: list[LoopFault] = []
    for loop in _loops(source.tree):
        faults += _faults(loop, by_name, ascends)
    return faults


def has_loop(source: Source, signatures: Mapping[str, Signature | None]) -> bool:
    """Whether the file trains with these functions."""
    by_name = {s.function: s for s in signatures.values() if s is not None and s.roles}
    return any(
        next(_updates(loop, by_name, _gradients_kept(loop, by_name)), None) is not None for loop in _loops(source.tree)
    )


def _loops(tree: ast.Module) -> Iterator[ast.For | ast.While]:
    """The outermost loops, also those inside functions."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.For | ast.While):
            yield node
        else:
            waiting += list(ast.iter_child_nodes(node))


def _faults(loop: ast.For | ast.While, by_name: Mapping[str, Signature], ascends: bool | None) -> list[LoopFault]:
    variables = _variables(loop, by_name)
    kept = _gradients_kept(loop, by_name)
    faults: list[LoopFault] = []
    updates = list(_updates(loop, by_name, kept))
    for update in updates:
        own = variables.get(update.role)
        if own is not None and own != update.name:
            text = f"Line {update.line} adds the gradient of {own} to {update.name}: {own} itself is never trained."
            if any(other.name == own for other in updates):
                text = f"Line {update.line} adds the gradient of {own} to {update.name}."
            faults.append(LoopFault("updates-other", update.line, text, update.name))
        if ascends is not None and update.adds is not None and update.adds != ascends:
            way = "subtracts the gradient of J, which makes J smaller" if ascends else "adds the gradient of the cost"
            faults.append(LoopFault("sign", update.line, f"Line {update.line} {way}.", update.name))
    updated: dict[str, int] = {u.name: u.line for u in updates}
    told: set[str] = set()
    for call, signature in _calls(loop, by_name):
        if signature.target[0] != "d":
            continue
        for role, name in _arguments(call, signature).items():
            if role[0] == "W" and name in updated and updated[name] < call.lineno and name not in told:
                told.add(name)
                text = (
                    f"Line {updated[name]} updates {name} before line {call.lineno} uses it: all gradients of a step "
                    f"belong to the same weights."
                )
                faults.append(LoopFault("updated-weights", call.lineno, text, name))
    return faults


def _variables(loop: ast.AST, by_name: Mapping[str, Signature]) -> dict[str, str]:
    """The weights as the loop calls them, from its call of the way forward."""
    for call, signature in _calls(loop, by_name):
        if signature.target == "forward":
            return _arguments(call, signature)
    return {}


def _calls(loop: ast.AST, by_name: Mapping[str, Signature]) -> Iterator[tuple[ast.Call, Signature]]:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in by_name:
            yield node, by_name[node.func.id]


def _arguments(call: ast.Call, signature: Signature) -> dict[str, str]:
    """The names that are passed, by what they stand for."""
    roles = list(signature.roles.items())
    passed = [(role, value) for (_, role), value in zip(roles, call.args, strict=False)]
    passed += [(signature.roles[k.arg], k.value) for k in call.keywords if k.arg and k.arg in signature.roles]
    return {role: value.id for role, value in passed if isinstance(value, ast.Name)}


def _gradients_kept(loop: ast.AST, by_name: Mapping[str, Signature]) -> dict[str, str]:
    """``dV = derivative_v(...)``: which gradient a name holds."""
    found = {}
    for node in ast.walk(loop):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            call = node.value
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in by_name:
                target = by_name[call.func.id].target
                if target[0] == "d":
                    found[node.targets[0].id] = target[1:]
    return found


def _updates(loop: ast.AST, by_name: Mapping[str, Signature], kept: Mapping[str, str]) -> Iterator[_Update]:
    for node in ast.walk(loop):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            name, value, operator = node.target.id, node.value, node.op
        elif (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.BinOp)
            and isinstance(node.value.left, ast.Name)
            and node.value.left.id == node.targets[0].id
        ):
            name, value, operator = node.targets[0].id, node.value.right, node.value.op
        else:
            continue
        role = _gradient_in(value, by_name, kept)
        if role is not None and isinstance(operator, ast.Add | ast.Sub):
            negated = any(isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) for part in ast.walk(value))
            yield _Update(node.lineno, name, role, None if negated else isinstance(operator, ast.Add))


def _gradient_in(value: ast.AST, by_name: Mapping[str, Signature], kept: Mapping[str, str]) -> str | None:
    """Which gradient an expression contains."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in by_name:
            target = by_name[node.func.id].target
            if target[0] == "d":
                return target[1:]
        if isinstance(node, ast.Name) and node.id in kept:
            return kept[node.id]
    return None
