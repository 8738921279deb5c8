"""`to_program`: a script that predicts with NumPy alone."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from chainrule.program import program


def predicting_script(model: Any) -> str:
    """See `Explained.to_program`."""
    whole = program(model.network_, only="gradient")
    tree = ast.parse(whole)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    needed, names = set(), ["forward"]
    while names:
        name = names.pop()
        needed.add(name)
        called = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        names += [other for other in called & functions.keys() if other not in needed]
    kept = [ast.get_source_segment(whole, node) or "" for name, node in functions.items() if name in needed]
    uses_math = any("math." in text for text in kept)
    constants = [f"{name} = np.array({model.weights_[name].tolist()!r})" for name in model.network_.names]
    constants.append(f"WEIGHTS = ({', '.join(model.network_.names)})")
    return (
        "\n\n\n".join(
            [
                f'"""Predict with the network {model.network_.notation}: NumPy and nothing else."""\n\n'
                + ("import math\nimport sys\n" if uses_math else "import sys\n")
                + "\nimport numpy as np\n\n"
                + "\n".join([*constants, *_scaling_constants(model)]),
                *kept,
                *_predicting_functions(model),
                'if __name__ == "__main__":\n'
                '    for row in predict(np.loadtxt(sys.argv[1], delimiter=",", ndmin=2)):\n'
                "        print(row)",
            ]
        )
        + "\n"
    )


def _scaling_constants(model: Any) -> list[str]:
    lines = []
    for name, scaling in (("X", model._scaling), ("Y", model._target_scaling)):
        if scaling is not None:
            factor = scaling.scale if name == "X" else scaling.spread
            mean = np.zeros_like(factor) if scaling.mean is None else scaling.mean
            lines += [f"{name}_MEAN = np.array({mean.tolist()!r})", f"{name}_SCALE = np.array({factor.tolist()!r})"]
    if hasattr(model, "classes_"):
        lines.append(f"CLASSES = np.array({model.classes_.tolist()!r})")
    return lines


def _predicting_functions(model: Any) -> list[str]:
    standardised = "(X - X_MEAN) / X_SCALE" if model._scaling is not None else "X"
    outputs = (
        'def outputs(X):\n    """Y, the outputs of the network."""\n'
        "    X = np.asarray(X, dtype=float)  # (N, D)\n"
        f"    return forward({standardised}, WEIGHTS)[-1]  # (N, K)"
    )
    if not hasattr(model, "classes_"):
        back = "outputs(X) * Y_SCALE + Y_MEAN" if model._target_scaling is not None else "outputs(X)"
        last = f"    Y = {back}  # (N, K)\n    return Y[:, 0] if Y.shape[1] == 1 else Y"
        return [outputs, f'def predict(X):\n    """The expected value of each row."""\n{last}']
    several = model._label_binarizer.y_type_.startswith("multilabel")
    if several:
        proba = "    return outputs(X)  # (N, C)"
        decide = "    return (outputs(X) > 0.5).astype(int)  # (N, C)"
    elif len(model.classes_) == 1:
        proba, decide = "    return np.ones((len(X), 1))", "    return CLASSES[np.zeros(len(X), dtype=int)]"
    elif model.network_.K == 1:
        proba = "    Y = outputs(X)  # (N, 1)\n    return np.hstack([1 - Y, Y])  # (N, 2)"
        decide = "    return CLASSES[(outputs(X)[:, 0] > 0.5).astype(int)]  # (N,)"
    else:
        proba = "    return outputs(X)  # (N, C)"
        decide = "    return CLASSES[outputs(X).argmax(axis=1)]  # (N,)"
    return [
        outputs,
        f'def predict_proba(X):\n    """The probability of each class, in the order of CLASSES."""\n{proba}',
        f'def predict(X):\n    """The most probable class of each row."""\n{decide}',
    ]
